//! The mailbox from the device's side (PCIe 6.x, 6.30 and 7.9.24): the registers as a host sees them, and the
//! objects behind them.

use core::time::Duration;

use lanewarden_pci::registers::doe::{self, Control, Status};
use lanewarden_time::Instant;

use crate::{Header, Object, ObjectError, Protocol};

/// What a write to the registers has brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceEvent {
    /// Nothing that the owner of the mailbox must act on.
    Nothing,
    /// A whole object has arrived: see [`Device::request`]; then [`Device::answer`] or [`Device::discard`] it.
    Received,
    /// The host gave GO for an object whose length field disagrees with what it wrote, or while the mailbox could
    /// take none. The object is gone; the host will see no answer (PCIe 6.x, 6.30.1).
    Dropped,
    /// The host aborts. What was in work must not be answered any more.
    Aborted,
}

/// One mailbox of a device. `B` holds the bytes of an object each way, its header included; its length bounds the
/// objects: a longer request sets Error.
///
/// An answer that is not ready yet shows as Busy, since no second object would be taken. Reading past the end of an
/// answer sets Error, as QEMU does; OpenTitan's hardware ignores it, and a host may rely on neither.
#[derive(Debug)]
pub struct Device<B> {
    incoming: B,
    /// Bytes written to `incoming`.
    written: usize,
    outgoing: B,
    /// Bytes in `outgoing`.
    length: usize,
    /// Bytes the host has acknowledged.
    taken: usize,
    state: State,
    abort_time: Duration,
    held: bool,
    interrupts: Interrupts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Takes an object.
    Idle,
    /// An object is with the owner.
    Working,
    /// An answer becomes ready at this time.
    Answering(Instant),
    /// An answer waits.
    Ready,
    /// Unusable until aborted.
    Error,
    /// An abort takes until this time.
    Aborting(Instant),
}

#[derive(Clone, Copy, Debug, Default)]
struct Interrupts {
    supported: bool,
    enabled: bool,
    /// The Interrupt Status bit.
    status: bool,
    /// Raised and not yet taken by [`Device::take_interrupt`].
    raised: bool,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Device<B> {
    /// An idle mailbox with room for an object each way.
    pub fn new(incoming: B, outgoing: B, interrupt_supported: bool) -> Self {
        let interrupts = Interrupts { supported: interrupt_supported, ..Interrupts::default() };
        let (abort_time, held) = (Duration::ZERO, false);
        let state = State::Idle;
        Self { incoming, written: 0, outgoing, length: 0, taken: 0, state, abort_time, held, interrupts }
    }

    /// How long an abort takes from now on.
    pub fn set_abort_time(&mut self, time: Duration) {
        self.abort_time = time;
    }

    /// Shows Busy, whatever else happens, until called with `false`: another agent has the mailbox.
    pub fn hold_busy(&mut self, held: bool) {
        self.held = held;
    }

    /// What a read of the register at `offset` from the capability gives. Call [`Device::tick`] first.
    #[must_use]
    pub fn read(&self, offset: u16) -> u32 {
        match offset {
            doe::CONTROL if self.interrupts.enabled => Control::INTERRUPT_ENABLE.bits(),
            doe::STATUS => self.status().bits(),
            doe::READ_MAILBOX if self.state == State::Ready => dword(self.outgoing.as_ref(), self.taken),
            _ => 0,
        }
    }

    /// Carries out a write of the register at `offset` from the capability. Call [`Device::tick`] first.
    pub fn write(&mut self, offset: u16, value: u32, now: Instant) -> DeviceEvent {
        match offset {
            doe::CONTROL => self.control(Control::from_bits_truncate(value), now),
            doe::STATUS => {
                self.interrupts.status &= !Status::from_bits_truncate(value).contains(Status::INTERRUPT);
                DeviceEvent::Nothing
            }
            doe::WRITE_MAILBOX => {
                self.append(value);
                DeviceEvent::Nothing
            }
            doe::READ_MAILBOX => {
                self.acknowledge();
                DeviceEvent::Nothing
            }
            _ => DeviceEvent::Nothing,
        }
    }

    /// Makes happen what is due at `now`.
    pub fn tick(&mut self, now: Instant) {
        match self.state {
            State::Answering(due) if due <= now => self.enter(State::Ready),
            State::Aborting(until) if until <= now => self.state = State::Idle,
            _ => {}
        }
    }

    /// When [`Device::tick`] has something to do next.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Answering(at) | State::Aborting(at) => Some(at),
            _ => None,
        }
    }

    /// Whether an interrupt has been signalled since the last call.
    pub fn take_interrupt(&mut self) -> bool {
        core::mem::take(&mut self.interrupts.raised)
    }

    /// The object that has arrived and is neither answered nor discarded.
    #[must_use]
    pub fn request(&self) -> Option<(Header, &[u8])> {
        if self.state != State::Working {
            return None;
        }
        let bytes = self.incoming.as_ref();
        let header = Header::decode(dword(bytes, 0), dword(bytes, 4)).ok()?;
        Some((header, bytes.get(8..self.written)?))
    }

    /// Answers the object that has arrived; the answer becomes ready at `due`. Does nothing if the host has aborted
    /// in the meantime.
    ///
    /// # Errors
    /// Where the answer is no valid object or exceeds the buffer; the request is then still there.
    pub fn answer(
        &mut self,
        protocol: Protocol,
        connection: u16,
        payload: &[u8],
        due: Instant,
    ) -> Result<(), ObjectError> {
        let object = Object::new(protocol, connection, payload)?;
        if self.state == State::Working {
            self.length = object.write_to(self.outgoing.as_mut())?;
            self.begin_answer(due);
        }
        Ok(())
    }

    /// Puts `bytes` into the read mailbox as they are, from whatever state: what a broken device, or another agent's
    /// exchange, leaves there. Longer than the buffer, they are cut; a last partial DW is lost.
    pub fn answer_raw(&mut self, bytes: &[u8], due: Instant) {
        let out = self.outgoing.as_mut();
        let length = bytes.len().min(out.len()) & !3;
        if let (Some(out), Some(bytes)) = (out.get_mut(..length), bytes.get(..length)) {
            out.copy_from_slice(bytes);
        }
        self.length = length;
        self.begin_answer(due);
    }

    /// Drops the object that has arrived; the host will see no answer.
    pub fn discard(&mut self) {
        if self.state == State::Working {
            self.clear();
        }
    }

    /// Sets Error: the mailbox is unusable until the host aborts.
    pub fn fail(&mut self) {
        self.enter(State::Error);
    }

    /// Forgets everything, as a conventional reset does.
    pub fn reset(&mut self) {
        self.clear();
        let supported = self.interrupts.supported;
        self.interrupts = Interrupts { supported, ..Interrupts::default() };
    }

    /// The Status register.
    #[must_use]
    pub fn status(&self) -> Status {
        let busy = matches!(self.state, State::Working | State::Answering(_) | State::Aborting(_));
        let mut status = Status::empty();
        status.set(Status::BUSY, busy || self.held);
        status.set(Status::INTERRUPT, self.interrupts.status);
        status.set(Status::ERROR, self.state == State::Error);
        status.set(Status::READY, self.state == State::Ready);
        status
    }

    fn control(&mut self, control: Control, now: Instant) -> DeviceEvent {
        self.interrupts.enabled = self.interrupts.supported && control.contains(Control::INTERRUPT_ENABLE);
        if control.contains(Control::ABORT) {
            self.clear();
            self.state = State::Aborting(now + self.abort_time);
            self.tick(now);
            return DeviceEvent::Aborted;
        }
        if control.contains(Control::GO) { self.go() } else { DeviceEvent::Nothing }
    }

    fn go(&mut self) -> DeviceEvent {
        let written = core::mem::take(&mut self.written);
        let bytes = self.incoming.as_ref();
        let header = Header::decode(dword(bytes, 0), dword(bytes, 4));
        let whole = header.is_ok_and(|h| written >= 8 && h.payload_len() == written.saturating_sub(8));
        if self.state != State::Idle || self.held || !whole {
            return DeviceEvent::Dropped;
        }
        self.written = written;
        self.state = State::Working;
        DeviceEvent::Received
    }

    fn append(&mut self, value: u32) {
        if self.state != State::Idle || self.held {
            return;
        }
        let rest = self.incoming.as_mut().get_mut(self.written..);
        match rest.and_then(<[u8]>::first_chunk_mut::<4>) {
            Some(slot) => {
                *slot = value.to_le_bytes();
                self.written = self.written.saturating_add(4);
            }
            None => self.enter(State::Error),
        }
    }

    fn acknowledge(&mut self) {
        if self.state != State::Ready {
            return self.enter(State::Error);
        }
        self.taken = self.taken.saturating_add(4);
        if self.taken >= self.length {
            self.clear();
        }
    }

    fn begin_answer(&mut self, due: Instant) {
        (self.written, self.taken) = (0, 0);
        self.state = State::Answering(due);
    }

    fn clear(&mut self) {
        (self.written, self.length, self.taken) = (0, 0, 0);
        self.state = State::Idle;
    }

    /// Ready and Error are what interrupts.
    fn enter(&mut self, state: State) {
        self.state = state;
        if self.interrupts.enabled && !self.interrupts.status {
            self.interrupts.status = true;
            self.interrupts.raised = true;
        }
    }
}

/// The DW at `offset`, zero past the end.
fn dword(bytes: &[u8], offset: usize) -> u32 {
    let rest = bytes.get(offset..).unwrap_or_default();
    rest.first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::ORIGIN;
    const GO: u32 = 0x8000_0000;

    fn device() -> Device<[u8; 32]> {
        Device::new([0; 32], [0; 32], true)
    }

    fn send(device: &mut Device<[u8; 32]>, dwords: &[u32], control: u32) -> DeviceEvent {
        for dword in dwords {
            assert_eq!(device.write(0x10, *dword, NOW), DeviceEvent::Nothing);
        }
        device.write(0x08, control, NOW)
    }

    #[test]
    fn an_object_goes_in_and_its_answer_comes_out() {
        let mut device = device();
        assert_eq!(send(&mut device, &[0x0002_1e98, 3, 0x1234_5678], GO), DeviceEvent::Received);
        assert_eq!(device.read(0x0c), 1, "busy while it works");
        let (header, payload) = device.request().unwrap();
        assert_eq!((header.protocol, payload), (Protocol::CXL_TABLE_ACCESS, &[0x78, 0x56, 0x34, 0x12][..]));

        let due = Instant::from_millis(5);
        device.answer(Protocol::CXL_TABLE_ACCESS, 0, &[0xaa], due).unwrap();
        assert_eq!((device.deadline(), device.read(0x14)), (Some(due), 0));
        device.tick(due);
        assert_eq!(device.read(0x0c), 0x8000_0000);
        for expected in [0x0002_1e98, 3, 0xaa] {
            assert_eq!(device.read(0x14), expected);
            device.write(0x14, 0, due);
        }
        assert_eq!(device.read(0x0c), 0, "idle after the last acknowledge");
    }

    #[test]
    fn a_length_that_disagrees_is_dropped_in_silence() {
        let mut device = device();
        assert_eq!(send(&mut device, &[1, 4, 0], GO), DeviceEvent::Dropped);
        assert_eq!(send(&mut device, &[1, 1], GO), DeviceEvent::Dropped);
        assert_eq!(send(&mut device, &[], GO), DeviceEvent::Dropped);
        assert_eq!(device.read(0x0c), 0);
        assert_eq!(send(&mut device, &[1, 2], GO), DeviceEvent::Received, "and the mailbox goes on");
    }

    #[test]
    fn too_long_an_object_is_an_error_until_abort() {
        let mut device = device();
        assert_eq!(send(&mut device, &[0; 9], 0), DeviceEvent::Nothing);
        assert_eq!(device.read(0x0c), 4);
        assert_eq!(device.write(0x08, GO, NOW), DeviceEvent::Dropped);
        device.set_abort_time(Duration::from_millis(10));
        assert_eq!(device.write(0x08, 1, NOW), DeviceEvent::Aborted);
        assert_eq!(device.read(0x0c), 1, "busy while it aborts");
        device.tick(Instant::from_millis(10));
        assert_eq!(device.read(0x0c), 0);
    }

    #[test]
    fn one_acknowledge_too_many_is_an_error() {
        let mut device = device();
        device.write(0x14, 0, NOW);
        assert_eq!(device.read(0x0c), 4);
    }

    #[test]
    fn the_interrupt_comes_once_per_cleared_status_and_only_when_enabled() {
        let mut device = device();
        send(&mut device, &[1, 2], GO);
        device.answer(Protocol::DISCOVERY, 0, &[], NOW).unwrap();
        device.tick(NOW);
        assert!(!device.take_interrupt(), "GO without the enable bit disables");
        device.write(0x08, 1, NOW);

        send(&mut device, &[1, 2], GO | 2);
        device.answer(Protocol::DISCOVERY, 0, &[], NOW).unwrap();
        device.tick(NOW);
        assert!(device.take_interrupt() && !device.take_interrupt());
        assert_eq!(device.read(0x0c), 0x8000_0002);
        device.write(0x0c, 2, NOW);
        assert_eq!(device.read(0x0c), 0x8000_0000);
    }

    #[test]
    fn an_answer_after_an_abort_is_lost() {
        let mut device = device();
        send(&mut device, &[1, 2], GO);
        device.write(0x08, 1, NOW);
        device.answer(Protocol::DISCOVERY, 0, &[], NOW).unwrap();
        device.tick(NOW);
        assert_eq!((device.read(0x0c), device.request()), (0, None));
    }
}
