//! Hardware that is not there: ports with places for keys, and registers that show what their streams are.

use core::array;

use super::{Hardware, KeySet, Material, Slot};
use crate::{Fault, Key, PortInfo, StreamState};

/// IDE Capability: selective streams.
const SELECTIVE: u32 = 1 << 1;
/// IDE Capability: key management by IDE_KM.
const KEY_MANAGEMENT: u32 = 1 << 6;
/// The registers before the first block: capability and control.
const BEFORE: usize = 2;
/// The registers of a selective block without address associations.
const BLOCK: usize = 5;

/// A key and whether it is used.
struct Held {
    material: Material,
    in_use: bool,
}

struct Stream {
    id: u8,
    state: StreamState,
    keys: [[Option<Held>; 2]; 6],
}

impl Stream {
    fn new(index: usize) -> Self {
        Self { id: byte(index), state: StreamState::Insecure, keys: Default::default() }
    }

    fn register(&self, index: usize) -> u32 {
        match (index, self.state) {
            (1, _) => u32::from(self.id) << 24 | 1,
            (2, StreamState::Secure) => 2,
            _ => 0,
        }
    }
}

/// `PORTS` ports, from index 0 on, with `STREAMS` selective streams each, at most 256 of either. Stream n has the ID n
/// until [`Self::set_stream`] gives it another. The requester of DMTF's spdm-emu asks for port 1, and takes 14 streams at
/// most.
pub struct Emulation<const PORTS: usize, const STREAMS: usize> {
    place: PortInfo,
    fails: bool,
    ports: [[Stream; STREAMS]; PORTS],
}

impl<const PORTS: usize, const STREAMS: usize> Emulation<PORTS, STREAMS> {
    /// One without keys, at 00:00:00.0.
    #[must_use]
    pub fn new() -> Self {
        let ports = array::from_fn(|_| array::from_fn(Stream::new));
        let place = PortInfo { max_port: byte(PORTS.saturating_sub(1)), ..PortInfo::default() };
        Self { place, fails: false, ports }
    }

    /// The same elsewhere. `max_port` stays what it is.
    #[must_use]
    pub fn at(self, place: PortInfo) -> Self {
        Self { place: PortInfo { max_port: self.place.max_port, ..place }, ..self }
    }

    /// Gives the stream in block `index` of a port this stream ID, as the host does in the block's control register.
    /// For before it has keys.
    pub fn set_stream(&mut self, port: u8, index: usize, id: u8) {
        if let Some(stream) = self.ports.get_mut(usize::from(port)).and_then(|port| port.get_mut(index)) {
            stream.id = id;
        }
    }

    /// From now on it fails at whatever can fail, or does not any more.
    pub const fn set_fails(&mut self, fails: bool) {
        self.fails = fails;
    }

    /// The key in a slot, with its vector.
    #[must_use]
    pub fn material(&self, slot: Slot) -> Option<&Material> {
        self.held(slot).map(|held| &held.material)
    }

    /// The key in a slot that is in use.
    #[must_use]
    pub fn in_use(&self, slot: Slot) -> Option<&Key> {
        self.held(slot).filter(|held| held.in_use).map(|held| &held.material.key)
    }

    /// What a stream is.
    #[must_use]
    pub fn state(&self, port: u8, stream: u8) -> StreamState {
        self.stream(port, stream).map(|stream| stream.state).unwrap_or_default()
    }

    fn stream(&self, port: u8, id: u8) -> Option<&Stream> {
        self.ports.get(usize::from(port))?.iter().find(|stream| stream.id == id)
    }

    fn stream_mut(&mut self, port: u8, id: u8) -> Option<&mut Stream> {
        self.ports.get_mut(usize::from(port))?.iter_mut().find(|stream| stream.id == id)
    }

    fn held(&self, slot: Slot) -> Option<&Held> {
        self.stream(slot.port, slot.stream)?.keys.get(slot.lane())?.get(index(slot.key_set))?.as_ref()
    }

    fn held_mut(&mut self, slot: Slot) -> Option<&mut Option<Held>> {
        self.stream_mut(slot.port, slot.stream)?.keys.get_mut(slot.lane())?.get_mut(index(slot.key_set))
    }

    const fn try_to(&self) -> Result<(), Fault> {
        if self.fails { Err(Fault::Failed) } else { Ok(()) }
    }
}

impl<const PORTS: usize, const STREAMS: usize> Default for Emulation<PORTS, STREAMS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const PORTS: usize, const STREAMS: usize> Hardware for Emulation<PORTS, STREAMS> {
    fn port(&self, port: u8) -> Option<PortInfo> {
        self.ports.get(usize::from(port)).map(|_| self.place)
    }

    fn register(&self, port: u8, index: usize) -> Option<u32> {
        let port = self.ports.get(usize::from(port))?;
        match index.checked_sub(BEFORE) {
            None if index == 1 => Some(0),
            None => {
                let last = STREAMS.checked_sub(1).map(byte);
                Some(KEY_MANAGEMENT | last.map_or(0, |last| SELECTIVE | u32::from(last) << 16))
            }
            Some(index) => port.get(index / BLOCK).map(|stream| stream.register(index % BLOCK)),
        }
    }

    fn install(&mut self, slot: Slot, material: &Material) -> Result<(), Fault> {
        self.try_to()?;
        let held = self.held_mut(slot).ok_or(Fault::NoStream)?;
        *held = Some(Held { material: material.clone(), in_use: false });
        Ok(())
    }

    fn go(&mut self, slot: Slot) -> Result<(), Fault> {
        self.try_to()?;
        let held = self.held_mut(slot).and_then(Option::as_mut).ok_or(Fault::NoStream)?;
        held.in_use = true;
        Ok(())
    }

    fn erase(&mut self, slot: Slot) {
        if let Some(held) = self.held_mut(slot) {
            *held = None;
        }
    }

    fn enter(&mut self, port: u8, stream: u8, state: StreamState) {
        if let Some(stream) = self.stream_mut(port, stream) {
            stream.state = state;
        }
    }
}

const fn index(key_set: KeySet) -> usize {
    match key_set {
        KeySet::K0 => 0,
        KeySet::K1 => 1,
    }
}

/// The index as a message has it. There are at most 256.
fn byte(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}
