//! Every input worth keeping, and some that nobody chose, through every target.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // it is a test

use std::fs;
use std::path::{Path, PathBuf};

use lanewarden_fuzz::TARGETS;
use proptest::prelude::*;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name)
}

fn files(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(name)).unwrap_or_else(|error| panic!("no corpus for {name}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Row D12: no input that was ever found worth keeping makes a target panic or run for ever. The file named last is the
/// one at fault.
#[test]
fn the_corpus_is_replayed() {
    for (name, target) in TARGETS {
        for file in files(name) {
            println!("{}", file.display());
            target(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_target_has_a_binary_and_a_corpus() {
    for (name, _) in TARGETS {
        let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("targets/{name}.rs"));
        assert!(binary.is_file(), "{}", binary.display());
        assert!(!files(name).is_empty(), "{name}");
    }
}

#[test]
fn the_corpus_is_small() {
    let size: u64 =
        TARGETS.iter().flat_map(|(name, _)| files(name)).map(|file| file.metadata().unwrap().len()).sum();
    assert!(size < 200_000, "{size} bytes; keep the least that reaches the same code");
}

proptest! {
    /// Row D12: bytes that nobody chose make no target panic.
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        for (_, target) in TARGETS {
            target(&bytes);
        }
    }

    /// Row D12: nor do inputs worth keeping that were damaged.
    #[test]
    fn damaged_inputs(seed in any::<usize>(), damage in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8)) {
        for (name, target) in TARGETS {
            let files = files(name);
            let mut bytes = fs::read(&files[seed % files.len()]).unwrap();
            for (at, byte) in &damage {
                if let Some(length) = bytes.len().checked_sub(1) {
                    bytes[at % (length + 1)] = *byte;
                }
            }
            target(&bytes);
        }
    }
}
