//! A session as one side has it: its secrets, its two directions, and how far it is.

use core::fmt;
use core::ops::Range;
use core::time::Duration;

use lanewarden_crypto::{AeadAlgorithm, Digest, Hash, Provider};
use lanewarden_time::Instant;
use zeroize::Zeroize;

use crate::transcript::Record;

use super::{
    Channel, Directions, FinishedKey, HandshakeSecret, OpenError, RecordForm, SealError, Secret, SessionHash,
};
use crate::binding::Content;
use crate::message::{MutualAuthentication, SessionPolicy};

/// Bytes of the longest record that is tried with keys which are not in use yet: what comes under them first is a
/// KEY_UPDATE or its acknowledgement, encapsulated or not, with all that a transport puts around it.
const LONGEST_OF_NEXT: usize = 96;

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The side that asks.
    Requester,
    /// The side that is asked.
    Responder,
}

impl<T> Directions<T> {
    /// What is of one side.
    pub(crate) const fn of(&self, side: Side) -> &T {
        match side {
            Side::Requester => &self.requester,
            Side::Responder => &self.responder,
        }
    }

    /// What this side sends with, and what it receives with.
    pub(crate) fn split(self, own: Side) -> (T, T) {
        match own {
            Side::Requester => (self.requester, self.responder),
            Side::Responder => (self.responder, self.requester),
        }
    }
}

/// What was agreed on for a session before it has keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Its number: the requester's half in the low 16 bits, the responder's in the high ones.
    pub id: u32,
    /// What its secrets are derived with.
    pub hash: SessionHash,
    /// Its cipher.
    pub aead: AeadAlgorithm,
    /// How its records look.
    pub form: RecordForm,
    /// Its keys protect 2 to the power of this many messages.
    pub limit: u8,
    /// Whether its handshake goes in the clear.
    pub in_the_clear: bool,
    /// Whether both sides know each other's secret from before.
    pub is_psk: bool,
    /// Within which time the requester is to be heard of; zero where it need not be.
    pub heartbeat: Duration,
}

/// A session.
pub struct Session<P: Provider> {
    pub(crate) terms: Terms,
    own: Side,
    stage: Stage<P::Hash>,
    outgoing: Way<P::Aead>,
    incoming: Way<P::Aead>,
    /// What the peer has been told to send with next, or has said that it will.
    next: Option<Way<P::Aead>>,
    /// When a record was opened or sealed last.
    pub(crate) heard: Instant,
    /// What the responder keeps of it besides.
    pub(crate) notes: Notes,
}

/// What a responder keeps of a session besides its secrets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notes {
    /// What the requester wants of the session.
    pub policy: SessionPolicy,
    /// How the requester is to prove who it is.
    pub mutual: MutualAuthentication,
    /// The slot and the digest of the chain that the requester has shown for it.
    pub shown: Option<(u8, Digest)>,
    /// Whether the requester has proven who it is.
    pub is_mutual: bool,
    /// Whether new keys of the requester's were acknowledged, and are still to be verified.
    pub is_updating: bool,
}

// Nothing is allocated here.
#[allow(clippy::large_enum_variant)]
enum Stage<H> {
    Handshake(Handshake<H>),
    /// What measurements in this session add up to.
    Established(Option<H>),
}

struct Handshake<H> {
    /// What has been said of it: TH.
    transcript: H,
    secret: HandshakeSecret,
    finished: Directions<FinishedKey>,
}

/// One direction: its secret, and what seals or opens with it.
struct Way<A> {
    secret: Secret,
    channel: Channel<A>,
}

impl<A: lanewarden_crypto::Aead> Way<A> {
    fn new<P: Provider<Aead = A>>(provider: &P, secret: Secret, terms: &Terms) -> Option<Self> {
        let keys = secret.traffic_keys(provider, terms.aead)?;
        Some(Self { secret, channel: Channel::new(keys, terms.limit) })
    }

    fn next<P: Provider<Aead = A>>(&self, provider: &P, terms: &Terms) -> Option<Self> {
        Self::new(provider, self.secret.next(provider)?, terms)
    }
}

/// A message in a record that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Where in the record it stands.
    pub message: Range<usize>,
    /// What it is.
    pub content: Content,
    /// Whether it came under new keys, the first time.
    pub is_renewed: bool,
}

impl<P: Provider> Session<P> {
    /// A session whose handshake has begun takes its seat. `transcript` has taken in what TH1 is over. `None` where the
    /// provider lacks what was agreed on.
    // It is large, and made where it stays.
    #[inline(never)]
    pub(crate) fn begin<'s>(
        seat: &'s mut Option<Self>,
        provider: &P,
        own: Side,
        terms: Terms,
        secret: HandshakeSecret,
        transcript: P::Hash,
        now: Instant,
    ) -> Option<&'s mut Self> {
        let secrets = secret.directions(provider, &transcript.clone().finish())?;
        let finished = Directions {
            requester: secrets.requester.finished_key(provider)?,
            responder: secrets.responder.finished_key(provider)?,
        };
        let (outgoing, incoming) = secrets.split(own);
        Some(seat.insert(Self {
            outgoing: Way::new(provider, outgoing, &terms)?,
            incoming: Way::new(provider, incoming, &terms)?,
            stage: Stage::Handshake(Handshake { transcript, secret, finished }),
            terms,
            own,
            next: None,
            heard: now,
            notes: Notes::default(),
        }))
    }

    /// Lets the record know the secrets, where programs are built to do that.
    pub(crate) fn show_secrets(&self, record: &mut impl Record) {
        #[cfg(not(feature = "keylog"))]
        let _ = record;
        #[cfg(feature = "keylog")]
        {
            let (own, peer) = (self.outgoing.secret.as_bytes(), self.incoming.secret.as_bytes());
            let (requester, responder) = match self.own {
                Side::Requester => (own, peer),
                Side::Responder => (peer, own),
            };
            record.secrets(self.terms.id, self.is_established(), requester, responder);
        }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.terms.id
    }

    /// Whether the handshake is over.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        matches!(self.stage, Stage::Established(_))
    }

    /// More was said in the handshake.
    pub(crate) fn said(&mut self, bytes: &[u8]) {
        if let Stage::Handshake(handshake) = &mut self.stage {
            handshake.transcript.update(bytes);
        }
    }

    /// The digest of what was said, with more at its end. `None` after the handshake.
    pub(crate) fn transcript(&self, more: &[&[u8]]) -> Option<Digest> {
        let Stage::Handshake(handshake) = &self.stage else { return None };
        let mut transcript = handshake.transcript.clone();
        more.iter().for_each(|bytes| transcript.update(bytes));
        Some(transcript.finish())
    }

    /// The verify data that a side sends now.
    pub(crate) fn verify_data(&self, provider: &P, of: Side) -> Option<Digest> {
        let Stage::Handshake(handshake) = &self.stage else { return None };
        handshake.finished.of(of).verify_data(provider, &self.transcript(&[])?)
    }

    /// Whether the peer's verify data is over what was said.
    pub(crate) fn verifies(&self, provider: &P, received: &[u8]) -> Option<bool> {
        let Stage::Handshake(handshake) = &self.stage else { return None };
        let peer = match self.own {
            Side::Requester => Side::Responder,
            Side::Responder => Side::Requester,
        };
        handshake.finished.of(peer).verifies(provider, &self.transcript(&[])?, received)
    }

    /// The handshake is over: what was said is TH2, and messages go under keys derived from it.
    pub(crate) fn establish(&mut self, provider: &P) -> Option<()> {
        let Stage::Handshake(handshake) = &self.stage else { return None };
        let secrets = handshake.secret.master(provider)?.directions(provider, &self.transcript(&[])?)?;
        let (outgoing, incoming) = secrets.split(self.own);
        self.outgoing = Way::new(provider, outgoing, &self.terms)?;
        self.incoming = Way::new(provider, incoming, &self.terms)?;
        self.stage = Stage::Established(None);
        Some(())
    }

    /// What measurements in this session add up to.
    pub(crate) const fn measurements(&mut self) -> Option<&mut Option<P::Hash>> {
        match &mut self.stage {
            Stage::Handshake(_) => None,
            Stage::Established(measurements) => Some(measurements),
        }
    }

    /// This side's messages go under new keys from now on (DSP0274 1.3, 10.21).
    pub(crate) fn renew_outgoing(&mut self, provider: &P) -> Option<()> {
        self.outgoing = self.outgoing.next(provider, &self.terms)?;
        Some(())
    }

    /// The peer's messages come under new keys soon; those in use are kept until the first has come.
    pub(crate) fn expect_renewed(&mut self, provider: &P) -> Option<()> {
        self.next = Some(self.incoming.next(provider, &self.terms)?);
        Some(())
    }

    /// Whether new keys are expected of the peer.
    pub(crate) const fn expects_renewed(&self) -> bool {
        self.next.is_some()
    }

    /// No new keys are expected any more.
    pub(crate) fn keep_keys(&mut self) {
        self.next = None;
    }

    /// Seals a message where it stands; see [`Channel::seal_content`].
    pub(crate) fn seal(
        &mut self,
        content: Content,
        buffer: &mut [u8],
        message: Range<usize>,
    ) -> Result<Range<usize>, SealError> {
        self.outgoing.channel.seal_content(&self.terms.form, self.terms.id, content, buffer, message)
    }

    /// Turns the record that was sealed last back; see [`Channel::take_back`].
    pub(crate) fn take_back(&self, buffer: &mut [u8], record: Range<usize>) -> Option<Range<usize>> {
        self.outgoing.channel.take_back(&self.terms.form, self.terms.id, buffer, record)
    }

    /// Opens a record where it stands. Where new keys are expected, they are tried first on what is short enough to be
    /// the first message under them; when it is, they are the ones in use.
    pub(crate) fn open(&mut self, now: Instant, record: &mut [u8]) -> Result<Opened, OpenError> {
        if let Some(message) = self.open_with_next(record) {
            self.heard = now;
            return Ok(Opened { message, content: Content::Spdm, is_renewed: true });
        }
        let (content, message) =
            self.incoming.channel.open_content(&self.terms.form, self.terms.id, record)?;
        self.heard = now;
        Ok(Opened { message, content, is_renewed: false })
    }

    fn open_with_next(&mut self, record: &mut [u8]) -> Option<Range<usize>> {
        let mut room = [0; LONGEST_OF_NEXT];
        let copy = room.get_mut(..record.len())?;
        copy.copy_from_slice(record);
        let next = self.next.as_mut()?;
        let message = next.channel.open(&self.terms.form, self.terms.id, copy);
        if message.is_ok() {
            record.copy_from_slice(copy);
            // What is taken leaves its bytes behind, what is dropped does not.
            core::mem::swap(&mut self.incoming, next);
            self.next = None;
        }
        room.zeroize();
        message.ok()
    }
}

impl<P: Provider> fmt::Debug for Session<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Session");
        shown.field("terms", &self.terms).field("established", &self.is_established()).finish_non_exhaustive()
    }
}
