//! What goes on without the right to write, and what does not.

use anyhow::Result;

use super::attestation::ANCHORS;
use crate::doe::Mailbox;
use crate::functions::{Functions, folder};
use crate::system::read_line;
use crate::{product, report};

/// An ordinary user sees the functions, and learns why not more.
pub fn ordinary_user(functions: &Functions) -> Result<()> {
    let list = product::run_as_nobody(&["list"])?;
    report::check("ordinary user: list names every function", "all", &missing(functions, &list.output));
    let run = product::run_as_nobody(&["doe", "discover", &functions.memories[0]])?;
    report::check("ordinary user: doe discover", "exit 4, hint, 0 config writes", &run.ending());
    let run = product::run_as_nobody(&[&["attest", &functions.drives.trusted][..], &ANCHORS].concat())?;
    report::check("ordinary user: attest", "exit 4, hint, 0 config writes", &run.ending());
    Ok(())
}

/// Under lockdown reads go on, and what must write says why it cannot instead of trying.
pub fn locked_down(functions: &Functions) -> Result<()> {
    let state = read_line("/sys/kernel/security/lockdown")?;
    report::check("kernel's lockdown", "none [integrity] confidentiality", &state);
    let refused = Mailbox::open(&functions.memories[0])?.discover().err().map(|error| error.to_string());
    let expected = "Operation not permitted (os error 1)";
    report::check("lockdown: second reader's write", expected, &refused.unwrap_or_default());
    let list = product::run(&["list"])?;
    report::check("lockdown: list names every function", "all", &missing(functions, &list.output));
    let seen = format!("{}, {} config writes", list.exit(), list.config_writes);
    report::check("lockdown: list", "exit 0, 0 config writes", &seen);
    let (memory, drive) = (functions.memories[0].as_str(), functions.drives.trusted.as_str());
    let verbs = [
        ("doe discover", vec!["doe", "discover", memory]),
        ("cxl cdat", vec!["cxl", "cdat", memory]),
        ("attest", [&["attest", drive][..], &ANCHORS].concat()),
    ];
    for (name, arguments) in verbs {
        let run = product::run(&arguments)?;
        let seen = format!("{}, lockdown named: {}", run.ending(), run.talk.contains("lockdown"));
        let expected = "exit 4, hint, 0 config writes, lockdown named: true";
        report::check(&format!("lockdown: {name}"), expected, &seen);
    }
    Ok(())
}

/// `all`, or the functions of the machine that a text does not name.
fn missing(functions: &Functions, text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let named = |address: &str| text.contains(address.trim_start_matches("0000:"));
    let all = functions.all();
    let missing: Vec<&str> =
        all.iter().map(|(_, address, _)| *address).filter(|a| folder(a).exists() && !named(a)).collect();
    if missing.is_empty() { "all".to_owned() } else { format!("not {}", missing.join(", ")) }
}
