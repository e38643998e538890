//! What a drive has shown, judged without it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::attestation::ANCHORS;
use crate::functions::Drives;
use crate::plant::{Plant, plant};
use crate::{product, report};

const FOLDER: &str = "/tmp/evidence";
const CHANGED: &str = "/tmp/changed";
/// A verifier's own nonce, and another.
const NONCE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER_NONCE: &str = "010102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// All files of evidence.
const FILES: [&str; 7] = [
    "summary.json",
    "chain.der",
    "transcript-challenge.bin",
    "signature-challenge.bin",
    "transcript-measurements.bin",
    "signature-measurements.bin",
    "measurements.bin",
];

/// Evidence of the trusted drive convinces as it is, and not with a single bit changed in any of its files, nor with
/// another nonce or without anchors.
pub fn judged(drives: &Drives) -> Result<()> {
    let options = ["--evidence", FOLDER, "--nonce", NONCE];
    let run = product::run(&[&["attest", &drives.trusted][..], &ANCHORS, &options].concat())?;
    report::check("nvme: evidence written", "exit 0", &run.exit());
    report::check("nvme: files of evidence", &sorted(FILES.map(str::to_owned).into()), &files()?);
    let verify = |name: &str, folder: &str, options: &[&str], expected: &str| -> Result<()> {
        let run = product::run(&[&["verify", folder], options].concat())?;
        let seen = format!("{}, {} config writes", run.exit(), run.config_writes);
        report::check(&format!("nvme: evidence, {name}"), &format!("{expected}, 0 config writes"), &seen);
        Ok(())
    };
    verify("as it is", FOLDER, &ANCHORS, "exit 0")?;
    verify("its nonce", FOLDER, &[&ANCHORS[..], &["--nonce", NONCE]].concat(), "exit 0")?;
    verify("another nonce", FOLDER, &[&ANCHORS[..], &["--nonce", OTHER_NONCE]].concat(), "exit 5")?;
    verify("no anchors", FOLDER, &[], "exit 5")?;
    for file in FILES {
        copy_with_a_flipped_bit(file)?;
        verify(&format!("a bit of {file} flipped"), CHANGED, &ANCHORS, "exit 5")?;
    }
    Ok(())
}

fn files() -> Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(FOLDER).context("no evidence")? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(sorted(names))
}

fn sorted(mut names: Vec<String>) -> String {
    names.sort();
    names.join(" ")
}

/// The evidence once more, but for the lowest bit in the middle of one file.
fn copy_with_a_flipped_bit(changed: &str) -> Result<()> {
    fs::create_dir_all(CHANGED)?;
    for file in FILES {
        let mut bytes = fs::read(Path::new(FOLDER).join(file))?;
        if file == changed && plant()? != Some(Plant::WholeEvidence) {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        fs::write(Path::new(CHANGED).join(file), bytes)?;
    }
    Ok(())
}
