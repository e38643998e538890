//! One interface of a device: its state, whose it is, and what may be asked of it when.

use crate::{ErrorCode, InterfaceId, Lock, LockFlags, Nonce, NonceView, State};

/// What a session is told that asks for something of an interface which another session has locked. Public code does not
/// say; to that session it is as if the interface were not there.
pub const FOREIGN_SESSION: ErrorCode = ErrorCode::INVALID_INTERFACE;

/// What is answered to BIND_P2P_STREAM where the lock did not ask for [`LockFlags::BIND_P2P`]. Public code does not say.
pub const BINDING_NOT_LOCKED: ErrorCode = ErrorCode::INVALID_REQUEST;

/// Why an interface is not safe any more. Which events these are, public code does not say; all that are listed here take a
/// locked or running interface to ERROR, and leave others as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A register that the lock fixes has been written, or was no longer what it was.
    Configuration,
    /// The function has been reset.
    FunctionReset,
    /// The stream it is reached by is not secure any more.
    StreamInsecure,
    /// The session that locked it is over.
    SessionEnded,
    /// Of another kind.
    Other,
}

/// Streams that are bound, by their ID.
#[derive(Debug, Default)]
struct Bound([u128; 2]);

impl Bound {
    fn contains(&self, stream: u8) -> bool {
        let [low, high] = self.0;
        let (half, bit) = Self::place(stream);
        (if half { high } else { low }) & bit != 0
    }

    fn toggle(&mut self, stream: u8) {
        let [low, high] = &mut self.0;
        let (half, bit) = Self::place(stream);
        *(if half { high } else { low }) ^= bit;
    }

    const fn place(stream: u8) -> (bool, u128) {
        (stream & 0x80 != 0, 1_u128.wrapping_shl(stream as u32))
    }
}

/// What a lock has fixed, and for whom.
#[derive(Debug)]
struct Binding {
    session: u32,
    lock: Lock,
}

impl Binding {
    fn check(&self, session: u32) -> Result<(), ErrorCode> {
        if self.session == session { Ok(()) } else { Err(FOREIGN_SESSION) }
    }
}

#[derive(Debug)]
enum Phase {
    Unlocked,
    Locked(Binding, Nonce),
    Running(Binding, Bound),
    /// The session that may stop it; `None` once that is over: then any may.
    Broken(Option<u32>),
}

/// One interface. A nonce lives only while it is locked: it is wiped when the interface runs, is stopped or breaks.
#[derive(Debug)]
pub struct Interface {
    id: InterfaceId,
    phase: Phase,
}

impl Interface {
    /// Unlocked.
    #[must_use]
    pub const fn new(id: InterfaceId) -> Self {
        Self { id, phase: Phase::Unlocked }
    }

    /// Which it is.
    #[must_use]
    pub const fn id(&self) -> InterfaceId {
        self.id
    }

    /// Its state.
    #[must_use]
    pub const fn state(&self) -> State {
        match self.phase {
            Phase::Unlocked => State::ConfigUnlocked,
            Phase::Locked(..) => State::ConfigLocked,
            Phase::Running(..) => State::Run,
            Phase::Broken(_) => State::Error,
        }
    }

    /// The session that locked it and is not over.
    #[must_use]
    pub const fn session(&self) -> Option<u32> {
        match &self.phase {
            Phase::Unlocked => None,
            Phase::Locked(binding, _) | Phase::Running(binding, _) => Some(binding.session),
            Phase::Broken(session) => *session,
        }
    }

    /// LOCK_INTERFACE, only when unlocked: `act` fixes the configuration.
    ///
    /// # Errors
    /// INVALID_INTERFACE_STATE; those of `act`, after which it is still unlocked.
    pub fn lock(
        &mut self,
        session: u32,
        lock: &Lock,
        nonce: Nonce,
        act: impl FnOnce() -> Result<(), ErrorCode>,
    ) -> Result<NonceView<'_>, ErrorCode> {
        self.check_unlocked()?;
        act()?;
        self.phase = Phase::Locked(Binding { session, lock: *lock }, nonce);
        match &self.phase {
            Phase::Locked(_, nonce) => Ok(nonce.view()),
            _ => Err(ErrorCode::UNSPECIFIED),
        }
    }

    /// Whether LOCK_INTERFACE may come.
    ///
    /// # Errors
    /// INVALID_INTERFACE_STATE.
    pub const fn check_unlocked(&self) -> Result<(), ErrorCode> {
        if matches!(self.phase, Phase::Unlocked) { Ok(()) } else { Err(ErrorCode::INVALID_INTERFACE_STATE) }
    }

    /// GET_DEVICE_INTERFACE_REPORT, only when locked or running.
    ///
    /// # Errors
    /// INVALID_INTERFACE_STATE, [`FOREIGN_SESSION`].
    pub fn check_report(&self, session: u32) -> Result<(), ErrorCode> {
        match &self.phase {
            Phase::Locked(binding, _) | Phase::Running(binding, _) => binding.check(session),
            _ => Err(ErrorCode::INVALID_INTERFACE_STATE),
        }
    }

    /// START_INTERFACE, only when locked: `act` lets it run. The nonce is compared in constant time, and is used up when it
    /// runs; a wrong one changes nothing.
    ///
    /// # Errors
    /// INVALID_INTERFACE_STATE, [`FOREIGN_SESSION`], INVALID_NONCE; those of `act`, after which it is still locked.
    pub fn start(
        &mut self,
        session: u32,
        nonce: NonceView<'_>,
        act: impl FnOnce() -> Result<(), ErrorCode>,
    ) -> Result<(), ErrorCode> {
        let Phase::Locked(binding, expected) = &self.phase else {
            return Err(ErrorCode::INVALID_INTERFACE_STATE);
        };
        binding.check(session)?;
        if expected.view() != nonce {
            return Err(ErrorCode::INVALID_NONCE);
        }
        act()?;
        self.phase = Phase::Running(Binding { session, lock: binding.lock }, Bound::default());
        Ok(())
    }

    /// STOP_INTERFACE, in every state but unlocked: `act` wipes what it has.
    ///
    /// # Errors
    /// INVALID_INTERFACE_STATE, [`FOREIGN_SESSION`]; those of `act`, after which it is in the state that it was in.
    pub fn stop(
        &mut self,
        session: u32,
        act: impl FnOnce() -> Result<(), ErrorCode>,
    ) -> Result<(), ErrorCode> {
        if matches!(self.phase, Phase::Unlocked) {
            return Err(ErrorCode::INVALID_INTERFACE_STATE);
        }
        if self.session().is_some_and(|owner| owner != session) {
            return Err(FOREIGN_SESSION);
        }
        act()?;
        self.phase = Phase::Unlocked;
        Ok(())
    }

    /// BIND_P2P_STREAM, only when running, and for a stream that is not bound: `act` binds it.
    ///
    /// # Errors
    /// INVALID_INTERFACE_STATE, [`FOREIGN_SESSION`], [`BINDING_NOT_LOCKED`], INVALID_REQUEST; those of `act`.
    pub fn bind(
        &mut self,
        session: u32,
        stream: u8,
        act: impl FnOnce() -> Result<(), ErrorCode>,
    ) -> Result<(), ErrorCode> {
        let (binding, bound) = self.running(session)?;
        if !binding.lock.flags.contains(LockFlags::BIND_P2P) {
            return Err(BINDING_NOT_LOCKED);
        }
        if bound.contains(stream) {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        act()?;
        bound.toggle(stream);
        Ok(())
    }

    /// UNBIND_P2P_STREAM, only when running, and for a stream that is bound: `act` unbinds it.
    ///
    /// # Errors
    /// INVALID_INTERFACE_STATE, [`FOREIGN_SESSION`], INVALID_REQUEST; those of `act`.
    pub fn unbind(
        &mut self,
        session: u32,
        stream: u8,
        act: impl FnOnce() -> Result<(), ErrorCode>,
    ) -> Result<(), ErrorCode> {
        let (_, bound) = self.running(session)?;
        if !bound.contains(stream) {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        act()?;
        bound.toggle(stream);
        Ok(())
    }

    /// SET_MMIO_ATTRIBUTE, only when running.
    ///
    /// # Errors
    /// INVALID_INTERFACE_STATE, [`FOREIGN_SESSION`].
    pub fn check_running(&mut self, session: u32) -> Result<(), ErrorCode> {
        self.running(session).map(|_| ())
    }

    fn running(&mut self, session: u32) -> Result<(&Binding, &mut Bound), ErrorCode> {
        match &mut self.phase {
            Phase::Running(binding, bound) => {
                binding.check(session)?;
                Ok((binding, bound))
            }
            _ => Err(ErrorCode::INVALID_INTERFACE_STATE),
        }
    }

    /// Its protection has been broken; returns whether that changed anything: a locked or running interface goes to ERROR.
    pub fn violate(&mut self) -> bool {
        match &self.phase {
            Phase::Locked(binding, _) | Phase::Running(binding, _) => {
                self.phase = Phase::Broken(Some(binding.session));
                true
            }
            Phase::Unlocked | Phase::Broken(_) => false,
        }
    }

    /// A session is over; returns whether that changed its state: what it had locked goes to ERROR, out of which any
    /// session may take it.
    pub fn ended(&mut self, session: u32) -> bool {
        if self.session() != Some(session) {
            return false;
        }
        let is_new = self.violate();
        self.phase = Phase::Broken(None);
        is_new
    }

    /// The whole device has lost what it had: unlocked.
    pub fn reset(&mut self) {
        self.phase = Phase::Unlocked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: u32 = 7;

    fn running() -> Interface {
        let mut interface = Interface::new(InterfaceId::new(8, None));
        let lock = Lock { flags: LockFlags::BIND_P2P, ..Lock::default() };
        let nonce = interface.lock(SESSION, &lock, Nonce::new([1; 32]), || Ok(())).unwrap().to_nonce();
        interface.start(SESSION, nonce.view(), || Ok(())).unwrap();
        interface
    }

    #[test]
    fn a_stream_is_bound_or_not_whatever_the_hardware_thinks() {
        let refused = Err(ErrorCode::INVALID_REQUEST);
        for stream in [0, 63, 64, 127, 128, 255] {
            let mut interface = running();
            for other in (0..=255).filter(|other| *other != stream) {
                interface.bind(SESSION, other, || Ok(())).unwrap();
            }
            assert_eq!(interface.unbind(SESSION, stream, || Ok(())), refused, "{stream}");
            for _ in 0..2 {
                assert_eq!(interface.bind(SESSION, stream, || Ok(())), Ok(()), "{stream}");
                assert_eq!(interface.bind(SESSION, stream, || Ok(())), refused, "{stream}");
                assert_eq!(interface.unbind(SESSION, stream, || Ok(())), Ok(()), "{stream}");
                assert_eq!(interface.unbind(SESSION, stream, || Ok(())), refused, "{stream}");
            }
        }
    }

    #[test]
    fn what_the_hardware_refuses_is_as_before() {
        let mut interface = running();
        let busy = || Err(ErrorCode::BUSY);
        assert_eq!(interface.bind(SESSION, 1, busy), Err(ErrorCode::BUSY));
        assert_eq!(interface.bind(SESSION, 1, || Ok(())), Ok(()));
        assert_eq!(interface.unbind(SESSION, 1, busy), Err(ErrorCode::BUSY));
        assert_eq!(interface.unbind(SESSION, 1, || Ok(())), Ok(()));
        assert_eq!(interface.stop(SESSION, busy), Err(ErrorCode::BUSY));
        assert_eq!(interface.state(), State::Run);
    }

    #[test]
    fn nothing_is_bound_after_a_new_start() {
        let mut interface = running();
        interface.bind(SESSION, 1, || Ok(())).unwrap();
        interface.stop(SESSION, || Ok(())).unwrap();
        let lock = Lock { flags: LockFlags::BIND_P2P, ..Lock::default() };
        interface.lock(SESSION, &lock, Nonce::new([2; 32]), || Ok(())).unwrap();
        interface.start(SESSION, NonceView::new(&[2; 32]), || Ok(())).unwrap();
        assert_eq!(interface.unbind(SESSION, 1, || Ok(())), Err(ErrorCode::INVALID_REQUEST));
    }
}
