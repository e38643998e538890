//! What an earlier daemon has left, as any bytes in its file.

use std::fs;

use lanewarden_daemon::journal::{Journal, Mark};

use crate::scratch::folder;

/// Bytes of a line.
const LINE: usize = 32;

/// Reads a journal. What it says is written down again and read the same.
pub fn journal(data: &[u8]) {
    let folder = folder();
    let path = folder.path().join("journal");
    fs::write(&path, data).expect("it can be written");
    let (mut journal, left) = Journal::open(&path).expect("any file can be read");
    assert!(left.len() <= data.len() / LINE);
    assert!(left.values().all(|mark| *mark != Mark::Idle));
    for (mailbox, mark) in &left {
        journal.mark(*mailbox, *mark);
    }
    drop(journal);
    let (_, again) = Journal::open(&path).expect("what was written can be read");
    assert_eq!(again, left);
}
