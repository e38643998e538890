//! Man pages and completion scripts, made from the one definition of the command line.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Arguments;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};

/// Prints a completion script.
pub fn completions(shell: Shell, output: &Output) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "lanewarden", &mut script);
    output.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}

/// Writes `lanewarden.1` and a page for each verb into `directory`.
pub fn man(directory: &Path) -> Outcome {
    std::fs::create_dir_all(directory).map_err(|e| Failure::file(directory, "create", &e))?;
    clap_mangen::generate_to(Arguments::command(), directory)
        .map_err(|error| Failure::file(directory, "write the pages into", &error))?;
    Ok(Exit::Ok)
}
