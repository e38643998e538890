//! Their requester in sessions with our responder.

use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, ensure};
use lanewarden_aws_lc::{AwsLc, VerifyingKey};
use lanewarden_crypto::{Digest, SignatureAlgorithm};
use lanewarden_net::emulator::{Command, ServerOptions, Transport, serve};
use lanewarden_net::{Ended, MessageKind, Responder as Answers, Stop, TransportError};
use lanewarden_spdm::Record;
use lanewarden_spdm::certificate::{AnchorList, ChainReader, NoRevocations, Rules};
use lanewarden_spdm::message::MutualAuthentication;
use lanewarden_spdm::responder::{Parts, PresharedKeys, Requesters, Responder, Settings};
use lanewarden_spdm::session::{Seat, seats};
use lanewarden_time::Clock;

use super::{PSK, Secret, SessionRun};
use crate::answering::{Source, introduce};
use crate::asking::{PATIENCE, Wall};
use crate::identities::Chains;
use crate::names;
use crate::program::Program;
use crate::scratch::Scratch;

/// Room for the longest answer, and twice that, for chunks.
const BUFFER: usize = 0x4000;

/// The key from before, to which the responder adds a context or not.
struct Shared<const CONTEXT: bool>;

impl<const CONTEXT: bool> PresharedKeys for Shared<CONTEXT> {
    const CONTEXT: bool = CONTEXT;

    fn key(&self, hint: &[u8]) -> Option<&[u8]> {
        (hint == PSK.hint).then_some(PSK.key)
    }
}

/// Trusts the requesters of one root, and knows the chain of one.
struct Trusted<'a> {
    anchors: AnchorList<'a>,
    provisioned: Vec<u8>,
    reader: Option<Reader<'a>>,
}

type Reader<'a> = ChainReader<AwsLc, AnchorList<'a>, NoRevocations, Vec<u8>>;

impl<'a> Trusted<'a> {
    fn reader(&self, digest: &Digest) -> Option<Reader<'a>> {
        let rules = Rules {
            role: lanewarden_spdm::certificate::Role::Requester,
            ..Rules::responder(digest.algorithm(), None)
        };
        ChainReader::new(AwsLc, self.anchors, NoRevocations, rules, vec![0; 0x1000]).ok()
    }
}

fn key(reader: Reader<'_>) -> Option<(Digest, VerifyingKey)> {
    let validated = reader.finish().ok()?;
    let leaf = validated.is_trusted().then_some(validated.leaf)?;
    Some((*leaf.chain_digest(), leaf.key().clone()))
}

impl Requesters<AwsLc> for Trusted<'_> {
    type Keep<T> = Option<T>;

    fn known(&mut self, _: u8, _: SignatureAlgorithm) -> Option<(Digest, VerifyingKey)> {
        if self.provisioned.is_empty() {
            return None;
        }
        let mut reader = self.reader(&Digest::new(lanewarden_crypto::HashAlgorithm::Sha384, &[0; 48])?)?;
        reader.push(&self.provisioned).ok()?;
        key(reader)
    }

    fn begin(&mut self, _: u8, digest: &Digest, _: SignatureAlgorithm) {
        self.reader = self.reader(digest);
    }

    fn portion(&mut self, bytes: &[u8]) -> bool {
        self.reader.as_mut().is_some_and(|reader| reader.push(bytes).is_ok())
    }

    fn finish(&mut self) -> Option<VerifyingKey> {
        self.reader.take().and_then(key).map(|(_, key)| key)
    }
}

type Made<'a, R, const CONTEXT: bool> =
    Parts<AwsLc, Chains, Source, (), R, [Seat<AwsLc>; 4], Shared<CONTEXT>, Trusted<'a>>;

/// Our responder, and how often it was asked.
struct Server<'a, R: Record, const CONTEXT: bool> {
    responder: Responder<Made<'a, R, CONTEXT>, Vec<u8>>,
    clock: Wall,
    requests: usize,
    /// How many came in sessions.
    secured: usize,
    failures: Vec<TransportError>,
}

impl<R: Record, const CONTEXT: bool> Answers for Server<'_, R, CONTEXT> {
    fn respond(
        &mut self,
        kind: MessageKind,
        request: &mut [u8],
        answer: &mut Vec<u8>,
    ) -> Option<MessageKind> {
        self.requests += 1;
        self.secured += usize::from(kind == MessageKind::Secured);
        let (kind, said) = self.responder.respond(self.clock.now(), kind, request)?;
        answer.extend(said);
        Some(kind)
    }

    fn connected(&mut self) {
        self.responder.reset();
    }

    fn disconnected(&mut self, why: Result<(), TransportError>) {
        self.failures.extend(why.err());
    }

    fn aside(&mut self, command: Command, payload: &[u8]) {
        if command == Command::KEY_UPDATE
            && let Ok(id) = payload.try_into().map(u32::from_le_bytes)
        {
            self.responder.ask_key_update(id);
        }
    }
}

/// Lets their requester do all that it does by itself with our responder. Returns how many requests came.
///
/// # Errors
/// What either side has against the other.
pub fn answer(emulators: &Path, run: &SessionRun) -> Result<usize> {
    answer_in(&Scratch::new(emulators)?, run, (), &[])
}

/// The same in this folder, with a record of ours and more options for their requester.
///
/// # Errors
/// What either side has against the other.
pub fn answer_in<R: Record + Send>(
    scratch: &Scratch,
    run: &SessionRun,
    record: R,
    more: &[String],
) -> Result<usize> {
    match run.secret {
        Secret::Preshared { with_context: false } => attempt::<R, false>(scratch, run, record, more),
        _ => attempt::<R, true>(scratch, run, record, more),
    }
}

fn attempt<R: Record + Send, const CONTEXT: bool>(
    scratch: &Scratch,
    run: &SessionRun,
    record: R,
    more: &[String],
) -> Result<usize> {
    let one = run.combination();
    let chains = Chains::new(one.signature)?;
    introduce(scratch, &one, &chains)?;
    let folder = names::folder(SessionRun::requester_signature());
    let root = scratch.read(folder, names::root(0))?;
    let provisioned = if run.mutual == MutualAuthentication::Direct {
        with_head(&root, &scratch.read(folder, "bundle_requester.certchain.der")?)?
    } else {
        Vec::new()
    };
    let roots = [root.as_slice()];
    let trusted = Trusted { anchors: AnchorList::new(&roots, 1)?, provisioned, reader: None };
    let parts = Parts::new(AwsLc)
        .with_identities(chains)
        .with_measurements(Source)
        .with_record(record)
        .with_sessions(seats())
        .with_psk(Shared::<CONTEXT>)
        .with_requesters(trusted);
    let responder = Responder::new(parts, settings(run), vec![0; BUFFER]);
    let clock = Wall(std::time::Instant::now());
    let mut server = Server { responder, clock, requests: 0, secured: 0, failures: Vec::new() };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let (stop, options) = (Stop::new()?, ServerOptions::new(one.transport));
    let end = std::thread::scope(|scope| {
        let served = scope.spawn(|| serve(&listener, &options, &stop, &mut server));
        let arguments = [&arguments(run, port), more].concat();
        let end = Program::start(scratch, "spdm_requester_emu", &arguments)
            .and_then(|program| program.end(PATIENCE));
        stop.stop();
        let _: Ended = served.join().map_err(|_| anyhow!("our responder panicked"))??;
        end
    })?;
    let said = format!("{} requests, {} in sessions", server.requests, server.secured);
    end.check().context(said.clone())?;
    ensure!(server.failures.is_empty(), "the connection failed");
    // A handshake in the clear has none of its own, and with a key from before it may be over at once.
    ensure!(server.secured >= 7, "{said}");
    Ok(server.requests)
}

/// What stands in a slot: a head, and the certificates.
fn with_head(root: &[u8], certificates: &[u8]) -> Result<Vec<u8>> {
    use lanewarden_crypto::{Hash, HashAlgorithm, Provider};
    let mut hash = AwsLc.hash(HashAlgorithm::Sha384).context("no hash")?;
    hash.update(root);
    let length = u16::try_from(4 + 48 + certificates.len())?;
    Ok([&length.to_le_bytes(), &[0; 2][..], hash.finish().as_bytes(), certificates].concat())
}

fn settings(run: &SessionRun) -> Settings {
    Settings {
        binding: run.binding(),
        encrypt: run.encrypts,
        handshake_in_the_clear: run.in_the_clear,
        heartbeat: 60,
        mutual: run.mutual,
        ..Settings::default()
    }
}

/// Whose keys are made new: the requester's, both, or the responder's, which it is told to want aside.
const fn new_keys(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "REQ",
        Transport::Doe => "RSP",
        Transport::Mctp | Transport::None => "ALL",
    }
}

fn arguments(run: &SessionRun, port: u16) -> Vec<String> {
    let mut caps = vec!["CERT", "CHAL", "MAC", "ENCAP", "HBEAT", "KEY_UPD"];
    caps.extend(run.encrypts.then_some("ENCRYPT"));
    caps.extend(run.in_the_clear.then_some("HANDSHAKE_IN_CLEAR"));
    caps.extend((run.version >= lanewarden_spdm::Version::V1_2).then_some("CHUNK"));
    let session = match run.secret {
        Secret::Exchange(_) => "KEY_EX",
        Secret::Preshared { .. } => "PSK",
    };
    caps.push(session);
    caps.extend((run.mutual != MutualAuthentication::None).then_some("MUT_AUTH"));
    let own = [
        ("--ip", "127.0.0.1".to_owned()),
        ("--port", port.to_string()),
        ("--cap", caps.join(",")),
        ("--meas_op", "ALL".to_owned()),
        ("--exe_session", format!("{session},KEY_UPDATE,HEARTBEAT,MEAS,DIGEST,CERT")),
        ("--key_upd", new_keys(run.transport).to_owned()),
    ];
    let own = own.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
    own.chain(run.options()).collect()
}
