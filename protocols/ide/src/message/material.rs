//! A key with its initialization vector, and the objects that hold both.

use super::{HEAD, Head, Object, Place, exactly};
use crate::{Key, Malformed, NoRoom};

/// A key and what its initialization vector begins with, in `IV` DWs: 2 in PCIe, 3 in CXL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material<const IV: usize> {
    /// The key.
    pub key: Key,
    /// The vector, in the order of the wire.
    pub iv: [u32; IV],
}

impl<const IV: usize> Material<IV> {
    /// Size in bytes.
    pub(crate) const SIZE: usize = Key::SIZE.saturating_add(IV.saturating_mul(4));

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk()?;
        let (dwords, []) = rest.as_chunks::<4>() else { return None };
        let dwords: &[[u8; 4]; IV] = dwords.try_into().ok()?;
        Some(Self { key: Key::new(*key), iv: dwords.map(u32::from_le_bytes) })
    }

    /// Fills as many bytes as it has.
    fn encode(&self, out: &mut [u8]) {
        let Some((key, rest)) = out.split_first_chunk_mut() else { return };
        *key = *self.key.expose();
        for (place, dword) in rest.as_chunks_mut::<4>().0.iter_mut().zip(self.iv) {
            *place = dword.to_le_bytes();
        }
    }
}

/// KEY_PROG, or GET_KEY_ACK: a head and a key. Written from what is borrowed, so that no copy of the key is made.
pub(crate) struct KeyProg;

impl KeyProg {
    /// Size in bytes, the protocol's included.
    pub const fn size<const IV: usize>() -> usize {
        HEAD.saturating_add(Material::<IV>::SIZE)
    }

    pub fn decode<const IV: usize>(
        object: Object,
        payload: &[u8],
    ) -> Result<(Place, Material<IV>), Malformed> {
        let (head, rest) = Head::decode(object, payload, Self::size::<IV>())?;
        let material = Material::decode(rest).ok_or(object.length(payload.len(), Self::size::<IV>()))?;
        Ok((head.place, material))
    }

    pub fn encode<const IV: usize>(
        object: Object,
        place: Place,
        material: &Material<IV>,
        out: &mut [u8],
    ) -> Result<usize, NoRoom> {
        let size = Self::size::<IV>();
        let out = exactly(size, out)?;
        if let Some((head, rest)) = out.split_first_chunk_mut() {
            *head = Head::new(object, place).bytes();
            material.encode(rest);
        }
        Ok(size)
    }
}
