//! Hardware that is not there: ports with a place for the key that waits and the one in use, either way.

use core::array;

use super::{Capabilities, Direction, FIRST_IV, Hardware, Iv, Material, Mode, REGISTERS, Slot};
use crate::{Fault, Key, PortInfo, StreamState};

/// One direction of a port.
#[derive(Default)]
struct Lane {
    waits: Option<Material>,
    in_use: Option<(Material, Mode)>,
}

#[derive(Default)]
struct Port {
    rx: Lane,
    tx: Lane,
    state: StreamState,
    registers: [u32; REGISTERS],
}

/// `PORTS` ports, from index 0 on, at most 256, each with the one stream 0. Keys that it makes come out of `random`, which
/// fills a buffer or says that it cannot.
pub struct Emulation<R, const PORTS: usize> {
    place: PortInfo,
    capabilities: Capabilities,
    random: R,
    fails: bool,
    ports: [Port; PORTS],
}

impl<R: FnMut(&mut [u8]) -> Result<(), Fault>, const PORTS: usize> Emulation<R, PORTS> {
    /// One without keys, at 00:00:00.0, that can do all there is. Its registers are zero.
    #[must_use]
    pub fn new(random: R) -> Self {
        let all = [Capabilities::IV_GENERATION, Capabilities::KEY_GENERATION, Capabilities::STOP];
        let capabilities = all.into_iter().fold(Capabilities::V1, Capabilities::and);
        let last = u8::try_from(PORTS.saturating_sub(1)).unwrap_or(u8::MAX);
        let place = PortInfo { max_port: last, ..PortInfo::default() };
        Self { place, capabilities, random, fails: false, ports: array::from_fn(|_| Port::default()) }
    }

    /// The same elsewhere. `max_port` stays what it is.
    #[must_use]
    pub fn at(self, place: PortInfo) -> Self {
        Self { place: PortInfo { max_port: self.place.max_port, ..place }, ..self }
    }

    /// The same that can do this.
    #[must_use]
    pub fn with(self, capabilities: Capabilities) -> Self {
        Self { capabilities, ..self }
    }

    /// Gives a port these registers.
    pub fn set_registers(&mut self, port: u8, registers: [u32; REGISTERS]) {
        if let Some(port) = self.ports.get_mut(usize::from(port)) {
            port.registers = registers;
        }
    }

    /// From now on it fails at whatever can fail, or does not any more.
    pub const fn set_fails(&mut self, fails: bool) {
        self.fails = fails;
    }

    /// The key that waits in a slot, with the vector it begins with.
    #[must_use]
    pub fn waiting(&self, slot: Slot) -> Option<&Material> {
        self.lane(slot)?.waits.as_ref()
    }

    /// The key in use in a slot, with the vector it began with, and its mode.
    #[must_use]
    pub fn in_use(&self, slot: Slot) -> Option<(&Material, Mode)> {
        self.lane(slot)?.in_use.as_ref().map(|(material, mode)| (material, *mode))
    }

    /// What a port's stream is.
    #[must_use]
    pub fn state(&self, port: u8) -> StreamState {
        self.ports.get(usize::from(port)).map(|port| port.state).unwrap_or_default()
    }

    fn lane(&self, slot: Slot) -> Option<&Lane> {
        let port = self.ports.get(usize::from(slot.port)).filter(|_| slot.stream == 0)?;
        Some(if slot.direction == Direction::Rx { &port.rx } else { &port.tx })
    }

    fn lane_mut(&mut self, slot: Slot) -> Option<&mut Lane> {
        let port = self.ports.get_mut(usize::from(slot.port)).filter(|_| slot.stream == 0)?;
        Some(if slot.direction == Direction::Rx { &mut port.rx } else { &mut port.tx })
    }

    const fn try_to(&self) -> Result<(), Fault> {
        if self.fails { Err(Fault::Failed) } else { Ok(()) }
    }
}

impl<R: FnMut(&mut [u8]) -> Result<(), Fault>, const PORTS: usize> Hardware for Emulation<R, PORTS> {
    fn port(&self, port: u8) -> Option<PortInfo> {
        self.ports.get(usize::from(port)).map(|_| self.place)
    }

    fn register(&self, port: u8, index: usize) -> Option<u32> {
        self.ports.get(usize::from(port))?.registers.get(index).copied()
    }

    fn capabilities(&self, _port: u8) -> Capabilities {
        self.capabilities
    }

    fn generate(&mut self, _slot: Slot) -> Result<Material, Fault> {
        self.try_to()?;
        let mut material = Material { key: Key::new([0; Key::SIZE]), iv: FIRST_IV };
        (self.random)(material.key.expose_mut())?;
        Ok(material)
    }

    fn install(&mut self, slot: Slot, material: &Material, iv: Iv) -> Result<(), Fault> {
        self.try_to()?;
        let lane = self.lane_mut(slot).ok_or(Fault::NoStream)?;
        let iv = if iv == Iv::Default { FIRST_IV } else { material.iv };
        lane.waits = Some(Material { key: material.key.clone(), iv });
        Ok(())
    }

    fn go(&mut self, slot: Slot, mode: Mode) -> Result<(), Fault> {
        self.try_to()?;
        let lane = self.lane_mut(slot).ok_or(Fault::NoStream)?;
        let material = lane.waits.take().ok_or(Fault::Failed)?;
        lane.in_use = Some((material, mode));
        Ok(())
    }

    fn discard(&mut self, slot: Slot) {
        if let Some(lane) = self.lane_mut(slot) {
            lane.waits = None;
        }
    }

    fn erase(&mut self, slot: Slot) {
        if let Some(lane) = self.lane_mut(slot) {
            *lane = Lane::default();
        }
    }

    fn enter(&mut self, port: u8, _stream: u8, state: StreamState) {
        if let Some(port) = self.ports.get_mut(usize::from(port)) {
            port.state = state;
        }
    }
}
