//! Secured messages (DSP0277 1.0 - 1.2), sealed and opened where they stand.
//!
//! ```text
//! session ID u32 | sequence number | length u16 | application length u16 | head | message | random | tag
//! '------- associated data --------------------'  '------ encrypted, counted by length -----------' ^ counted too
//! ```
//!
//! How long the sequence number, the head and the random bytes are is the transport's ([`Binding`]). Where messages are
//! authenticated only, there are no application length and no random bytes, and all before the tag is associated data.
//!
//! The nonce is the salt with the sequence number mixed into its first eight bytes, little-endian. 1.2 demands that.
//! 1.0 and 1.1 leave the byte order open; libspdm keeps to this one unless it is told otherwise, and so does this. As
//! nothing else differs, a record is the same in all three versions.

use core::fmt;
use core::ops::Range;

use lanewarden_crypto::{Aead, NONCE_SIZE, TAG_SIZE, Tag};
use zeroize::Zeroizing;

use super::TrafficKeys;
use crate::Blame;
use crate::binding::{Binding, Content};
use crate::message::{NoRoom, Reader, Writer};

/// The limit of a cipher that is not limited: as many messages as there are sequence numbers.
pub const UNLIMITED: u8 = 64;

/// The most random bytes that any transport lets follow a message.
const MAX_RANDOM: usize = 32;
const SESSION_ID: usize = 4;
const LENGTH: usize = 2;

/// What a session does for its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// They are encrypted and authenticated: ENCRYPT_CAP and MAC_CAP.
    Encrypted,
    /// They are authenticated, and travel in the clear: MAC_CAP alone.
    Authenticated,
}

/// How the records of a session look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordForm {
    /// What its transport chose.
    pub binding: Binding,
    /// What is done for its messages.
    pub protection: Protection,
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The last sequence number has been used. The session needs new keys, or ends.
    #[error("the keys have protected as many messages as they may")]
    Exhausted,
    /// More than the length field can count.
    #[error("a message of {0} bytes is too long for a secured message")]
    TooLong(usize),
    /// The transport carries no such message in a session.
    #[error("the transport has no place in a session for messages that are not SPDM's")]
    NotCarried,
    /// There is not enough room before or behind the message.
    #[error("no room for what goes around the message")]
    NoRoom,
}

/// Why a record was not opened. The session ends, and what stands in the buffer is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It ends before its head or its tag does.
    #[error("the record is cut short")]
    Short,
    /// It is of another session.
    #[error("the record is of session {0:#010x}")]
    WrongSession(u32),
    /// Its sequence number is not the next: a record is missing, or this one has been here before.
    #[error("the record does not have the next sequence number")]
    WrongSequence,
    /// Its length field is not the number of bytes that follow it.
    #[error("the record's length field says {0}")]
    Length(u16),
    /// The last sequence number has been used.
    #[error("the keys have protected as many messages as they may")]
    Exhausted,
    /// It was not sealed with this key as this message, or has been changed.
    #[error("the record does not fit its tag")]
    Mismatch,
    /// What is inside is not as long as it says, or more random bytes follow it than may.
    #[error("the application length inside the record says {0}")]
    Application(u16),
    /// What is inside does not begin as the transport's SPDM messages do.
    #[error("what is inside the record is not an SPDM message")]
    NotSpdm,
}

impl SealError {
    /// Who is at fault.
    #[must_use]
    pub const fn blame(self) -> Blame {
        match self {
            Self::Exhausted | Self::TooLong(_) | Self::NotCarried => Blame::Caller,
            Self::NoRoom => Blame::Here,
        }
    }
}

impl OpenError {
    /// Who is at fault: all of it is the peer's, or of whoever sits between.
    #[must_use]
    pub const fn blame(self) -> Blame {
        Blame::Peer
    }
}

impl From<NoRoom> for SealError {
    fn from(_: NoRoom) -> Self {
        Self::NoRoom
    }
}

impl RecordForm {
    /// The most bytes that stand before a message in a record, over all transports and protections.
    pub const HEADROOM: usize = 12;
    /// The bytes that follow a message in a record that is sealed here: the tag.
    pub const TAIL: usize = TAG_SIZE;

    /// The most bytes that a record has beyond its message, whoever sealed it: its head, random bytes, and its tag.
    pub const AROUND: usize = Self::HEADROOM + MAX_RANDOM + Self::TAIL;

    /// Bytes that stand before a message in a record.
    #[must_use]
    #[inline]
    pub const fn head(&self) -> usize {
        self.outer().saturating_add(self.inner()).saturating_add(self.binding.application.size())
    }

    /// The longest message that fits into a record, in bytes.
    #[must_use]
    pub const fn max_message(&self) -> usize {
        let around = Self::TAIL.saturating_add(self.inner()).saturating_add(self.binding.application.size());
        0xffff_usize.saturating_sub(around)
    }

    /// Bytes of the head in the clear.
    #[inline]
    const fn outer(&self) -> usize {
        (SESSION_ID + LENGTH).saturating_add(self.binding.sequence.size())
    }

    /// Bytes of the application length.
    #[inline]
    const fn inner(&self) -> usize {
        match self.protection {
            Protection::Encrypted => LENGTH,
            Protection::Authenticated => 0,
        }
    }

    /// Writes all that stands before a message of `length` bytes.
    #[inline]
    fn write_head(
        &self,
        session_id: u32,
        sequence: u64,
        content: Content,
        length: usize,
        record: &mut [u8],
    ) -> Result<(), SealError> {
        let count = |bytes: usize| u16::try_from(bytes).map_err(|_| SealError::TooLong(length));
        let application = length.saturating_add(self.binding.application.size());
        let counted = application.saturating_add(self.inner()).saturating_add(TAG_SIZE);
        let mut writer = Writer::new(record);
        writer.u32(session_id)?;
        self.binding.sequence.encode(sequence, &mut writer)?;
        writer.u16(count(counted)?)?;
        if self.protection == Protection::Encrypted {
            writer.u16(count(application)?)?;
        }
        Ok(self.binding.application.encode(content, length, &mut writer)?)
    }

    /// Reads the head in the clear, and gives the length of the record.
    #[inline]
    fn read_head(&self, session_id: u32, sequence: u64, record: &[u8]) -> Result<usize, OpenError> {
        let mut reader = Reader::new(record);
        let session = reader.u32().map_err(|_| OpenError::Short)?;
        if session != session_id {
            return Err(OpenError::WrongSession(session));
        }
        if !self.binding.sequence.is_next(sequence, &mut reader).map_err(|_| OpenError::Short)? {
            return Err(OpenError::WrongSequence);
        }
        let length = reader.u16().map_err(|_| OpenError::Short)?;
        let rest = reader.rest();
        let (_, padding) = rest.split_at_checked(length.into()).ok_or(OpenError::Length(length))?;
        if usize::from(length) < TAG_SIZE {
            return Err(OpenError::Length(length));
        }
        if padding.len() > self.binding.max_padding || padding.iter().any(|byte| *byte != 0) {
            return Err(OpenError::Length(length));
        }
        Ok(reader.position().saturating_add(length.into()))
    }

    /// Parts what is before the tag into what is associated and what is encrypted.
    #[inline]
    fn part<'a>(&self, text: &'a mut [u8]) -> Option<(&'a mut [u8], &'a mut [u8])> {
        let at = match self.protection {
            Protection::Encrypted => self.outer(),
            Protection::Authenticated => text.len(),
        };
        text.split_at_mut_checked(at)
    }

    /// Checks what is before the tag, once it is open, and gives what it is and where it ends.
    #[inline]
    fn message_end(&self, text: &[u8]) -> Result<(Content, usize), OpenError> {
        let mut reader = Reader::new(text);
        reader.take(self.outer()).map_err(|_| OpenError::Short)?;
        let length = match self.protection {
            Protection::Encrypted => self.application_length(&mut reader)?,
            Protection::Authenticated => reader.rest().len(),
        };
        let application = reader.take(length).map_err(|_| OpenError::Short)?;
        let content = self.binding.application.content(application).ok_or(OpenError::NotSpdm)?;
        Ok((content, reader.position()))
    }

    #[inline]
    fn application_length(&self, reader: &mut Reader<'_>) -> Result<usize, OpenError> {
        let said = reader.u16().map_err(|_| OpenError::Short)?;
        let random = reader.rest().len().checked_sub(said.into());
        random.filter(|random| *random <= self.binding.max_random).ok_or(OpenError::Application(said))?;
        Ok(said.into())
    }
}

/// One direction of a session: a cipher, and how many messages it has protected.
pub struct Channel<A> {
    aead: A,
    salt: Zeroizing<[u8; NONCE_SIZE]>,
    /// The next sequence number; `None` after the last.
    next: Option<u64>,
    last: u64,
}

impl<A: Aead> Channel<A> {
    /// A direction whose keys are new. They protect 2^`limit` messages, [`UNLIMITED`] being the most.
    #[must_use]
    pub fn new(keys: TrafficKeys<A>, limit: u8) -> Self {
        let last = 1_u64.checked_shl(limit.into()).map_or(u64::MAX, |count| count.wrapping_sub(1));
        Self { aead: keys.aead, salt: keys.salt, next: Some(0), last }
    }

    /// A direction that goes on with this sequence number, for whoever reads along and has missed what came before. Nothing
    /// may be sealed with it that was sealed before.
    #[must_use]
    pub fn new_at(keys: TrafficKeys<A>, sequence: u64) -> Self {
        Self { next: Some(sequence), ..Self::new(keys, UNLIMITED) }
    }

    /// The sequence number of the next message; `None` where the keys are used up.
    #[must_use]
    pub const fn sequence(&self) -> Option<u64> {
        self.next
    }

    /// Seals the SPDM message that stands at `message` in the buffer, with [`RecordForm::head`] bytes of room before it and
    /// [`RecordForm::TAIL`] behind it. Gives where the record stands.
    ///
    /// # Errors
    /// [`SealError`]; the message is as it was.
    #[inline]
    pub fn seal(
        &mut self,
        form: &RecordForm,
        session_id: u32,
        buffer: &mut [u8],
        message: Range<usize>,
    ) -> Result<Range<usize>, SealError> {
        self.seal_content(form, session_id, Content::Spdm, buffer, message)
    }

    /// As [`Channel::seal`], for whatever the transport carries.
    ///
    /// # Errors
    /// As there, and [`SealError::NotCarried`].
    #[inline]
    pub fn seal_content(
        &mut self,
        form: &RecordForm,
        session_id: u32,
        content: Content,
        buffer: &mut [u8],
        message: Range<usize>,
    ) -> Result<Range<usize>, SealError> {
        if !form.binding.application.carries(content) {
            return Err(SealError::NotCarried);
        }
        let sequence = self.next.ok_or(SealError::Exhausted)?;
        let length = message.end.checked_sub(message.start).ok_or(SealError::NoRoom)?;
        let start = message.start.checked_sub(form.head()).ok_or(SealError::NoRoom)?;
        let end = message.end.checked_add(RecordForm::TAIL).ok_or(SealError::NoRoom)?;
        let record = buffer.get_mut(start..end).ok_or(SealError::NoRoom)?;
        form.write_head(session_id, sequence, content, length, record)?;
        let (text, tag) = record.split_last_chunk_mut::<TAG_SIZE>().ok_or(SealError::NoRoom)?;
        let (associated, inner) = form.part(text).ok_or(SealError::NoRoom)?;
        let sealed = self.aead.seal(&self.nonce(sequence), associated, inner);
        *tag = sealed.map_err(|_| SealError::TooLong(length))?;
        self.advance(sequence);
        Ok(start..end)
    }

    /// Opens the record of an SPDM message where it stands, and gives where in it the message is.
    ///
    /// # Errors
    /// [`OpenError`]; the sequence number stays.
    #[inline]
    pub fn open(
        &mut self,
        form: &RecordForm,
        session_id: u32,
        record: &mut [u8],
    ) -> Result<Range<usize>, OpenError> {
        let before = self.next;
        let (content, message) = self.open_content(form, session_id, record)?;
        match content {
            Content::Spdm => Ok(message),
            Content::Mctp(_) => {
                self.next = before;
                Err(OpenError::NotSpdm)
            }
        }
    }

    /// As [`Channel::open`], for whatever the transport carries.
    ///
    /// # Errors
    /// [`OpenError`]; the sequence number stays.
    #[inline]
    pub fn open_content(
        &mut self,
        form: &RecordForm,
        session_id: u32,
        record: &mut [u8],
    ) -> Result<(Content, Range<usize>), OpenError> {
        let sequence = self.next.ok_or(OpenError::Exhausted)?;
        let opened = self.open_at(sequence, form, session_id, record)?;
        self.advance(sequence);
        Ok(opened)
    }

    /// Turns the record that was sealed last back into its message, in its place, so that it can be sealed again under
    /// the next sequence number. `None` where `record` is not that record.
    #[must_use]
    pub fn take_back(
        &self,
        form: &RecordForm,
        session_id: u32,
        buffer: &mut [u8],
        record: Range<usize>,
    ) -> Option<Range<usize>> {
        let sequence = self.next.map_or(Some(self.last), |next| next.checked_sub(1))?;
        let start = record.start;
        let (_, message) = self.open_at(sequence, form, session_id, buffer.get_mut(record)?).ok()?;
        Some(start.checked_add(message.start)?..start.checked_add(message.end)?)
    }

    #[inline]
    fn open_at(
        &self,
        sequence: u64,
        form: &RecordForm,
        session_id: u32,
        record: &mut [u8],
    ) -> Result<(Content, Range<usize>), OpenError> {
        let length = form.read_head(session_id, sequence, record)?;
        let record = record.get_mut(..length).ok_or(OpenError::Short)?;
        let (text, tag) = record.split_last_chunk_mut::<TAG_SIZE>().ok_or(OpenError::Short)?;
        let (associated, inner) = form.part(text).ok_or(OpenError::Short)?;
        let tag: &Tag = tag;
        self.aead.open(&self.nonce(sequence), associated, inner, tag).map_err(|_| OpenError::Mismatch)?;
        let (content, end) = form.message_end(text)?;
        Ok((content, form.head()..end))
    }

    #[inline]
    fn nonce(&self, sequence: u64) -> [u8; NONCE_SIZE] {
        let mut nonce = *self.salt;
        if let Some(low) = nonce.first_chunk_mut() {
            *low = (u64::from_le_bytes(*low) ^ sequence).to_le_bytes();
        }
        nonce
    }

    #[inline]
    fn advance(&mut self, sequence: u64) {
        self.next = sequence.checked_add(1).filter(|next| *next <= self.last);
    }
}

impl<A> fmt::Debug for Channel<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("next", &self.next).field("last", &self.last).finish_non_exhaustive()
    }
}

/// The session that a record says it is of, to find the session by.
#[must_use]
pub fn peek_session_id(record: &[u8]) -> Option<u32> {
    Reader::new(record).u32().ok()
}

#[cfg(test)]
mod tests;
