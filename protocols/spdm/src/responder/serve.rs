//! From a message to its answer.

use core::ops::Range;

use lanewarden_time::Instant;

use super::{Answer, CHUNK_HEADROOM, Endpoint, Held, Refused, Responder};
use crate::binding::MessageKind;
use crate::message::{Code, ErrorCode, ErrorMessage, Header, NotReady, Reader, Request, Writer};
use crate::transcript::Part;

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Responder<E, B> {
    /// Answers a message. What is no request is not answered: two responders would keep each other busy for ever. Nor
    /// is a record of a session that there is not; one that does not open ends its session, and its requester is told.
    pub fn respond(
        &mut self,
        now: Instant,
        kind: MessageKind,
        message: &mut [u8],
    ) -> Option<(MessageKind, &[u8])> {
        self.core.now = now;
        self.uncover();
        self.expire(now);
        let range = match kind {
            MessageKind::Plain => self.serve(message),
            MessageKind::Secured => self.serve_record(message),
        };
        self.settle();
        Some((kind, self.buffer.as_ref().get(range?)?))
    }

    /// Answers a message in the lane that has been entered.
    pub(super) fn serve(&mut self, message: &[u8]) -> Option<Range<usize>> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader).ok().filter(|header| Code(header.code).is_request())?;
        let range = match self.dispatch(header, &mut reader, message) {
            Ok(range) => {
                self.owner = self.core.lane;
                range
            }
            Err(refused) => self.refuse(header, refused),
        };
        Some(range)
    }

    fn dispatch(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
    ) -> Result<Range<usize>, Refused> {
        let interrupts = header.code != Request::GetVersion.byte()
            && self.transfer().is_some_and(|request| request.byte() != header.code || !self.is_owner());
        if interrupts {
            return Err(Refused::UNEXPECTED);
        }
        let held = if self.is_owner() { self.held } else { Held::None };
        let request = self.core.admit(header, &held)?;
        match request {
            Request::ChunkSend => return self.take_chunk(header, reader),
            Request::ChunkGet => return self.give_chunk(header, reader),
            Request::RespondIfReady => return self.respond_if_ready(header),
            _ => {}
        }
        self.drop_work();
        let (start, end) = (self.start, self.buffer.as_ref().len().saturating_sub(Self::TAIL));
        let out = self.buffer.as_mut().get_mut(start..end).unwrap_or_default();
        let answer = self.core.answer(request, header, message, out)?;
        let answer = self.core.conclude(answer, out)?;
        self.deliver(answer)
    }

    /// Whether what is in work was begun in this lane.
    fn is_owner(&self) -> bool {
        self.owner == self.core.lane
    }

    /// The answer as it is, or what has to be said instead.
    pub(super) fn deliver(&mut self, answer: Answer) -> Result<Range<usize>, Refused> {
        let length = match answer {
            Answer::Ready(length) | Answer::Unsigned(length) => length,
            Answer::Later(length, wait) => {
                let request = self.core.job.as_ref().map_or(Request::Challenge, |job| job.request);
                let token = self.next_handle();
                self.held = Held::Unsigned { length, token };
                let exponent = NotReady::exponent_for(wait);
                let extended = [exponent, request.byte(), token, 2];
                let error =
                    ErrorMessage { code: ErrorCode::RESPONSE_NOT_READY, data: 0, extended: &extended };
                // Before the answer that is kept.
                return self.small_error(&error);
            }
        };
        let transfer = usize::try_from(self.core.transfer_to_requester()).unwrap_or(usize::MAX);
        if length <= transfer {
            return Ok(self.start..self.start.saturating_add(length));
        }
        self.hold_large(length)
    }

    /// Where in the room before the answer something short goes, with room before it for a record's head.
    pub(super) fn front(&self) -> usize {
        self.start.saturating_sub(CHUNK_HEADROOM)
    }

    /// An ERROR in the room before the answer.
    pub(super) fn small_error(&mut self, error: &ErrorMessage<'_>) -> Result<Range<usize>, Refused> {
        let version = self.core.version.byte();
        let front = self.front();
        let room = self.buffer.as_mut().get_mut(front..self.start).unwrap_or_default();
        let mut writer = Writer::new(room);
        error.encode(version, &mut writer)?;
        Ok(front..front.saturating_add(writer.length()))
    }

    /// An ERROR. It ends what was in work, but no transfer in chunks: nothing gets in the way of that but GET_VERSION
    /// (DSP0274 1.3, 10.26).
    pub(super) fn refuse(&mut self, header: Header, refused: Refused) -> Range<usize> {
        if self.transfer().is_none() {
            self.drop_work();
            self.core.reset(Part::Measurements);
        }
        self.say_refused(header, refused)
    }

    pub(super) fn say_refused(&mut self, header: Header, refused: Refused) -> Range<usize> {
        let version = self.core.error_version(header, refused);
        // Behind what has come in, before what goes out.
        let front = self.front();
        let room = self.buffer.as_mut().get_mut(front..).unwrap_or_default();
        let mut writer = Writer::new(room);
        // Nothing can be said without a buffer.
        let _ = refused.message(version).encode(version.byte(), &mut writer);
        front..front.saturating_add(writer.length())
    }

    fn respond_if_ready(&mut self, header: Header) -> Result<Range<usize>, Refused> {
        let Held::Unsigned { length, token } = self.held else { return Err(Refused::UNEXPECTED) };
        let request = self.core.job.as_ref().map(|job| job.request.byte());
        if request != Some(header.param1) || header.param2 != token {
            return Err(Refused::INVALID);
        }
        self.held = Held::None;
        let (start, end) = (self.start, self.buffer.as_ref().len().saturating_sub(Self::TAIL));
        let out = self.buffer.as_mut().get_mut(start..end).unwrap_or_default();
        let answer = self.core.conclude(Answer::Unsigned(length), out)?;
        self.deliver(answer)
    }

    pub(super) fn next_handle(&mut self) -> u8 {
        self.handle = self.handle.wrapping_add(1);
        self.handle
    }
}
