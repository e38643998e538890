//! Who a side is: certificate chains and their keys by slot, and how a chain is told of (DSP0274 1.3, 10.6 to 10.8).
//! A responder has identities, and so has a requester that is to prove who it is.

use lanewarden_crypto::{Digest, HashAlgorithm, Provider, SignatureAlgorithm, Signer};

use crate::Version;
use crate::message::{CertificatePortion, GetCertificate, MAX_CHAIN_HEAD, NoRoom, SLOTS, Writer};

/// Certificate chains and their keys, by slot.
pub trait Identities {
    /// Whether there are any.
    const PRESENT: bool = true;

    /// The slots that hold a chain, a bit each.
    fn provisioned(&self) -> u8;

    /// The certificates of a slot in DER, one after the other, the root first; `None` where the slot holds none.
    fn certificates(&self, slot: u8) -> Option<&[u8]>;

    /// Whoever signs with the key of the slot's leaf certificate.
    fn signer(&mut self, slot: u8) -> Option<&mut dyn Signer>;
}

impl Identities for () {
    const PRESENT: bool = false;

    fn provisioned(&self) -> u8 {
        0
    }

    fn certificates(&self, _: u8) -> Option<&[u8]> {
        None
    }

    fn signer(&mut self, _: u8) -> Option<&mut dyn Signer> {
        None
    }
}

/// A slot's chain as it is sent: a head of length and root hash, and the certificates (DSP0274 1.3, 10.6.1).
pub(crate) struct SlotChain<'a> {
    head: [u8; MAX_CHAIN_HEAD],
    head_length: usize,
    certificates: &'a [u8],
}

impl<'a> SlotChain<'a> {
    pub fn new<P: Provider>(provider: &P, algorithm: HashAlgorithm, certificates: &'a [u8]) -> Option<Self> {
        let root = provider.digest(algorithm, &[first_der(certificates)?])?;
        let mut head = [0; MAX_CHAIN_HEAD];
        let mut writer = Writer::new(&mut head);
        let head_length = algorithm.size().checked_add(4)?;
        let length = u16::try_from(certificates.len().checked_add(head_length)?).ok()?;
        writer.u16(length).ok()?;
        writer.u16(0).ok()?;
        writer.bytes(root.as_bytes()).ok()?;
        Some(Self { head, head_length, certificates })
    }

    /// The digest of the whole.
    pub fn digest<P: Provider>(&self, provider: &P, algorithm: HashAlgorithm) -> Option<Digest> {
        provider.digest(algorithm, &[self.head(), self.certificates])
    }

    /// Writes CERTIFICATE with the portion that is asked for, of `room` bytes at the most.
    pub fn write_portion(
        &self,
        asked: GetCertificate,
        room: usize,
        version: Version,
        writer: &mut Writer<'_>,
    ) -> Result<(), PortionError> {
        let offset = if asked.size_only { 0 } else { usize::from(asked.offset) };
        let left = self.length().checked_sub(offset).filter(|left| *left > 0);
        let left = left.ok_or(PortionError::Nothing)?;
        let portion = if asked.size_only { 0 } else { left.min(asked.length.into()).min(room) };
        if portion == 0 && !asked.size_only {
            return Err(PortionError::Nothing);
        }
        let remainder = u16::try_from(left.saturating_sub(portion)).map_err(|_| NoRoom)?;
        let length = u16::try_from(portion).map_err(|_| NoRoom)?;
        CertificatePortion::encode_head(version, asked.slot, length, remainder, writer)?;
        self.copy(offset, writer.room(portion)?);
        Ok(())
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

/// Why there is no portion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortionError {
    /// There is nothing where it should begin, or nothing of it was asked for.
    Nothing,
    /// There is no room for it.
    NoRoom,
}

impl From<NoRoom> for PortionError {
    fn from(_: NoRoom) -> Self {
        Self::NoRoom
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

/// The slots whose keys make such signatures, a bit each.
pub(crate) fn usable(identities: &mut impl Identities, algorithm: Option<SignatureAlgorithm>) -> u8 {
    let provisioned = identities.provisioned();
    let mut usable = 0;
    for slot in 0..SLOTS {
        let bit = 1_u8.wrapping_shl(slot.into());
        let signer = identities.signer(slot).filter(|_| provisioned & bit != 0);
        if signer.zip(algorithm).is_some_and(|(signer, algorithm)| signer.supports(algorithm)) {
            usable |= bit;
        }
    }
    usable
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
