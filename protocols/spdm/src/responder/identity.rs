//! GET_DIGESTS and GET_CERTIFICATE (DSP0274 1.3, 10.7 and 10.8).

use lanewarden_crypto::{Digest, Hash, HashAlgorithm, Provider};

use super::{Answer, Core, Endpoint, Identities, Phase, Refused};
use crate::connection::Connection;
use crate::message::{
    CertificatePortion, Digests, GetCertificate, Header, MAX_CHAIN_HEAD, NoRoom, Reader, SLOTS, Writer,
    finish,
};
use crate::transcript::Part;

/// Bytes of CERTIFICATE before the portion.
const HEAD: usize = 8;

/// A slot's chain as it is sent: a head of length and root hash, and the certificates (DSP0274 1.3, 10.6.1).
struct SlotChain<'a> {
    head: [u8; MAX_CHAIN_HEAD],
    head_length: usize,
    certificates: &'a [u8],
}

impl<'a> SlotChain<'a> {
    fn new<P: Provider>(provider: &P, algorithm: HashAlgorithm, certificates: &'a [u8]) -> Option<Self> {
        let mut hash = provider.hash(algorithm)?;
        hash.update(first_der(certificates)?);
        let mut head = [0; MAX_CHAIN_HEAD];
        let mut writer = Writer::new(&mut head);
        let head_length = algorithm.size().checked_add(4)?;
        let length = u16::try_from(certificates.len().checked_add(head_length)?).ok()?;
        writer.u16(length).ok()?;
        writer.u16(0).ok()?;
        writer.bytes(hash.finish().as_bytes()).ok()?;
        Some(Self { head, head_length, certificates })
    }

    fn head(&self) -> &[u8] {
        self.head.get(..self.head_length).unwrap_or_default()
    }

    fn length(&self) -> usize {
        self.head_length.saturating_add(self.certificates.len())
    }

    /// Copies what begins at an offset, as much as there is room for.
    fn copy(&self, offset: usize, out: &mut [u8]) {
        let whole = [self.head(), self.certificates];
        let mut skip = offset;
        let mut out = out;
        for part in whole {
            let rest = part.get(skip.min(part.len())..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            let length = rest.len().min(out.len());
            let (now, later) = out.split_at_mut(length);
            now.copy_from_slice(rest.get(..length).unwrap_or_default());
            out = later;
        }
    }
}

/// The first element of a run of DER: its tag, its length and as many bytes (X.690, 8.1).
fn first_der(bytes: &[u8]) -> Option<&[u8]> {
    let [_, first, rest @ ..] = bytes else { return None };
    let (head, length) = match first {
        0..=0x7f => (2, usize::from(*first)),
        0x81..=0x83 => {
            let count = usize::from(first & 3);
            let digits = rest.get(..count)?;
            let length = digits.iter().fold(0_usize, |all, digit| all.wrapping_shl(8) | usize::from(*digit));
            (count.checked_add(2)?, length)
        }
        _ => return None,
    };
    bytes.get(..length.checked_add(head)?)
}

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
        let provisioned = self.parts.identities.provisioned();
        let identities = &mut self.parts.identities;
        let mut usable = 0;
        for slot in 0..SLOTS {
            let bit = 1_u8.wrapping_shl(slot.into());
            let signer = identities.signer(slot).filter(|_| provisioned & bit != 0);
            if signer.zip(algorithm).is_some_and(|(signer, algorithm)| signer.supports(algorithm)) {
                usable |= bit;
            }
        }
        Ok(usable)
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
        let mut hash = self.parts.provider.hash(algorithm).ok_or(Refused::UNSPECIFIED)?;
        let chain = self.chain(slot)?;
        hash.update(chain.head());
        hash.update(chain.certificates);
        let digest = hash.finish();
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
        self.reset(Part::Authentication);
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
        write_portion(&chain, asked, room, version, &mut writer)?;
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

fn write_portion(
    chain: &SlotChain<'_>,
    asked: GetCertificate,
    room: usize,
    version: crate::Version,
    writer: &mut Writer<'_>,
) -> Result<(), Refused> {
    let offset = if asked.size_only { 0 } else { usize::from(asked.offset) };
    let left = chain.length().checked_sub(offset).filter(|left| *left > 0).ok_or(Refused::INVALID)?;
    let portion = if asked.size_only { 0 } else { left.min(asked.length.into()).min(room) };
    if portion == 0 && !asked.size_only {
        return Err(Refused::INVALID);
    }
    let remainder = u16::try_from(left.saturating_sub(portion)).map_err(|_| NoRoom)?;
    let length = u16::try_from(portion).map_err(|_| NoRoom)?;
    CertificatePortion::encode_head(version, asked.slot, length, remainder, writer)?;
    chain.copy(offset, writer.room(portion)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_element_ends_where_its_length_says() {
        assert_eq!(first_der(&[0x30, 2, 1, 2, 0x30]), Some(&[0x30, 2, 1, 2][..]));
        assert_eq!(first_der(&[0x30, 0x81, 1, 9, 9]), Some(&[0x30, 0x81, 1, 9][..]));
        assert_eq!(first_der(&[0x30, 0x82, 0, 1, 9, 9]), Some(&[0x30, 0x82, 0, 1, 9][..]));
        for wrong in
            [&[][..], &[0x30], &[0x30, 3, 1], &[0x30, 0x80, 0], &[0x30, 0x82, 0], &[0x30, 0x84, 0, 0, 0, 0]]
        {
            assert_eq!(first_der(wrong), None, "{wrong:x?}");
        }
    }

    #[test]
    fn a_chain_is_copied_from_any_place() {
        let mut head = [0; MAX_CHAIN_HEAD];
        head[..4].copy_from_slice(b"abcd");
        let chain = SlotChain { head, head_length: 4, certificates: b"efghij" };
        for offset in 0..10 {
            for length in 0..=(10 - offset) {
                let mut out = [0; 10];
                chain.copy(offset, &mut out[..length]);
                assert_eq!(&out[..length], &b"abcdefghij"[offset..offset + length]);
            }
        }
    }
}
