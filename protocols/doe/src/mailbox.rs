//! The mailbox from the host's side (PCIe 6.x, 6.30): one exchange at a time, driven.

mod registers;
#[cfg(test)]
mod tests;
mod wait;

use core::time::Duration;

use lanewarden_pci::ConfigSpace;
use lanewarden_pci::registers::doe::{Control, Doe, Status};
use lanewarden_time::{Clock, Instant};

use crate::{
    ABORT_TIME, ANSWER_TIME, Error, FIRST_POLL_INTERVAL, FREE_TIME, Header, Holder, INTERRUPT_POLL_INTERVAL,
    MIN_DWORDS, Misuse, POLL_INTERVAL, Phase, Protocol,
};
use registers::Registers;
use wait::Wait;

/// DWs written or read in one [`Mailbox::advance`], so that a long object does not keep a driver from its other
/// mailboxes.
const BUDGET: u32 = 4096;

/// What a mailbox may do beyond the least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// This host is the only agent on the mailbox: Busy and unread answers are leftovers and are aborted. Off, they
    /// belong to somebody and are waited for, never destroyed.
    pub single_agent: bool,
    /// Abort before each exchange, whatever is known. What sharing with uncoordinated users would take; costs up to
    /// [`ABORT_TIME`] each time.
    pub abort_first: bool,
    /// When the device is asked to interrupt.
    pub interrupts: InterruptUse,
}

/// When an exchange uses the mailbox' interrupt instead of polling alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterruptUse {
    /// Whenever vectors have been allocated (see [`Mailbox::set_vectors`]).
    #[default]
    WhenAllocated,
    /// Only for a request that asks for it ([`Request::interrupt`]).
    WhenAsked,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    protocol: Protocol,
    alternative: Option<Protocol>,
    connection: u16,
    payload: &'a [u8],
    interrupt: bool,
}

impl<'a> Request<'a> {
    /// A request of `protocol` with this payload, which is zero-padded to whole DWs.
    #[must_use]
    pub const fn new(protocol: Protocol, payload: &'a [u8]) -> Self {
        Self { protocol, alternative: None, connection: 0, payload, interrupt: false }
    }

    /// The same on a connection, for protocols that have them.
    #[must_use]
    pub const fn connection(self, connection: u16) -> Self {
        Self { connection, ..self }
    }

    /// The same, whose answer may be of another protocol too, on the same connection: what is asked in a session may be
    /// answered outside of it. [`Mailbox::answer_protocol`] tells which it is.
    #[must_use]
    pub const fn or_answered_in(self, protocol: Protocol) -> Self {
        Self { alternative: Some(protocol), ..self }
    }

    /// The same, asking for an interrupt under [`InterruptUse::WhenAsked`].
    #[must_use]
    pub const fn interrupt(self) -> Self {
        Self { interrupt: true, ..self }
    }

    /// Its protocol.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// What its answer may be of as well.
    #[must_use]
    pub const fn alternative(&self) -> Option<Protocol> {
        self.alternative
    }

    /// Its connection ID, 0 for protocols without one.
    #[must_use]
    pub const fn connection_id(&self) -> u16 {
        self.connection
    }

    /// Its payload, without padding.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// What to do after [`Mailbox::advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Call again at this time, which may have come already, or at once on the mailbox' interrupt.
    Wait(Instant),
    /// The answer is in [`Mailbox::answer`].
    Answered,
}

/// What a mailbox has seen so far. Counters stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Requests that were written and given GO.
    pub sent: u32,
    /// Answers that were read whole.
    pub answered: u32,
    /// Aborts that were written.
    pub aborts: u32,
    /// Answers found unread that this mailbox did not ask for.
    pub unread_answers: u32,
    /// Exchanges that another agent blocked.
    pub blocked: u32,
}

/// One DOE instance. `B` holds the payload of the request and then that of the answer, both without the two header DWs:
/// it must be as long as the longer of the two, in bytes, and a multiple of 4. 1,048,568 bytes hold any; a shorter one
/// fails an exchange with [`Error::TooLong`], which tells the length that was needed (see [`Mailbox::replace_buffer`]).
#[derive(Debug)]
pub struct Mailbox<B> {
    capability: Doe,
    buffer: B,
    policy: Policy,
    vectors: bool,
    distrusted: bool,
    state: State,
    /// Of the answer whose header was read last.
    answer_protocol: Protocol,
    statistics: Statistics,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Running(Exchange),
    Answered(usize),
    Dead,
}

/// The exchange in work.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    header: Header,
    /// What the answer may be of as well.
    alternative: Option<Protocol>,
    /// Bytes of the request's payload, without padding.
    length: usize,
    interrupt: bool,
    cancelled: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Just submitted.
    Begin,
    /// Waits for another agent to let go.
    Blocked(Wait),
    /// The mailbox is free, or ours: `done` DWs of the request are written, header included.
    Write { done: u32 },
    /// GO has just been written, so the time at hand is from before it.
    Sent,
    /// Waits for the answer. The wait gets its end at the first time that is from after GO.
    Await(Wait),
    /// Reads an answer of `total` DWs, `done` of which are acknowledged.
    Read { done: u32, total: u32 },
    /// Waits for an abort: to send after it, or to fail with what made it necessary.
    Abort(Wait, Option<Error>),
}

impl Exchange {
    /// How long to wait between looks for the answer once its time runs; `None` to go on as the wait has begun.
    fn interval(&self) -> Option<Duration> {
        self.interrupt.then_some(INTERRUPT_POLL_INTERVAL)
    }
}

/// What a stage comes to.
enum Flow {
    /// The next stage, at once.
    Go(Stage),
    /// A stage, at a later time.
    Yield(Stage, Instant),
    /// The end of the exchange.
    End(State, Result<Step, Error>),
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Mailbox<B> {
    /// The mailbox of this capability, trusted to be idle: nothing is written to it until the first request.
    pub fn new(capability: Doe, buffer: B, policy: Policy) -> Self {
        Self {
            capability,
            buffer,
            policy,
            vectors: false,
            distrusted: false,
            state: State::Idle,
            answer_protocol: Protocol::DISCOVERY,
            statistics: Statistics::default(),
        }
    }

    /// The capability it was made from.
    #[must_use]
    pub fn capability(&self) -> Doe {
        self.capability
    }

    /// The longest payload its buffer takes, in bytes.
    #[must_use]
    pub fn room(&self) -> usize {
        self.buffer.as_ref().len()
    }

    /// Exchanges the buffer for another, between exchanges: for a longer one, where an answer was [`Error::TooLong`].
    ///
    /// # Errors
    /// [`Misuse::InFlight`] while an exchange is in work.
    pub fn replace_buffer(&mut self, buffer: B) -> Result<B, Misuse> {
        if self.is_busy() {
            return Err(Misuse::InFlight);
        }
        if matches!(self.state, State::Answered(_)) {
            self.state = State::Idle;
        }
        Ok(core::mem::replace(&mut self.buffer, buffer))
    }

    /// What it has seen so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Whether an abort has not finished in time. A dead mailbox refuses every request; nothing brings it back but a
    /// reset of the device and a new [`Mailbox`].
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.state, State::Dead)
    }

    /// Whether an exchange is in work.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// Tells whether the function's interrupt vectors exist by now. Discovery runs before they do, so a new mailbox
    /// polls.
    pub fn set_vectors(&mut self, allocated: bool) {
        self.vectors = allocated;
    }

    /// The mailbox' state is not known any more: somebody else has written to it, or the function was reset. The next
    /// exchange begins with one abort.
    pub fn distrust(&mut self) {
        self.distrusted = true;
    }

    /// Submits a request. Nothing is written before [`Mailbox::advance`].
    ///
    /// # Errors
    /// [`Misuse`] where it cannot be sent, [`Error::Dead`] where nothing can.
    pub fn send(&mut self, request: &Request<'_>) -> Result<(), Error> {
        match self.state {
            State::Running(_) => return Err(Misuse::InFlight.into()),
            State::Dead => return Err(Error::Dead),
            State::Idle | State::Answered(_) => {}
        }
        let length = request.payload.len();
        let header = Header::new(request.protocol, request.connection, length).map_err(Misuse::from)?;
        let room = self.buffer.as_ref().len();
        let slot = self.buffer.as_mut().get_mut(..length).ok_or(Misuse::NoRoom { length, room })?;
        slot.copy_from_slice(request.payload);
        let asked = self.policy.interrupts == InterruptUse::WhenAllocated || request.interrupt;
        let interrupt = asked && self.vectors && self.capability.interrupt.is_some();
        let Request { alternative, .. } = *request;
        let exchange =
            Exchange { header, alternative, length, interrupt, stage: Stage::Begin, cancelled: false };
        self.state = State::Running(exchange);
        Ok(())
    }

    /// The payload of the answer, padding included; empty unless the last step was [`Step::Answered`].
    #[must_use]
    pub fn answer(&self) -> &[u8] {
        let State::Answered(length) = self.state else { return &[] };
        self.buffer.as_ref().get(..length).unwrap_or_default()
    }

    /// The protocol of the answer: the request's, or the one that it [may be answered in](Request::or_answered_in).
    /// `None` unless the last step was [`Step::Answered`].
    #[must_use]
    pub fn answer_protocol(&self) -> Option<Protocol> {
        matches!(self.state, State::Answered(_)).then_some(self.answer_protocol)
    }

    /// Ends the exchange in work, also in the middle of a request. The next [`Mailbox::advance`] calls begin, and
    /// finish, the abort (PCIe 6.x, 6.30.2) where something has been written, and then return [`Error::Cancelled`],
    /// once.
    pub fn cancel(&mut self) {
        if let State::Running(exchange) = &mut self.state {
            exchange.cancelled = true;
        }
    }

    /// Goes on with the exchange as far as that is possible without waiting, and for at most 4096 DWs of the request
    /// or the answer; there is more to do at once where [`Step::Wait`] gives `now` back.
    ///
    /// The answer's [`ANSWER_TIME`] is counted from the first call after the one that wrote GO (PCIe 6.x, 6.30.2):
    /// `now` is from before what a call does. So a [timeout](Error::Timeout) comes late by [`FIRST_POLL_INTERVAL`] at
    /// most, which is short where an interrupt is expected too.
    ///
    /// # Errors
    /// [`Misuse::Idle`] where no request is in work. Any other ends the exchange; the mailbox is then idle, or dead.
    pub fn advance<C: ConfigSpace>(&mut self, config: &mut C, now: Instant) -> Result<Step, Error> {
        let mut registers = Registers::new(config, self.capability.offset);
        loop {
            let exchange = match self.state {
                State::Running(exchange) => exchange,
                State::Answered(_) => return Ok(Step::Answered),
                State::Idle => return Err(Misuse::Idle.into()),
                State::Dead => return Err(Error::Dead),
            };
            let flow = self
                .step(&mut registers, &exchange, now)
                .unwrap_or_else(|error| self.recover(&mut registers, exchange.stage, error, now));
            match flow {
                Flow::Go(stage) => self.state = State::Running(Exchange { stage, ..exchange }),
                Flow::Yield(stage, at) => {
                    self.state = State::Running(Exchange { stage, ..exchange });
                    return Ok(Step::Wait(at));
                }
                Flow::End(state, result) => {
                    self.state = state;
                    return result;
                }
            }
        }
    }

    fn step<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        exchange: &Exchange,
        now: Instant,
    ) -> Result<Flow, Error> {
        match exchange.stage {
            Stage::Abort(wait, cause) => self.await_abort(registers, wait, cause, now),
            _ if exchange.cancelled => Err(Error::Cancelled),
            Stage::Begin if self.distrusted || self.policy.abort_first => self.abort(registers, None, now),
            Stage::Begin => self.await_free(registers, Wait::new(now, FREE_TIME, FIRST_POLL_INTERVAL), now),
            Stage::Blocked(wait) => self.await_free(registers, wait, now),
            Stage::Write { done } => self.write(registers, exchange, done, now),
            Stage::Sent => self.await_answer(registers, exchange, Wait::open(FIRST_POLL_INTERVAL), now),
            Stage::Await(wait) => {
                let wait = wait.bounded(now, ANSWER_TIME, exchange.interval());
                self.await_answer(registers, exchange, wait, now)
            }
            Stage::Read { done, total } => self.read(registers, done, total, now),
        }
    }

    /// What stands in the mailbox before we write belongs to someone, and is waited for: by polling, as no interrupt
    /// tells that Busy has fallen (PCIe 6.2, 6.30.3). Error alone does not: it holds nothing that an abort could
    /// destroy, and nobody can use the mailbox before one.
    fn await_free<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        mut wait: Wait,
        now: Instant,
    ) -> Result<Flow, Error> {
        let status = registers.status(Phase::Begin)?;
        let holder = match status {
            s if s.contains(Status::BUSY) => Holder::Busy,
            s if s.contains(Status::ERROR) => return Err(Error::Faulted(Phase::Begin)),
            s if s.contains(Status::READY) => Holder::UnreadAnswer,
            _ => return Ok(Flow::Go(Stage::Write { done: 0 })),
        };
        let leftover = self.policy.single_agent && holder == Holder::UnreadAnswer;
        if !leftover && !wait.is_over(now) {
            let at = wait.next(now);
            return Ok(Flow::Yield(Stage::Blocked(wait), at));
        }
        bump(&mut self.statistics.unread_answers, holder == Holder::UnreadAnswer);
        if self.policy.single_agent {
            return self.abort(registers, None, now);
        }
        bump(&mut self.statistics.blocked, true);
        Err(Error::Blocked(holder))
    }

    fn write<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        exchange: &Exchange,
        done: u32,
        now: Instant,
    ) -> Result<Flow, Error> {
        if done == 0 {
            exchange.header.encode().into_iter().try_for_each(|dword| registers.append(dword))?;
        }
        let total = exchange.header.dwords();
        let end = total.min(done.saturating_add(BUDGET));
        let portion = byte_offset(done)..byte_offset(end).min(exchange.length);
        for chunk in self.buffer.as_ref().get(portion).unwrap_or_default().chunks(4) {
            let mut bytes = [0; 4];
            bytes.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            registers.append(u32::from_le_bytes(bytes))?;
        }
        if end < total {
            return Ok(Flow::Yield(Stage::Write { done: end }, now));
        }
        self.go(registers, exchange)
    }

    /// The request is whole. Interrupt Enable stands in the same register, so GO sets or clears it as well.
    fn go<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        exchange: &Exchange,
    ) -> Result<Flow, Error> {
        let mut control = Control::GO;
        control.set(Control::INTERRUPT_ENABLE, exchange.interrupt);
        registers.control(control, Phase::Write)?;
        bump(&mut self.statistics.sent, true);
        Ok(Flow::Go(Stage::Sent))
    }

    fn await_answer<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        exchange: &Exchange,
        mut wait: Wait,
        now: Instant,
    ) -> Result<Flow, Error> {
        let status = registers.status(Phase::Await)?;
        if status.contains(Status::ERROR) {
            return Err(Error::Faulted(Phase::Await));
        }
        if status.contains(Status::READY) {
            if exchange.interrupt && status.contains(Status::INTERRUPT) {
                registers.clear_interrupt()?;
            }
            return self.read_header(registers, exchange);
        }
        if wait.is_over(now) {
            return Err(Error::Timeout);
        }
        let at = wait.next(now);
        Ok(Flow::Yield(Stage::Await(wait), at))
    }

    fn read_header<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        exchange: &Exchange,
    ) -> Result<Flow, Error> {
        let first = registers.peek()?;
        registers.acknowledge()?;
        let second = registers.peek()?;
        let header = self.check_header(exchange, first, second);
        if header.map_or(true, |header| header.dwords() == MIN_DWORDS) {
            // The last DW, or no header: what a mailbox shows that has failed, vanished or run dry is none, and then
            // that is the reason.
            registers.expect_ready()?;
        }
        let header = header?;
        self.answer_protocol = header.protocol;
        registers.acknowledge()?;
        Ok(Flow::Go(Stage::Read { done: MIN_DWORDS, total: header.dwords() }))
    }

    fn check_header(&self, exchange: &Exchange, first: u32, second: u32) -> Result<Header, Error> {
        let header = Header::decode(first, second).map_err(|_| Error::BadLength)?;
        let (expected, seen) = (exchange.header.protocol, header.protocol);
        if expected != seen && exchange.alternative != Some(seen) {
            return Err(Error::WrongProtocol { expected, seen });
        }
        let (expected, seen) = (exchange.header.connection, header.connection);
        if expected != seen {
            return Err(Error::WrongConnection { expected, seen });
        }
        let (length, room) = (header.payload_len(), self.buffer.as_ref().len());
        if length > room { Err(Error::TooLong { length, room }) } else { Ok(header) }
    }

    fn read<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        done: u32,
        total: u32,
        now: Instant,
    ) -> Result<Flow, Error> {
        let end = total.min(done.saturating_add(BUDGET));
        // `check_header` has made sure of the room.
        let slots = self.buffer.as_mut().get_mut(byte_offset(done)..byte_offset(end)).unwrap_or_default();
        let last = slots.len().checked_sub(4).filter(|_| end == total);
        for (index, slot) in slots.chunks_exact_mut(4).enumerate() {
            slot.copy_from_slice(&registers.peek()?.to_le_bytes());
            if last == Some(index.saturating_mul(4)) {
                registers.expect_ready()?;
            }
            registers.acknowledge()?;
        }
        if end < total {
            return Ok(Flow::Yield(Stage::Read { done: end, total }, now));
        }
        self.finish(registers, byte_offset(total))
    }

    fn finish<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        length: usize,
    ) -> Result<Flow, Error> {
        match registers.status(Phase::Read)? {
            s if s.contains(Status::ERROR) => Err(Error::Faulted(Phase::Read)),
            s if s.contains(Status::READY) => Err(Error::Overrun),
            _ => {
                bump(&mut self.statistics.answered, true);
                Ok(Flow::End(State::Answered(length), Ok(Step::Answered)))
            }
        }
    }

    fn abort<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        cause: Option<Error>,
        now: Instant,
    ) -> Result<Flow, Error> {
        registers.control(Control::ABORT, Phase::Abort)?;
        bump(&mut self.statistics.aborts, true);
        // A device may take a moment to show Busy: the first look comes one interval later, as in Linux.
        let mut wait = Wait::new(now, ABORT_TIME, POLL_INTERVAL);
        let at = wait.next(now);
        Ok(Flow::Yield(Stage::Abort(wait, cause), at))
    }

    fn await_abort<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        mut wait: Wait,
        cause: Option<Error>,
        now: Instant,
    ) -> Result<Flow, Error> {
        let status = registers.status(Phase::Abort)?;
        if !status.intersects(Status::BUSY | Status::ERROR | Status::READY) {
            self.distrusted = false;
            return Ok(
                cause.map_or(Flow::Go(Stage::Write { done: 0 }), |error| Flow::End(State::Idle, Err(error)))
            );
        }
        if wait.is_over(now) {
            return Ok(Flow::End(State::Dead, Err(cause.unwrap_or(Error::Dead))));
        }
        let at = wait.next(now);
        Ok(Flow::Yield(Stage::Abort(wait, cause), at))
    }

    /// After a failure: aborts what we ourselves have begun, and leaves alone what we have not or cannot reach.
    fn recover<C: ConfigSpace>(
        &mut self,
        registers: &mut Registers<'_, C>,
        stage: Stage,
        error: Error,
        now: Instant,
    ) -> Flow {
        let ours = !matches!(stage, Stage::Begin | Stage::Blocked(_));
        let unreachable = matches!(error, Error::Access { .. });
        if unreachable || !ours && !matches!(error, Error::Faulted(_)) {
            self.distrusted |= ours;
            return Flow::End(State::Idle, Err(error));
        }
        self.abort(registers, Some(error), now).unwrap_or_else(|_| {
            self.distrusted = true;
            Flow::End(State::Idle, Err(error))
        })
    }
}

/// Where the payload of an object has got to after `dwords` of it, in bytes.
fn byte_offset(dwords: u32) -> usize {
    usize::try_from(dwords.saturating_sub(MIN_DWORDS).saturating_mul(4)).unwrap_or(usize::MAX)
}

fn bump(counter: &mut u32, by: bool) {
    *counter = counter.saturating_add(u32::from(by));
}

/// One exchange, blocking: submits `request`, drives the mailbox on `clock` until it ends, and returns the payload of
/// the answer.
///
/// # Errors
/// As [`Mailbox::send`] and [`Mailbox::advance`].
pub fn exchange<'m, B, C>(
    mailbox: &'m mut Mailbox<B>,
    config: &mut C,
    clock: &impl Clock,
    request: &Request<'_>,
) -> Result<&'m [u8], Error>
where
    B: AsRef<[u8]> + AsMut<[u8]>,
    C: ConfigSpace,
{
    mailbox.send(request)?;
    while let Step::Wait(until) = mailbox.advance(config, clock.now())? {
        clock.wait_until(until);
    }
    Ok(mailbox.answer())
}
