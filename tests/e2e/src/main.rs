//! The first process of a guest with a real kernel: it lets Lanewarden and others read the same devices and
//! compares.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // no hostile peer: the guest is a test

use std::process::ExitCode;

mod cxl;
mod doe;
mod formula;
mod functions;
mod plant;
mod product;
mod report;
mod story;
mod system;
mod trace;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().is_some_and(|first| first == story::sharing::IN_OTHER_ROOT) {
        eprintln!("{:#}", story::sharing::in_other_root(arguments));
        return ExitCode::FAILURE;
    }
    if std::process::id() != 1 {
        eprintln!(
            "this is the first process of a virtual machine and turns it off in the end; see `cargo xtask e2e`"
        );
        return ExitCode::FAILURE;
    }
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
        Some("lockdown") => story::lockdown(),
        Some("vfio") => story::vfio(),
        other => anyhow::bail!("no story {other:?}"),
    }
}
