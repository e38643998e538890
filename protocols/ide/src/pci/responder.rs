//! The device's side: which requests are in order, and what becomes of them.

use super::lanes::{Lanes, Progress};
use super::{Hardware, KeySet, LONGEST_REQUEST, Slot, Status};
use crate::message::{
    HEAD, Head, KeyProg, Object, decode_query, encode_response, exactly, place, response_head,
};
use crate::table::Table;
use crate::{Fault, MAX_REGISTERS, Place, Refused, StreamState};

/// Answers IDE_KM for `hardware`, with room for `STREAMS` streams that have keys.
///
/// A stream belongs to the session that programs its first key, until it has no key left; others may look, but not
/// touch. A key in use is not replaced: the next goes into the other key set. STOP of a key that a secure stream uses
/// makes the stream insecure and wipes all its keys, and stopping what is stopped is no error, so that a host may stop
/// them one by one.
pub struct Responder<H, const STREAMS: usize> {
    hardware: H,
    streams: Table<Lanes, STREAMS>,
}

impl<H: Hardware, const STREAMS: usize> Responder<H, STREAMS> {
    /// One whose streams are all insecure.
    #[must_use]
    pub fn new(hardware: H) -> Self {
        Self { hardware, streams: Table::new() }
    }

    /// What is under it.
    #[must_use]
    pub const fn hardware(&self) -> &H {
        &self.hardware
    }

    /// The same, to set it up. Keys are this responder's.
    pub const fn hardware_mut(&mut self) -> &mut H {
        &mut self.hardware
    }

    /// What a stream is. One that is not known is insecure.
    #[must_use]
    pub fn state(&self, port: u8, stream: u8) -> StreamState {
        self.streams.get(port, stream).map(Lanes::state).unwrap_or_default()
    }

    /// Answers the payload of a request that came in `session`, `None` being outside of any. Returns the length of the
    /// answer's payload in bytes. 8 bytes are enough but for QUERY, whose answer has four more for each register.
    ///
    /// # Errors
    /// Why there is no answer; SPDM says so with an ERROR.
    pub fn respond(
        &mut self,
        session: Option<u32>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, Refused> {
        let session = session.ok_or(Refused::NoSession)?;
        let object = Object::of(request, Object::KGoStopAck)?;
        match object {
            Object::Query => self.query(request, answer),
            Object::KeyProg => self.key_prog(session, request, answer),
            Object::KSetGo | Object::KSetStop => self.key_set(object, session, request, answer),
            _ => Err(Refused::NotARequest(object)),
        }
    }

    /// A session has ended: its streams are insecure and their keys wiped.
    pub fn ended(&mut self, session: u32) {
        self.drop_streams(Some(session), None);
    }

    /// A port has lost its link or its power: its streams are insecure and their keys wiped, whosever they were.
    pub fn link_down(&mut self, port: u8) {
        self.drop_streams(None, Some(port));
    }

    /// The device has been reset: no stream has a key.
    pub fn reset(&mut self) {
        self.drop_streams(None, None);
    }

    fn query(&self, request: &[u8], answer: &mut [u8]) -> Result<usize, Refused> {
        let port = decode_query(request)?;
        let info = self.hardware.port(port).ok_or(Refused::Port(port))?;
        let registers = (0..MAX_REGISTERS).map_while(|index| self.hardware.register(port, index));
        Ok(encode_response(response_head(port, info), registers, answer)?)
    }

    fn key_prog(&mut self, session: u32, request: &[u8], answer: &mut [u8]) -> Result<usize, Refused> {
        let (head, _) = Head::decode(Object::KeyProg, request, LONGEST_REQUEST)?;
        exactly(HEAD, answer)?;
        let status = self.program(session, request).err().unwrap_or(Status::SUCCESS);
        Ok(Head { object: Object::KpAck, place: head.place, status: status.0 }.encode(answer)?)
    }

    fn program(&mut self, session: u32, request: &[u8]) -> Result<(), Status> {
        let (place, material) =
            KeyProg::decode(Object::KeyProg, request).map_err(|_| Status::INCORRECT_LENGTH)?;
        self.hardware.port(place.port).ok_or(Status::UNSUPPORTED_PORT)?;
        let slot = Slot::of(place).ok_or(Status::UNSUPPORTED_VALUE)?;
        let claimed = self.streams.claim(session, slot.port, slot.stream);
        let lanes = claimed.map_err(|_| Status::UNSPECIFIED)?;
        if lanes.progress(slot) == Progress::InUse {
            return Err(Status::UNSPECIFIED);
        }
        let installed = self.hardware.install(slot, &material);
        match installed {
            Ok(()) => lanes.set(slot, Progress::Programmed),
            Err(_) => self.erase(slot),
        }
        installed.map_err(|fault| match fault {
            Fault::NoStream => Status::UNSUPPORTED_VALUE,
            Fault::Failed => Status::UNSPECIFIED,
        })
    }

    fn key_set(
        &mut self,
        object: Object,
        session: u32,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, Refused> {
        let place = place(object, request)?;
        self.hardware.port(place.port).ok_or(Refused::Port(place.port))?;
        let slot = Slot::of(place).ok_or(Refused::Key(place.key))?;
        exactly(HEAD, answer)?;
        let lanes = self.streams.mine(session, slot.port, slot.stream).map_err(|_| Refused::OtherSession)?;
        let progress = lanes.map(|lanes| lanes.progress(slot)).unwrap_or_default();
        if object == Object::KSetGo {
            self.go(slot, place, progress)?;
        } else {
            self.stop(slot, progress);
        }
        Ok(Head::new(Object::KGoStopAck, place).encode(answer)?)
    }

    /// A key that is in use stays in use: its counter must not start again.
    fn go(&mut self, slot: Slot, place: Place, progress: Progress) -> Result<(), Refused> {
        match progress {
            Progress::InUse => return Ok(()),
            Progress::Programmed => {}
            Progress::Empty | Progress::Leaving => return Err(Refused::NotProgrammed(place)),
        }
        let before = self.state(slot.port, slot.stream);
        if let Err(fault) = self.hardware.go(slot) {
            self.erase(slot);
            return Err(fault.into());
        }
        let Some(lanes) = self.streams.get_mut(slot.port, slot.stream) else { return Ok(()) };
        if let Some(retired) = lanes.go(slot) {
            self.hardware.erase(retired);
        }
        let state = lanes.state();
        if state != before {
            self.hardware.enter(slot.port, slot.stream, state);
        }
        Ok(())
    }

    fn stop(&mut self, slot: Slot, progress: Progress) {
        let state = self.state(slot.port, slot.stream);
        if (state, progress) == (StreamState::Secure, Progress::InUse) {
            self.drop_stream(slot.port, slot.stream);
        } else {
            self.erase(slot);
        }
    }

    /// Forgets one key, and the stream with its last. Not for a key that a secure stream uses.
    fn erase(&mut self, slot: Slot) {
        self.hardware.erase(slot);
        if let Some(lanes) = self.streams.get_mut(slot.port, slot.stream) {
            lanes.erase(slot);
        }
        self.streams.tidy(slot.port, slot.stream);
    }

    /// Those of a session, where one is given, and of a port, where one is given.
    fn drop_streams(&mut self, session: Option<u32>, port: Option<u8>) {
        while let Some((port, stream)) = self.streams.first(session, port) {
            self.drop_stream(port, stream);
        }
    }

    fn drop_stream(&mut self, port: u8, stream: u8) {
        if self.state(port, stream) == StreamState::Secure {
            self.hardware.enter(port, stream, StreamState::Insecure);
        }
        let slots = [KeySet::K0, KeySet::K1].map(|set| Slot::all(port, stream, set));
        slots.into_iter().flatten().for_each(|slot| self.hardware.erase(slot));
        self.streams.forget(port, stream);
    }
}

#[cfg(test)]
mod tests;
