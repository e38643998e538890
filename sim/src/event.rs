//! What happens in the machine, written down.

use std::collections::VecDeque;
use std::io::{self, Write};

use lanewarden_doe::Protocol;
use lanewarden_pci::Address;
use lanewarden_time::Instant;
use serde::{Serialize, Serializer};

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When, in nanoseconds of the virtual clock.
    #[serde(rename = "time_ns", serialize_with = "nanoseconds")]
    pub time: Instant,
    /// At which function.
    #[serde(serialize_with = "display")]
    pub address: Address,
    /// At which mailbox, by the offset of its capability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<u16>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// The host wrote a register of a mailbox.
    Write {
        /// Which one.
        register: Register,
        /// What it wrote.
        value: u32,
    },
    /// An object has arrived.
    Received {
        /// Its protocol.
        #[serde(serialize_with = "display")]
        protocol: Protocol,
        /// Its length with its header.
        dwords: u32,
    },
    /// An object has arrived and was dropped in silence: malformed, or one that nobody answers.
    Dropped,
    /// An answer was given.
    Answered {
        /// When the host will see it.
        #[serde(rename = "ready_ns", serialize_with = "nanoseconds")]
        ready: Instant,
        /// Its length with its header, as far as it is there.
        dwords: u32,
    },
    /// The device could not answer and set Error.
    Failed,
    /// The host aborts.
    Abort,
    /// A fault of the plan takes hold.
    Fault {
        /// Its name.
        kind: &'static str,
    },
    /// An interrupt message was sent.
    Interrupt {
        /// Its number.
        message: u16,
    },
    /// An interrupt was due, but there was no way for it: vectors not enabled, not bus master, or lost by the plan.
    InterruptLost {
        /// Its number.
        message: u16,
    },
    /// The function was reset.
    Reset,
    /// The function was pulled out.
    Removed,
}

/// A writable register of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Register {
    /// DOE Control.
    Control,
    /// DOE Status.
    Status,
    /// DOE Write Data Mailbox.
    WriteMailbox,
    /// DOE Read Data Mailbox.
    ReadMailbox,
}

fn nanoseconds<S: Serializer>(time: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.since_origin().as_nanos()).unwrap_or(u64::MAX))
}

fn display<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Writes events as JSON, one to a line.
///
/// # Errors
/// Where `out` fails.
pub fn write_events(events: &[Event], out: &mut impl Write) -> io::Result<()> {
    for event in events {
        serde_json::to_writer(&mut *out, event)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The latest events, at most so many.
#[derive(Debug, Default)]
pub(crate) struct Log {
    events: VecDeque<Event>,
    capacity: usize,
    dropped: u64,
}

impl Log {
    /// Keeps the latest `capacity` events from now on; none for 0.
    pub fn keep(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.events.len() > capacity {
            self.events.pop_front();
        }
    }

    pub fn add(&mut self, event: impl FnOnce() -> Event) {
        if self.capacity == 0 {
            return;
        }
        if self.events.len() >= self.capacity {
            self.events.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.events.push_back(event());
    }

    pub fn take(&mut self) -> Vec<Event> {
        self.events.drain(..).collect()
    }

    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(millis: u64, what: What) -> Event {
        let address = Address::new(0, 0xc, 0, 0).unwrap();
        Event { time: Instant::from_millis(millis), address, mailbox: Some(0x190), what }
    }

    #[test]
    fn an_event_is_a_line_of_json() {
        let protocol = Protocol::CXL_TABLE_ACCESS;
        let events = [
            event(0, What::Write { register: Register::WriteMailbox, value: 3 }),
            event(1, What::Received { protocol, dwords: 3 }),
            event(2, What::Answered { ready: Instant::from_millis(3), dwords: 7 }),
            event(3, What::Fault { kind: "slow_abort" }),
            Event { mailbox: None, ..event(4, What::Removed) },
        ];
        let mut out = Vec::new();
        write_events(&events, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        {"time_ns":0,"address":"0000:0c:00.0","mailbox":400,"event":"write","register":"write_mailbox","value":3}
        {"time_ns":1000000,"address":"0000:0c:00.0","mailbox":400,"event":"received","protocol":"1e98:02","dwords":3}
        {"time_ns":2000000,"address":"0000:0c:00.0","mailbox":400,"event":"answered","ready_ns":3000000,"dwords":7}
        {"time_ns":3000000,"address":"0000:0c:00.0","mailbox":400,"event":"fault","kind":"slow_abort"}
        {"time_ns":4000000,"address":"0000:0c:00.0","event":"removed"}
        "#);
    }

    #[test]
    fn a_log_keeps_the_latest_and_nothing_unless_asked() {
        let mut log = Log::default();
        log.add(|| event(0, What::Abort));
        assert_eq!(log.take(), []);
        log.keep(2);
        (1..=3).for_each(|time| log.add(|| event(time, What::Abort)));
        assert_eq!((log.dropped(), log.take().len()), (1, 2));
    }
}
