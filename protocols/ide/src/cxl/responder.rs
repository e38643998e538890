//! The device's side: which requests are in order, and what becomes of them.

use super::lanes::{Lane, Lanes};
use super::message::respond;
use super::{Capabilities, Hardware, Iv, LONGEST_REQUEST, Material, Message, Mode, Slot, Status};
use crate::message::{HEAD, Head, KeyProg, Object, decode_query, exactly, place};
use crate::table::Table;
use crate::{Key, MAX_REGISTERS, Place, Refused, StreamState};

/// Answers CXL_IDE_KM for `hardware`, with room for `STREAMS` streams that have keys.
///
/// A stream belongs to the session that programs its first key, until it has no key left; others may look, but not
/// touch. STOP of a secure stream makes it insecure and wipes all its keys, and stopping what is stopped is no error.
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
    /// answer's payload in bytes. 52 bytes are enough for all but QUERY, whose answer has 9 and 4 for each register. The
    /// answer to GET_KEY holds the key: it is the caller's to wipe.
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
        let object = Object::of(request, Object::GetKeyAck)?;
        match object {
            Object::Query => self.query(request, answer),
            Object::KeyProg => self.key_prog(session, request, answer),
            Object::KSetGo | Object::KSetStop => self.key_set(object, session, request, answer),
            Object::GetKey => self.get_key(request, answer),
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
        Ok(respond(port, info, self.hardware.capabilities(port), registers, answer)?)
    }

    fn key_prog(&mut self, session: u32, request: &[u8], answer: &mut [u8]) -> Result<usize, Refused> {
        let (head, _) = Head::decode(Object::KeyProg, request, LONGEST_REQUEST)?;
        exactly(HEAD, answer)?;
        let programmed = self.program(session, request);
        let status = programmed.map_or(Status::INVALID, |()| Status::SUCCESS);
        Ok(Message::KpAck(head.place, status).encode(answer)?)
    }

    /// All that can be wrong is the same to the host.
    fn program(&mut self, session: u32, request: &[u8]) -> Option<()> {
        let (place, material) = KeyProg::decode(Object::KeyProg, request).ok()?;
        self.hardware.port(place.port)?;
        let slot = Slot::of(place)?;
        let lanes = self.streams.claim(session, slot.port, slot.stream).ok()?;
        let installed = self.hardware.install(slot, &material, Iv::of(place)).is_ok();
        if installed {
            lanes.get_mut(slot).waits = true;
        } else {
            self.discard(slot);
        }
        installed.then_some(())
    }

    fn key_set(
        &mut self,
        object: Object,
        session: u32,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, Refused> {
        let (place, slot) = self.slot(object, request)?;
        let can_stop = self.hardware.capabilities(slot.port).has(Capabilities::STOP);
        exactly(HEAD, answer)?;
        let lanes = self.streams.mine(session, slot.port, slot.stream).map_err(|_| Refused::OtherSession)?;
        let lane = lanes.map(|lanes| lanes.get(slot)).unwrap_or_default();
        match object {
            Object::KSetGo => self.go(slot, place, lane)?,
            _ if can_stop => self.stop(slot),
            _ => return Err(Refused::Unsupported(object)),
        }
        Ok(Message::KGoStopAck(place).encode(answer)?)
    }

    fn slot(&self, object: Object, request: &[u8]) -> Result<(Place, Slot), Refused> {
        let place = place(object, request)?;
        self.hardware.port(place.port).ok_or(Refused::Port(place.port))?;
        Ok((place, Slot::of(place).ok_or(Refused::Key(place.key))?))
    }

    /// A key that is in use stays in use: its counter must not start again.
    fn go(&mut self, slot: Slot, place: Place, lane: Lane) -> Result<(), Refused> {
        let mode = Mode::of(place);
        if !lane.waits {
            return if lane.in_use == Some(mode) { Ok(()) } else { Err(Refused::NotProgrammed(place)) };
        }
        let before = self.state(slot.port, slot.stream);
        if let Err(fault) = self.hardware.go(slot, mode) {
            self.discard(slot);
            return Err(fault.into());
        }
        let Some(lanes) = self.streams.get_mut(slot.port, slot.stream) else { return Ok(()) };
        *lanes.get_mut(slot) = Lane { waits: false, in_use: Some(mode) };
        let state = lanes.state();
        if state != before {
            self.hardware.enter(slot.port, slot.stream, state);
        }
        Ok(())
    }

    fn stop(&mut self, slot: Slot) {
        if self.state(slot.port, slot.stream) == StreamState::Secure {
            return self.drop_stream(slot.port, slot.stream);
        }
        self.hardware.erase(slot);
        if let Some(lanes) = self.streams.get_mut(slot.port, slot.stream) {
            *lanes.get_mut(slot) = Lane::default();
        }
        self.streams.tidy(slot.port, slot.stream);
    }

    /// What the capabilities do not promise is not given.
    fn get_key(&mut self, request: &[u8], answer: &mut [u8]) -> Result<usize, Refused> {
        let (place, slot) = self.slot(Object::GetKey, request)?;
        let capabilities = self.hardware.capabilities(slot.port);
        let [key, iv] =
            [Capabilities::KEY_GENERATION, Capabilities::IV_GENERATION].map(|one| capabilities.has(one));
        if !key && !iv {
            return Err(Refused::Unsupported(Object::GetKey));
        }
        let mut material: Material = self.hardware.generate(slot)?;
        if !key {
            material.key = Key::new([0; Key::SIZE]);
        }
        if !iv {
            material.iv = [0; 3];
        }
        Ok(KeyProg::encode(Object::GetKeyAck, place, &material, answer)?)
    }

    /// Forgets the key that waits, and the stream with its last.
    fn discard(&mut self, slot: Slot) {
        self.hardware.discard(slot);
        if let Some(lanes) = self.streams.get_mut(slot.port, slot.stream) {
            lanes.get_mut(slot).waits = false;
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
        Slot::all(port, stream).into_iter().for_each(|slot| self.hardware.erase(slot));
        self.streams.forget(port, stream);
    }
}

#[cfg(test)]
mod tests;
