//! Which mailboxes there are and what they speak.

use anyhow::Result;

use crate::doe::Mailbox;
use crate::functions::Functions;
use crate::report;

/// Every function's mailbox speaks what the machine was built with.
pub fn protocols(functions: &Functions) -> Result<()> {
    for (name, address, expected) in functions.all() {
        let seen = Mailbox::open(address)?.discover()?;
        report::check(&format!("{name}: protocols, second reader"), &expected.join(" "), &seen.join(" "));
    }
    Ok(())
}
