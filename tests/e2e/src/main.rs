//! The first process of a guest with a real kernel: it lets Lanewarden and others read the same devices and compares.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // no hostile peer: the guest is a test

use std::process::ExitCode;

mod doe;
mod report;
mod system;

fn main() -> ExitCode {
    if let Err(error) = story() {
        report::check("the story runs to its end", "no error", &format!("{error:#}"));
    }
    report::done();
    system::power_off()
}

fn story() -> anyhow::Result<()> {
    system::mount_all()?;
    report::open()?;
    report::progress("reading mailboxes");
    for address in system::functions_of_class(0x05_0210)? {
        let mut mailbox = doe::Mailbox::open(&address)?;
        report::check(&format!("{address} protocols"), "0001:00 1e98:02", &mailbox.discover()?.join(" "));
    }
    Ok(())
}
