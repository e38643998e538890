//! `lanewarden`: from unknown to trusted, every PCIe and CXL device of a machine.
#![forbid(unsafe_code)]

mod args;
mod capture;
mod documents;
mod dump;
mod examples;
mod exit;
mod host;
mod json;
#[cfg(feature = "keylog")]
mod keylog;
mod names;
mod output;
mod picture;
mod progress;
mod reach;
mod remote;
mod session;
mod socket;
mod table;
mod trust;
mod verb;

use std::process::ExitCode;

use clap::FromArgMatches;

fn main() -> ExitCode {
    let matches = examples::command().get_matches();
    let args = args::Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let output = output::Output::new(args.json, args.verbose);
    let result = host::run(&args, &output);
    output.conclude(result)
}
