//! What a program has said and written, and that no secret shows in it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::spy::Known;

/// A folder of a test: keys and identities, which hold secrets, and apart from them what programs write.
pub struct Folders {
    folder: tempfile::TempDir,
}

impl Folders {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("written")).unwrap();
        Self { folder }
    }

    /// Of what is given to programs.
    pub fn given(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Of what they write.
    pub fn written(&self, name: &str) -> PathBuf {
        self.folder.path().join("written").join(name)
    }

    /// Options with which a program that is built to tell secrets does, and the others tell none.
    pub fn keylog(&self) -> Vec<String> {
        let option = ["--keylog".to_owned(), self.given("keylog").display().to_string()];
        if cfg!(feature = "keylog") { option.to_vec() } else { Vec::new() }
    }

    /// Everything written, with its names, and what was said.
    pub fn check(&self, said: &[(&str, Vec<u8>)], known: &[Known]) {
        let mut all: Vec<_> = said.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
        read_all(&self.folder.path().join("written"), &mut all);
        for (name, bytes) in &all {
            for secret in known {
                let shown = shapes(&secret.bytes).into_iter().find(|shape| contains(bytes, shape));
                assert!(shown.is_none(), "{} shows in {name}", secret.what);
            }
        }
        assert!(all.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > 1000, "hardly anything was said");
        self.check_keylog(known);
    }

    /// A key log holds secrets of the session, and in it are all that it is to hold.
    fn check_keylog(&self, known: &[Known]) {
        if cfg!(feature = "keylog") {
            let log = fs::read_to_string(self.given("keylog")).unwrap();
            let hex =
                |known: &Known| known.bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            for what in ["req hs data", "rsp hs data", "req app data", "rsp app data"] {
                let secret = known.iter().find(|known| known.what == what).unwrap();
                assert!(log.contains(&hex(secret)), "{what} is not in the key log");
            }
        }
    }
}

fn read_all(folder: &Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, all);
        } else {
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// As bytes, in hexadecimal of three kinds, and as lists of numbers. A dozen bytes tell enough.
fn shapes(secret: &[u8]) -> Vec<Vec<u8>> {
    let run = &secret[..secret.len().min(12)];
    let joined = |between: &str, shape: fn(&u8) -> String| {
        run.iter().map(shape).collect::<Vec<_>>().join(between).into_bytes()
    };
    let small = |byte: &u8| format!("{byte:02x}");
    vec![
        run.to_vec(),
        joined("", small),
        joined("", |byte| format!("{byte:02X}")),
        joined(" ", small),
        joined(", ", small),
        joined(":", small),
        joined(", ", |byte| format!("{byte:#04x}")),
        joined(", ", u8::to_string),
        joined(",", u8::to_string),
        joined(",\n        ", u8::to_string),
    ]
}
