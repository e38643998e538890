//! `doe exchange`: one object out, one in.

use std::path::Path;

use lanewarden_doe::{HeaderError, Host, Object, Protocol};
use lanewarden_inventory::{Work, work};
use lanewarden_pci::{Function, MailboxId};
use serde::Serialize;

use crate::args::{Exchange, HexOffset};
use crate::dump::hexadecimal;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::verb::{files, function_with_mailbox, mailbox_for, resolve};

/// The longest payload of an object, in bytes.
const MOST: usize = (lanewarden_doe::MAX_DWORDS as usize - 2) * 4;

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    objects: [ObjectJson; 1],
}

#[derive(Serialize)]
struct ObjectJson {
    address: String,
    offset: u16,
    vendor_id: u16,
    data_object_type: u8,
    payload_hex: String,
}

/// Sends the object and prints the answer's payload.
pub fn run<M: Host>(machine: &M, exchange: &Exchange, output: &Output) -> Outcome {
    files::check_output("--output", exchange.output.as_deref(), output)?;
    let payload = payload(exchange)?;
    let protocol = exchange.protocol.0;
    // What cannot be an object is refused before any device is looked for.
    let object = Object::new(protocol, exchange.connection, &payload);
    let object = object.map_err(no_object)?;
    let function = function_with_mailbox(machine, resolve(machine, &exchange.device)?)?;
    if exchange.dry_run {
        return dry_run(&function, exchange, &object, output);
    }
    let named = exchange.mailbox.map(|HexOffset(offset)| offset);
    let (id, doe) = mailbox_for(machine, &function, protocol, named, exchange.sharing, output)?;
    let request = Work::Request { protocol, connection: exchange.connection, payload, most: MOST };
    let reports = work(machine, vec![(id, doe, request)], exchange.sharing.into(), &mut |_| ());
    if let Some(failure) = reports.first().and_then(Failure::of_report) {
        return Err(failure);
    }
    match reports.into_iter().next().and_then(|report| report.answer?.ok()) {
        Some(answer) => print(exchange, id, protocol, &answer, output),
        None => Err(Failure::new(Exit::Failure, format!("{id}: the exchange was not made"))),
    }
}

fn no_object(error: HeaderError) -> Failure {
    let hint = match error {
        HeaderError::Connection(_) => {
            "--connection is for SPDM with connections (0001:03 and 0001:04), and goes up to 4095"
        }
        HeaderError::TooLong { .. } | HeaderError::TooShort => {
            "an object holds at most 1048568 bytes, what the device takes may be less: `doe discover -v`"
        }
    };
    Failure::new(Exit::Usage, error).hint(hint)
}

/// Says what would be sent. Which of several mailboxes speaks the protocol only asking them would tell.
fn dry_run(function: &Function, exchange: &Exchange, object: &Object<'_>, output: &Output) -> Outcome {
    let mut bytes = vec![0; object.header.payload_len().saturating_add(8)];
    object.write_to(&mut bytes).map_err(|error| Failure::new(Exit::Usage, error))?;
    let address = function.address;
    let place = match (exchange.mailbox, function.does.as_slice()) {
        (Some(HexOffset(offset)), _) => MailboxId { address, offset }.to_string(),
        (None, [only]) => MailboxId { address, offset: only.offset }.to_string(),
        (None, all) => format!("the first of {} mailboxes of {address} that speaks it", all.len()),
    };
    output.note(&format!("would send {} to {place}:", object.header));
    output.print(&hexadecimal(&bytes))?;
    Ok(Exit::Ok)
}

fn payload(exchange: &Exchange) -> Result<Vec<u8>, Failure> {
    if let Some(hex) = &exchange.hex {
        return Ok(hex.0.clone());
    }
    let path = exchange.file.as_deref().unwrap_or_else(|| Path::new("-"));
    let bytes = files::read(path, MOST)?;
    if bytes.len() > MOST {
        let message = format!("{}: longer than the {MOST} bytes an object holds", path.display());
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(bytes)
}

fn print(exchange: &Exchange, id: MailboxId, protocol: Protocol, answer: &[u8], output: &Output) -> Outcome {
    if !output.json() {
        output.note(&format!("{id} answers with {} bytes", answer.len()));
    }
    if let Some(path) = &exchange.output {
        files::write(path, answer, &format!("{} bytes", answer.len()), output)?;
    }
    if output.json() {
        let object = ObjectJson {
            address: id.address.to_string(),
            offset: id.offset,
            vendor_id: protocol.vendor,
            data_object_type: protocol.kind,
            payload_hex: answer.iter().map(|byte| format!("{byte:02x}")).collect(),
        };
        output.print_json(&Json { schema: "lanewarden.objects/1", objects: [object] })?;
    } else if exchange.output.is_none() {
        output.print(&hexadecimal(answer))?;
    }
    Ok(Exit::Ok)
}
