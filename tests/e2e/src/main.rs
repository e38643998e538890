//! The first process of a guest with a real kernel: it lets Lanewarden and others read the same devices and compares.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // no hostile peer: the guest is a test

use std::process::ExitCode;

mod cxl;
mod doe;
mod formula;
mod functions;
mod report;
mod story;
mod system;

fn main() -> ExitCode {
    if let Err(error) = run() {
        report::verdict("the story runs to its end", "no error", &format!("{error:#}"), false);
    }
    report::done();
    system::power_off()
}

fn run() -> anyhow::Result<()> {
    system::mount_all()?;
    report::open()?;
    match system::boot_option("e2e.story")?.as_deref() {
        Some("main") => story::main(),
        other => anyhow::bail!("no story {other:?}"),
    }
}
