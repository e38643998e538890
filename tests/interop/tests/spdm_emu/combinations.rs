//! What should go well.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use lanewarden_interop::asking::{Asker, PATIENCE};
use lanewarden_interop::origin::origins;
use lanewarden_interop::plan::{Side, ordinary, plan};
use lanewarden_interop::report::Row;
use lanewarden_interop::run::Run;
use lanewarden_interop::scratch::Scratch;
use lanewarden_interop::{names, report, run, sessions, stock};
use lanewarden_spdm::message::ErrorCode;
use libtest_mimic::Failed;

use crate::planted::refusal;

/// Combinations at a time. They wait for each other more than they compute.
const AT_ONCE: usize = 4;
/// The document that keeps what was run.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../INTEROP.md");
/// Set to 1, it is written.
const WRITE: &str = "INTEROP_WRITE";

pub fn every_one(emulators: &Path) -> Result<(), Failed> {
    everything(emulators, &plan())
}

pub fn every_session(emulators: &Path) -> Result<(), Failed> {
    everything(emulators, &sessions::plan())
}

pub fn every_default(emulators: &Path) -> Result<(), Failed> {
    everything(emulators, &stock::plan())
}

fn everything<R: Row + Run>(emulators: &Path, plan: &[R]) -> Result<(), Failed> {
    let outcomes = run::all(emulators, plan, AT_ONCE);
    let text = report::run(&origins(emulators), plan, &outcomes);
    println!("{text}");
    if std::env::var(WRITE).is_ok_and(|value| value == "1") {
        write::<R>(&text)?;
    }
    let wrong =
        |(one, outcome): (&R, &run::Outcome)| Some((report::title(one), outcome.as_ref().err()?.clone()));
    let failed: Vec<String> = plan
        .iter()
        .zip(&outcomes)
        .filter_map(wrong)
        .map(|(title, error)| format!("{title}: {error}"))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

fn write<R: Row>(text: &str) -> Result<()> {
    let document = fs::read_to_string(DOCUMENT)?;
    Ok(fs::write(
        DOCUMENT,
        report::placed::<R>(&document, text).context("INTEROP.md has no place for the run")?,
    )?)
}

/// A vendor's request that is longer than their transfer size; nobody there knows the vendor.
pub fn long_request(emulators: &Path) -> Result<(), Failed> {
    let one = ordinary(Side::Asking);
    let (program, mut asker) = Asker::start(emulators, &one)?;
    asker.connect(&one)?;
    let before = asker.way.messages;
    let head = [one.version.byte(), 0xfe, 0, 0, 0, 0, 2, 0x34, 0x12];
    let payload = [0x5a; 0x1300];
    let request = [&head[..], &0x1300_u16.to_le_bytes(), &payload].concat();
    let answer = asker.say(&request);
    assert_eq!(refusal(answer).unwrap(), ErrorCode::INVALID_REQUEST);
    assert!(asker.way.messages > before.saturating_add(1), "it went at once");
    asker.leave()?;
    Ok(program.end(PATIENCE)?.check()?)
}

/// Their samples have leaves that name the roles of SPDM, which they do not serve: a chain is made of each.
pub fn marked_leaves(emulators: &Path) -> Result<(), Failed> {
    for leaf in ["end_responder_with_spdm_rsp_eku.cert.der", "end_responder_with_spdm_req_rsp_eku.cert.der"] {
        let (one, scratch) = (ordinary(Side::Asking), Scratch::new(emulators)?);
        let folder = names::folder(one.signature);
        let root = scratch.read(folder, names::root(0))?;
        let chain =
            [&root[..], &scratch.read(folder, "inter.cert.der")?, &scratch.read(folder, leaf)?].concat();
        scratch.replace(folder, "bundle_responder.certchain.der", &chain)?;
        let (program, mut asker) = Asker::start_in(&scratch, &one)?;
        asker.connect(&one)?;
        let validated = asker.chain(&one, &root)?;
        assert_eq!(validated.distrust.first(), None, "{leaf}");
        asker.leave()?;
        program.end(PATIENCE)?.check()?;
    }
    Ok(())
}
