//! One request on its way: repeated when the peer is busy, called for again when it is not ready, cut into chunks when
//! it is long, put together from chunks when the answer is (DSP0274 1.3, 10.11, 10.14 and 10.26).

use core::ops::Range;
use core::time::Duration;

use lanewarden_time::Instant;

use super::outgoing::Outgoing;
use super::{Core, Endpoint, Operation};
use crate::binding::MessageKind;
use crate::error::{Reason, Violation};
use crate::message::{
    Chunk, ChunkAck, ChunkGet, Code, ErrorCode, ErrorMessage, Header, Reader, Request, Response, Writer,
};
use crate::session::RecordForm;
use crate::transcript::Part;
use crate::{Version, message};

/// Room before a request: the head of its first chunk, where it goes in chunks, and what stands before a message in a
/// record. Those of each further chunk are written over the chunk before it.
pub const HEADROOM: usize = 16 + RecordForm::HEADROOM;
/// How often a peer may put a message off.
const MOST_DELAYS: u8 = 64;
/// The first wait for a busy peer; each further one is twice as long.
const FIRST_BUSY_WAIT: Duration = Duration::from_millis(1);
/// Chunks of one message come under one handle; one message is sent at a time.
const HANDLE: u8 = 0;

/// How the request goes, or its answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As it is.
    Plain,
    /// In chunks.
    ChunkSend {
        /// The place of the next.
        sequence: u16,
        /// Bytes sent before it.
        sent: usize,
    },
    /// It has been sent, and its answer is called for.
    RespondIfReady {
        /// The request, as the peer named it.
        code: u8,
        /// By what the answer is called for.
        token: u8,
    },
    /// Its answer comes in chunks.
    ChunkGet {
        /// Under which handle.
        handle: u8,
        /// The place of the next.
        sequence: u16,
        /// Bytes received before it.
        received: usize,
        /// Bytes of the whole, known from the first on.
        total: usize,
    },
}

/// One request on its way.
#[derive(Clone, Debug)]
pub struct Flight {
    /// Which.
    pub request: Request,
    /// To which transcript it belongs.
    pub part: Option<Part>,
    /// Its length; it stands in the buffer after the [`HEADROOM`].
    pub length: usize,
    /// How it goes.
    pub mode: Mode,
    /// Whether it has gone out.
    pub is_said: bool,
    /// The session whose records it goes in.
    pub lane: Option<u32>,
    delays: u8,
    delayed: Duration,
}

/// What came of an answer.
pub enum Seen<'a> {
    /// The final answer.
    Whole(&'a [u8]),
    /// The final answer, of this length, stands at the front of the buffer.
    Reassembled(usize),
    /// Something is to be sent.
    Again,
    /// The same, at this time.
    Later(Instant),
}

impl Flight {
    /// Whether a message is on its way in chunks.
    pub const fn in_transfer(&self) -> bool {
        matches!(self.mode, Mode::ChunkSend { .. } | Mode::ChunkGet { .. })
    }

    pub const fn new(request: Request, part: Option<Part>, length: usize, lane: Option<u32>) -> Self {
        Self {
            request,
            part,
            length,
            mode: Mode::Plain,
            is_said: false,
            lane,
            delays: 0,
            delayed: Duration::ZERO,
        }
    }

    /// Makes the message to send now; `None` where the buffer is too short, which it is not.
    pub fn frame(
        &self,
        version: Version,
        buffer: &mut [u8],
        transfer: u32,
        outgoing: &mut Outgoing,
    ) -> Option<()> {
        match self.mode {
            Mode::Plain => outgoing.is_at(HEADROOM..self.length.checked_add(HEADROOM)?),
            Mode::ChunkSend { sequence, sent } => {
                let transfer = usize::try_from(transfer).unwrap_or(usize::MAX);
                let room = transfer.checked_sub(Chunk::head(sequence))?;
                let start = sent.checked_add(HEADROOM)?;
                let size = room.min(self.length.checked_sub(sent)?);
                outgoing.is_at(self.chunk(version, buffer, sequence, start, size)?);
            }
            Mode::RespondIfReady { code, token } => {
                let request = Request::RespondIfReady.byte();
                let header = Header { version: version.byte(), code: request, param1: code, param2: token };
                outgoing.is_small(|writer| header.encode(writer))?;
            }
            Mode::ChunkGet { handle, sequence, .. } => {
                outgoing.is_small(|writer| ChunkGet { handle, sequence }.encode(version, writer))?;
            }
        }
        Some(())
    }

    /// Whether what goes out is secured.
    pub const fn kind(&self) -> MessageKind {
        if self.lane.is_some() { MessageKind::Secured } else { MessageKind::Plain }
    }

    /// Writes a chunk's head before its data.
    fn chunk(
        &self,
        version: Version,
        buffer: &mut [u8],
        sequence: u16,
        start: usize,
        size: usize,
    ) -> Option<Range<usize>> {
        let end = start.checked_add(size)?;
        let head = start.checked_sub(Chunk::head(sequence))?;
        let (before, data) = buffer.get_mut(..end)?.split_at_mut_checked(start)?;
        let total = u32::try_from(self.length).ok().filter(|_| sequence == 0);
        let last = end == self.length.checked_add(HEADROOM)?;
        let chunk = Chunk { last, handle: HANDLE, sequence, total, data };
        chunk.encode_head(version, true, &mut Writer::new(before.get_mut(head..)?)).ok()?;
        Some(head..end)
    }

    /// Sees to an answer.
    pub fn sort<'a, E: Endpoint>(
        &mut self,
        core: &Core<E>,
        buffer: &mut [u8],
        now: Instant,
        answer: &'a [u8],
    ) -> Result<Seen<'a>, Reason> {
        core.check_length(answer)?;
        match self.mode {
            Mode::ChunkSend { sequence, sent } => self.sort_ack(core, now, answer, sequence, sent),
            Mode::ChunkGet { .. } => self.sort_chunk(core, buffer, now, answer),
            Mode::Plain | Mode::RespondIfReady { .. } => self.sort_answer(core, now, answer),
        }
    }

    /// An answer to the request itself, at once or at last.
    fn sort_answer<'a, E: Endpoint>(
        &mut self,
        core: &Core<E>,
        now: Instant,
        answer: &'a [u8],
    ) -> Result<Seen<'a>, Reason> {
        let mut reader = Reader::new(answer);
        let header = Header::decode(&mut reader)?;
        if header.code == Response::Error.byte() {
            check_error_version(core, header)?;
            return self.sort_error(core, now, &ErrorMessage::decode(header, &reader));
        }
        check_version(core, header)?;
        check_code(core, self.request, header)?;
        Ok(Seen::Whole(answer))
    }

    fn sort_error<E: Endpoint>(
        &mut self,
        core: &Core<E>,
        now: Instant,
        error: &ErrorMessage<'_>,
    ) -> Result<Seen<'static>, Reason> {
        match error.code {
            ErrorCode::BUSY => {
                let wait = FIRST_BUSY_WAIT.saturating_mul(1_u32.wrapping_shl(self.delays.min(16).into()));
                self.delay(core, now, wait)
            }
            ErrorCode::RESPONSE_NOT_READY => {
                let not_ready = error.not_ready()?;
                // Before algorithms are agreed on there is nothing that could take time (DSP0274 1.3, table 57).
                if self.part == Some(Part::Connection) || not_ready.request != self.request.byte() {
                    return Err(Violation::ErrorInWrongPlace(error.code).into());
                }
                self.mode = Mode::RespondIfReady { code: not_ready.request, token: not_ready.token };
                self.delay(core, now, not_ready.wait())
            }
            ErrorCode::LARGE_RESPONSE if core.may_chunk() => {
                let handle = error.handle()?;
                self.mode = Mode::ChunkGet { handle, sequence: 0, received: 0, total: 0 };
                Ok(Seen::Again)
            }
            ErrorCode::LARGE_RESPONSE => Err(Violation::ErrorInWrongPlace(error.code).into()),
            _ => Err(Reason::Refused((*error).into())),
        }
    }

    /// The peer puts it off: so often without going on, and for so long in all, and no more.
    fn delay<E: Endpoint>(
        &mut self,
        core: &Core<E>,
        now: Instant,
        wait: Duration,
    ) -> Result<Seen<'static>, Reason> {
        self.delays = self.delays.saturating_add(1);
        self.delayed = self.delayed.saturating_add(wait);
        if self.delays > MOST_DELAYS || self.delayed > core.settings.patience {
            return Err(Reason::PutOff);
        }
        Ok(Seen::Later(now + wait))
    }

    /// CHUNK_SEND_ACK: the next chunk, or the answer to the whole.
    fn sort_ack<'a, E: Endpoint>(
        &mut self,
        core: &Core<E>,
        now: Instant,
        answer: &'a [u8],
        sequence: u16,
        sent: usize,
    ) -> Result<Seen<'a>, Reason> {
        let mut reader = Reader::new(answer);
        let header = Header::decode(&mut reader)?;
        if header.code != Response::ChunkSendAck.byte() {
            return self.sort_not_a_chunk(core, now, header, &reader);
        }
        check_version(core, header)?;
        let ack = ChunkAck::decode(header, &mut reader)?;
        if ack.handle != HANDLE || ack.sequence != sequence {
            return Err(Violation::Chunk("the acknowledgement is of another chunk").into());
        }
        let transfer = usize::try_from(core.transfer_in(self.lane)).unwrap_or(usize::MAX);
        let size = transfer.saturating_sub(Chunk::head(sequence));
        let sent = sent.saturating_add(size);
        if ack.early_error || sent >= self.length {
            self.mode = Mode::Plain;
            return match self.sort_answer(core, now, ack.answer)? {
                _ if ack.early_error && self.mode != Mode::Plain => {
                    Err(Violation::Chunk("an early error puts off").into())
                }
                Seen::Whole(_) if ack.early_error => {
                    Err(Violation::Chunk("an early error without an error").into())
                }
                // The request is gone from the buffer: it cannot be sent again as it was.
                Seen::Later(_) if self.mode == Mode::Plain => Err(Reason::Refused(
                    ErrorMessage { code: ErrorCode::BUSY, data: 0, extended: &[] }.into(),
                )),
                seen => Ok(seen),
            };
        }
        if message::finish(&Reader::new(ack.answer)).is_err() {
            return Err(Violation::Chunk("an answer before the last chunk").into());
        }
        let sequence = sequence.checked_add(1).ok_or(Violation::Chunk("there are too many"))?;
        self.mode = Mode::ChunkSend { sequence, sent };
        self.delays = 0;
        Ok(Seen::Again)
    }

    /// CHUNK_RESPONSE: one more piece.
    fn sort_chunk<'a, E: Endpoint>(
        &mut self,
        core: &Core<E>,
        buffer: &mut [u8],
        now: Instant,
        answer: &'a [u8],
    ) -> Result<Seen<'a>, Reason> {
        let mut reader = Reader::new(answer);
        let header = Header::decode(&mut reader)?;
        if header.code != Response::ChunkResponse.byte() {
            return self.sort_not_a_chunk(core, now, header, &reader);
        }
        check_version(core, header)?;
        let (chunk, _) = Chunk::decode(header, &mut reader)?;
        let (received, total) = self.place(core, buffer, &chunk)?;
        if chunk.last {
            let whole = buffer.get(..total).unwrap_or_default();
            self.check_whole(core, whole)?;
            return Ok(Seen::Reassembled(total));
        }
        let sequence = chunk.sequence.checked_add(1).ok_or(Violation::Chunk("there are too many"))?;
        self.mode = Mode::ChunkGet { handle: chunk.handle, sequence, received, total };
        self.delays = 0;
        Ok(Seen::Again)
    }

    /// Checks where a chunk belongs, and puts it there. Returns how much there is then, and of how much.
    fn place<E: Endpoint>(
        &self,
        core: &Core<E>,
        buffer: &mut [u8],
        chunk: &Chunk<'_>,
    ) -> Result<(usize, usize), Reason> {
        let Mode::ChunkGet { handle, sequence, received, total } = self.mode else {
            return Err(Violation::Chunk("none was asked for").into());
        };
        if chunk.handle != handle || chunk.sequence != sequence {
            return Err(Violation::Chunk("it is not the one that was asked for").into());
        }
        let total = match chunk.total {
            Some(length) => {
                let room = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
                let total = usize::try_from(length).ok().filter(|total| *total <= buffer.len());
                total.ok_or(Reason::TooLong { length, room })?
            }
            None => total,
        };
        let transfer = usize::try_from(core.settings.transfer_size).unwrap_or(usize::MAX);
        if chunk.data.len().saturating_add(Chunk::head(sequence)) > transfer {
            return Err(Violation::Chunk("it is longer than a message may be").into());
        }
        if chunk.is_too_short() {
            return Err(Violation::Chunk("it is shorter than a message may be").into());
        }
        let end = received.saturating_add(chunk.data.len());
        if end > total || chunk.last != (end == total) {
            return Err(Violation::Chunk("the chunks do not add up to the message").into());
        }
        let room = buffer.get_mut(received..end).ok_or(Violation::Chunk("the chunks do not add up"))?;
        room.copy_from_slice(chunk.data);
        Ok((end, total))
    }

    /// What has been put together is an answer by itself, and no large one again.
    fn check_whole<E: Endpoint>(&self, core: &Core<E>, whole: &[u8]) -> Result<(), Reason> {
        let mut reader = Reader::new(whole);
        let header = Header::decode(&mut reader)?;
        check_version(core, header)?;
        if header.code == Response::Error.byte() {
            return Err(Reason::Refused(ErrorMessage::decode(header, &reader).into()));
        }
        check_code(core, self.request, header)
    }

    /// In place of a chunk, or of its acknowledgement: busy, or a refusal.
    fn sort_not_a_chunk<E: Endpoint>(
        &mut self,
        core: &Core<E>,
        now: Instant,
        header: Header,
        reader: &Reader<'_>,
    ) -> Result<Seen<'static>, Reason> {
        if header.code != Response::Error.byte() {
            return Err(Reason::WrongResponse(Code(header.code)));
        }
        check_error_version(core, header)?;
        let error = ErrorMessage::decode(header, reader);
        match error.code {
            ErrorCode::LARGE_RESPONSE | ErrorCode::RESPONSE_NOT_READY => {
                Err(Violation::ErrorInWrongPlace(error.code).into())
            }
            _ => self.sort_error(core, now, &error),
        }
    }
}

/// The answer to the request; to a request that was given as bytes, any answer, but no request.
fn check_code<E: Endpoint>(core: &Core<E>, request: Request, header: Header) -> Result<(), Reason> {
    let any = matches!(core.operation, Operation::Bytes) && !Code(header.code).is_request();
    if any || Some(header.code) == request.response().map(Response::byte) {
        Ok(())
    } else {
        Err(Reason::WrongResponse(Code(header.code)))
    }
}

fn check_version<E: Endpoint>(core: &Core<E>, header: Header) -> Result<(), Reason> {
    let any = matches!(core.operation, Operation::Bytes);
    if header.version == core.version().byte() || any {
        Ok(())
    } else {
        Err(Reason::WrongVersion(header.version))
    }
}

/// A responder that does not speak the version of the request has to say so in one that it speaks.
fn check_error_version<E: Endpoint>(core: &Core<E>, header: Header) -> Result<(), Reason> {
    let mismatch = header.param1 == ErrorCode::VERSION_MISMATCH.0;
    if mismatch && Version::from_byte(header.version).is_some() {
        Ok(())
    } else {
        check_version(core, header)
    }
}
