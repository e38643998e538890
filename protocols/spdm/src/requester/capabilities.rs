//! What the peer can, and how long it may take.

use core::time::Duration;

use super::{Core, Endpoint};
use crate::Version;
use crate::error::Reason;
use crate::message::{Request, ResponderFlags};

/// The time a responder has for an answer that takes no signature: ST1 (DSP0274 1.3, 10.1.2).
const ST1: Duration = Duration::from_millis(100);
/// Bytes of zeros a transport adds at the most: up to a double word.
const MAX_PADDING: u32 = 3;
/// The longest time a peer is given, whatever it claims.
const LONGEST: Duration = Duration::from_secs(60);

impl<E: Endpoint> Core<E> {
    /// The longest message the peer takes at once.
    pub fn peer_transfer(&self) -> u32 {
        self.draft.sizes.map_or(u32::MAX, |sizes| sizes.transfer)
    }

    /// The longest message the peer takes in chunks.
    pub fn peer_message(&self) -> u32 {
        self.draft.sizes.map_or(u32::MAX, |sizes| sizes.message)
    }

    /// Whether both sides take messages in chunks.
    pub fn may_chunk(&self) -> bool {
        self.draft.chunks
            && self.draft.flags.contains(ResponderFlags::CHUNK)
            && self.version() >= Version::V1_2
    }

    /// From 1.2 on the peer knows how much is taken at once. A transport may add its padding to that.
    pub fn check_length(&self, message: &[u8]) -> Result<(), Reason> {
        let (length, room) = (u32::try_from(message.len()).unwrap_or(u32::MAX), self.settings.transfer_size);
        let is_known = self.draft.version.is_some_and(|version| version >= Version::V1_2);
        if is_known && length > room.saturating_add(MAX_PADDING) {
            return Err(Reason::TooLong { length, room });
        }
        Ok(())
    }

    /// How long an answer may take: with a signature, as long as the peer says.
    pub fn answer_time(&self, request: Request) -> Duration {
        let work = match request {
            Request::Challenge | Request::GetMeasurements => {
                Duration::from_micros(1_u64.checked_shl(self.draft.ct_exponent.into()).unwrap_or(u64::MAX))
                    .max(ST1)
            }
            _ => ST1,
        };
        self.settings.round_trip.saturating_add(work).min(LONGEST)
    }

    /// Refuses what the peer has not said it can do.
    pub fn needs(&self, flags: ResponderFlags, name: &'static str) -> Result<(), Reason> {
        if self.agreed()?.flags.intersects(flags) { Ok(()) } else { Err(Reason::Incapable(name)) }
    }
}
