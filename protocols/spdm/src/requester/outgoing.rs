//! The message that goes out: where it stands, and what makes a record of it and a message again.

use core::ops::Range;

use lanewarden_crypto::Provider;

use crate::binding::Content;
use crate::error::Reason;
use crate::message::{NoRoom, Writer};
use crate::session::{RecordForm, Session};

/// Bytes of the longest message of an exchange's own: CHUNK_GET.
const SMALL: usize = 6;
/// With room for what makes a record of it.
const ROOM: usize = RecordForm::HEADROOM + SMALL + RecordForm::TAIL;

/// What goes out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    place: Place,
    /// A message of the exchange's own, shorter than any request.
    small: [u8; ROOM],
    /// What stood behind the message where its tag is now: the next chunk begins there.
    covered: [u8; RecordForm::TAIL],
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In the requester's buffer.
    Buffer(Range<usize>),
    /// Here.
    Small(Range<usize>),
}

impl Default for Outgoing {
    fn default() -> Self {
        Self { place: Place::Small(0..0), small: [0; ROOM], covered: [0; RecordForm::TAIL] }
    }
}

impl Outgoing {
    /// It stands in the buffer.
    pub const fn is_at(&mut self, range: Range<usize>) {
        self.place = Place::Buffer(range);
    }

    /// It is a small one, and stands here.
    pub fn is_small(&mut self, encode: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>) -> Option<()> {
        let mut writer = Writer::new(self.small.get_mut(RecordForm::HEADROOM..)?);
        encode(&mut writer).ok()?;
        let end = RecordForm::HEADROOM.checked_add(writer.length())?;
        self.place = Place::Small(RecordForm::HEADROOM..end);
        Some(())
    }

    /// Its bytes.
    pub fn bytes<'b>(&'b self, buffer: &'b [u8]) -> &'b [u8] {
        match &self.place {
            Place::Buffer(range) => buffer.get(range.clone()),
            Place::Small(range) => self.small.get(range.clone()),
        }
        .unwrap_or_default()
    }

    /// Seals it where it stands. What its tag covers is kept.
    pub fn seal<P: Provider>(&mut self, session: &mut Session<P>, buffer: &mut [u8]) -> Result<(), Reason> {
        self.place = match &self.place {
            Place::Small(message) => {
                Place::Small(session.seal(Content::Spdm, &mut self.small, message.clone())?)
            }
            Place::Buffer(message) => {
                let behind = message.end..message.end.saturating_add(RecordForm::TAIL);
                self.covered.copy_from_slice(buffer.get(behind).ok_or(Reason::NoRoom)?);
                Place::Buffer(session.seal(Content::Spdm, buffer, message.clone())?)
            }
        };
        Ok(())
    }

    /// Puts back what the record has changed in the buffer: what its tag covered, and with `whole` the message, which is
    /// to go out again.
    pub fn restore<P: Provider>(&mut self, session: Option<&Session<P>>, buffer: &mut [u8], whole: bool) {
        let (Some(session), Place::Buffer(record)) = (session, self.place.clone()) else { return };
        if whole {
            // It opens: it was sealed with the same key before.
            let _ = session.take_back(buffer, record.clone());
        }
        let tag = record.end.saturating_sub(RecordForm::TAIL)..record.end;
        if let Some(place) = buffer.get_mut(tag) {
            place.copy_from_slice(&self.covered);
        }
        self.place = Place::Small(0..0);
    }
}
