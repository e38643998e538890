//! Sessions as lanes: a record is opened, what is in it is answered, and the answer sealed.

use core::ops::Range;
use core::time::Duration;

use lanewarden_crypto::TAG_SIZE;
use lanewarden_time::Instant;

use super::{After, Context, Core, Endpoint, Held, PartsOf, Refused, Responder, VendorHandler};
use crate::binding::Content;
use crate::message::{Header, SessionPolicy};
use crate::session::{Keep, Seating, Session, Sessions, peek_session_id};

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Responder<E, B> {
    /// The session of this number.
    pub fn session(&self, id: u32) -> Option<&Session<E::Provider>> {
        self.core.session(id)
    }

    /// The sessions that there are.
    pub fn sessions(&self) -> impl Iterator<Item = &Session<E::Provider>> {
        self.core.sessions()
    }

    /// Whether the requester has proven who it is: in this session's handshake; with `None`, outside of sessions.
    pub fn is_requester_known(&self, session: Option<u32>) -> bool {
        self.core.is_requester_known(session)
    }

    /// What the requester wants of a session: whether it ends when the device is updated under it, say.
    pub fn policy(&self, session: u32) -> Option<SessionPolicy> {
        self.core.session(session).map(|session| session.notes.policy)
    }

    /// Ends a session, as the device does that resets; whether there was one.
    pub fn end_session(&mut self, id: u32) -> bool {
        let was_there = self.core.end_session(id);
        self.drop_orphans();
        was_there
    }

    /// When the next session ends if nothing is heard of its requester.
    pub fn deadline(&self) -> Option<Instant> {
        self.sessions().filter_map(|session| session.deadline()).min()
    }

    /// Ends the sessions whose requesters were not heard of for too long.
    pub fn expire(&mut self, now: Instant) {
        let overdue = |session: &Session<E::Provider>| session.deadline().is_some_and(|end| end <= now);
        loop {
            let Some(id) = self.sessions().find(|session| overdue(session)).map(Session::id) else { return };
            self.end_session(id);
        }
    }

    /// Opens a record, answers what is in it, and seals the answer.
    pub(super) fn serve_record(&mut self, record: &mut [u8]) -> Option<Range<usize>> {
        let id = peek_session_id(record)?;
        let now = self.core.now;
        let PartsOf::<E> { provider, sessions, .. } = &mut self.core.parts;
        let opened = sessions.seats_mut().session_mut(id)?.open(provider, now, record);
        let Ok(opened) = opened else { return self.say_unopened(id) };
        let message = record.get(opened.message).unwrap_or_default();
        let range = match opened.content {
            Content::Spdm => {
                self.core.enter(id);
                let range = self.serve(message);
                self.core.leave();
                range
            }
            Content::Mctp(kind) if self.core.is_established(id) => self.pass_on(id, kind, message),
            Content::Mctp(_) => return self.say_unopened(id),
        };
        self.seal(id, opened.content, range?)
    }

    /// Has a message that is not SPDM's answered. There is one buffer: while an answer in it is still wanted, what comes
    /// is lost, as any MCTP message may be.
    fn pass_on(&mut self, id: u32, kind: u8, message: &[u8]) -> Option<Range<usize>> {
        if !matches!(self.held, Held::None) {
            return None;
        }
        let context = Context { session: Some(id), mutual: self.core.is_requester_known(Some(id)) };
        let (start, end) = (self.start, self.buffer.as_ref().len().saturating_sub(Self::TAIL));
        let out = self.buffer.as_mut().get_mut(start..end)?;
        let room = out.len();
        let length = self.core.parts.vendor.message(context, kind, message, out)?;
        (length <= room).then(|| start..start.saturating_add(length))
    }

    /// A record did not open: its session ends with an answer.
    fn say_unopened(&mut self, id: u32) -> Option<Range<usize>> {
        self.core.after = After::End(id);
        self.core.lane = Some(id);
        let header = Header { version: self.core.version.byte(), code: 0, param1: 0, param2: 0 };
        let range = self.say_refused(header, Refused::DECRYPT);
        self.core.lane = None;
        self.seal(id, Content::Spdm, range)
    }

    /// Seals an answer in its place. A session whose keys are used up ends without one.
    fn seal(&mut self, id: u32, content: Content, answer: Range<usize>) -> Option<Range<usize>> {
        self.cover(answer.end);
        let buffer = self.buffer.as_mut();
        let sealed = self.core.session_mut(id).map(|session| session.seal(content, buffer, answer));
        match sealed {
            Some(Ok(record)) => Some(record),
            Some(Err(_)) => {
                self.core.after = After::End(id);
                None
            }
            None => None,
        }
    }

    /// A tag goes over what may still be needed: the rest of an answer that goes in chunks.
    fn cover(&mut self, place: usize) {
        let mut bytes = [0; TAG_SIZE];
        let end = place.saturating_add(TAG_SIZE);
        let covered = self.buffer.as_ref().get(place..end);
        covered.into_iter().for_each(|covered| bytes.copy_from_slice(covered));
        self.covered = Some((place, bytes));
    }

    /// Puts back what the last tag was written over.
    pub(super) fn uncover(&mut self) {
        let Some((place, bytes)) = self.covered.take() else { return };
        let end = place.saturating_add(bytes.len());
        if let Some(covered) = self.buffer.as_mut().get_mut(place..end) {
            covered.copy_from_slice(&bytes);
        }
    }

    /// The answer is as it goes out; what it brings about comes about.
    pub(super) fn settle(&mut self) {
        let done = match core::mem::replace(&mut self.core.after, After::Nothing) {
            After::Nothing => return,
            After::End(id) => Err(id),
            After::Establish(id) => self.core.establish(id).ok_or(id),
        };
        if let Err(id) = done {
            self.end_session(id);
        }
    }

    /// What was begun in a session ends with it.
    fn drop_orphans(&mut self) {
        if self.owner.is_some_and(|id| self.core.session(id).is_none()) {
            self.owner = None;
            self.drop_work();
        }
    }
}

impl<P: lanewarden_crypto::Provider> Session<P> {
    /// When it ends if nothing is heard of the requester.
    fn deadline(&self) -> Option<Instant> {
        let bound = self.terms.heartbeat.saturating_mul(2);
        (self.is_established() && bound > Duration::ZERO).then(|| self.heard + bound)
    }
}

impl<E: Endpoint> Core<E> {
    fn sessions(&self) -> impl Iterator<Item = &Session<E::Provider>> {
        self.parts.sessions.seats().iter().flatten().filter(|session| session.has_begun())
    }

    pub(super) fn session(&self, id: u32) -> Option<&Session<E::Provider>> {
        self.parts.sessions.seats().session(id)
    }

    pub(super) fn session_mut(&mut self, id: u32) -> Option<&mut Session<E::Provider>> {
        self.parts.sessions.seats_mut().session_mut(id)
    }

    fn is_established(&self, id: u32) -> bool {
        self.session(id).is_some_and(Session::is_established)
    }

    pub(super) fn is_requester_known(&self, session: Option<u32>) -> bool {
        match session {
            Some(id) => self.session(id).is_some_and(|session| session.notes.is_mutual),
            None => self.is_requester_known,
        }
    }

    /// The session that a message came in; requests that come here come in one.
    pub(super) fn here(&mut self) -> Result<&mut Session<E::Provider>, Refused> {
        self.lane.and_then(|id| self.session_mut(id)).ok_or(Refused::SESSION_REQUIRED)
    }

    /// The longest message that a record of the session here holds.
    pub(super) fn longest_in_lane(&self) -> u32 {
        let session = self.lane.and_then(|id| self.session(id));
        let longest = session.map(|session| session.terms.form.max_message());
        longest.and_then(|longest| u32::try_from(longest).ok()).unwrap_or(u32::MAX)
    }

    /// Ends a session, and what belongs to it.
    pub(super) fn end_session(&mut self, id: u32) -> bool {
        if self.session(id).is_none() {
            return false;
        }
        self.parts.sessions.seats_mut().end(id);
        self.parts.vendor.ended(id);
        self.flow.take_if(|flow| flow.belongs_to(id));
        self.clear = self.clear.filter(|clear| *clear != id);
        true
    }

    /// Ends all sessions.
    pub(super) fn end_sessions(&mut self) {
        let first = |core: &Self| core.sessions().map(Session::id).next();
        while let Some(id) = first(self) {
            self.end_session(id);
        }
        self.flow = Default::default();
    }

    /// What is asked from now on is asked in this session.
    fn enter(&mut self, id: u32) {
        self.lane = Some(id);
        self.swap_measurements();
    }

    fn leave(&mut self) {
        self.swap_measurements();
        self.lane = None;
    }

    /// Puts the measurements of the session here in the place of those outside, or back; it has some once it is
    /// established.
    fn swap_measurements(&mut self) {
        let session = self.lane.and_then(|id| self.parts.sessions.seats_mut().session_mut(id));
        if let Some(measurements) = session.and_then(Session::measurements) {
            self.transcripts.swap_measurements(measurements);
        }
    }

    /// Whether what measurements add up to is that of the lane here.
    pub(super) fn measures_here(&self) -> bool {
        self.lane.is_none_or(|id| self.session(id).is_some_and(Session::is_established))
    }

    fn establish(&mut self, id: u32) -> Option<()> {
        let session = self.parts.sessions.seats_mut().session_mut(id)?;
        session.establish(&self.parts.provider)?;
        session.show_secrets(&mut self.parts.record);
        Some(())
    }
}
