//! The answer to each request.

use super::{Completion, Hardware, Responder, Role};
use crate::tsp::{ErrorCode, HEADER_SIZE, MAX_RANGES, MemoryRange, Ranges, Request, Response, State};
use crate::{GetReport, NoRoom, Portion, VERSION};

/// Bytes of an answer before those of the report: two reserved, lengths of the portion and of what follows it.
const REPORT_HEAD: usize = HEADER_SIZE + 6;

impl<H: Hardware> Responder<H> {
    pub(super) fn carry_out(
        &mut self,
        session: u32,
        request: &Request<'_>,
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        self.check_role(session, request)?;
        self.check_unfinished(request)?;
        let response = match request {
            Request::GetVersion => {
                self.sessions.meet(session);
                Response::Version(&[VERSION])
            }
            Request::GetCapabilities => Response::Capabilities(self.hardware.capabilities()),
            Request::SetConfiguration(configuration, secondary) => {
                self.check_state(&[State::ConfigUnlocked])?;
                self.configure(configuration, secondary)?;
                Response::ConfigurationSet
            }
            Request::GetConfiguration => {
                self.check_state(&[State::ConfigUnlocked, State::ConfigLocked])?;
                Response::Configuration(self.configuration.told(), self.state)
            }
            Request::GetReport { offset, length } => return self.report(*offset, *length, answer),
            Request::LockConfiguration => self.lock()?,
            Request::SetTeState { state, ranges } => self.set_te_state(session, *state, ranges)?,
            Request::CheckDelayedCompletion => self.check_completion(session)?,
        };
        response.encode(answer).map_err(|NoRoom| ErrorCode::UNSPECIFIED)
    }

    fn check_role(&self, session: u32, request: &Request<'_>) -> Result<(), ErrorCode> {
        let role = self.role(session);
        let may = match request {
            Request::GetVersion | Request::GetCapabilities => true,
            Request::SetConfiguration(..) | Request::LockConfiguration => role == Role::Primary,
            Request::GetConfiguration
            | Request::GetReport { .. }
            | Request::SetTeState { .. }
            | Request::CheckDelayedCompletion => role != Role::Other,
        };
        if may { Ok(()) } else { Err(ErrorCode::NO_PRIVILEGE) }
    }

    /// Nothing but questions that need no hardware while something is not done.
    const fn check_unfinished(&self, request: &Request<'_>) -> Result<(), ErrorCode> {
        let may = matches!(
            request,
            Request::GetVersion | Request::GetCapabilities | Request::CheckDelayedCompletion
        );
        if may || self.unfinished.is_none() { Ok(()) } else { Err(ErrorCode::BUSY) }
    }

    fn check_state(&self, allowed: &[State]) -> Result<(), ErrorCode> {
        if allowed.contains(&self.state) { Ok(()) } else { Err(ErrorCode::INVALID_SECURITY_STATE) }
    }

    fn lock(&mut self) -> Result<Response<'static>, ErrorCode> {
        if self.state == State::ConfigLocked {
            return Err(ErrorCode::ALREADY_LOCKED);
        }
        self.check_state(&[State::ConfigUnlocked])?;
        self.hardware.lock()?;
        self.state = State::ConfigLocked;
        Ok(Response::Locked)
    }

    fn report(&self, offset: u16, length: u16, answer: &mut [u8]) -> Result<usize, ErrorCode> {
        self.check_state(&[State::ConfigUnlocked, State::ConfigLocked])?;
        let report = self.hardware.report();
        let room = answer.len().saturating_sub(REPORT_HEAD);
        let portion = Portion::of(report, GetReport { offset, length }, room);
        let portion = portion.map_err(|NoRoom| ErrorCode::UNSPECIFIED)?.ok_or(ErrorCode::INVALID_REQUEST)?;
        Response::Report(portion).encode(answer).map_err(|NoRoom| ErrorCode::UNSPECIFIED)
    }

    fn set_te_state(
        &mut self,
        session: u32,
        state: u8,
        ranges: &Ranges<'_>,
    ) -> Result<Response<'static>, ErrorCode> {
        let is_nothing = |range: MemoryRange| range.end().is_none();
        let is_wrong = !(1..=MAX_RANGES).contains(&ranges.len()) || ranges.iter().any(is_nothing);
        if is_wrong || state > 1 {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        self.check_state(&[State::ConfigLocked])?;
        let completion = self.hardware.set_te_state(state == 1, ranges)?;
        Ok(self.complete(session, completion, Response::TeStateSet))
    }

    fn check_completion(&mut self, session: u32) -> Result<Response<'static>, ErrorCode> {
        if self.unfinished != Some(session) {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        self.unfinished = None;
        let completion = self.hardware.check()?;
        Ok(self.complete(session, completion, Response::Completed))
    }

    fn complete(
        &mut self,
        session: u32,
        completion: Completion,
        done: Response<'static>,
    ) -> Response<'static> {
        match completion {
            Completion::Done => done,
            Completion::Later(time) => {
                self.unfinished = Some(session);
                Response::Delayed(time)
            }
        }
    }
}
