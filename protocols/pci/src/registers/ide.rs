//! Integrity and Data Encryption extended capability (PCIe 6.x, 7.9.26).

mod selective;
mod stream;

use alloc::vec::Vec;

use bitflags::bitflags;

pub use selective::{AddressRange, RequesterRange, SelectiveStream};
pub use stream::{Aggregation, LinkStream, StreamControl, StreamState};

use super::field::{bit, bits8, extended};
use crate::{AccessError, ConfigSpace};

/// Extended capability ID.
pub const ID: u16 = 0x0030;
/// Offset of the IDE Capability register.
pub const CAPABILITY: u16 = 0x04;
/// Offset of the IDE Control register.
pub const CONTROL: u16 = 0x08;
/// Offset of the first register block: the link blocks, if any, then the selective ones.
pub const BLOCKS: u16 = 0x0c;
/// Size of a link block in bytes: control, status.
pub const LINK_BLOCK_SIZE: u16 = 0x08;
/// Size of a selective block in bytes without its address associations.
pub const SELECTIVE_BLOCK_SIZE: u16 = 0x14;
/// Size of an address association in bytes.
pub const ADDRESS_BLOCK_SIZE: u16 = 0x0c;
/// Supported and selected algorithm: AES-GCM with a 256-bit key and a 96-bit MAC.
pub const ALGORITHM_AES_GCM_256: u8 = 0;

bitflags! {
    /// The single bits of IDE Capability.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Capability: u32 {
        /// Link streams.
        const LINK = 1;
        /// Selective streams.
        const SELECTIVE = 1 << 1;
        /// Passes selective streams of others through (switches, root ports).
        const FLOW_THROUGH = 1 << 2;
        /// Partial header encryption.
        const PARTIAL_HEADER = 1 << 3;
        /// One MAC for several TLPs.
        const AGGREGATION = 1 << 4;
        /// Plaintext CRC.
        const PCRC = 1 << 5;
        /// Key management by IDE_KM.
        const KEY_MANAGEMENT = 1 << 6;
        /// Selective streams for configuration requests.
        const SELECTIVE_CONFIG = 1 << 7;
        /// Streams that only trusted interfaces may use.
        const TEE_LIMITED = 1 << 24;
        /// Extended TEE.
        const XT = 1 << 25;
    }
}

/// A port's link encryption: what it can do and what its streams do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ide {
    /// The single bits of IDE Capability.
    pub capability: Capability,
    /// Supported algorithms as encoded; see [`ALGORITHM_AES_GCM_256`].
    pub algorithms: u8,
    /// How many link streams it states: one for each of 1-8 traffic classes, 0 where link streams are not supported.
    pub link_count: u8,
    /// How many selective streams it states, 1-256; 0 where they are not supported.
    pub selective_count: u16,
    /// Selective streams of others are passed through.
    pub flow_through: bool,
    /// The link streams.
    pub link: Vec<LinkStream>,
    /// The selective streams.
    pub selective: Vec<SelectiveStream>,
    /// It states more streams than fit into configuration space; those that do not fit are left out.
    pub cut: bool,
}

impl Ide {
    /// Reads the capability at `offset`: two registers, two for each link stream, five and three times its address
    /// associations for each selective stream.
    pub fn read<C: ConfigSpace>(config: &mut C, offset: u16) -> Result<Self, AccessError> {
        let bits = extended(config, offset, CAPABILITY)?;
        let flow_through = bit(extended(config, offset, CONTROL)?, 2);
        let capability = Capability::from_bits_truncate(bits);
        let link = count(capability, Capability::LINK, bits8(bits, 13, 3));
        let selective = count(capability, Capability::SELECTIVE, bits8(bits, 16, 8));
        let mut ide = Self {
            capability,
            algorithms: bits8(bits, 8, 5),
            link_count: bits8(link.into(), 0, 8),
            selective_count: selective,
            flow_through,
            link: Vec::new(),
            selective: Vec::new(),
            cut: false,
        };
        match ide.read_blocks(config, offset.saturating_add(BLOCKS)) {
            Err(AccessError::OutOfRange(_)) => ide.cut = true,
            other => other?,
        }
        Ok(ide)
    }

    /// Every block takes at least eight bytes, so the end of the space bounds the loops.
    fn read_blocks<C: ConfigSpace>(&mut self, config: &mut C, mut at: u16) -> Result<(), AccessError> {
        for _ in 0..self.link_count {
            self.link.push(LinkStream::read(config, at)?);
            at = at.saturating_add(LINK_BLOCK_SIZE);
        }
        for _ in 0..self.selective_count {
            let stream = SelectiveStream::read(config, at)?;
            at = at.saturating_add(stream.size());
            self.selective.push(stream);
        }
        Ok(())
    }
}

/// The fields hold the count less one, and mean nothing where the kind of stream is not supported.
fn count(capability: Capability, kind: Capability, field: u8) -> u16 {
    if capability.contains(kind) { u16::from(field).saturating_add(1) } else { 0 }
}

#[cfg(test)]
mod tests;
