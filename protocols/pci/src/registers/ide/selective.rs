//! A selective stream: between two ports, with whatever is between them.

use alloc::vec::Vec;

use super::stream::{StreamControl, StreamState, StreamStatus};
use super::{ADDRESS_BLOCK_SIZE, SELECTIVE_BLOCK_SIZE};
use crate::registers::field::{bit, bits, bits8, bits16, extended, wide};
use crate::{AccessError, ConfigSpace};

/// Which requesters at the other end belong to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequesterRange {
    /// The range is in use.
    pub valid: bool,
    /// First requester ID.
    pub base: u16,
    /// Last requester ID.
    pub limit: u16,
    /// The segment they are in.
    pub segment: u8,
}

/// Which addresses at the other end belong to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    /// The range is in use.
    pub valid: bool,
    /// First address, a multiple of 1 MiB.
    pub base: u64,
    /// Last address: one below a multiple of 1 MiB.
    pub limit: u64,
}

/// A stream between this port and one other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectiveStream {
    /// Offset of its register block in configuration space.
    pub offset: u16,
    /// Its control register.
    pub control: StreamControl,
    /// Configuration requests go through it.
    pub config_requests: bool,
    /// It takes all traffic no other stream takes.
    pub default_stream: bool,
    /// Only trusted interfaces may use it.
    pub tee_limited: bool,
    /// Its state.
    pub state: StreamState,
    /// The other end reported that its check failed.
    pub check_failed: bool,
    /// Which requesters belong to it.
    pub requesters: RequesterRange,
    /// Which addresses belong to it, at most 15 ranges.
    pub addresses: Vec<AddressRange>,
}

impl SelectiveStream {
    pub(super) fn read<C: ConfigSpace>(config: &mut C, offset: u16) -> Result<Self, AccessError> {
        let count = bits8(extended(config, offset, 0)?, 0, 4);
        let control = extended(config, offset, 4)?;
        let StreamStatus { state, check_failed } = StreamStatus::decode(extended(config, offset, 8)?);
        let limit = extended(config, offset, 0x0c)?;
        let base = extended(config, offset, 0x10)?;
        Ok(Self {
            offset,
            control: StreamControl::decode(control),
            config_requests: bit(control, 9),
            default_stream: bit(control, 22),
            tee_limited: bit(control, 23),
            state,
            check_failed,
            requesters: RequesterRange {
                valid: bit(base, 0),
                base: bits16(base, 8, 16),
                limit: bits16(limit, 8, 16),
                segment: bits8(base, 24, 8),
            },
            addresses: addresses(config, offset.saturating_add(SELECTIVE_BLOCK_SIZE), count)?,
        })
    }

    /// Size of its register block in bytes.
    #[must_use]
    pub fn size(&self) -> u16 {
        let ranges = u16::try_from(self.addresses.len()).unwrap_or(u16::MAX);
        SELECTIVE_BLOCK_SIZE.saturating_add(ADDRESS_BLOCK_SIZE.saturating_mul(ranges))
    }
}

fn addresses<C: ConfigSpace>(config: &mut C, at: u16, count: u8) -> Result<Vec<AddressRange>, AccessError> {
    let places = (at..).step_by(usize::from(ADDRESS_BLOCK_SIZE)).take(usize::from(count));
    places.map(|at| address(config, at)).collect()
}

fn address<C: ConfigSpace>(config: &mut C, at: u16) -> Result<AddressRange, AccessError> {
    let low = extended(config, at, 0)?;
    let limit = extended(config, at, 4)?;
    let base = extended(config, at, 8)?;
    let megabytes = |field: u32| field.wrapping_shl(20);
    Ok(AddressRange {
        valid: bit(low, 0),
        base: wide(megabytes(bits(low, 8, 12)), base),
        limit: wide(megabytes(bits(low, 20, 12)) | 0xf_ffff, limit),
    })
}
