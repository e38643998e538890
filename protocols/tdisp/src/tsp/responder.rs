//! The device's side: a function from the payload of a request to the payload of an answer, over the hardware behind it.

mod answer;
mod emulated;
mod hardware;
mod sessions;

pub use emulated::Emulated;
pub use hardware::{Completion, Hardware};
pub use sessions::Role;

use crate::tsp::message::ErrorAnswer;
use crate::tsp::{Configuration, ErrorCode, Header, Request, RequestCode, Response, Secondary, State};
use crate::{NoResponse, VERSION};
use sessions::Sessions;

/// Bytes that [`Responder::respond`] wants as room for an answer: those of the longest one of fixed length, the
/// configuration.
pub const MIN_ANSWER: usize = 193;

/// A memory device.
///
/// Driving it: give it each payload of TSP with the session it came in, and send what it writes; tell it of sessions that end,
/// of secondary ones that begin, and of what breaks its protection. Nothing else changes its state.
#[derive(Debug)]
pub struct Responder<H> {
    hardware: H,
    state: State,
    configuration: Configuration,
    sessions: Sessions,
    /// The session whose request is not done.
    unfinished: Option<u32>,
}

impl<H: Hardware> Responder<H> {
    /// Unlocked, and not configured.
    pub fn new(hardware: H) -> Self {
        Self {
            hardware,
            state: State::ConfigUnlocked,
            configuration: Configuration::default(),
            sessions: Sessions::default(),
            unfinished: None,
        }
    }

    /// The hardware behind it.
    pub const fn hardware(&self) -> &H {
        &self.hardware
    }

    /// The hardware behind it.
    pub const fn hardware_mut(&mut self) -> &mut H {
        &mut self.hardware
    }

    /// Its state.
    pub const fn state(&self) -> State {
        self.state
    }

    /// What a session may do.
    #[must_use]
    pub fn role(&self, session: u32) -> Role {
        self.sessions.role(session)
    }

    /// Answers a request that came in this session: writes the payload and returns its length. An answer may be an ERROR.
    ///
    /// # Errors
    /// [`NoResponse`].
    pub fn respond(
        &mut self,
        session: Option<u32>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, NoResponse> {
        let session = session.ok_or(NoResponse::NoSession)?;
        let (header, body) = Header::decode(request).map_err(NoResponse::Malformed)?;
        if answer.len() < MIN_ANSWER {
            return Err(NoResponse::NoRoom);
        }
        let answered = self.answer(session, header, body, answer);
        answered.or_else(|code| {
            let error = ErrorAnswer { code, data: 0, extended: &[] };
            Response::Error(error).encode(answer).map_err(|_| NoResponse::NoRoom)
        })
    }

    fn answer(
        &mut self,
        session: u32,
        header: Header,
        body: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        if header.version != VERSION {
            return Err(ErrorCode::VERSION_MISMATCH);
        }
        let code = RequestCode::from_byte(header.code).ok_or(ErrorCode::UNSUPPORTED_REQUEST)?;
        let request = Request::decode(code, body).map_err(|_| ErrorCode::INVALID_REQUEST)?;
        self.carry_out(session, &request, answer)
    }

    /// Its protection has been broken: if it is locked it goes to ERROR, out of which only a reset takes it, and the
    /// hardware is told. Which events break it, no public source says.
    pub fn violated(&mut self) {
        if self.state == State::ConfigLocked {
            self.state = State::Error;
            self.unfinished = None;
            self.hardware.broken();
        }
    }

    /// A session has begun with the key of this secondary session, 0-3; returns whether there is such a one: the device has
    /// it and was told its key.
    pub fn joined(&mut self, session: u32, place: usize) -> bool {
        self.sessions.join(session, place)
    }

    /// A session is over, in whatever way. If it was the primary one of an unlocked device, the device forgets its
    /// configuration and the next session is primary. A locked one stays as it is, with no primary session any more.
    pub fn ended(&mut self, session: u32) {
        let was_primary = self.role(session) == Role::Primary;
        self.sessions.end(session, self.state != State::ConfigUnlocked);
        if was_primary && self.state == State::ConfigUnlocked {
            self.configuration = Configuration::default();
            self.hardware.unconfigure();
        }
        if self.unfinished == Some(session) {
            self.unfinished = None;
        }
    }

    /// The device has been reset and has lost what it had. The hardware is not told.
    pub fn reset(&mut self) {
        self.state = State::ConfigUnlocked;
        self.configuration = Configuration::default();
        self.sessions = Sessions::default();
        self.unfinished = None;
    }

    fn configure(
        &mut self,
        configuration: &Configuration,
        secondary: &Secondary<'_>,
    ) -> Result<(), ErrorCode> {
        let capabilities = self.hardware.capabilities();
        configuration.check_against(&capabilities).map_err(|_| ErrorCode::INVALID_REQUEST)?;
        secondary.check_against(&capabilities).map_err(|_| ErrorCode::INVALID_REQUEST)?;
        self.hardware.configure(configuration, secondary)?;
        self.configuration = *configuration;
        self.sessions.expect_secondary(secondary.valid);
        Ok(())
    }
}
