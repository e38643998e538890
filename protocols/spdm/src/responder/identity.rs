//! GET_DIGESTS and GET_CERTIFICATE (DSP0274 1.3, 10.7 and 10.8).

use lanewarden_crypto::Digest;

use super::{Answer, Core, Endpoint, Phase, Refused};
use crate::connection::Connection;
use crate::identity::{self, Identities, SlotChain};
use crate::message::{Digests, GetCertificate, Header, Reader, SLOTS, Writer, finish};
use crate::transcript::Part;

/// Bytes of CERTIFICATE before the portion.
const HEAD: usize = 8;

impl<E: Endpoint> Core<E> {
    /// What was agreed on; requests that come here come after it.
    pub(super) fn agreed(&self) -> Result<Connection, Refused> {
        match self.phase {
            Phase::Connected(connection) => Ok(connection),
            _ => Err(Refused::UNEXPECTED),
        }
    }

    /// The slots whose keys sign as was agreed on, a bit each.
    pub(super) fn slots(&mut self) -> Result<u8, Refused> {
        let algorithm = self.agreed()?.signature;
        Ok(identity::usable(&mut self.parts.identities, algorithm))
    }

    fn chain(&self, slot: u8) -> Result<SlotChain<'_>, Refused> {
        let algorithm = self.agreed()?.hash;
        let certificates = self.parts.identities.certificates(slot).ok_or(Refused::INVALID)?;
        SlotChain::new(&self.parts.provider, algorithm, certificates).ok_or(Refused::UNSPECIFIED)
    }

    /// The digest of a slot's chain. That of the slot asked for last is kept.
    pub(super) fn chain_digest(&mut self, slot: u8) -> Result<Digest, Refused> {
        if let Some((_, digest)) = self.chain.filter(|(of, _)| *of == slot) {
            return Ok(digest);
        }
        let algorithm = self.agreed()?.hash;
        let digest = self.chain(slot)?.digest(&self.parts.provider, algorithm).ok_or(Refused::UNSPECIFIED)?;
        self.chain = Some((slot, digest));
        Ok(digest)
    }

    pub(super) fn digests(
        &mut self,
        reader: &Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let length = finish(reader)?;
        let slots = self.slots()?;
        if slots == 0 {
            return Err(Refused::UNSPECIFIED);
        }
        let mut writer = Writer::new(out);
        Digests::encode_header(self.version, slots, slots, &mut writer)?;
        for slot in (0..SLOTS).filter(|slot| slots & 1_u8.wrapping_shl(u32::from(*slot)) != 0) {
            writer.bytes(self.chain_digest(slot)?.as_bytes())?;
        }
        if self.lane.is_none() {
            self.reset(Part::Authentication);
        }
        self.said(Part::Authentication, message.get(..length).unwrap_or_default(), writer.written())?;
        Ok(Answer::Ready(writer.length()))
    }

    pub(super) fn certificate(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let version = self.version;
        let (asked, length) = GetCertificate::decode(version, header, reader)?;
        if !self.is_usable(asked.slot)? {
            return Err(Refused::INVALID);
        }
        let room = self.portion_room(out.len());
        let mut writer = Writer::new(out);
        let chain = self.chain(asked.slot)?;
        chain.write_portion(asked, room, version, &mut writer)?;
        self.said(Part::Authentication, message.get(..length).unwrap_or_default(), writer.written())?;
        Ok(Answer::Ready(writer.length()))
    }

    /// Bytes of the longest portion. Where an answer can go in chunks, the portion is not cut for the transfer: who asks
    /// for all at once is given all (DSP0274 1.3, 10.8).
    fn portion_room(&self, out: usize) -> usize {
        let at_once = self.transfer_to_requester();
        let message =
            self.requester_sizes.filter(|_| self.may_chunk()).map_or(at_once, |sizes| sizes.message);
        let message = usize::try_from(message).unwrap_or(usize::MAX);
        message.min(out).saturating_sub(HEAD)
    }

    /// Whether a slot holds a chain, and its key signs as was agreed on.
    pub(super) fn is_usable(&mut self, slot: u8) -> Result<bool, Refused> {
        Ok(slot < SLOTS && self.slots()? & 1_u8.wrapping_shl(slot.into()) != 0)
    }
}
