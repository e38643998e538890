//! Measurements.

use core::fmt;

use super::super::{Block, GetMeasurements, Measurements, Operation};
use super::Hex;

/// The most blocks that a line shows.
const SHOWN: usize = 4;

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("how many"),
            Self::Index(index) => write!(f, "index {index}"),
            Self::All => f.write_str("all"),
        }
    }
}

impl fmt::Display for GetMeasurements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.operation.fmt(f)?;
        f.write_str(if self.raw { ", raw" } else { "" })?;
        f.write_str(if self.new { ", as of the next reset" } else { "" })?;
        match &self.signed {
            Some((nonce, slot)) => write!(f, ", signed by slot {slot}, nonce {}", Hex(nonce)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Some((kind, true, value)) => write!(f, "{}: {kind} raw {}", self.index, Hex(value)),
            Some((kind, false, value)) => write!(f, "{}: {kind} {}", self.index, Hex(value)),
            None => {
                let Self { index, specification, measurement } = *self;
                write!(f, "{index}: specification {specification:#04x} {}", Hex(measurement))
            }
        }
    }
}

impl fmt::Display for Measurements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = usize::from(self.blocks.count());
        match count {
            0 => write!(f, "{} in all", self.total)?,
            1 => f.write_str("1 block")?,
            _ => write!(f, "{count} blocks")?,
        }
        self.blocks.iter().take(SHOWN).try_for_each(|block| write!(f, "; {block}"))?;
        if let Some(more @ 1..) = count.checked_sub(SHOWN) {
            write!(f, "; and {more} more")?;
        }
        match self.signature {
            [] => Ok(()),
            signature => write!(f, "; signature {}", Hex(signature)),
        }
    }
}
