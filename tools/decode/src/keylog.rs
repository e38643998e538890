//! Key logs: the secrets of sessions, with which a capture of theirs can be read.
//!
//! A key log is text, a secret a line: what it is, the number of its session, and its bytes, parted by spaces.
//!
//! ```text
//! # a comment
//! requester-handshake 0x00020001 5f0e..
//! responder-handshake 0x00020001 91c4..
//! requester-application 0x00020001 07d2..
//! responder-application 0x00020001 ee83..
//! ```
//!
//! The secrets are those that keys and IVs are expanded from (DSP0274 1.3, 12.3): of the handshake, and of what follows it;
//! of what the requester sends, and of what the responder sends. Those after a key update follow from them, and are not
//! in it. The number has the requester's half in its low 16 bits. A secret has from 32 to 64 bytes, two hexadecimal digits
//! each. Empty lines and those that begin with `#` say nothing. Numbers come again in other connections: the secrets of a
//! session stand behind those of sessions before it, as they came to be.
//!
//! Whoever has a key log reads all that was said. So only programs that are built for it write one, and what is read is
//! wiped and never printed.

use std::fmt;
use std::io::{self, Read, Write};

use lanewarden_spdm::crypto::MAX_DIGEST_SIZE;
use zeroize::Zeroizing;

use crate::capture::Direction;

/// The longest key log that is read, in bytes.
const LONGEST: usize = 1 << 20;
/// Bytes of the shortest secret: a digest of SHA-256.
const SHORTEST_SECRET: usize = 32;
/// Bytes of the longest line: what the secret is, the number, and the secret.
const LONGEST_LINE: usize = 34 + 2 * MAX_DIGEST_SIZE;

/// Of which part of a session a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The handshake.
    Handshake,
    /// What follows it.
    Application,
}

/// Why a key log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum KeyLogError {
    /// The file cannot.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is longer than any that is read.
    #[error("a key log over {LONGEST} bytes")]
    TooLong,
    /// A line is none of a key log; by its number, from 1 on.
    #[error(
        "line {0}: expected what the secret is, 0x and the session's number, and the secret in hexadecimal"
    )]
    Line(usize),
}

/// The secrets of sessions.
#[derive(Default)]
pub struct KeyLog {
    secrets: Vec<Logged>,
}

struct Logged {
    phase: Phase,
    direction: Direction,
    session: u32,
    bytes: Zeroizing<Vec<u8>>,
}

impl Phase {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Application => "application",
        }
    }
}

impl KeyLog {
    /// Reads one.
    ///
    /// # Errors
    /// [`KeyLogError`].
    pub fn read(source: impl Read) -> Result<Self, KeyLogError> {
        // Room for all of it at once: what grows leaves copies behind.
        let mut text = Zeroizing::new(Vec::with_capacity(LONGEST.saturating_add(1)));
        source.take(LONGEST.saturating_add(1) as u64).read_to_end(&mut text)?;
        if text.len() > LONGEST {
            return Err(KeyLogError::TooLong);
        }
        let lines = text.split(|byte| *byte == b'\n').zip(1..);
        let read = lines.filter_map(|(line, number)| match line.trim_ascii() {
            [] | [b'#', ..] => None,
            line => Some(Logged::read(line).ok_or(KeyLogError::Line(number))),
        });
        Ok(Self { secrets: read.collect::<Result<_, _>>()? })
    }

    /// Whether there is any secret of this session.
    pub(crate) fn knows(&self, session: u32) -> bool {
        self.secrets.iter().any(|secret| secret.session == session)
    }

    /// The secrets of a direction of a session, each with its place, from a place on.
    pub(crate) fn secrets(
        &self,
        session: u32,
        direction: Direction,
        from: usize,
    ) -> impl Iterator<Item = (usize, Phase, &[u8])> {
        let all = self.secrets.iter().enumerate().skip(from);
        let such = all.filter(move |(_, one)| one.session == session && one.direction == direction);
        such.map(|(place, one)| (place, one.phase, one.bytes.as_slice()))
    }
}

impl Logged {
    fn read(line: &[u8]) -> Option<Self> {
        let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace();
        let (side, phase) = words.next()?.split_once('-')?;
        let direction = match side {
            "requester" => Direction::ToResponder,
            "responder" => Direction::ToRequester,
            _ => return None,
        };
        let phase = [Phase::Handshake, Phase::Application].into_iter().find(|known| known.name() == phase)?;
        let number = words.next()?.strip_prefix("0x")?;
        let session = u32::from_str_radix(number, 16).ok().filter(|_| !number.starts_with('+'))?;
        let bytes = unhex(words.next()?)?;
        words.next().is_none().then_some(Self { phase, direction, session, bytes })
    }
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || !(SHORTEST_SECRET..=MAX_DIGEST_SIZE).contains(&pairs.len()) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for [high, low] in pairs {
        bytes.push(digit(*high)?.wrapping_shl(4) | digit(*low)?);
    }
    Some(bytes)
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLog").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

/// Writes the two secrets of a session's part, a line each.
///
/// # Errors
/// Those of what is written to, and [`io::ErrorKind::WriteZero`] of secrets longer than any digest.
pub fn write_secrets(
    mut out: impl Write,
    session: u32,
    phase: Phase,
    requester: &[u8],
    responder: &[u8],
) -> io::Result<()> {
    // Room for all of it at once: what grows leaves copies behind.
    let mut text = Zeroizing::new([0; 2 * LONGEST_LINE]);
    let mut rest = text.as_mut_slice();
    for (side, secret) in [("requester", requester), ("responder", responder)] {
        write!(rest, "{side}-{} {session:#010x} ", phase.name())?;
        for byte in secret {
            rest.write_all(&[digit(byte.wrapping_shr(4)), digit(byte & 0xf)])?;
        }
        rest.write_all(b"\n")?;
    }
    let left = rest.len();
    let length = text.len().saturating_sub(left);
    out.write_all(text.get(..length).unwrap_or_default())
}

/// A hexadecimal digit.
fn digit(value: u8) -> u8 {
    let letter = if value < 10 { b'0' } else { b'a'.wrapping_sub(10) };
    letter.wrapping_add(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<KeyLog, String> {
        KeyLog::read(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut text = b"# of a test\n\n".to_vec();
        write_secrets(&mut text, 0x0002_0001, Phase::Handshake, &[1; 32], &[2; 32]).unwrap();
        write_secrets(&mut text, 0x0002_0001, Phase::Application, &[3; 32], &[4; 32]).unwrap();
        write_secrets(&mut text, 0xffff_0001, Phase::Handshake, &[5; 64], &[6; 64]).unwrap();
        let log = KeyLog::read(text.as_slice()).unwrap();
        let of = |session, direction, from| log.secrets(session, direction, from).collect::<Vec<_>>();
        assert_eq!(
            of(0x0002_0001, Direction::ToResponder, 0),
            [(0, Phase::Handshake, &[1; 32][..]), (2, Phase::Application, &[3; 32])]
        );
        assert_eq!(of(0x0002_0001, Direction::ToRequester, 2), [(3, Phase::Application, &[4; 32][..])]);
        assert_eq!(of(0xffff_0001, Direction::ToRequester, 0), [(5, Phase::Handshake, &[6; 64][..])]);
        assert!(log.knows(0xffff_0001) && !log.knows(2));
        let mut longest = Vec::new();
        write_secrets(&mut longest, u32::MAX, Phase::Application, &[0xaf; 64], &[0x90; 64]).unwrap();
        assert_eq!(longest.len(), 2 * LONGEST_LINE);
        assert!(longest.ends_with(b"90\n") && longest.windows(5).any(|part| part == b" afaf"));
        let none = write_secrets(&mut longest, 1, Phase::Application, &[1; 65], &[2; 97]).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::WriteZero);
        assert!(!format!("{log:?}").contains('['));
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number_and_not_shown() {
        let secret = "ab".repeat(32);
        for wrong in [
            format!("requester 0x1 {secret}"),
            format!("host-handshake 0x1 {secret}"),
            format!("requester-handshake 1 {secret}"),
            format!("requester-handshake 0x100000000 {secret}"),
            format!("requester-handshake 0x+1 {secret}"),
            format!("requester-handshake 0x1 {secret} more"),
            format!("requester-handshake 0x1 {secret}a"),
            format!("requester-handshake 0x1 {}", "ab".repeat(31)),
            format!("requester-handshake 0x1 {}", "ab".repeat(65)),
            format!("requester-handshake 0x1 {}", "xy".repeat(32)),
            "requester-handshake 0x1".to_owned(),
        ] {
            let error = read(&format!("# one\n{wrong}\n")).unwrap_err();
            assert!(error.starts_with("line 2: ") && !error.contains("abab"), "{error}");
        }
        assert!(read(&format!("  requester-handshake\t0x1 {secret} \r\n")).is_ok());
    }

    #[test]
    fn a_key_log_without_end_is_refused() {
        let error = KeyLog::read(io::repeat(b'\n')).unwrap_err();
        assert!(matches!(error, KeyLogError::TooLong));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let lines = bytes.split(|byte| *byte == b'\n').count();
            match KeyLog::read(bytes.as_slice()) {
                Ok(log) => prop_assert!(log.secrets.len() <= lines),
                Err(KeyLogError::Line(line)) => prop_assert!(line <= lines),
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
    }
}
