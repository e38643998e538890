//! The project's own chores: `cargo xtask CHORE`.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // no hostile peer reaches a chore

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod check;
mod e2e;
mod finding;
mod link;
mod markdown;
mod package;
mod rows;
mod rust_source;
mod soak;
mod steps;
mod test;
mod tree;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own chores", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Check the rules of the house that the compiler does not know
    Check(check::Arguments),
    /// Run the checks that need a real Linux kernel, in a virtual machine
    E2e(e2e::Arguments),
    /// Make the Debian package
    Package(package::Arguments),
    /// Check that every requirement has an answer that still holds
    Rows(rows::Arguments),
    /// Fuzz for a time, and try properties with many cases
    Soak(soak::Arguments),
    /// Run everything that must hold before a change is finished
    Test(test::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().chore {
        Chore::Check(arguments) => check::run(&arguments),
        Chore::E2e(arguments) => e2e::run(&arguments),
        Chore::Package(arguments) => package::run(&arguments),
        Chore::Rows(arguments) => rows::run(&arguments),
        Chore::Soak(arguments) => soak::run(&arguments),
        Chore::Test(arguments) => test::run(&arguments),
    }
}
