//! The texts and the types say the same.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use zlink::idl::{Interface, Type};

use crate::{Call, config, interface, machine, mailbox, service, session, status};

/// A value of a type, with every field of every type in it.
fn sample(interface: &Interface<'_>, kind: &Type<'_>) -> Value {
    match kind {
        Type::Bool => json!(true),
        Type::Int => json!(1),
        Type::Float => json!(1.5),
        // Each is an address, and bytes in base64, and a word.
        Type::String => json!("0000:00:00.0"),
        Type::Optional(inner) => sample(interface, inner.inner()),
        Type::Array(inner) => json!([sample(interface, inner.inner())]),
        Type::Custom(name) => {
            let found = interface.custom_types().find(|custom| *custom.name() == *name).unwrap();
            let object = found.as_object().unwrap();
            fields(interface, object.fields().map(|field| (field.name().as_str(), field.ty())))
        }
        other => panic!("{other:?} is not used"),
    }
}

fn fields<'a>(interface: &Interface<'_>, fields: impl Iterator<Item = (&'a str, &'a Type<'a>)>) -> Value {
    Value::Object(fields.map(|(name, kind)| (name.to_owned(), value(interface, name, kind))).collect())
}

/// Strings that are bytes have to be some.
fn value(interface: &Interface<'_>, name: &str, kind: &Type<'_>) -> Value {
    match name {
        "payload" | "registers" | "table" | "message" => json!("AAAA"),
        "tables" => json!(["AAAA"]),
        _ => sample(interface, kind),
    }
}

fn names(value: &Value) -> BTreeSet<String> {
    fn collect(prefix: &str, value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| {
                let path = format!("{prefix}.{name}");
                collect(&path, value, names);
                names.insert(path);
            }),
            Value::Array(list) => list.iter().for_each(|value| collect(prefix, value, names)),
            _ => {}
        }
    }
    let mut all = BTreeSet::new();
    collect("", value, &mut all);
    all
}

/// All that the text names goes through the type and comes out again.
fn same<T: DeserializeOwned + serde::Serialize>(what: &str, text: &Value) {
    let value: T = serde_json::from_value(text.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(names(&serde_json::to_value(&value).unwrap()), names(text), "{what}");
}

/// Checks a method, and gives its name.
fn check<C: Call>() -> String {
    let (interface, method) = C::METHOD.rsplit_once('.').unwrap();
    let text = interface::find(interface).unwrap();
    let interface: Interface<'_> = text.try_into().unwrap();
    let method = interface.methods().find(|known| known.name() == method);
    let method = method.unwrap_or_else(|| panic!("{} is not in the interface", C::METHOD));
    let inputs = fields(&interface, method.inputs().map(|input| (input.name().as_str(), input.ty())));
    let outputs = fields(&interface, method.outputs().map(|output| (output.name().as_str(), output.ty())));
    same::<C>(C::METHOD, &inputs);
    same::<C::Reply>(C::METHOD, &outputs);
    C::METHOD.to_owned()
}

#[test]
fn the_texts_and_the_types_say_the_same() {
    let checked = BTreeSet::from([
        check::<machine::Functions>(),
        check::<machine::Describe>(),
        check::<machine::ReadConfig>(),
        check::<machine::KernelClaim>(),
        check::<machine::KernelCdat>(),
        check::<machine::HostBridge>(),
        check::<machine::AcpiTables>(),
        check::<status::Status>(),
        check::<status::Monitor>(),
        check::<mailbox::Claim>(),
        check::<mailbox::Detach>(),
        check::<mailbox::Release>(),
        check::<mailbox::Keep>(),
        check::<mailbox::Exchange>(),
        check::<mailbox::ExchangeRaw>(),
        check::<mailbox::Abort>(),
        check::<config::Lock>(),
        check::<config::Unlock>(),
        check::<config::Write>(),
        check::<session::Open>(),
        check::<session::Send>(),
        check::<session::Renew>(),
        check::<session::End>(),
        check::<session::List>(),
    ]);
    let mut all = BTreeSet::new();
    for (name, text) in interface::ALL {
        let interface: Interface<'_> = text.try_into().unwrap();
        assert_eq!(interface.name(), name);
        all.extend(interface.methods().map(|method| format!("{name}.{}", method.name())));
    }
    assert_eq!(checked, all);
}

/// Every error that can be sent is in an interface, with the parameters that it has.
#[test]
fn the_texts_name_every_error() {
    let mut known: Map<String, Value> = Map::new();
    for (name, text) in interface::ALL {
        let interface: Interface<'_> = text.try_into().unwrap();
        for error in interface.errors() {
            let parameters =
                fields(&interface, error.fields().map(|field| (field.name().as_str(), field.ty())));
            known.insert(format!("{name}.{}", error.name()), parameters);
        }
    }
    for fault in super::faults() {
        let sent = serde_json::to_value(&fault).unwrap();
        let name = sent["error"].as_str().unwrap();
        if name.starts_with("org.varlink.service.") {
            continue;
        }
        let declared = names(known.get(name).unwrap_or_else(|| panic!("{name} is in no interface")));
        let undeclared: Vec<_> = names(&sent["parameters"]).difference(&declared).cloned().collect();
        assert!(undeclared.is_empty(), "{name}: {undeclared:?}");
    }
}

#[test]
fn the_service_itself_is_described() {
    let info = service::Info {
        vendor: "v".into(),
        product: "p".into(),
        version: "1".into(),
        url: "u".into(),
        interfaces: vec![],
    };
    assert_eq!(serde_json::to_value(info).unwrap()["product"], "p");
}
