//! `lanewarden`: from unknown to trusted, every PCIe and CXL device of a machine.
#![forbid(unsafe_code)]

mod args;
mod documents;
mod dump;
mod exit;
mod host;
mod json;
mod names;
mod output;
mod picture;
mod progress;
mod table;
mod verb;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = args::Arguments::parse();
    let output = output::Output::new(args.json, args.verbose);
    let result = host::run(&args, &output);
    output.conclude(result)
}
