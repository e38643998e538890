//! Who is next at one mailbox: round robin by client, urgent ones first.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use lanewarden_time::Instant;

use crate::{Ask, ClientId, RequestId, Urgency};

/// Empty lines that are kept for the next client that comes, so that a queue in use allocates nothing.
const SPARE: usize = 8;

/// A request that waits for its turn.
#[derive(Clone, Debug)]
pub(crate) struct Waiting<Q> {
    pub request: RequestId,
    /// When it is refused if its turn has not come.
    pub until: Instant,
    pub want: Want<Q>,
}

#[derive(Clone, Debug)]
pub(crate) enum Want<Q> {
    Exchange(Ask<Q>),
    Claim,
}

/// What one client waits for, in its own order.
#[derive(Clone, Debug)]
pub(crate) struct Line<Q> {
    pub client: ClientId,
    pub waiting: VecDeque<Waiting<Q>>,
}

/// Lines, in the order of their turns.
#[derive(Clone, Debug)]
pub(crate) struct Lane<Q> {
    pub lines: VecDeque<Line<Q>>,
    /// Whose turn was the last, if it was one of this lane.
    pub turn: Option<ClientId>,
    spare: Vec<VecDeque<Waiting<Q>>>,
}

/// The two lanes of a mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Queue<Q> {
    pub urgent: Lane<Q>,
    pub normal: Lane<Q>,
    /// Urgent turns that were taken in a row while others waited.
    pub in_a_row: u8,
}

impl<Q> Lane<Q> {
    const fn new() -> Self {
        Self { lines: VecDeque::new(), turn: None, spare: Vec::new() }
    }

    /// While the last turn `is_on`, whoever has it comes after everybody who asks: it may have more to ask already, and who
    /// asks one thing at a time would be overtaken while it reads its answer.
    fn push(&mut self, client: ClientId, waiting: Waiting<Q>, is_on: bool) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.client == client) {
            return line.waiting.push_back(waiting);
        }
        // Most ask for one thing at a time, and a machine has many mailboxes.
        let waiting_line = self.spare.pop().unwrap_or_else(|| VecDeque::with_capacity(1));
        let mut line = Line { client, waiting: waiting_line };
        line.waiting.push_back(waiting);
        let comes_after = is_on && self.lines.back().is_some_and(|last| self.turn == Some(last.client));
        self.lines.insert(self.lines.len().saturating_sub(usize::from(comes_after)), line);
    }

    /// The first request of the line at `place`, which then is the last to have another turn.
    fn pop(&mut self, place: usize) -> Option<(ClientId, Waiting<Q>)> {
        let mut line = self.lines.remove(place)?;
        let (client, first) = (line.client, line.waiting.pop_front());
        self.turn = Some(client);
        if line.waiting.is_empty() {
            self.keep(line.waiting);
        } else {
            self.lines.push_back(line);
        }
        Some((client, first?))
    }

    /// The first line that asks for an exchange next.
    fn exchange(&self) -> Option<usize> {
        let next = |line: &Line<Q>| line.waiting.front().is_some_and(|waiting| waiting.is_exchange());
        self.lines.iter().position(next)
    }

    fn keep(&mut self, empty: VecDeque<Waiting<Q>>) {
        if self.spare.len() < SPARE {
            self.spare.push(empty);
        }
    }

    /// Takes out the first that `which` holds for.
    fn take(&mut self, which: &impl Fn(ClientId, &Waiting<Q>) -> bool) -> Option<(ClientId, Waiting<Q>)> {
        let (place, index) = self.lines.iter().enumerate().find_map(|(place, line)| {
            let index = line.waiting.iter().position(|waiting| which(line.client, waiting))?;
            Some((place, index))
        })?;
        let line = self.lines.get_mut(place)?;
        let (client, waiting) = (line.client, line.waiting.remove(index)?);
        if line.waiting.is_empty()
            && let Some(line) = self.lines.remove(place)
        {
            self.keep(line.waiting);
        }
        Some((client, waiting))
    }
}

impl<Q> Queue<Q> {
    pub const fn new() -> Self {
        Self { urgent: Lane::new(), normal: Lane::new(), in_a_row: 0 }
    }

    /// `is_on` tells that the last turn is not over yet.
    pub fn push(&mut self, client: ClientId, urgency: Urgency, waiting: Waiting<Q>, is_on: bool) {
        match urgency {
            Urgency::Urgent => self.urgent.push(client, waiting, is_on),
            Urgency::Normal => self.normal.push(client, waiting, is_on),
        }
    }

    /// Takes the next turn: an urgent one, unless `in_a_row` of them have passed others by. Then an exchange goes in
    /// between; a claim does not, as it may last.
    pub fn pop(&mut self, in_a_row: u8) -> Option<(ClientId, Urgency, Waiting<Q>)> {
        let between = self.normal.exchange().filter(|_| self.in_a_row >= in_a_row);
        let place = if self.urgent.lines.is_empty() { Some(0) } else { between };
        let Some(place) = place else { return self.pop_urgent(in_a_row) };
        self.in_a_row = 0;
        self.urgent.turn = None;
        let (client, waiting) = self.normal.pop(place)?;
        Some((client, Urgency::Normal, waiting))
    }

    /// Somebody has the mailbox without a turn.
    pub fn no_turn(&mut self) {
        (self.urgent.turn, self.normal.turn) = (None, None);
    }

    /// Takes the next urgent turn.
    pub fn pop_urgent(&mut self, in_a_row: u8) -> Option<(ClientId, Urgency, Waiting<Q>)> {
        let (client, waiting) = self.urgent.pop(0)?;
        self.normal.turn = None;
        let others_wait = !self.normal.lines.is_empty();
        self.in_a_row = if others_wait { self.in_a_row.saturating_add(1).min(in_a_row) } else { 0 };
        Some((client, Urgency::Urgent, waiting))
    }

    /// Takes out the first that `which` holds for, urgent ones before others.
    pub fn take(&mut self, which: impl Fn(ClientId, &Waiting<Q>) -> bool) -> Option<(ClientId, Waiting<Q>)> {
        self.urgent.take(&which).or_else(|| self.normal.take(&which))
    }

    pub fn is_empty(&self) -> bool {
        self.urgent.lines.is_empty() && self.normal.lines.is_empty()
    }

    /// Whether anybody but this client waits.
    pub fn has_other_than(&self, client: ClientId) -> bool {
        let mut lines = self.urgent.lines.iter().chain(&self.normal.lines);
        lines.any(|line| line.client != client)
    }

    /// Everything that waits, urgent ones first, otherwise in no order of turns.
    pub fn iter(&self) -> impl Iterator<Item = (ClientId, &Waiting<Q>)> {
        let lines = self.urgent.lines.iter().chain(&self.normal.lines);
        lines.flat_map(|line| line.waiting.iter().map(|waiting| (line.client, waiting)))
    }
}

impl<Q> Waiting<Q> {
    pub const fn is_exchange(&self) -> bool {
        matches!(self.want, Want::Exchange(_))
    }
}
