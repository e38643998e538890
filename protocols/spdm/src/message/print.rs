//! Messages as text, one line each. Bytes of the peer are shown in hexadecimal and as numbers only, and never more of
//! them than a line takes.

mod authentication;
mod encapsulated;
mod measurements;
mod negotiation;
mod session;
mod transfer;

#[cfg(test)]
mod tests;

use core::fmt;

pub use transfer::RespondIfReady;

use super::{Code, Header};

/// The most bytes of a field that a line shows.
const SHOWN: usize = 8;

/// Bytes in a line: the first eight in hexadecimal, and how many there are where there are more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        self.0.iter().take(SHOWN).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        if self.0.len() > SHOWN { write!(f, ".. ({} bytes)", self.0.len()) } else { Ok(()) }
    }
}

/// A version byte, of a version known here or not.
struct VersionByte(u8);

impl fmt::Display for VersionByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 >> 4, self.0 & 0xf)
    }
}

/// All that can be said of a message that has no printer of its own.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, code, param1, param2 } = *self;
        write!(f, "{} {}, parameters {param1:#04x} {param2:#04x}", Code(code), VersionByte(version))
    }
}

/// What has been written before decides whether something stands between.
fn separated<I: IntoIterator<Item: fmt::Display>>(
    f: &mut fmt::Formatter<'_>,
    between: &str,
    items: I,
) -> Result<bool, fmt::Error> {
    let mut any = false;
    for item in items {
        f.write_str(if any { between } else { "" })?;
        write!(f, "{item}")?;
        any = true;
    }
    Ok(any)
}

/// The slots of a mask.
struct Slots(u8);

impl fmt::Display for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = (0..super::SLOTS).filter(|slot| self.0 & 1_u8.wrapping_shl(u32::from(*slot)) != 0);
        if separated(f, " ", members)? { Ok(()) } else { f.write_str("none") }
    }
}
