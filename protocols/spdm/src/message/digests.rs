//! GET_DIGESTS and DIGESTS (DSP0274 1.3, 10.7).

use super::{Header, Malformed, NoRoom, Reader, Response, Writer, finish};
use crate::Version;

/// Certificate slots a device may have.
pub const SLOTS: u8 = 8;

/// DIGESTS: a digest for each slot that holds a chain.
#[derive(Clone, Copy, Debug)]
pub struct Digests<'a> {
    /// The slots that there are, a bit each; from 1.3 on.
    pub supported: Option<u8>,
    /// The slots that hold a chain, a bit each.
    pub provisioned: u8,
    digests: &'a [u8],
    size: usize,
}

impl<'a> Digests<'a> {
    /// Reads what follows the header, with digests of this size; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`]: also where nothing is provisioned, or a slot that is not supported.
    pub fn decode(
        version: Version,
        size: usize,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, usize), Malformed> {
        let supported = (version >= Version::V1_3).then_some(header.param1);
        let provisioned = header.param2;
        if provisioned == 0 || supported.is_some_and(|supported| provisioned & !supported != 0) {
            return Err(Malformed::Field("slot mask"));
        }
        let count = usize::try_from(provisioned.count_ones()).unwrap_or_default();
        let digests = reader.take(count.saturating_mul(size))?;
        Ok((Self { supported, provisioned, digests, size }, finish(reader)?))
    }

    /// The digest of a slot's chain; `None` where the slot holds none.
    #[must_use]
    pub fn digest(&self, slot: u8) -> Option<&'a [u8]> {
        self.iter().find_map(|(number, digest)| (number == slot).then_some(digest))
    }

    /// Slots and digests, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &'a [u8])> + '_ {
        let slots = (0..SLOTS).filter(|slot| self.provisioned & 1_u8.wrapping_shl(u32::from(*slot)) != 0);
        slots.zip(self.digests.chunks_exact(self.size.max(1)))
    }

    /// The header of DIGESTS. The digests follow it, in the order of their slots.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_header(
        version: Version,
        supported: u8,
        provisioned: u8,
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let param1 = if version >= Version::V1_3 { supported } else { 0 };
        let header =
            Header { version: version.byte(), code: Response::Digests.byte(), param1, param2: provisioned };
        header.encode(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(
        version: Version,
        param1: u8,
        param2: u8,
        body: &[u8],
    ) -> Result<(Digests<'_>, usize), Malformed> {
        let header = Header { version: version.byte(), code: 1, param1, param2 };
        Digests::decode(version, 32, header, &mut Reader::new(body))
    }

    #[test]
    fn digests_belong_to_the_slots_of_the_mask() {
        let body = [[1; 32], [2; 32]].concat_pair();
        let (digests, length) = decode(Version::V1_2, 0, 0b1000_0001, &body).unwrap();
        assert_eq!((digests.digest(0), digests.digest(7)), (Some(&[1; 32][..]), Some(&[2; 32][..])));
        assert_eq!((digests.digest(3), digests.supported, length), (None, None, 64));
    }

    #[test]
    fn masks_that_cannot_be_are_refused() {
        assert_eq!(decode(Version::V1_2, 0, 0, &[]).unwrap_err(), Malformed::Field("slot mask"));
        assert_eq!(decode(Version::V1_3, 0b10, 0b1, &[0; 32]).unwrap_err(), Malformed::Field("slot mask"));
        assert_eq!(decode(Version::V1_2, 0, 0b11, &[0; 32]).unwrap_err(), Malformed::Short);
    }

    trait ConcatPair {
        fn concat_pair(self) -> [u8; 64];
    }

    impl ConcatPair for [[u8; 32]; 2] {
        fn concat_pair(self) -> [u8; 64] {
            core::array::from_fn(|index| self[index / 32][index % 32])
        }
    }
}
