//! The checker in a guest with a real kernel, as its first process or under a service manager: it lets Lanewarden and
//! others read the same devices and compares.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // no hostile peer: the guest is a test

use std::process::ExitCode;

mod command;
mod cxl;
mod doe;
mod formula;
mod functions;
mod load;
mod plant;
mod probe;
mod product;
mod report;
mod story;
mod system;
mod trace;
mod unit;
mod user;

/// First argument of this program when a service manager runs it.
const SERVICE: &str = "service";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some(story::sharing::IN_OTHER_ROOT) => {
            eprintln!("{:#}", story::sharing::in_other_root(arguments));
            ExitCode::FAILURE
        }
        Some(probe::ARGUMENT) => ended(probe::run(&arguments.next().unwrap_or_default())),
        Some(load::ARGUMENT) => ended(load::run(&arguments.collect::<Vec<_>>())),
        Some(SERVICE) => of_machine(service),
        None if std::process::id() == 1 => of_machine(first_process),
        _ => {
            eprintln!("this runs in a virtual machine and turns it off in the end; see `cargo xtask e2e`");
            ExitCode::FAILURE
        }
    }
}

fn ended(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}

/// Tells a story, and turns the machine off.
fn of_machine(story: fn() -> anyhow::Result<()>) -> ExitCode {
    if let Err(error) = story() {
        report::verdict("the story runs to its end", "no error", &format!("{error:#}"), false);
    }
    report::done();
    system::power_off()
}

fn first_process() -> anyhow::Result<()> {
    system::mount_all()?;
    report::open()?;
    match system::boot_option("e2e.story")?.as_deref() {
        Some("main") => story::main(),
        Some("lockdown") => story::lockdown(),
        Some("vfio") => story::vfio(),
        other => anyhow::bail!("no story {other:?}"),
    }
}

fn service() -> anyhow::Result<()> {
    report::open()?;
    let told = story::service::run();
    if told.is_err() || report::has_failed() {
        story::service::tell_journal()?;
    }
    told
}
