//! `cargo xtask rows`: every requirement has an answer, and the answer still holds.
//!
//! A test says which rows it shows in the comment above it (`/// Row B6: ...`, `/// Rows B6, B7: ...`). REQUIREMENTS.md
//! says which milestone a row belongs to and what its answer is; its last column, the tests, is written by `--write`.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::finding;
use crate::tree::{Tree, top};

mod answer;
mod audit;
mod evidence;
mod ledger;

use audit::Audit;
use ledger::Ledger;

/// The document that holds the rows.
const REQUIREMENTS: &str = "REQUIREMENTS.md";

/// Arguments of `cargo xtask rows`.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Write the tests that were found into REQUIREMENTS.md
    #[arg(long)]
    write: bool,
}

/// Holds REQUIREMENTS.md against the tests in the tree.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut tree = Tree::read()?;
    let evidence = evidence::collect(&tree);
    let text = tree.texts.get(REQUIREMENTS).with_context(|| format!("there is no {REQUIREMENTS}"))?;
    let mut ledger = Ledger::parse(text);
    if arguments.write {
        ledger.take_up(&evidence.shown);
        let text = ledger.to_string();
        std::fs::write(top()?.join(REQUIREMENTS), &text)?;
        tree.add(REQUIREMENTS, text)?;
    }
    let Audit { mut findings, missing, summary } = audit::audit(&tree, &ledger, &evidence.shown);
    findings.extend(evidence.findings);
    for line in missing {
        println!("still without an answer: {line}");
    }
    println!("rows: {summary}");
    Ok(ExitCode::from(u8::from(!finding::report(findings))))
}
