//! A session as one side has it: its secrets, its two directions, and how far it is.

use core::fmt;
use core::ops::Range;
use core::time::Duration;

use lanewarden_crypto::{Aead, AeadAlgorithm, Digest, Hash, Provider};
use lanewarden_time::Instant;
use zeroize::Zeroize;

use crate::transcript::Record;

use super::{Channel, Directions, HandshakeSecret, OpenError, RecordForm, SealError, Secret, SessionHash};
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
    /// What its messages are protected with; `None` before it has begun.
    outgoing: Option<Way<P::Aead>>,
    incoming: Option<Way<P::Aead>>,
    /// Whether the peer has been told to send with new keys, or has said that it will.
    expects_renewed: bool,
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
}

/// One direction: its secret, and what seals or opens with it.
struct Way<A> {
    secret: Secret,
    channel: Channel<A>,
}

impl<A: Aead> Way<A> {
    #[inline(never)]
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
    /// A session takes its seat. It has no keys until it [begins](Self::begin), and cannot be found by its number; what is
    /// said of it counts already.
    // It is large, and made where it stays.
    #[inline(never)]
    pub(crate) fn reserve(
        seat: &mut Option<Self>,
        own: Side,
        terms: Terms,
        secret: HandshakeSecret,
        transcript: P::Hash,
    ) -> &mut Self {
        let stage = Stage::Handshake(Handshake { transcript, secret });
        let (heard, notes) = (Instant::ORIGIN, Notes::default());
        let (outgoing, incoming) = (None, None);
        seat.insert(Self { terms, own, stage, outgoing, incoming, expects_renewed: false, heard, notes })
    }

    /// It begins: its keys are derived from what was said, which is TH1. `None` where the provider lacks what was agreed
    /// on.
    #[inline(never)]
    pub(crate) fn begin(&mut self, provider: &P, now: Instant) -> Option<()> {
        let Stage::Handshake(handshake) = &self.stage else { return None };
        let secrets = handshake.secret.directions(provider, &handshake.transcript.fork(&[]))?;
        self.protect(provider, secrets)?;
        self.heard = now;
        Some(())
    }

    /// Messages go under keys that are derived from these secrets.
    #[inline(never)]
    fn protect(&mut self, provider: &P, secrets: Directions<Secret>) -> Option<()> {
        let (outgoing, incoming) = secrets.split(self.own);
        self.incoming = Some(Way::new(provider, incoming, &self.terms)?);
        self.outgoing = Some(Way::new(provider, outgoing, &self.terms)?);
        Some(())
    }

    /// Whether it has begun.
    pub(crate) const fn has_begun(&self) -> bool {
        self.outgoing.is_some()
    }

    /// Lets the record know the secrets, where programs are built to do that.
    pub(crate) fn show_secrets(&self, record: &mut impl Record) {
        #[cfg(not(feature = "keylog"))]
        let _ = record;
        #[cfg(feature = "keylog")]
        {
            let (Some(outgoing), Some(incoming)) = (&self.outgoing, &self.incoming) else { return };
            let (own, peer) = (outgoing.secret.as_bytes(), incoming.secret.as_bytes());
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
        Some(handshake.transcript.fork(more))
    }

    /// The verify data that this side sends now.
    #[inline(never)]
    pub(crate) fn verify_data(&self, provider: &P) -> Option<Digest> {
        let key = self.outgoing.as_ref()?.secret.finished_key(provider)?;
        key.verify_data(provider, &self.transcript(&[])?)
    }

    /// Whether the peer's verify data is over what was said.
    #[inline(never)]
    pub(crate) fn verifies(&self, provider: &P, received: &[u8]) -> Option<bool> {
        let key = self.incoming.as_ref()?.secret.finished_key(provider)?;
        key.verifies(provider, &self.transcript(&[])?, received)
    }

    /// The handshake is over: what was said is TH2, and messages go under keys derived from it.
    #[inline(never)]
    pub(crate) fn establish(&mut self, provider: &P) -> Option<()> {
        let Stage::Handshake(handshake) = &self.stage else { return None };
        let secrets = handshake.secret.master(provider)?.directions(provider, &self.transcript(&[])?)?;
        self.protect(provider, secrets)?;
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
        self.outgoing = Some(self.outgoing.as_ref()?.next(provider, &self.terms)?);
        Some(())
    }

    /// The peer's messages come under new keys soon; those in use are kept until the first has come.
    pub(crate) const fn expect_renewed(&mut self) {
        self.expects_renewed = true;
    }

    /// Whether new keys are expected of the peer.
    pub(crate) const fn expects_renewed(&self) -> bool {
        self.expects_renewed
    }

    /// No new keys are expected any more.
    pub(crate) const fn keep_keys(&mut self) {
        self.expects_renewed = false;
    }

    /// Seals a message where it stands; see [`Channel::seal_content`].
    pub(crate) fn seal(
        &mut self,
        content: Content,
        buffer: &mut [u8],
        message: Range<usize>,
    ) -> Result<Range<usize>, SealError> {
        let outgoing = self.outgoing.as_mut().ok_or(SealError::Exhausted)?;
        outgoing.channel.seal_content(&self.terms.form, self.terms.id, content, buffer, message)
    }

    /// Turns the record that was sealed last back; see [`Channel::take_back`].
    pub(crate) fn take_back(&self, buffer: &mut [u8], record: Range<usize>) -> Option<Range<usize>> {
        self.outgoing.as_ref()?.channel.take_back(&self.terms.form, self.terms.id, buffer, record)
    }

    /// Opens a record where it stands. Where new keys are expected, they are tried first on what is short enough to be
    /// the first message under them; when it is, they are the ones in use.
    pub(crate) fn open(
        &mut self,
        provider: &P,
        now: Instant,
        record: &mut [u8],
    ) -> Result<Opened, OpenError> {
        if self.expects_renewed
            && let Some(message) = self.open_with_next(provider, record)
        {
            self.heard = now;
            return Ok(Opened { message, content: Content::Spdm, is_renewed: true });
        }
        let incoming = self.incoming.as_mut().ok_or(OpenError::Exhausted)?;
        let (content, message) = incoming.channel.open_content(&self.terms.form, self.terms.id, record)?;
        self.heard = now;
        Ok(Opened { message, content, is_renewed: false })
    }

    /// Next keys are derived anew for each record that may be under them: there are few, and a session that kept them would
    /// be larger for all its life.
    #[inline(never)]
    fn open_with_next(&mut self, provider: &P, record: &mut [u8]) -> Option<Range<usize>> {
        let mut room = [0; LONGEST_OF_NEXT];
        let copy = room.get_mut(..record.len())?;
        copy.copy_from_slice(record);
        let mut next = Some(self.incoming.as_ref()?.next(provider, &self.terms)?);
        let message = next.as_mut()?.channel.open(&self.terms.form, self.terms.id, copy);
        if message.is_ok() {
            record.copy_from_slice(copy);
            // What is moved leaves its bytes behind, what is dropped does not.
            core::mem::swap(&mut self.incoming, &mut next);
            self.expects_renewed = false;
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
