//! `org.lanewarden.Status1`: who uses what, and what happens. Changes nothing.

use std::time::Duration;

use lanewarden_broker as broker;
use lanewarden_broker::{Condition, What, Who};
use lanewarden_pci::Address;
use serde::{Deserialize, Serialize};

use crate::Call;
use crate::machine::address;

/// The most functions in one reply to [`Status`].
pub const MOST_DEVICES: usize = 500;

/// Who uses what. With `more` all functions come, in as many replies as it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Of this function only.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "address::optional")]
    pub address: Option<Address>,
}

impl Call for Status {
    const METHOD: &'static str = "org.lanewarden.Status1.Status";
    type Reply = Report;
}

/// Who uses what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The daemon's version.
    pub version: String,
    /// Its process id.
    pub process: u32,
    /// How long it has run, in milliseconds.
    pub uptime_ms: u64,
    /// What it found left over when it started.
    pub findings: Vec<String>,
    /// Who is connected, oldest first; in the first reply of several.
    pub clients: Vec<Client>,
    /// Functions with mailboxes, by address, [`MOST_DEVICES`] at most.
    pub devices: Vec<Device>,
    /// How many functions come after these, if any do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub further: Option<u64>,
    /// Counts since the start.
    pub statistics: Statistics,
}

impl Report {
    /// Splits what is too long for one reply into several, in order.
    pub fn replies(mut self) -> impl Iterator<Item = Self> {
        let mut left = std::mem::take(&mut self.devices);
        let mut next = Some(self);
        std::iter::from_fn(move || {
            let mut reply = next.take()?;
            let rest = left.split_off(left.len().min(MOST_DEVICES));
            reply.devices = std::mem::replace(&mut left, rest);
            reply.further = (!left.is_empty()).then(|| left.len().try_into().unwrap_or(u64::MAX));
            next = reply.further.map(|_| Self {
                version: reply.version.clone(),
                findings: Vec::new(),
                clients: Vec::new(),
                devices: Vec::new(),
                ..reply
            });
            Some(reply)
        })
    }

    /// Puts the next reply of several to those before.
    pub fn append(&mut self, next: Self) {
        self.devices.extend(next.devices);
        self.further = next.further;
    }
}

/// A program that is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its number.
    pub client: u64,
    /// Its user id; absent for the daemon itself.
    pub user: Option<u32>,
    /// Its process id.
    pub process: Option<u32>,
    /// How many requests it waits for.
    pub requests: u64,
    /// How many answers it has not collected.
    pub uncollected: u64,
    /// How many bytes all of these bind.
    pub bytes: u64,
    /// It has lost its turns and claims since it does not collect.
    pub stalled: bool,
}

/// A function with mailboxes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Where it is.
    #[serde(with = "address")]
    pub address: Address,
    /// Which of those that have been there.
    pub generation: u64,
    /// Who has its configuration space alone.
    pub lock: Option<Lock>,
    /// How many wait for that.
    pub waiting_for_lock: u64,
    /// Its mailboxes.
    pub mailboxes: Vec<Mailbox>,
}

/// Who has configuration space alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The client.
    pub client: u64,
    /// For how long at most, in milliseconds.
    pub remaining_ms: u64,
}

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The offset of its capability.
    pub mailbox: u16,
    /// `idle`, `busy`, `blocked`, `firmware` or `dead`.
    pub state: String,
    /// `clean`, `strangers` or `touched`.
    pub condition: String,
    /// The exchange that is under way.
    pub running: Option<Running>,
    /// Who has it as its own.
    pub owner: Option<Owner>,
    /// How many requests wait for it.
    pub waiting: u64,
}

/// An exchange that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its number.
    pub request: u64,
    /// Who gets the answer.
    pub client: Option<u64>,
}

/// Who has a mailbox as its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The client.
    pub client: u64,
    /// The claim's number.
    pub claim: u64,
    /// It is detached rather than claimed.
    pub detached: bool,
    /// How long nothing was said on it, in milliseconds.
    pub silent_ms: u64,
    /// Others wait.
    pub contended: bool,
}

/// Counts since the start of the daemon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Exchanges that were begun.
    pub started: u64,
    /// Exchanges that brought an answer.
    pub answered: u64,
    /// Claims and locks that were lost.
    pub lost: u64,
    /// Refusals: not now.
    pub busy: u64,
    /// Refusals: had to yield.
    pub preempted: u64,
    /// Refusals: ended by a client or an abort.
    pub cancelled: u64,
    /// Refusals: a dead mailbox.
    pub dead: u64,
    /// Refusals: may not be.
    pub denied: u64,
    /// Refusals: a device that is gone.
    pub gone: u64,
    /// Exchanges that failed.
    pub failed: u64,
}

/// What happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitor {}

impl Call for Monitor {
    const METHOD: &'static str = "org.lanewarden.Status1.Monitor";
    type Reply = Events;
}

/// What has happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// In order.
    pub events: Vec<Event>,
}

/// Something that has happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its place among all; a gap is events that were dropped.
    pub number: u64,
    /// When, in milliseconds since the daemon started.
    pub time_ms: u64,
    /// What, in one word.
    pub event: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Of which device there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The offset of a mailbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<u16>,
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<u64>,
    /// Its user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
    /// Its process id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
    /// Which request or claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// Of which protocol, as `1e98:02`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn user_and_process(who: Who) -> (Option<u32>, Option<u32>) {
    match who {
        Who::Internal => (None, None),
        Who::User { user, process, .. } => (Some(user), Some(process)),
    }
}

impl From<&broker::ClientStatus> for Client {
    fn from(status: &broker::ClientStatus) -> Self {
        let (user, process) = user_and_process(status.who);
        Self {
            client: status.client.number(),
            user,
            process,
            requests: count(status.requests),
            uncollected: count(status.uncollected),
            bytes: count(status.bytes),
            stalled: status.stalled,
        }
    }
}

impl From<&broker::FunctionStatus> for Device {
    fn from(status: &broker::FunctionStatus) -> Self {
        let lock = status
            .lock
            .map(|(client, remaining)| Lock { client: client.number(), remaining_ms: millis(remaining) });
        Self {
            address: status.device.address,
            generation: status.device.generation.number(),
            lock,
            waiting_for_lock: count(status.waiting),
            mailboxes: status.mailboxes.iter().map(Into::into).collect(),
        }
    }
}

impl From<&broker::MailboxStatus> for Mailbox {
    fn from(status: &broker::MailboxStatus) -> Self {
        let state = match status {
            _ if status.dead => "dead",
            _ if status.blocked => "blocked",
            _ if status.firmware => "firmware",
            _ if status.running.is_some() => "busy",
            _ => "idle",
        };
        let condition = match status.condition {
            Condition::Clean => "clean",
            Condition::Strangers => "strangers",
            Condition::Touched => "touched",
        };
        Self {
            mailbox: status.instance.mailbox.offset,
            state: state.to_owned(),
            condition: condition.to_owned(),
            running: status.running.map(|(request, client)| Running {
                request: request.number(),
                client: client.map(broker::ClientId::number),
            }),
            owner: status.owner.map(Into::into),
            waiting: count(status.waiting),
        }
    }
}

impl From<broker::Owner> for Owner {
    fn from(owner: broker::Owner) -> Self {
        Self {
            client: owner.client.number(),
            claim: owner.request.number(),
            detached: owner.detached,
            silent_ms: millis(owner.silent),
            contended: owner.contended,
        }
    }
}

impl From<broker::Statistics> for Statistics {
    fn from(counts: broker::Statistics) -> Self {
        let broker::Statistics {
            started,
            answered,
            lost,
            busy,
            preempted,
            cancelled,
            dead,
            denied,
            gone,
            failed,
        } = counts;
        Self { started, answered, lost, busy, preempted, cancelled, dead, denied, gone, failed }
    }
}

impl From<&broker::Event> for Event {
    fn from(event: &broker::Event) -> Self {
        let time_ms = millis(event.at.since_origin());
        Self { number: event.number, time_ms, ..Self::of(event.what) }
    }
}

impl Event {
    fn named(event: &str) -> Self {
        Self { event: event.to_owned(), ..Self::default() }
    }

    fn at(self, device: broker::Device) -> Self {
        let (address, generation) = (device.address.to_string(), device.generation.number());
        Self { address: Some(address), generation: Some(generation), ..self }
    }

    fn on(self, instance: broker::Instance) -> Self {
        Self { mailbox: Some(instance.mailbox.offset), ..self.at(instance.device()) }
    }

    fn of_client(self, client: broker::ClientId) -> Self {
        Self { client: Some(client.number()), ..self }
    }

    fn of_request(self, request: broker::RequestId) -> Self {
        Self { request: Some(request.number()), ..self }
    }

    fn since(self, reason: impl ToString) -> Self {
        Self { reason: Some(reason.to_string()), ..self }
    }

    fn since_any(self, reason: Option<impl ToString>) -> Self {
        Self { reason: reason.map(|reason| reason.to_string()), ..self }
    }

    fn of(what: What) -> Self {
        let held = |event, instance, client, request| {
            Self::named(event).on(instance).of_client(client).of_request(request)
        };
        match what {
            What::Connected(client, who) => {
                let (user, process) = user_and_process(who);
                Self { user, process, ..Self::named("connected").of_client(client) }
            }
            What::Disconnected(client) => Self::named("disconnected").of_client(client),
            What::Stalled(client) => Self::named("stalled").of_client(client),
            What::Recovered(client) => Self::named("recovered").of_client(client),
            What::Arrived(device) => Self::named("arrived").at(device),
            What::Vanished(device) => Self::named("vanished").at(device),
            What::Refused(client, device, why) => {
                let refused = Self::named("refused").of_client(client).since(why);
                device.map_or(refused.clone(), |device| refused.at(device))
            }
            What::Started(instance, client, request, protocol) => {
                let protocol = Some(protocol.to_string());
                Self { protocol, ..held("started", instance, client, request) }
            }
            What::Answered(instance, client, request) => {
                let answered = Self::named("answered").on(instance).of_request(request);
                client.map_or(answered.clone(), |client| answered.of_client(client))
            }
            What::Failed(device, client, request, why) => {
                Self::named("failed").at(device).of_client(client).of_request(request).since(why)
            }
            What::Stale(mailbox, request) => {
                let (address, mailbox) = (Some(mailbox.address.to_string()), Some(mailbox.offset));
                Self { address, mailbox, ..Self::named("stale").of_request(request) }
            }
            What::Overdue(instance, request) => Self::named("overdue").on(instance).of_request(request),
            What::Dead(instance) => Self::named("dead").on(instance),
            What::Blocked(instance, holder) => Self::named("blocked").on(instance).since(holder),
            What::Claimed(instance, client, request) => held("claimed", instance, client, request),
            What::Released(instance, client, request) => held("released", instance, client, request),
            What::Lost(instance, client, request, loss) => {
                held("lost", instance, client, request).since(loss)
            }
            What::Detached(instance, client, request) => held("detached", instance, client, request),
            What::Attached(instance, client, request, loss) => {
                held("attached", instance, client, request).since_any(loss)
            }
            What::Locked(device, client, request) => {
                Self::named("locked").at(device).of_client(client).of_request(request)
            }
            What::Unlocked(device, client, request, loss) => {
                Self::named("unlocked").at(device).of_client(client).of_request(request).since_any(loss)
            }
            What::Aborted(instance, client) => Self::named("aborted").on(instance).of_client(client),
        }
    }
}
