//! Digests, certificates and the challenge.

use core::fmt;

use super::super::{CertificatePortion, Challenge, ChallengeAuth, Digests, GetCertificate, SummaryKind};
use super::{Hex, Slots};

impl fmt::Display for Digests<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slots {}", Slots(self.provisioned))?;
        if let Some(supported) = self.supported {
            write!(f, " of {}", Slots(supported))?;
        }
        self.iter().try_for_each(|(slot, digest)| write!(f, "; {slot}: {}", Hex(digest)))
    }
}

impl fmt::Display for GetCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size_only {
            true => write!(f, "slot {}, size only", self.slot),
            false => write!(f, "slot {}, up to {} bytes from {}", self.slot, self.length, self.offset),
        }
    }
}

impl fmt::Display for CertificatePortion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}, {} bytes, {} follow", self.slot, self.bytes.len(), self.remainder)
    }
}

impl fmt::Display for SummaryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no summary",
            Self::Tcb => "summary of the TCB",
            Self::All => "summary of all",
        })
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}, {}, nonce {}", self.slot, self.summary, Hex(&self.nonce))
    }
}

impl fmt::Display for ChallengeAuth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = self.attributes & 0xf;
        write!(f, "slot {slot} of {}, chain {}", Slots(self.slots), Hex(self.chain_digest))?;
        if !self.summary.is_empty() {
            write!(f, ", summary {}", Hex(self.summary))?;
        }
        if !self.opaque.is_empty() {
            write!(f, ", opaque data {}", Hex(self.opaque))?;
        }
        write!(f, ", signature {}", Hex(self.signature))
    }
}
