//! The fault plan of one mailbox, and what it does to answers.

use std::time::Duration;

use lanewarden_doe::Protocol;
use lanewarden_time::Instant;

use crate::handler::Reply;
use crate::random::Random;
use crate::scenario::{FaultKind, When};

/// A line of the plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub when: When,
    pub protocol: Option<Protocol>,
    pub kind: FaultKind,
}

/// The plan, and how far it has got.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    lines: Vec<Line>,
    /// For each line, whether what happens once has happened.
    done: Vec<bool>,
    /// The exchange that has begun last.
    begun: u32,
    /// What is in force from the beginning of that exchange.
    in_force: Vec<FaultKind>,
    /// What spoils the answer of the object received last.
    spoiling: Vec<FaultKind>,
    /// Objects received so far of each protocol that a line counts.
    counts: Vec<(Protocol, u32)>,
    hold: Option<Hold>,
    /// When a stranger collects its answer.
    collection: Option<Instant>,
}

/// Another agent has the mailbox.
#[derive(Clone, Copy, Debug)]
struct Hold {
    until: Option<Instant>,
    through_abort: bool,
}

impl Faults {
    pub fn add(&mut self, line: Line) {
        self.lines.push(line);
        self.done.push(false);
    }

    /// What befalls an exchange from its beginning, besides what holds already. Empty if it has begun before and
    /// nothing new is due.
    pub fn begin(&mut self, exchange: u32, now: Instant, random: &mut Random) -> Vec<FaultKind> {
        let mut new = Vec::new();
        if self.begun != exchange {
            self.begun = exchange;
            let lines = self.lines.iter().filter(|line| line.kind.is_before_object());
            let chosen = lines.filter(|line| chosen(line.when, exchange, random));
            self.in_force = chosen.map(|line| line.kind).collect();
            self.spoiling.clear();
            new.clone_from(&self.in_force);
        }
        for (line, done) in self.lines.iter().zip(&mut self.done) {
            if happens_once(line) && !*done && is_past(line.when, now) {
                *done = true;
                new.push(line.kind);
            }
        }
        new
    }

    /// What spoils the answer to an object.
    pub fn spoil(
        &mut self,
        exchange: u32,
        protocol: Protocol,
        now: Instant,
        random: &mut Random,
    ) -> &[FaultKind] {
        let of_protocol = self.count(protocol);
        let lines = self.lines.iter().filter(|line| !line.kind.is_before_object());
        let lines = lines.filter(|line| line.protocol.is_none_or(|of| of == protocol));
        let chosen = lines.filter(|line| {
            let number = if line.protocol.is_some() { of_protocol } else { exchange };
            chosen(line.when, number, random) || is_past(line.when, now)
        });
        self.spoiling = chosen.map(|line| line.kind).collect();
        &self.spoiling
    }

    fn count(&mut self, protocol: Protocol) -> u32 {
        match self.counts.iter_mut().find(|(of, _)| *of == protocol) {
            Some((_, count)) => {
                *count = count.saturating_add(1);
                *count
            }
            None => {
                self.counts.push((protocol, 1));
                1
            }
        }
    }

    pub fn spoiling(&self) -> &[FaultKind] {
        &self.spoiling
    }

    /// What is in force before the object is known, by exchange or by time.
    fn standing(&self, now: Instant) -> impl Iterator<Item = FaultKind> + '_ {
        let timed = self.lines.iter().filter(move |line| line.kind.is_before_object() && !happens_once(line));
        let timed = timed.filter(move |line| is_past(line.when, now)).map(|line| line.kind);
        self.in_force.iter().copied().chain(timed)
    }

    /// After how many DWs of an object Error is set.
    pub fn error_while_writing(&self, now: Instant) -> Option<u32> {
        self.standing(now).find_map(|kind| match kind {
            FaultKind::ErrorWhileWriting { after_dwords } => Some(after_dwords),
            _ => None,
        })
    }

    /// How long an abort takes, where the plan says so.
    pub fn abort_time(&self, now: Instant) -> Option<Duration> {
        self.standing(now).find_map(|kind| match kind {
            FaultKind::SlowAbort { ms } => Some(Duration::from_millis(ms)),
            FaultKind::EndlessAbort => Some(Duration::MAX),
            _ => None,
        })
    }

    /// An abort ends what other agents have in the mailbox too.
    pub fn abort(&mut self) {
        self.collection = None;
        self.hold = self.hold.filter(|hold| hold.through_abort);
    }

    /// A reset ends all of it.
    pub fn release(&mut self) {
        (self.collection, self.hold) = (None, None);
    }

    /// Another agent takes the mailbox.
    pub fn hold(&mut self, kind: &FaultKind, now: Instant) {
        if let FaultKind::ForeignBusy { for_ms, through_abort } = *kind {
            let start = self.moment(kind).unwrap_or(now);
            let until = for_ms.map(|ms| start + Duration::from_millis(ms));
            self.hold = Some(Hold { until, through_abort });
        }
    }

    /// A stranger's answer lies in the mailbox.
    pub fn stranger_answers(&mut self, kind: &FaultKind, now: Instant) {
        if let FaultKind::UnreadAnswer { collected_after_ms, .. } = *kind {
            let start = self.moment(kind).unwrap_or(now);
            self.collection = collected_after_ms.map(|ms| start + Duration::from_millis(ms));
        }
    }

    /// When a line that goes by time takes hold.
    fn moment(&self, kind: &FaultKind) -> Option<Instant> {
        self.lines.iter().find_map(|line| match line.when {
            When::AfterMs(ms) if line.kind == *kind => Some(Instant::from_millis(ms)),
            _ => None,
        })
    }

    /// Whether another agent has the mailbox now.
    pub fn is_held(&mut self, now: Instant) -> bool {
        self.hold = self.hold.filter(|hold| hold.until.is_none_or(|until| until > now));
        self.is_holding()
    }

    pub fn is_holding(&self) -> bool {
        self.hold.is_some()
    }

    /// Whether a stranger collects its answer now.
    pub fn take_collection(&mut self, now: Instant) -> bool {
        let due = self.collection.is_some_and(|at| at <= now);
        if due {
            self.collection = None;
        }
        due
    }
}

/// Whether an exchange is one of those. What goes by time is not decided here.
fn chosen(when: When, exchange: u32, random: &mut Random) -> bool {
    match when {
        When::Always => true,
        When::Exchange(number) => number == exchange,
        When::Percent(chance) => random.below(100) < u64::from(chance),
        When::AfterMs(_) => false,
    }
}

fn is_past(when: When, now: Instant) -> bool {
    matches!(when, When::AfterMs(ms) if Instant::from_millis(ms) <= now)
}

/// What another agent does at a certain time, it does once.
const fn happens_once(line: &Line) -> bool {
    let agent = matches!(
        line.kind,
        FaultKind::ForeignBusy { .. } | FaultKind::UnreadAnswer { .. } | FaultKind::ErrorAtStart
    );
    agent && matches!(line.when, When::AfterMs(_))
}

/// How long the answer takes, where the plan says so.
pub(super) fn lateness(spoiling: &[FaultKind]) -> Option<Duration> {
    spoiling.iter().find_map(|kind| match *kind {
        FaultKind::LateAnswer { ms } => Some(Duration::from_millis(ms)),
        _ => None,
    })
}

/// The request that the device takes the one it got for.
pub(super) fn other_entry(payload: &[u8], spoiling: &[FaultKind]) -> Vec<u8> {
    let mut payload = payload.to_vec();
    if spoiling.contains(&FaultKind::OtherEntry)
        && let Some(handle) = payload.get_mut(2)
    {
        *handle = handle.wrapping_add(1);
    }
    payload
}

/// Spoils what an answer says, in a way that its object remains sound.
pub(super) fn spoil_reply(reply: &mut Reply, protocol: Protocol, request: &[u8], spoiling: &[FaultKind]) {
    for kind in spoiling {
        match kind {
            FaultKind::Discarded => *reply = Reply::Discard,
            FaultKind::ErrorInsteadOfAnswer => *reply = Reply::Fail,
            _ => {}
        }
        let Reply::Answer { payload, .. } = reply else { continue };
        if protocol == Protocol::CXL_TABLE_ACCESS {
            spoil_entry(payload, request, kind);
        } else if protocol == Protocol::DISCOVERY && *kind == FaultKind::HandleLoop {
            // Next index 0 would be the end of the list.
            let index = request.first().copied().unwrap_or(0).max(1);
            if let Some(next) = payload.get_mut(3) {
                *next = index;
            }
        }
    }
}

fn spoil_entry(payload: &mut [u8], request: &[u8], kind: &FaultKind) {
    let asked = request.get(2..4).and_then(|handle| <[u8; 2]>::try_from(handle).ok()).unwrap_or_default();
    let next = match kind {
        FaultKind::HandleLoop => asked,
        FaultKind::ShortTable => [0xff; 2],
        FaultKind::BadChecksum if asked == [0; 2] => {
            if let Some(checksum) = payload.get_mut(9) {
                *checksum = checksum.wrapping_add(1);
            }
            return;
        }
        _ => return,
    };
    if let Some(field) = payload.get_mut(2..4) {
        field.copy_from_slice(&next);
    }
}

/// Spoils the object itself.
pub(super) fn spoil_object(object: &mut Vec<u8>, spoiling: &[FaultKind]) {
    for kind in spoiling {
        match *kind {
            FaultKind::WrongProtocol { protocol } => {
                let [low, high] = protocol.0.vendor.to_le_bytes();
                put(object, 0, [low, high, protocol.0.kind, 0]);
            }
            FaultKind::WrongLength { by } => {
                let named =
                    object.get(4..8).and_then(|field| field.try_into().ok()).map_or(0, u32::from_le_bytes);
                let kept = named & !0x3_ffff;
                put(object, 4, (named.wrapping_add_signed(by) & 0x3_ffff | kept).to_le_bytes());
            }
            FaultKind::OversizedLength => put(object, 4, 0x3_ffff_u32.to_le_bytes()),
            FaultKind::ZeroLength => put(object, 4, [0; 4]),
            FaultKind::LengthOne => put(object, 4, [1, 0, 0, 0]),
            FaultKind::Truncated { dwords } => object.truncate(super::bytes(dwords.max(1))),
            _ => {}
        }
    }
}

fn put(object: &mut [u8], at: usize, value: [u8; 4]) {
    if let Some(field) = object.get_mut(at..at.saturating_add(4)) {
        field.copy_from_slice(&value);
    }
}
