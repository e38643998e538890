//! GET_CERTIFICATE (DSP0274 1.3, 10.8): a chain, portion by portion, held against the digest that was told before.

use lanewarden_crypto::{Digest, Hash, Provider};

use super::{Core, Endpoint, Event, Operation};
use crate::error::{Misuse, Reason, Violation};
use crate::message::{CertificatePortion, GetCertificate, Header, Reader, ResponderFlags, SLOTS};
use crate::transcript::Part;

/// Bytes of CERTIFICATE before the portion.
const HEAD: u32 = 8;
/// Portions of a chain, at the most: the longest chain there can be, in portions that the shortest messages hold.
const MOST_PORTIONS: u16 = 2048;

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Fetch {
    slot: u8,
    offset: u16,
    /// What the last portion said follows; unknown before the first.
    remainder: Option<u16>,
    portions: u16,
}

impl Fetch {
    /// As much as can come at once.
    pub fn request(&self, transfer_size: u32) -> GetCertificate {
        let room = u16::try_from(transfer_size.saturating_sub(HEAD)).unwrap_or(u16::MAX);
        let left = self.remainder.unwrap_or_else(|| u16::MAX.saturating_sub(self.offset));
        GetCertificate { slot: self.slot, size_only: false, offset: self.offset, length: room.min(left) }
    }
}

impl<E: Endpoint> Core<E> {
    pub fn begin_certificate(&mut self, slot: u8) -> Result<(), Reason> {
        self.needs(ResponderFlags::CERT, "certificates (CERT_CAP)")?;
        self.expected_digest(slot)?;
        let algorithm = self.agreed()?.hash;
        let hash = self.parts.provider.hash(algorithm).ok_or(Reason::NoHash(algorithm))?;
        self.running = Some(hash);
        self.operation = Operation::Certificate(Fetch { slot, offset: 0, remainder: None, portions: 0 });
        Ok(())
    }

    /// What DIGESTS told of a slot.
    pub fn expected_digest(&self, slot: u8) -> Result<Digest, Reason> {
        if slot >= SLOTS {
            return Err(Misuse::Slot.into());
        }
        let digest = self.digests.get(usize::from(slot)).copied().flatten();
        digest.ok_or(Reason::Misuse(Misuse::NoDigest))
    }

    pub fn complete_certificate<'a>(
        &mut self,
        mut fetch: Fetch,
        message: &'a [u8],
    ) -> Result<Event<'a>, Reason> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        let (portion, length) = CertificatePortion::decode(header, &mut reader)?;
        if self.lane.is_none() {
            self.said(Part::Authentication, message.get(..length).unwrap_or_default())?;
        }
        fetch.take(&portion, self.settings.transfer_size)?;
        if let Some(chain) = &mut self.running {
            chain.update(portion.bytes);
        }
        if portion.remainder > 0 {
            self.operation = Operation::Certificate(fetch);
        } else if self.running.take().map(Hash::finish) != Some(self.expected_digest(fetch.slot)?) {
            return Err(Violation::ChainDigest.into());
        }
        Ok(Event::Portion(portion))
    }
}

impl Fetch {
    /// A portion is of the slot, no longer than asked for and not empty, and what follows it has shrunk by it.
    fn take(&mut self, portion: &CertificatePortion<'_>, transfer_size: u32) -> Result<(), Reason> {
        if portion.slot != self.slot {
            return Err(Violation::Slot(portion.slot).into());
        }
        let asked = self.request(transfer_size).length;
        let sent = u16::try_from(portion.bytes.len()).unwrap_or(u16::MAX);
        if sent > asked {
            return Err(Violation::MoreThanAsked { asked: asked.into(), sent: sent.into() }.into());
        }
        let shrinks = self.remainder.is_none_or(|left| left.checked_sub(sent) == Some(portion.remainder));
        let end = self.offset.checked_add(sent).filter(|end| end.checked_add(portion.remainder).is_some());
        let (Some(end), true) = (end.filter(|_| sent > 0), shrinks) else {
            return Err(Violation::Remainder.into());
        };
        self.portions = self.portions.saturating_add(1);
        if self.portions > MOST_PORTIONS {
            return Err(Violation::TooManyPortions.into());
        }
        self.offset = end;
        self.remainder = Some(portion.remainder);
        Ok(())
    }
}
