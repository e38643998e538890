//! One responder, with all that is peculiar about it.

use std::time::Duration;

use lanewarden_crypto::{Curve, RsaSize, SignatureAlgorithm};
use lanewarden_identity::GenerateError;
use lanewarden_rustcrypto::PrivateKeyError;
use lanewarden_sim::scenario::Misbehaviour;
use lanewarden_sim::{Reply, SpdmDevice};
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::{Binding, MessageKind};
use lanewarden_spdm::responder::{Endpoint, Parts, Responder, Settings};
use lanewarden_spdm::session::{RecordForm, Seat, Sessions, seats};

use crate::authorities::Authorities;
use crate::keys::Keys;
use crate::measured::Measured;
use crate::misbehaviour::Meddler;
use crate::random::{Repeatable, Stream};

/// The least of what is long, in bytes: messages that come in chunks may have half of the buffer.
const LEAST_BUFFER: usize = 32 << 10;
/// Sessions that each has room for.
const SEATS: usize = 4;
/// The shortest message at once that a device may have to do with.
const SHORTEST: u32 = 64;
/// What goes at once from a device whose chunks are too long, so that there are some.
const CHUNKED: u32 = 128;

/// Why there is no responder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MakeError {
    #[error(transparent)]
    Identity(#[from] GenerateError),
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
}

/// `S` is room for sessions.
type Attesting<S> = Responder<Parts<Repeatable, Keys, Measured, (), (), S>, Vec<u8>>;
type Plain = Responder<Parts<Repeatable>, Vec<u8>>;

enum Core {
    Attesting(Box<Attesting<()>>),
    /// At a mailbox that carries secured messages too.
    OpeningSessions(Box<Attesting<[Seat<Repeatable>; SEATS]>>),
    /// Has nothing to prove anything with.
    Plain(Box<Plain>),
}

/// A responder and who stands between it and the mailbox.
pub(crate) struct Device {
    core: Core,
    meddler: Option<Meddler>,
    answer_time: Duration,
    signing_time: Duration,
}

impl Device {
    /// `connection` tells several at one mailbox apart. With sessions where the mailbox carries their messages.
    pub fn new(
        device: &SpdmDevice,
        authorities: &Authorities,
        connection: u16,
        has_sessions: bool,
    ) -> Result<Self, MakeError> {
        let seed = authorities.seed();
        let place = format!("{} {:x} {connection:x}", device.mailbox.address, device.mailbox.offset);
        let provider = Repeatable(Stream::new(seed, &format!("nonces {place}")));
        let settings = settings(device, has_sessions);
        let transfer = usize::try_from(settings.transfer_size).unwrap_or(usize::MAX);
        let buffer = vec![0; transfer.saturating_mul(2).max(LEAST_BUFFER)];
        let core = if device.spdm.attests {
            let identity = authorities.issue(device)?;
            let random = Stream::new(seed, &format!("signatures {place}"));
            let identities = Keys::new(&identity, &device.spdm, random)?;
            let parts =
                Parts::new(provider).with_identities(identities).with_measurements(Measured::new(device));
            if has_sessions {
                let parts = parts.with_sessions(seats());
                Core::OpeningSessions(Box::new(Responder::new(parts, settings, buffer)))
            } else {
                Core::Attesting(Box::new(Responder::new(parts, settings, buffer)))
            }
        } else {
            Core::Plain(Box::new(Responder::new(Parts::new(provider), settings, buffer)))
        };
        let chance = Stream::new(seed, &format!("meddler {place}"));
        let meddler = device.spdm.misbehave.map(|what| Meddler::new(what, device.longest_message, chance));
        let signing_time = signing_time(device.spdm.algorithm.0);
        Ok(Self { core, meddler, answer_time: device.answer_time, signing_time })
    }

    /// Answers a message, in an object of the same kind.
    pub fn handle(&mut self, now: Instant, kind: MessageKind, message: &[u8]) -> Reply {
        let heard = match &mut self.meddler {
            Some(meddler) => meddler.hear(kind, message),
            None => Some(message.to_vec()),
        };
        let Some(mut heard) = heard else { return Reply::Discard };
        let (answer, has_signed) = self.core.respond(now, kind, &mut heard);
        let Some(mut answer) = answer else { return Reply::Discard };
        if let Some(meddler) = &mut self.meddler {
            meddler.tell(kind, &mut answer);
        }
        let after = has_signed.then(|| self.answer_time.saturating_add(self.signing_time));
        Reply::Answer { payload: answer, after }
    }

    /// As after power-on.
    pub fn reset(&mut self) {
        match &mut self.core {
            Core::Attesting(responder) => responder.reset(),
            Core::OpeningSessions(responder) => responder.reset(),
            Core::Plain(responder) => responder.reset(),
        }
    }
}

impl Core {
    /// The answer, and whether it took a signature.
    fn respond(&mut self, now: Instant, kind: MessageKind, message: &mut [u8]) -> (Option<Vec<u8>>, bool) {
        match self {
            Self::Attesting(responder) => attested(responder, now, kind, message),
            Self::OpeningSessions(responder) => attested(responder, now, kind, message),
            Self::Plain(responder) => (said(responder, now, kind, message), false),
        }
    }
}

fn attested<S: Sessions<Repeatable>>(
    responder: &mut Attesting<S>,
    now: Instant,
    kind: MessageKind,
    message: &mut [u8],
) -> (Option<Vec<u8>>, bool) {
    responder.parts_mut().measurements.prepare(kind, message);
    let answer = said(responder, now, kind, message);
    (answer, responder.parts_mut().identities.has_signed())
}

/// The answer is of the same kind as the message, as objects are.
fn said<E: Endpoint>(
    responder: &mut Responder<E, Vec<u8>>,
    now: Instant,
    kind: MessageKind,
    message: &mut [u8],
) -> Option<Vec<u8>> {
    let (_, answer) = responder.respond(now, kind, message).filter(|(of, _)| *of == kind)?;
    Some(answer.to_vec())
}

fn settings(device: &SpdmDevice, has_sessions: bool) -> Settings {
    let spdm = &device.spdm;
    let chunked = (spdm.misbehave == Some(Misbehaviour::OversizedChunk)).then_some(CHUNKED);
    // A record has to fit into the mailbox, too.
    let around = if has_sessions { u32::try_from(RecordForm::AROUND).unwrap_or(u32::MAX) } else { 0 };
    let longest = device.longest_message.saturating_sub(around).max(SHORTEST);
    Settings {
        versions: spdm.versions.iter().map(|name| name.0).collect(),
        asymmetric: spdm.algorithm.0.into(),
        hashes: spdm.hash.0.into(),
        transfer_size: spdm.transfer_size.or(chunked).unwrap_or(longest).min(longest),
        binding: Binding::DOE,
        heartbeat: spdm.heartbeat_s,
        ..Settings::default()
    }
}

/// About what a small controller takes.
const fn signing_time(algorithm: SignatureAlgorithm) -> Duration {
    Duration::from_millis(match algorithm {
        SignatureAlgorithm::Ed25519 => 2,
        SignatureAlgorithm::Ecdsa(Curve::P256) => 3,
        SignatureAlgorithm::Ecdsa(Curve::P384) => 8,
        SignatureAlgorithm::Ecdsa(Curve::P521) => 15,
        SignatureAlgorithm::RsaPkcs1(size) | SignatureAlgorithm::RsaPss(size) => match size {
            RsaSize::Bits2048 => 20,
            RsaSize::Bits3072 => 50,
            RsaSize::Bits4096 => 100,
        },
    })
}
