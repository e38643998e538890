//! What is under way, for the daemon that comes after one that was killed.
//!
//! One line for each mailbox, of a fixed length, in a file that only the daemon may enter. Its first byte says what our
//! part in it is, and is all that is written when that changes; so what a killed daemon leaves is never half a word.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use lanewarden_broker::MailboxId;

/// Bytes of a line, its end included: `! 0000:0d:00.0 160`, with room for segments of eight digits.
const LINE: usize = 32;
/// The most lines that are read.
const MOST: usize = 1 << 20;

/// What our part in a mailbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// None.
    Idle,
    /// An exchange of ours is in it.
    Exchange,
    /// A client has it as its own; a device may remember something of that, such as a session.
    Claimed,
}

impl Mark {
    const fn byte(self) -> u8 {
        match self {
            Self::Idle => b'.',
            Self::Exchange => b'!',
            Self::Claimed => b'c',
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            b'!' => Some(Self::Exchange),
            b'c' => Some(Self::Claimed),
            _ => None,
        }
    }
}

/// The journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    places: BTreeMap<MailboxId, (u64, Mark)>,
}

/// What an earlier daemon left under way.
pub type Left = BTreeMap<MailboxId, Mark>;

impl Journal {
    /// Reads what an earlier daemon has left, and begins anew.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn open(path: &Path) -> std::io::Result<(Self, Left)> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(path)?;
        let left = read(&file)?;
        file.set_len(0)?;
        Ok((Self { file, places: BTreeMap::new() }, left))
    }

    /// Says what our part in a mailbox is. What cannot be written is not: the next daemon then finds less.
    pub fn mark(&mut self, mailbox: MailboxId, mark: Mark) {
        let next = self.places.len();
        match self.places.get_mut(&mailbox) {
            Some((_, known)) if *known == mark => {}
            Some((at, known)) => {
                *known = mark;
                let _ = self.file.write_all_at(&[mark.byte()], *at);
            }
            None if mark == Mark::Idle || next >= MOST => {}
            None => {
                let at = u64::try_from(next.saturating_mul(LINE)).unwrap_or(u64::MAX);
                self.places.insert(mailbox, (at, mark));
                let _ = self.file.write_all_at(&line(mailbox, mark), at);
            }
        }
    }
}

fn line(mailbox: MailboxId, mark: Mark) -> [u8; LINE] {
    let text = format!(
        "{} {} {:03x}",
        char::from(mark.byte()),
        mailbox.address,
        mailbox.offset
    );
    let mut line = [b' '; LINE];
    line.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    if let Some(end) = line.last_mut() {
        *end = b'\n';
    }
    line
}

fn read(file: &File) -> std::io::Result<Left> {
    let mut left = Left::new();
    for index in 0..MOST {
        let mut line = [0; LINE];
        let at = u64::try_from(index.saturating_mul(LINE)).unwrap_or(u64::MAX);
        if file.read_at(&mut line, at)? < LINE {
            break;
        }
        left.extend(entry(&line));
    }
    Ok(left)
}

/// Lines that are none are passed over.
fn entry(line: &[u8; LINE]) -> Option<(MailboxId, Mark)> {
    let mark = Mark::of(*line.first()?)?;
    let text = std::str::from_utf8(line.get(1..)?).ok()?;
    let mut words = text.split_whitespace();
    let address = words.next()?.parse().ok()?;
    let offset = u16::from_str_radix(words.next()?, 16).ok()?;
    Some((MailboxId { address, offset }, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(offset: u16) -> MailboxId {
        MailboxId { address: "0000:0d:00.0".parse().unwrap(), offset }
    }

    #[test]
    fn the_next_one_finds_what_was_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, left) = Journal::open(&path).unwrap();
        assert!(left.is_empty());
        journal.mark(mailbox(0x100), Mark::Exchange);
        journal.mark(mailbox(0x200), Mark::Claimed);
        journal.mark(mailbox(0x300), Mark::Exchange);
        journal.mark(mailbox(0x300), Mark::Idle);
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "! 0000:0d:00.0 100             \nc 0000:0d:00.0 200             \n. 0000:0d:00.0 300             \n"
        );
        drop(journal);
        let (_, left) = Journal::open(&path).unwrap();
        assert_eq!(left, Left::from([(mailbox(0x100), Mark::Exchange), (mailbox(0x200), Mark::Claimed)]));
        assert!(Journal::open(&path).unwrap().1.is_empty(), "it is told once");
    }

    #[test]
    fn whatever_stands_in_the_file_is_read_or_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut text = vec![b'x'; LINE * 3 + 7];
        text[0] = b'!';
        text[LINE..LINE * 2].copy_from_slice(&line(mailbox(0x120), Mark::Exchange));
        std::fs::write(&path, text).unwrap();
        assert_eq!(Journal::open(&path).unwrap().1, Left::from([(mailbox(0x120), Mark::Exchange)]));
    }
}
