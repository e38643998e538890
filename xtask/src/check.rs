//! `cargo xtask check`: what the compiler does not know about this house.

use std::process::ExitCode;

use anyhow::Result;

use crate::finding::{self, Finding};
use crate::tree::Tree;

mod builds;
mod documents;
mod floors;
mod manifests;
mod marks;
mod purity;
mod symbols;

pub use builds::{BARE_TARGETS, installed_target as bare_target};
pub use documents::resolves;

/// Arguments of `cargo xtask check`.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Only read; build nothing
    #[arg(long)]
    no_build: bool,
}

/// Reads the tree, prints what is wrong with it, and builds the cores the way a firmware would.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let tree = Tree::read()?;
    let sound = finding::report(findings(&tree));
    let built = arguments.no_build || builds::run(&tree)?;
    if sound {
        println!("check: {} files, {} packages, nothing to object to", tree.paths.len(), tree.packages.len());
    }
    Ok(ExitCode::from(u8::from(!(sound && built))))
}

/// Everything that reading alone can find.
fn findings(tree: &Tree) -> Vec<Finding> {
    let rules = [
        floors::findings,
        manifests::findings,
        purity::findings,
        marks::findings,
        documents::findings,
        symbols::findings,
    ];
    rules.into_iter().flat_map(|rule| rule(tree)).collect()
}
