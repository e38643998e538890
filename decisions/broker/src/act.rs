//! What goes in and what comes out.

use core::time::Duration;

use lanewarden_doe::Protocol;

use crate::{ClientId, Instance, Loss, Refusal, RequestId};

/// Whether something goes before others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Urgency {
    /// In its turn.
    #[default]
    Normal,
    /// Before all that is normal, whose claims end: for a reset and for a resume.
    Urgent,
}

/// One exchange that a client asks for. `Q` is its payload, which the broker only hands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask<Q> {
    pub(crate) instance: Instance,
    pub(crate) protocol: Protocol,
    pub(crate) payload: Q,
    pub(crate) bytes: usize,
    pub(crate) raw: bool,
    pub(crate) urgency: Urgency,
    pub(crate) patience: Duration,
}

impl<Q> Ask<Q> {
    /// A request of `protocol` on `instance`. `bytes` is what it binds while it is under way: the length of the payload
    /// and of the longest answer.
    #[must_use]
    pub const fn new(instance: Instance, protocol: Protocol, payload: Q, bytes: usize) -> Self {
        let (raw, urgency, patience) = (false, Urgency::Normal, Duration::MAX);
        Self { instance, protocol, payload, bytes, raw, urgency, patience }
    }

    /// The same past the calls for protocols, for those who may (row B19). Needs no claim.
    #[must_use]
    pub fn raw(self) -> Self {
        Self { raw: true, ..self }
    }

    /// The same, urgent.
    #[must_use]
    pub fn urgent(self) -> Self {
        Self { urgency: Urgency::Urgent, ..self }
    }

    /// The same, waiting for its turn no longer than this; not at all with zero.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

/// What is known of a mailbox that a device arrives with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Nothing stands in it.
    #[default]
    Clean,
    /// Somebody's exchange may be under way in it, as after a restart: Busy, or an answer that nobody has read. It is
    /// waited for and never aborted, until an exchange has gone well.
    Strangers,
    /// What stands in it is ours, as after a reset by this host or raw writes by one of our clients: it is aborted
    /// before the next exchange.
    Touched,
}

/// What the caller has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act<Q, A> {
    /// Begin this exchange, and report it with [`crate::Broker::completed`] whatever comes of it.
    Start {
        /// On which mailbox.
        instance: Instance,
        /// By this name.
        request: RequestId,
        /// Of which protocol.
        protocol: Protocol,
        /// With this payload.
        payload: Q,
        /// With [`Condition::Touched`] call [`lanewarden_doe::Mailbox::distrust`] first; with
        /// [`Condition::Strangers`] do not act as the single agent ([`lanewarden_doe::Policy::single_agent`]).
        condition: Condition,
    },
    /// Break this exchange off ([`lanewarden_doe::Mailbox::cancel`]); it is reported all the same, when it has stopped.
    Stop {
        /// On which mailbox.
        instance: Instance,
        /// Its name.
        request: RequestId,
    },
    /// The one answer to a request for an exchange, or the one refusal of any request. Tell the client, and say
    /// [`crate::Broker::collected`] once it has it.
    Answer {
        /// Whom to tell.
        client: ClientId,
        /// Which request.
        request: RequestId,
        /// What came of it.
        result: Result<A, Refusal>,
    },
    /// The one answer to a request for a claim, a detachment or a lock: it is held from now on. To be told and
    /// collected as an answer is.
    Granted {
        /// Whom to tell.
        client: ClientId,
        /// Which request.
        request: RequestId,
    },
    /// What was granted has ended without its client's doing.
    Ended {
        /// Whom to tell.
        client: ClientId,
        /// What has ended.
        request: RequestId,
        /// Why.
        loss: Loss,
    },
}

/// An answer that a device gave. `A` is its payload, which the broker only hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<A> {
    /// The payload.
    pub payload: A,
    /// Its length in bytes, for the client's account.
    pub bytes: usize,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<A> {
    /// With an answer.
    Answered(Reply<A>),
    /// With an error; the mailbox is idle again.
    Failed(lanewarden_doe::Error),
    /// With a dead mailbox ([`lanewarden_doe::Mailbox::is_dead`]).
    Dead,
}
