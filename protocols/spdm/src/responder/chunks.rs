//! CHUNK_SEND and CHUNK_GET (DSP0274 1.3, 10.26): long requests are put together, long answers are cut.

use core::ops::Range;

use super::{Answer, Endpoint, Held, LEAST_ROOM, Refused, Responder};
use crate::message::{
    Chunk, ChunkAck, ChunkGet, ErrorCode, ErrorMessage, Header, NoRoom, Reader, Request, Writer,
};
use crate::transcript::Part;

/// Bytes of CHUNK_SEND_ACK before the answer.
const ACK_HEAD: usize = 6;

/// A long request on its way in.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    handle: u8,
    /// The place of the next chunk.
    sequence: u16,
    received: usize,
    total: usize,
}

/// A long answer on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing {
    handle: u8,
    /// The place of the next chunk.
    sequence: u16,
    sent: usize,
    total: usize,
}

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Responder<E, B> {
    /// An answer that is longer than the requester takes at once: it is told so, and fetches it.
    pub(super) fn hold_large(&mut self, length: usize) -> Result<Range<usize>, Refused> {
        if !self.core.may_chunk() {
            return Err(NoRoom.into());
        }
        self.core.check_length(length)?;
        let handle = self.next_handle();
        self.held = Held::Large(Outgoing { handle, sequence: 0, sent: 0, total: length });
        let error = ErrorMessage { code: ErrorCode::LARGE_RESPONSE, data: 0, extended: &[handle] };
        self.small_error(&error)
    }

    /// The next chunk of the answer that is held.
    pub(super) fn give_chunk(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
    ) -> Result<Range<usize>, Refused> {
        let (asked, _) = ChunkGet::decode(header, reader)?;
        let Held::Large(out) = self.held else { return Err(Refused::UNEXPECTED) };
        if asked.handle != out.handle || asked.sequence != out.sequence {
            self.held = Held::None;
            return Err(Refused::INVALID);
        }
        let head = Chunk::head(out.sequence);
        let transfer = usize::try_from(self.core.transfer_to_requester()).unwrap_or(usize::MAX);
        let size = transfer.saturating_sub(head).min(out.total.saturating_sub(out.sent));
        let data = self.start.saturating_add(out.sent);
        let (front, end) = (data.saturating_sub(head), data.saturating_add(size));
        let sent = out.sent.saturating_add(size);
        let last = sent >= out.total;
        let version = self.core.version;
        let (before, after) = self.buffer.as_mut().split_at_mut_checked(data).ok_or(NoRoom)?;
        let chunk = Chunk {
            last,
            handle: out.handle,
            sequence: out.sequence,
            total: u32::try_from(out.total).ok().filter(|_| out.sequence == 0),
            data: after.get(..size).ok_or(NoRoom)?,
        };
        chunk.encode_head(version, false, &mut Writer::new(before.get_mut(front..).ok_or(NoRoom)?))?;
        self.held = if last {
            Held::None
        } else {
            let sequence = out.sequence.checked_add(1).ok_or(NoRoom)?;
            Held::Large(Outgoing { sequence, sent, ..out })
        };
        Ok(front..end)
    }

    /// One more chunk of a long request; with the last, its answer.
    pub(super) fn take_chunk(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
    ) -> Result<Range<usize>, Refused> {
        let (chunk, _) = Chunk::decode(header, reader)?;
        let incoming = match self.place(&chunk) {
            Ok(incoming) => incoming,
            Err(refused) => {
                self.drop_work();
                self.core.reset(Part::Measurements);
                return self.acknowledge(&chunk, Some(refused));
            }
        };
        if !chunk.last {
            self.held = Held::None;
            self.start = incoming.received.saturating_add(Self::HEADROOM);
            self.incoming = Some(incoming);
            return self.acknowledge(&chunk, None);
        }
        self.incoming = None;
        self.answer_whole(&chunk, incoming.total)
    }

    /// Checks where a chunk belongs, and puts it there.
    fn place(&mut self, chunk: &Chunk<'_>) -> Result<Incoming, Refused> {
        let begun = match (chunk.total, self.incoming) {
            (Some(total), None) => self.begin(chunk.handle, total)?,
            (None, Some(incoming)) => incoming,
            _ => return Err(Refused::INVALID),
        };
        let transfer = usize::try_from(self.core.settings.transfer_size).unwrap_or(usize::MAX);
        let end = begun.received.saturating_add(chunk.data.len());
        let fits = chunk.handle == begun.handle
            && chunk.sequence == begun.sequence
            && chunk.data.len().saturating_add(Chunk::head(chunk.sequence)) <= transfer
            && !chunk.is_too_short()
            && end <= begun.total
            && chunk.last == (end == begun.total);
        if !fits {
            return Err(Refused::INVALID);
        }
        let room = self.buffer.as_mut().get_mut(begun.received..end).ok_or(NoRoom)?;
        room.copy_from_slice(chunk.data);
        let sequence = begun.sequence.checked_add(1).ok_or(Refused::INVALID)?;
        Ok(Incoming { sequence, received: end, ..begun })
    }

    fn begin(&self, handle: u8, total: u32) -> Result<Incoming, Refused> {
        let room = self.core.chunk_room.unwrap_or_default();
        if total > room {
            return Err(Refused { code: ErrorCode::REQUEST_TOO_LARGE, data: 0 });
        }
        let total = usize::try_from(total).map_err(|_| NoRoom)?;
        Ok(Incoming { handle, sequence: 0, received: 0, total })
    }

    /// CHUNK_SEND_ACK without an answer, or with the reason why there will be none.
    fn acknowledge(&mut self, chunk: &Chunk<'_>, refused: Option<Refused>) -> Result<Range<usize>, Refused> {
        let version = self.core.version;
        let ack = ChunkAck {
            early_error: refused.is_some(),
            handle: chunk.handle,
            sequence: chunk.sequence,
            answer: &[],
        };
        let front = self.front();
        let room = self.buffer.as_mut().get_mut(front..).unwrap_or_default();
        let mut writer = Writer::new(room);
        ack.encode_head(version, &mut writer)?;
        if let Some(refused) = refused {
            refused.message(version).encode(version.byte(), &mut writer)?;
        }
        Ok(front..front.saturating_add(writer.length()))
    }

    /// The request is whole: it stands at the front of the buffer, and its answer comes behind it.
    fn answer_whole(&mut self, chunk: &Chunk<'_>, total: usize) -> Result<Range<usize>, Refused> {
        (self.held, self.start) = (Held::None, total.saturating_add(Self::HEADROOM));
        let answer = self.process(total);
        let inner = match answer.and_then(|answer| self.deliver_within(answer)) {
            Ok(range) => range,
            Err(refused) => self.refusal(refused)?,
        };
        let version = self.core.version;
        let ack =
            ChunkAck { early_error: false, handle: chunk.handle, sequence: chunk.sequence, answer: &[] };
        let front = inner.start.checked_sub(ACK_HEAD).ok_or(NoRoom)?;
        let room = self.buffer.as_mut().get_mut(front..inner.start).ok_or(NoRoom)?;
        ack.encode_head(version, &mut Writer::new(room))?;
        Ok(front..inner.end)
    }

    fn process(&mut self, total: usize) -> Result<Answer, Refused> {
        let (start, end) = (self.start, self.buffer.as_ref().len().saturating_sub(Self::TAIL));
        let whole = self.buffer.as_mut().get_mut(..end).ok_or(NoRoom)?;
        let (request, out) = whole.split_at_mut_checked(start).ok_or(NoRoom)?;
        let request = request.get(..total).ok_or(NoRoom)?;
        let header = Header::decode(&mut Reader::new(request))?;
        let code = self.core.admit(header, &Held::None)?;
        if matches!(code, Request::GetVersion | Request::ChunkSend | Request::ChunkGet) {
            return Err(Refused::INVALID);
        }
        self.core.drop_job();
        let answer = self.core.answer(code, header, request, out)?;
        self.core.conclude(answer, out)
    }

    /// As [`Responder::deliver`], with room for the head of the acknowledgement both in the message and before it.
    fn deliver_within(&mut self, answer: Answer) -> Result<Range<usize>, Refused> {
        let transfer = usize::try_from(self.core.transfer_to_requester()).unwrap_or(usize::MAX);
        let is_long = matches!(answer, Answer::Ready(length) if length.saturating_add(ACK_HEAD) > transfer);
        // An error goes into the headroom, whose front the acknowledgement's head takes: move the room along.
        let range = match answer {
            Answer::Ready(length) if is_long => self.hold_large(length)?,
            answer => self.deliver(answer)?,
        };
        if range.start == self.start {
            return Ok(range);
        }
        let shifted = range.start.saturating_add(ACK_HEAD)..range.end.saturating_add(ACK_HEAD);
        self.buffer.as_mut().copy_within(range, shifted.start);
        Ok(shifted)
    }

    fn refusal(&mut self, refused: Refused) -> Result<Range<usize>, Refused> {
        self.held = Held::None;
        self.core.reset(Part::Measurements);
        let version = self.core.version;
        let end = self.start.saturating_add(LEAST_ROOM);
        let room = self.buffer.as_mut().get_mut(self.start..end).ok_or(NoRoom)?;
        let mut writer = Writer::new(room);
        refused.message(version).encode(version.byte(), &mut writer)?;
        Ok(self.start..self.start.saturating_add(writer.length()))
    }
}
