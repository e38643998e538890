//! What the peer can, and how long it may take.

use core::time::Duration;

use super::{Core, Endpoint, PartsOf};
use crate::Version;
use crate::binding::{Content, MessageKind};
use crate::error::{Misuse, Reason, Violation};
use crate::message::{ErrorMessage, Header, Reader, Request, ResponderFlags, Response};
use crate::session::{OpenError, Seating, Sessions};

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

    /// The same of a message in a session's records, which hold so much and no more.
    pub fn transfer_in(&self, lane: Option<u32>) -> u32 {
        let session = lane.and_then(|id| self.parts.sessions.seats().session(id));
        let most = session.map_or(usize::MAX, |session| session.terms.form.max_message());
        self.peer_transfer().min(u32::try_from(most).unwrap_or(u32::MAX))
    }

    /// Takes a message out of what it came in, opening that where it stands. An answer comes in the session that was
    /// asked in; what comes outside of it is nobody's word, and says at the most that there is no session any more.
    pub fn open<'a>(
        &mut self,
        lane: Option<u32>,
        kind: MessageKind,
        answer: &'a mut [u8],
    ) -> Result<&'a [u8], Reason> {
        match (lane, kind) {
            (None, MessageKind::Plain) => Ok(answer),
            (None, MessageKind::Secured) => Err(Violation::Lane.into()),
            (Some(_), MessageKind::Plain) => {
                let mut reader = Reader::new(answer);
                let header = Header::decode(&mut reader)?;
                if header.code != Response::Error.byte() {
                    return Err(Violation::Lane.into());
                }
                Err(Reason::SessionLost(ErrorMessage::decode(header, &reader).into()))
            }
            (Some(id), MessageKind::Secured) => {
                let PartsOf::<E> { provider, sessions, .. } = &mut self.parts;
                let session = sessions.seats_mut().session_mut(id).ok_or(Misuse::NoSession)?;
                let opened = session.open(provider, self.now, answer)?;
                if opened.content != Content::Spdm {
                    return Err(OpenError::NotSpdm.into());
                }
                self.renewed = opened.is_renewed;
                Ok(answer.get(opened.message).unwrap_or_default())
            }
        }
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
            Request::Challenge
            | Request::GetMeasurements
            | Request::KeyExchange
            | Request::Finish
            | Request::PskExchange
            | Request::PskFinish
            | Request::DeliverEncapsulatedResponse => {
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
