//! What is said: negotiation, the device's chain, the handshake, everything in the session, its end.

use std::collections::VecDeque;
use std::time::Duration;

use lanewarden_crypto::Provider;
use lanewarden_spdm::message::{ResponderFlags, SummaryKind};
use lanewarden_spdm::requester::{Event, Measured, MeasurementRequest, PresharedKey, SessionRequest};
use lanewarden_spdm::{Connection, Error, Identities, Reason};
use lanewarden_time::Instant;

use super::{Command, Judge, Psk, SessionReport};
use crate::{Failure as Stopped, MeasurementFact, Script, Speaker};

/// How often a session that stays and needs no heartbeat looks whether there is something to do.
const IDLE: Duration = Duration::from_secs(1);

/// Where the secret of the session comes from.
pub enum Opening<'t, P: Provider> {
    /// An exchange of keys, with a device that a chain vouches for.
    Exchange(Box<Judge<'t, P>>),
    /// A key from before, until it has been of use.
    Preshared(Option<Psk>),
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// It was kept open, with so many heartbeats.
    Kept(Duration, u32),
    /// The chain.
    Certs(Vec<u8>),
    /// Measurements, and whether they are signed.
    Measurements(Vec<MeasurementFact>, bool),
    /// The device knows that somebody is there.
    Alive,
    /// The keys are others.
    Renewed,
    /// The answer.
    Answer(Vec<u8>),
    /// The device refuses it, in a session that stays.
    Refused(Stopped),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connect,
    Digests,
    Certificate,
    /// The chain is there.
    Read,
    /// The handshake goes on by itself.
    Handshake,
    /// The session is open: the next command.
    Inside,
    /// Digests inside are there; the chain follows.
    CertsInside,
    /// The session is being ended.
    Ending,
    Over,
}

/// The script of a session.
pub struct Course<'t, P: Provider> {
    opening: Opening<'t, P>,
    commands: VecDeque<Command>,
    /// It is kept until it is told to end.
    stays: bool,
    stage: Stage,
    connection: Option<Connection>,
    session: Option<SessionReport>,
    /// What has come of the chain that is being read inside.
    chain: Vec<u8>,
    /// The time, as it was told last; when keeping ends, and how many heartbeats there were.
    now: Instant,
    kept_until: Option<Instant>,
    heartbeats: u32,
    done: Vec<Done>,
    failure: Option<Stopped>,
}

impl<'t, P: Provider + Clone> Course<'t, P>
where
    P::VerifyingKey: Clone,
{
    /// Opens a session and does this in it.
    pub fn new(opening: Opening<'t, P>, commands: VecDeque<Command>) -> Self {
        Self {
            opening,
            commands,
            stays: false,
            stage: Stage::Connect,
            connection: None,
            session: None,
            chain: Vec::new(),
            now: Instant::ORIGIN,
            kept_until: None,
            heartbeats: 0,
            done: Vec::new(),
            failure: None,
        }
    }

    /// The same, which is kept when all is done, until [`Command::End`]; more to do may be added meanwhile.
    #[must_use]
    pub fn staying(self) -> Self {
        Self { stays: true, ..self }
    }

    /// Something more to do.
    pub fn add(&mut self, command: Command) {
        self.commands.push_back(command);
    }

    /// Whether something is to be done that has not been.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        !self.commands.is_empty()
    }

    /// What was done since the last call.
    pub fn take_done(&mut self) -> Vec<Done> {
        std::mem::take(&mut self.done)
    }

    /// What was negotiated.
    pub const fn connection(&self) -> Option<Connection> {
        self.connection
    }

    /// What was agreed on for the session; `None` where there was none.
    pub const fn session(&self) -> Option<&SessionReport> {
        self.session.as_ref()
    }

    /// Who vouches for the device; `None` where a pre-shared key does.
    pub const fn judge(&self) -> Option<&Judge<'t, P>> {
        match &self.opening {
            Opening::Exchange(judge) => Some(judge),
            Opening::Preshared(_) => None,
        }
    }

    /// What was done.
    pub fn done(&self) -> &[Done] {
        &self.done
    }

    /// Why it went no further.
    pub const fn failure(&self) -> Option<&Stopped> {
        self.failure.as_ref()
    }

    fn slot(&self) -> u8 {
        self.judge().map_or(0, Judge::slot)
    }

    fn flags(&self) -> ResponderFlags {
        self.connection.map(|connection| connection.flags).unwrap_or_default()
    }

    fn wanted(&self) -> SessionRequest {
        let measures = self.flags().intersects(ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED);
        let summary = if measures { SummaryKind::All } else { SummaryKind::None };
        SessionRequest { slot: self.slot(), summary, ..SessionRequest::default() }
    }

    fn exchange<I: Identities>(&mut self, requester: &mut Speaker<P, I>) -> Result<(), Error> {
        self.stage = Stage::Handshake;
        let wanted = self.wanted();
        match &mut self.opening {
            Opening::Exchange(_) => requester.key_exchange(wanted),
            // What follows from it is derived at once, and it goes.
            Opening::Preshared(psk) => psk.take().map_or(Ok(()), |Psk { hint, key }| {
                requester.psk_exchange(wanted, PresharedKey { hint: &hint, key: &key })
            }),
        }
    }

    fn try_next<I: Identities>(
        &mut self,
        requester: &mut Speaker<P, I>,
    ) -> Result<Option<Result<(), Error>>, Stopped> {
        Ok(Some(match self.stage {
            Stage::Connect => requester.connect(),
            Stage::Digests => {
                self.connection = requester.connection().copied();
                match &self.opening {
                    Opening::Exchange(_) => requester.digests(),
                    Opening::Preshared(_) => self.exchange(requester),
                }
            }
            Stage::Certificate => {
                let slot = self.slot();
                if let Opening::Exchange(judge) = &mut self.opening {
                    judge.begin(requester.digest(slot))?;
                }
                requester.certificate(slot)
            }
            Stage::Read => {
                let algorithm = self.connection.and_then(|connection| connection.signature);
                if let Opening::Exchange(judge) = &mut self.opening {
                    let key = judge.finish(algorithm)?;
                    requester.know(judge.slot(), key);
                }
                self.exchange(requester)
            }
            Stage::Inside => return Ok(self.inside(requester)),
            Stage::CertsInside => {
                let slot = self.slot();
                match self.session {
                    Some(session) => requester.within(session.id).certificate(slot),
                    None => return Ok(None),
                }
            }
            Stage::Handshake | Stage::Ending | Stage::Over => return Ok(None),
        }))
    }

    /// The next command, or the end.
    fn inside<I: Identities>(&mut self, requester: &mut Speaker<P, I>) -> Option<Result<(), Error>> {
        let session = self.session?;
        if let Some(Command::Keep(time)) = self.commands.front() {
            if self.kept_until.is_some_and(|until| self.now < until) {
                return Some(requester.within(session.id).heartbeat());
            }
            self.done.push(Done::Kept(*time, self.heartbeats));
            self.commands.pop_front();
        }
        let slot = self.slot();
        let signed =
            (self.judge().is_some() && self.flags().contains(ResponderFlags::MEAS_SIGNED)).then_some(slot);
        let mut within = requester.within(session.id);
        Some(match self.commands.front() {
            Some(Command::Certs) => within.digests(),
            Some(Command::Measurements) => {
                within.measurements(MeasurementRequest { signed, ..MeasurementRequest::all_signed(slot) })
            }
            Some(Command::Heartbeat | Command::Keep(_)) => within.heartbeat(),
            Some(Command::UpdateKeys(operation)) => within.update_keys(*operation),
            Some(Command::Request(message)) => within.request(message),
            None if self.stays => within.heartbeat(),
            None | Some(Command::End) => {
                self.stage = Stage::Ending;
                within.end(false)
            }
        })
    }

    fn try_event(&mut self, event: &Event<'_>) -> Result<(), Stopped> {
        match event {
            Event::Connected => self.stage = Stage::Digests,
            Event::Digests(digests) => match (&mut self.opening, self.stage) {
                (Opening::Exchange(judge), Stage::Digests) => {
                    judge.choose(digests)?;
                    self.stage = Stage::Certificate;
                }
                _ => self.stage = Stage::CertsInside,
            },
            Event::Portion(portion) => match (&mut self.opening, self.stage) {
                (Opening::Exchange(judge), Stage::Certificate) => {
                    judge.take(portion)?;
                    if portion.remainder == 0 {
                        self.stage = Stage::Read;
                    }
                }
                _ => self.take_inside(portion.bytes, portion.remainder == 0),
            },
            Event::Exchanged(exchanged) => {
                let preshared = self.judge().is_none();
                let report = self.connection.map(|one| SessionReport::new(&one, exchanged, preshared));
                self.session = report;
                if exchanged.is_open {
                    self.stage = Stage::Inside;
                }
            }
            Event::Opened(_) => {
                self.session.iter_mut().for_each(|session| session.is_open = true);
                self.stage = Stage::Inside;
            }
            Event::Alive(_) if matches!(self.commands.front(), None | Some(Command::Keep(_))) => {
                self.heartbeats = self.heartbeats.saturating_add(1);
            }
            Event::Alive(_) => self.finish(Done::Alive),
            Event::Renewed(_) => self.finish(Done::Renewed),
            Event::Measured(measured) => self.finish(blocks(measured)),
            Event::Answer(answer) => self.finish(Done::Answer(answer.to_vec())),
            Event::Ended(_) => {
                self.session.iter_mut().for_each(|session| session.is_ended = true);
                self.stage = Stage::Over;
            }
            _ => {}
        }
        Ok(())
    }

    fn take_inside(&mut self, bytes: &[u8], is_last: bool) {
        self.chain.extend_from_slice(bytes);
        if is_last {
            let chain = std::mem::take(&mut self.chain);
            self.stage = Stage::Inside;
            self.finish(Done::Certs(chain));
        }
    }

    fn finish(&mut self, done: Done) {
        self.commands.pop_front();
        self.done.push(done);
    }

    /// A session that still stands is ended in good order.
    fn fail(&mut self, failure: Stopped) {
        let is_refusal = matches!(&failure, Stopped::Spdm(Error { reason: Reason::Refused(_), .. }));
        if is_refusal && self.stays && self.stage == Stage::Inside && !self.commands.is_empty() {
            return self.finish(Done::Refused(failure));
        }
        let stands =
            matches!(failure, Stopped::Spdm(_)) && matches!(self.stage, Stage::Inside | Stage::CertsInside);
        self.failure.get_or_insert(failure);
        self.commands.clear();
        self.stage = if stands { Stage::Inside } else { Stage::Over };
    }
}

fn blocks(measured: &Measured<'_>) -> Done {
    let blocks = measured.answer.blocks.iter().map(Into::into).collect();
    Done::Measurements(blocks, measured.transcript.is_some())
}

impl<P: Provider + Clone, I: Identities> Script<P, I> for Course<'_, P>
where
    P::VerifyingKey: Clone,
{
    /// While a session is kept, the next heartbeat is waited for, or the end.
    fn pause(&mut self, now: Instant, requester: &Speaker<P, I>) -> Option<Instant> {
        self.now = now;
        let due = requester.heartbeat_due().map(|(_, at)| at);
        if self.stage == Stage::Inside && self.stays && self.commands.is_empty() {
            return Some(due.unwrap_or(now + IDLE));
        }
        let Some(Command::Keep(time)) = self.commands.front().filter(|_| self.stage == Stage::Inside) else {
            return None;
        };
        let until = *self.kept_until.get_or_insert(now + *time);
        Some(due.map_or(until, |at| at.min(until)))
    }

    fn next(&mut self, requester: &mut Speaker<P, I>) -> Option<Result<(), Error>> {
        let begun = self.try_next(requester).unwrap_or_else(|failure| {
            self.fail(failure);
            None
        });
        if begun.is_none() {
            self.stage = Stage::Over;
        }
        begun
    }

    fn event(&mut self, event: Event<'_>) {
        if let Err(failure) = self.try_event(&event) {
            self.fail(failure);
        }
    }

    fn failed(&mut self, failure: Stopped) {
        self.fail(failure);
    }

    fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    fn subject(&self) -> &'static str {
        match self.stage {
            Stage::Connect => "negotiation",
            Stage::Digests => "digests",
            Stage::Certificate | Stage::Read => "certificate chain",
            Stage::Handshake => "handshake",
            Stage::Inside | Stage::CertsInside => "message in the session",
            Stage::Ending | Stage::Over => "end of the session",
        }
    }
}
