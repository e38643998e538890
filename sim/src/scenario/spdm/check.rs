//! What a table for SPDM must get right beyond its values.

use std::collections::BTreeSet;

use lanewarden_doe::Protocol;
use lanewarden_spdm::Version;
use lanewarden_spdm::message::AsymmetricAlgorithms;

use super::{Authority, DEFAULT_AUTHORITY, Measurement, Misbehaviour, Spdm};
use crate::scenario::{Doe, Problem};

/// The header of a data object, in bytes.
const OBJECT_HEADER: u32 = 8;
/// The longest raw measurement, in bytes.
const MAX_RAW: usize = 1024;
/// The longest a signature is put off at once, in microseconds: what the message can express and a test has patience for.
const MAX_WAIT: u32 = 60_000_000;

/// The longest message that a mailbox carries, in bytes.
pub(crate) const fn longest_message(max_dwords: u32) -> u32 {
    max_dwords.saturating_mul(4).saturating_sub(OBJECT_HEADER)
}

impl Doe {
    /// Whether it speaks SPDM outside of sessions.
    pub(crate) fn speaks_spdm(&self) -> bool {
        let spoken = [Protocol::CMA_SPDM, Protocol::CMA_SPDM_WITH_CONNECTION];
        self.protocols.iter().any(|name| spoken.contains(&name.0))
    }
}

impl Spdm {
    /// Whether a function with these mailboxes can answer so, in a scenario with these authorities.
    pub(crate) fn check(
        &self,
        longest_messages: impl Iterator<Item = u32>,
        authorities: &[Authority],
    ) -> Result<(), Problem> {
        let shortest = longest_messages.min().ok_or(Problem::NoSpdmMailbox)?;
        if let Some(size) = self.transfer_size {
            let allowed = "from 64 to what its mailbox carries";
            range("transfer_size", size, (64..=shortest).contains(&size), allowed)?;
        }
        let newest = self.versions.iter().map(|name| name.0).max().ok_or(Problem::NoVersion)?;
        let algorithm = self.algorithm.0;
        if !AsymmetricAlgorithms::spoken(newest).contains(algorithm.into()) {
            return Err(Problem::AlgorithmOfLater { algorithm: algorithm.name(), newest });
        }
        range("certificates", self.certificates, (2..=16).contains(&self.certificates), "from 2 to 16")?;
        self.check_slots()?;
        if let Some(late) = self.not_ready {
            range("times", late.times, late.times > 0, "1 at least")?;
            range("wait_us", late.wait_us, (1..=MAX_WAIT).contains(&late.wait_us), "from 1 to 60000000")?;
        }
        let known = |name| authorities.iter().any(|authority| authority.name == name);
        if self.authority != DEFAULT_AUTHORITY && !known(&*self.authority) {
            return Err(Problem::NoSuchAuthority(self.authority.clone()));
        }
        self.check_measurements()?;
        self.check_misbehaviour(newest)
    }

    fn check_slots(&self) -> Result<(), Problem> {
        let mut seen = BTreeSet::new();
        for slot in &self.slots {
            range("slots", *slot, *slot < 8 && seen.insert(slot), "from 0 to 7, each once")?;
        }
        if self.slots.is_empty() { Err(Problem::NoSlot) } else { Ok(()) }
    }

    fn check_measurements(&self) -> Result<(), Problem> {
        let mut before = 0;
        for measurement in self.measurements.iter().flatten() {
            let index = measurement.index;
            range("index", index, index > before && index < 255, "from 1 to 254, in ascending order")?;
            before = index;
            measurement.check(self.hash.0.size())?;
        }
        Ok(())
    }

    fn check_misbehaviour(&self, newest: Version) -> Result<(), Problem> {
        let Some(what) = self.misbehave else { return Ok(()) };
        let cannot = |why| Err(Problem::CannotMisbehave { what: what.name(), why });
        let with_anyone = matches!(what, Misbehaviour::Silent | Misbehaviour::Garbage);
        if !self.attests && !with_anyone {
            return cannot("it does not attest");
        }
        if what == Misbehaviour::OversizedChunk && newest < Version::V1_2 {
            return cannot("there are no chunks before SPDM 1.2");
        }
        let measures = self.measurements.as_ref().is_none_or(|list| !list.is_empty());
        if what == Misbehaviour::ChangedMeasurement && !measures {
            return cannot("it measures nothing");
        }
        Ok(())
    }
}

impl Measurement {
    fn check(&self, digest_size: usize) -> Result<(), Problem> {
        let index = self.index;
        match (&self.raw, &self.digest) {
            (Some(raw), None) => {
                range("raw", wide(raw.0.len()), raw.0.len() <= MAX_RAW, "1024 bytes at the most")
            }
            (None, Some(_)) if !self.kind.is_hashed() => Err(Problem::NeverDigest { index }),
            (None, Some(digest)) if digest.0.len() == digest_size => Ok(()),
            (None, Some(digest)) => {
                Err(Problem::DigestSize { index, size: digest.0.len(), expected: digest_size })
            }
            _ => Err(Problem::RawOrDigest { index }),
        }
    }
}

/// Whether there can be these authorities.
pub(crate) fn check_authorities(authorities: &[Authority]) -> Result<(), (usize, Problem)> {
    let mut names = BTreeSet::new();
    for (index, authority) in authorities.iter().enumerate() {
        let refuse = |problem| Err((index, problem));
        if !names.insert(&authority.name) {
            return refuse(Problem::NameTaken(authority.name.clone()));
        }
        let pure = authority.algorithm.0.is_pure();
        if !pure && authority.hash.0 > lanewarden_spdm::crypto::HashAlgorithm::Sha512 {
            return refuse(Problem::CertificateHash(authority.hash.0.name()));
        }
        if authority.validity.is_some_and(|validity| validity.until <= validity.from) {
            return refuse(Problem::NeverValid);
        }
    }
    Ok(())
}

fn range(
    what: &'static str,
    value: impl Into<u64>,
    holds: bool,
    allowed: &'static str,
) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(Problem::Range { what, value: value.into(), allowed }) }
}

fn wide(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
