//! A link stream, and what a selective stream has in common with it.

use core::fmt;

use crate::registers::field::{bit, bits8, extended};
use crate::{AccessError, ConfigSpace};

/// Whether a stream protects anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamState {
    /// Nothing is protected; TLPs of the stream are not passed on.
    Insecure,
    /// Keys are in place and in use.
    Secure,
    /// An encoding that is not defined.
    Undefined(u8),
}

impl StreamState {
    const fn from_encoding(encoding: u8) -> Self {
        match encoding {
            0 => Self::Insecure,
            2 => Self::Secure,
            other => Self::Undefined(other),
        }
    }
}

impl fmt::Display for StreamState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insecure => f.pad("insecure"),
            Self::Secure => f.pad("secure"),
            Self::Undefined(encoding) => write!(f, "undefined ({encoding})"),
        }
    }
}

/// How many TLPs a sender puts under one MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aggregation {
    /// Non-posted requests: up to this many, 1, 2, 4 or 8.
    pub non_posted: u8,
    /// Posted requests.
    pub posted: u8,
    /// Completions.
    pub completions: u8,
}

/// The control register of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamControl {
    /// The stream is enabled.
    pub enabled: bool,
    /// Extended TEE enabled.
    pub xt: bool,
    /// How many TLPs are put under one MAC.
    pub aggregation: Aggregation,
    /// Plaintext CRC enabled.
    pub pcrc: bool,
    /// Partial header encryption as encoded: 0 none, then address bits up to 17, 25, 33, 41.
    pub partial_header: u8,
    /// Selected algorithm as encoded; see [`super::ALGORITHM_AES_GCM_256`].
    pub algorithm: u8,
    /// Traffic class.
    pub traffic_class: u8,
    /// Stream ID.
    pub stream: u8,
}

impl StreamControl {
    pub(super) const fn decode(value: u32) -> Self {
        Self {
            enabled: bit(value, 0),
            xt: bit(value, 1),
            aggregation: Aggregation {
                non_posted: aggregated(value, 2),
                posted: aggregated(value, 4),
                completions: aggregated(value, 6),
            },
            pcrc: bit(value, 8),
            partial_header: bits8(value, 10, 4),
            algorithm: bits8(value, 14, 5),
            traffic_class: bits8(value, 19, 3),
            stream: bits8(value, 24, 8),
        }
    }
}

const fn aggregated(value: u32, low: u32) -> u8 {
    1_u8.wrapping_shl(bits8(value, low, 2) as u32)
}

/// The status register of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamStatus {
    pub(super) state: StreamState,
    pub(super) check_failed: bool,
}

impl StreamStatus {
    pub(super) const fn decode(value: u32) -> Self {
        Self { state: StreamState::from_encoding(bits8(value, 0, 4)), check_failed: bit(value, 31) }
    }
}

/// A stream that protects all of a link's traffic of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkStream {
    /// Offset of its register block in configuration space.
    pub offset: u16,
    /// Its control register.
    pub control: StreamControl,
    /// Its state.
    pub state: StreamState,
    /// The other end reported that its check failed.
    pub check_failed: bool,
}

impl LinkStream {
    pub(super) fn read<C: ConfigSpace>(config: &mut C, offset: u16) -> Result<Self, AccessError> {
        let control = StreamControl::decode(extended(config, offset, 0)?);
        let StreamStatus { state, check_failed } = StreamStatus::decode(extended(config, offset, 4)?);
        Ok(Self { offset, control, state, check_failed })
    }
}
