//! Secured messages, opened with the secrets of a key log.

use std::fmt;

use lanewarden_spdm::binding::{ApplicationHead, Binding};
use lanewarden_spdm::crypto::{AeadAlgorithm, Provider};
use lanewarden_spdm::session::{Channel, Protection, RecordForm, Secret, SessionHash, UNLIMITED};

use crate::capture::{Connection, Direction};
use crate::keylog::{KeyLog, Phase};

/// The most sessions that are kept in mind; then the one that has been silent for longest is forgotten.
const MOST_SESSIONS: usize = 64;
/// The most secrets of one direction of a session that are tried on a record.
const MOST_TRIED: usize = 32;
/// How many records in a row may be missing, or not open, until a direction is lost.
const MOST_MISSING: u64 = 8;

/// A secured message, and what is known of it.
pub struct Sealed<'a> {
    pub connection: Connection,
    pub session: u32,
    /// What its transport chose.
    pub binding: Binding,
    /// Which way it goes, as far as is known without opening it.
    pub direction: Direction,
    pub hash: SessionHash,
    pub aead: AeadAlgorithm,
    pub protection: Protection,
    pub bytes: &'a [u8],
}

/// What was in it.
pub struct Opened {
    /// Which way it goes: by whose secret opened it.
    pub direction: Direction,
    /// With the head that the transport has inside of records.
    pub application: Vec<u8>,
    /// Of which part of the session its secret is, and how often the secret has been updated.
    pub phase: Phase,
    pub updates: u32,
}

/// Opens secured messages; the provider behind it is not seen.
pub trait Open: fmt::Debug {
    /// Opens a message.
    ///
    /// # Errors
    /// Why it stays closed.
    fn open(&mut self, sealed: &Sealed<'_>) -> Result<Opened, &'static str>;
}

/// Opens secured messages with a key log.
pub struct Opener<P: Provider> {
    provider: P,
    log: KeyLog,
    /// The one that was last heard of comes last.
    sessions: Vec<Session<P::Aead>>,
}

struct Session<A> {
    connection: Connection,
    id: u32,
    requester: Way<A>,
    responder: Way<A>,
}

/// One direction of a session.
struct Way<A> {
    keys: Option<Keys<A>>,
    /// Where in the key log the secrets begin that have not been in use yet: none comes again.
    from: usize,
}

struct Keys<A> {
    secret: Secret,
    channel: Channel<A>,
    phase: Phase,
    updates: u32,
}

/// The ways to get at the keys of a record, in the order in which they are tried.
#[derive(Clone, Copy)]
enum Attempt {
    /// With those in use.
    Same,
    /// With those of the next secret: after a KEY_UPDATE.
    Updated,
    /// With those of a secret of the key log: a session begins, or is established.
    Logged,
    /// With those of the one after it: both sides' keys were updated before this side said anything under its first.
    LoggedUpdated,
    /// With those in use, after records that are missing or did not open. The first under a secret has to be there.
    Later,
}

const ATTEMPTS: [Attempt; 5] =
    [Attempt::Same, Attempt::Updated, Attempt::Logged, Attempt::LoggedUpdated, Attempt::Later];

impl<P: Provider> Opener<P> {
    /// One with this key log.
    pub const fn new(provider: P, log: KeyLog) -> Self {
        Self { provider, log, sessions: Vec::new() }
    }

    fn session(&mut self, connection: Connection, id: u32) -> Session<P::Aead> {
        let known = self.sessions.iter().position(|one| one.connection == connection && one.id == id);
        if known.is_none() && self.sessions.len() >= MOST_SESSIONS {
            self.sessions.remove(0);
        }
        let way = || Way { keys: None, from: 0 };
        let new = || Session { connection, id, requester: way(), responder: way() };
        known.map_or_else(new, |place| self.sessions.remove(place))
    }
}

impl<P: Provider> Open for Opener<P> {
    fn open(&mut self, sealed: &Sealed<'_>) -> Result<Opened, &'static str> {
        if !self.log.knows(sealed.session) {
            return Err("the key log has no secret of this session");
        }
        let mut session = self.session(sealed.connection, sealed.session);
        let opened = ATTEMPTS.iter().find_map(|attempt| {
            let other = match sealed.direction {
                Direction::ToResponder => Direction::ToRequester,
                Direction::ToRequester => Direction::ToResponder,
            };
            [sealed.direction, other].into_iter().find_map(|direction| {
                let way = match direction {
                    Direction::ToResponder => &mut session.requester,
                    Direction::ToRequester => &mut session.responder,
                };
                let application = self.attempt(*attempt, way, direction, sealed)?;
                let (phase, updates) = way.keys.as_ref().map(|keys| (keys.phase, keys.updates))?;
                Some(Opened { direction, application, phase, updates })
            })
        });
        self.sessions.push(session);
        opened.ok_or("no secret in the key log opens it")
    }
}

impl<P: Provider> Opener<P> {
    /// Gives what is inside, where the attempt goes well; then its keys are the ones in use.
    fn attempt(
        &self,
        attempt: Attempt,
        way: &mut Way<P::Aead>,
        direction: Direction,
        sealed: &Sealed<'_>,
    ) -> Option<Vec<u8>> {
        match attempt {
            Attempt::Same => way.keys.as_mut()?.open(sealed),
            Attempt::Updated => {
                let keys = way.keys.as_ref()?;
                let secret = keys.secret.next(&self.provider)?;
                let updates = keys.updates.saturating_add(1);
                let mut next = self.keys(secret, sealed, keys.phase, updates, 0)?;
                let application = next.open(sealed)?;
                way.keys = Some(next);
                Some(application)
            }
            Attempt::Logged => self.attempt_logged(way, direction, sealed, 0),
            Attempt::LoggedUpdated => self.attempt_logged(way, direction, sealed, 1),
            Attempt::Later => {
                let keys = way.keys.as_ref()?;
                let next = keys.channel.sequence()?;
                let (keys, application) = (1..=MOST_MISSING).find_map(|missing| {
                    let sequence = next.checked_add(missing)?;
                    let mut later =
                        self.keys(keys.secret.clone(), sealed, keys.phase, keys.updates, sequence)?;
                    let application = later.open(sealed)?;
                    Some((later, application))
                })?;
                way.keys = Some(keys);
                Some(application)
            }
        }
    }

    /// With the secrets of the key log, updated so often.
    fn attempt_logged(
        &self,
        way: &mut Way<P::Aead>,
        direction: Direction,
        sealed: &Sealed<'_>,
        updates: u32,
    ) -> Option<Vec<u8>> {
        let logged = self.log.secrets(sealed.session, direction, way.from).take(MOST_TRIED);
        let mut updatable = logged.filter(|(_, phase, _)| updates == 0 || *phase == Phase::Application);
        let (place, keys, application) = updatable.find_map(|(place, phase, bytes)| {
            let first = Secret::from_bytes(sealed.hash, bytes)?;
            let secret = (0..updates).try_fold(first, |secret, _| secret.next(&self.provider))?;
            let mut keys = self.keys(secret, sealed, phase, updates, 0)?;
            let application = keys.open(sealed)?;
            Some((place, keys, application))
        })?;
        *way = Way { keys: Some(keys), from: place.saturating_add(1) };
        Some(application)
    }

    fn keys(
        &self,
        secret: Secret,
        sealed: &Sealed<'_>,
        phase: Phase,
        updates: u32,
        sequence: u64,
    ) -> Option<Keys<P::Aead>> {
        let keys = secret.traffic_keys(&self.provider, sealed.aead)?;
        let channel = match sequence {
            0 => Channel::new(keys, UNLIMITED),
            _ => Channel::new_at(keys, sequence),
        };
        Some(Keys { secret, channel, phase, updates })
    }
}

impl<A: lanewarden_spdm::crypto::Aead> Keys<A> {
    fn open(&mut self, sealed: &Sealed<'_>) -> Option<Vec<u8>> {
        // What is inside need not be SPDM.
        let binding = Binding { application: ApplicationHead::None, ..sealed.binding };
        let form = RecordForm { binding, protection: sealed.protection };
        let mut record = sealed.bytes.to_vec();
        let inside = self.channel.open(&form, sealed.session, &mut record).ok()?;
        record.get(inside).map(<[u8]>::to_vec)
    }
}

impl<P: Provider> fmt::Debug for Opener<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Opener");
        shown.field("log", &self.log).field("sessions", &self.sessions.len()).finish_non_exhaustive()
    }
}
