//! The project's own chores: `cargo xtask CHORE`.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // no hostile peer reaches a chore

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod e2e;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run the checks that need a real Linux kernel, in a virtual machine
    E2e(e2e::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().chore {
        Chore::E2e(arguments) => e2e::run(&arguments),
    }
}
