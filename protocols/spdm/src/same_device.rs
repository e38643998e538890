//! Whether a device that comes back, from a reset or from a sleep without power, is the one that was there: it signs a
//! fresh session with the key that was pinned when it was first authenticated, over the same measurements.
//!
//! It takes five exchanges, from GET_VERSION to FINISH, and no certificate. This side checks one signature and derives
//! one secret; its half of the key exchange can be [prepared ahead](Requester::prepare_exchange). Nothing is asked of
//! anybody else, and nothing is allocated. What is left is an open session, for whatever keys are to be restored.
//!
//! # Driving contract
//! As of a [requester]: [`SameDevice::poll`] says what to do, [`SameDevice::receive`] takes answers,
//! and [`SameDevice::verdict`] is there once there is nothing more to do.

use core::fmt;

use lanewarden_crypto::{AeadAlgorithm, Digest, Group, HashAlgorithm, SignatureAlgorithm};

use crate::binding::MessageKind;
use crate::connection::Connection;
use crate::error::{Error, Reason};
use crate::message::{MeasurementHash, SessionPolicy, SummaryKind};
use crate::requester::{self, Endpoint, Event, KeyOf, PeerKey, Requester, SessionRequest, Step};
use crate::{Instant, Version};

/// What is remembered of a device that was authenticated.
#[derive(Clone, Debug)]
pub struct Pinned<K> {
    /// The slot whose key it proved to have.
    pub slot: u8,
    /// That key, and the digest of its chain.
    pub peer: PeerKey<K>,
    /// What was agreed on.
    pub algorithms: Algorithms,
    /// Which measurements are summed up.
    pub summary_kind: SummaryKind,
    /// The digest over them.
    pub summary: Digest,
}

/// What was agreed on with a device, as far as it says what its proofs are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithms {
    /// The version.
    pub version: Version,
    /// The hash.
    pub hash: HashAlgorithm,
    /// The device's signatures.
    pub signature: Option<SignatureAlgorithm>,
    /// How its measurements are made.
    pub measurement_hash: Option<MeasurementHash>,
    /// In what keys are exchanged.
    pub group: Option<Group>,
    /// The cipher of sessions.
    pub aead: Option<AeadAlgorithm>,
}

impl From<&Connection> for Algorithms {
    fn from(connection: &Connection) -> Self {
        let Connection { version, hash, signature, measurement_hash, group, aead, .. } = *connection;
        Self { version, hash, signature, measurement_hash, group, aead }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the same device with the same measurements; the session of this number is open.
    Same(u32),
    /// It is the same device, and its measurements are others; the session of this number is open.
    Changed(u32),
    /// It does not have the key, or agrees on something else than it did: it is another device, or one that is not to be
    /// told from another.
    Different,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connect,
    Exchange,
    /// Whether the measurements are the same.
    Finish {
        is_same: bool,
    },
    Over(Option<Verdict>),
}

/// The check.
pub struct SameDevice<'r, E: Endpoint, B> {
    requester: &'r mut Requester<E, B>,
    slot: u8,
    algorithms: Algorithms,
    summary_kind: SummaryKind,
    summary: Digest,
    stage: Stage,
    pinned: Option<PeerKey<KeyOf<E>>>,
}

impl<E: Endpoint, B> fmt::Debug for SameDevice<'_, E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SameDevice").field("stage", &self.stage).finish_non_exhaustive()
    }
}

impl<'r, E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> SameDevice<'r, E, B>
where
    KeyOf<E>: Clone,
{
    /// Begins. Whatever the requester had agreed on with the device is forgotten.
    ///
    /// # Errors
    /// [`Misuse::InWork`](crate::Misuse::InWork).
    pub fn begin(requester: &'r mut Requester<E, B>, pinned: &Pinned<KeyOf<E>>) -> Result<Self, Error> {
        requester.connect()?;
        let Pinned { slot, peer, algorithms, summary_kind, summary } = pinned;
        Ok(Self {
            requester,
            slot: *slot,
            algorithms: *algorithms,
            summary_kind: *summary_kind,
            summary: *summary,
            stage: Stage::Connect,
            pinned: Some(peer.clone()),
        })
    }

    /// What came of it; `None` before it is over, and where it failed.
    pub const fn verdict(&self) -> Option<Verdict> {
        match self.stage {
            Stage::Over(verdict) => verdict,
            _ => None,
        }
    }

    /// What to do next.
    ///
    /// # Errors
    /// As [`Requester::poll`]; the check has failed, and says nothing about the device.
    pub fn poll(&mut self, now: Instant) -> Result<Step<'_>, Error> {
        match self.stage {
            Stage::Over(_) => Ok(Step::Idle),
            _ => self.requester.poll(now),
        }
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// As [`Requester::receive`]. A proof that does not hold is no error but a verdict.
    pub fn receive(&mut self, now: Instant, kind: MessageKind, answer: &mut [u8]) -> Result<(), Error> {
        let next = match self.requester.receive(now, kind, answer) {
            Ok(event) => next(self.stage, &event, &self.summary),
            Err(Error { reason: Reason::WrongSignature, .. }) => Stage::Over(Some(Verdict::Different)),
            Err(error) => {
                self.stage = Stage::Over(None);
                return Err(error);
            }
        };
        self.stage = next;
        if next == Stage::Exchange && self.pinned.is_some() { self.exchange() } else { Ok(()) }
    }

    /// It has agreed on something: on the same, or there is nothing to compare.
    fn exchange(&mut self) -> Result<(), Error> {
        let agreed = self.requester.connection().map(Algorithms::from);
        let Some(peer) = self.pinned.take().filter(|_| agreed == Some(self.algorithms)) else {
            self.stage = Stage::Over(Some(Verdict::Different));
            return Ok(());
        };
        self.requester.pin(self.slot, peer);
        let wanted =
            SessionRequest { slot: self.slot, summary: self.summary_kind, policy: SessionPolicy::empty() };
        self.requester.key_exchange(wanted).inspect_err(|_| self.stage = Stage::Over(None))
    }
}

fn next(stage: Stage, event: &Event<'_>, summary: &Digest) -> Stage {
    match (stage, event) {
        (Stage::Connect, Event::Connected) => Stage::Exchange,
        (Stage::Exchange, Event::Exchanged(exchanged)) => {
            let seen = Digest::new(summary.algorithm(), exchanged.summary);
            Stage::Finish { is_same: seen.is_some_and(|seen| seen == *summary) }
        }
        (Stage::Finish { is_same }, Event::Opened(id)) => {
            Stage::Over(Some(if is_same { Verdict::Same(*id) } else { Verdict::Changed(*id) }))
        }
        (stage, _) => stage,
    }
}

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> SameDevice<'_, E, B>
where
    KeyOf<E>: Clone,
{
    /// The blocking loop over that; see [`requester::run`].
    ///
    /// # Errors
    /// [`requester::RunError`].
    pub fn run<T: requester::Transport>(
        mut self,
        transport: &mut T,
        clock: &impl lanewarden_time::Clock,
        answer: &mut [u8],
    ) -> Result<Verdict, requester::RunError<T::Error>> {
        loop {
            let sent = match self.poll(clock.now()).map_err(requester::RunError::Spdm)? {
                Step::Send { kind, message, within } => transport.exchange(kind, message, answer, within),
                Step::Wait(until) => {
                    clock.wait_until(until);
                    continue;
                }
                // The verdict is there; an error would have come before.
                Step::Idle | Step::Receive => return Ok(self.verdict().unwrap_or(Verdict::Different)),
            };
            let (kind, length) = sent.map_err(|error| {
                self.requester.abandon();
                requester::RunError::Transport(error)
            })?;
            let received = answer.get_mut(..length).unwrap_or_default();
            self.receive(clock.now(), kind, received).map_err(requester::RunError::Spdm)?;
        }
    }
}
