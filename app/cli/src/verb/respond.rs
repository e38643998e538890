//! `respond`: a device that others can attest.

pub mod device;
mod functions;
mod peers;

use std::net::TcpListener;

use lanewarden_attestation::TRANSFER_SIZE;
use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Curve, HashAlgorithm, RsaSize, SignatureAlgorithm, with_wiped_stack};
use lanewarden_decode::capture::Direction;
use lanewarden_identity::{FolderError, Identity, IdentitySpec, LeafSpec, Seed};
use lanewarden_net::emulator::{Command, QEMU_MAX};
use lanewarden_net::{Responder, Stop, TransportError, emulator, tcp};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::MutualAuthentication;
use lanewarden_spdm::responder::{self, Endpoint, Parts, PresharedKeys, Requesters, Settings};
use lanewarden_spdm::session::{Seat, seats};
use lanewarden_spdm::{Version, Versions};
use lanewarden_time::Clock;

use crate::args::{AlgorithmArgument, Respond, VersionArgument};
use crate::capture::{Capture, link};
use crate::exit::{Exit, Failure};
#[cfg(feature = "keylog")]
use crate::keylog::KeyLogFile;
use crate::output::{Outcome, Output};
use crate::session::binding;
use crate::socket::{Monotonic, address, wrapping};
use crate::verb::spdm::psk;
use device::{Files, Slots};
use functions::Functions;
use peers::{Keys, Known};

/// Room for a long request and a long answer.
const BUFFER: usize = 0x2_0000;

/// Bytes of the stack that an answer takes, and more.
const DEPTH: usize = 0x1_0000;

/// Sessions that it has room for.
const SEATS: usize = 4;

/// Who is told the secrets of sessions: nobody, unless the program is built for it.
#[cfg(not(feature = "keylog"))]
type Log = ();
#[cfg(feature = "keylog")]
type Log = KeyLogFile;

type OwnWith<K, Q> = Parts<AwsLc, Slots, Files, Functions, Log, [Seat<AwsLc>; SEATS], K, Q>;

/// Serves until it is ended, or until a peer says shutdown.
pub fn run(args: &Respond, output: &Output) -> Outcome {
    if args.make {
        make(args, output)?;
    }
    let slots = Slots::load(&args.identity, args.wrong_signature)?;
    let files = Files::read(&args.measure)?;
    let known = args.mutual.as_deref().map(Known::load).transpose()?;
    let keys = args.psk.iter().map(psk::read).collect::<Result<Vec<_>, _>>()?;
    let functions = Functions::new().map_err(|error| Failure::new(Exit::Failure, error))?;
    let parts = Parts::new(AwsLc)
        .with_identities(slots)
        .with_measurements(files)
        .with_vendor(functions)
        .with_sessions(seats());
    #[cfg(feature = "keylog")]
    let log = KeyLogFile::create(args.keylog.as_deref())?;
    #[cfg(feature = "keylog")]
    let parts = parts.with_record(log.clone());
    // What a device says that it can follows from what it is made of.
    let served = match (keys.is_empty(), known) {
        (true, None) => listen(args, parts, output),
        (false, None) => listen(args, parts.with_psk(Keys(keys)), output),
        (true, Some(known)) => listen(args, parts.with_requesters(known), output),
        (false, Some(known)) => listen(args, parts.with_psk(Keys(keys)).with_requesters(known), output),
    };
    #[cfg(feature = "keylog")]
    log.finish()?;
    served
}

fn listen<K: PresharedKeys, Q: Requesters<AwsLc>>(
    args: &Respond,
    parts: OwnWith<K, Q>,
    output: &Output,
) -> Outcome {
    let listener = TcpListener::bind(address(&args.listen)?).map_err(|error| {
        Failure::new(Exit::Failure, format!("cannot listen on {}: {error}", args.listen))
            .hint("another program may have the port: choose another one, or 0 for any that is free")
    })?;
    let place = listener.local_addr().map_or(args.listen.clone(), |address| address.to_string());
    output.note(&format!("listening on {place}"));
    let capture = Capture::create(args.pcap.as_deref(), link(args.transport))?;
    let mut served = Served {
        device: responder::Responder::new(parts, settings(args), vec![0; BUFFER]),
        clock: Monotonic::start(),
        capture: capture.as_ref(),
        output,
    };
    serve(&listener, args, &mut served)?;
    Capture::finish(capture)?;
    Ok(Exit::Ok)
}

fn settings(args: &Respond) -> Settings {
    let newest = match args.version {
        VersionArgument::V1_0 => Version::V1_0,
        VersionArgument::V1_1 => Version::V1_1,
        VersionArgument::V1_2 => Version::V1_2,
        VersionArgument::V1_3 => Version::V1_3,
    };
    let versions = Versions::between(Version::V1_0, newest);
    let wants = args.mutual.is_some();
    Settings {
        versions,
        transfer_size: TRANSFER_SIZE,
        binding: binding(args.transport),
        heartbeat: args.heartbeat,
        mutual: if wants { MutualAuthentication::Encapsulated } else { MutualAuthentication::None },
        mutual_required: wants,
        ..Settings::default()
    }
}

fn serve<E: Endpoint>(
    listener: &TcpListener,
    args: &Respond,
    served: &mut Served<'_, E>,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Failure, format!("cannot serve: {error}"));
    let stop = Stop::new().map_err(failed)?;
    let ended = match wrapping(args.transport) {
        Some(transport) => {
            let longest_answer = QEMU_MAX;
            let options =
                emulator::ServerOptions { longest_answer, ..emulator::ServerOptions::new(transport) };
            emulator::serve(listener, &options, &stop, served)
        }
        None => tcp::serve(listener, &tcp::ServerOptions::default(), &stop, served),
    };
    ended.map(drop).map_err(failed)
}

/// The device at its socket.
struct Served<'s, E: Endpoint> {
    device: responder::Responder<E, Vec<u8>>,
    clock: Monotonic,
    capture: Option<&'s Capture>,
    output: &'s Output,
}

impl<E: Endpoint> Responder for Served<'_, E> {
    fn respond(
        &mut self,
        kind: MessageKind,
        request: &mut [u8],
        answer: &mut Vec<u8>,
    ) -> Option<MessageKind> {
        if let Some(capture) = self.capture {
            capture.message(Direction::ToResponder, kind, request);
        }
        let now = self.clock.now();
        let answered = with_wiped_stack::<DEPTH, _>(|| self.device.respond(now, kind, request));
        let (kind, said) = answered?;
        answer.extend_from_slice(said);
        if let Some(capture) = self.capture {
            capture.message(Direction::ToRequester, kind, answer);
        }
        Some(kind)
    }

    fn connected(&mut self) {
        self.output.note("a requester has connected");
    }

    fn disconnected(&mut self, why: Result<(), TransportError>) {
        // Nobody can go on with its sessions.
        with_wiped_stack::<DEPTH, _>(|| self.device.reset());
        match why {
            Ok(()) => self.output.note("it has left"),
            Err(error) => self.output.note(&format!("its connection ended: {error}")),
        }
    }

    fn aside(&mut self, command: Command, payload: &[u8]) {
        match (command, payload.try_into().map(u32::from_le_bytes)) {
            (Command::KEY_UPDATE, Ok(session)) if self.device.ask_key_update(session) => {}
            (command, _) => self.output.note(&format!("asked aside for {command}, which has no effect")),
        }
    }
}

/// Makes a test identity, unless there is one.
fn make(args: &Respond, output: &Output) -> Result<(), Failure> {
    let algorithm = algorithm(args.algorithm);
    let mut spec = IdentitySpec::of(algorithm, hash(algorithm));
    spec.leaf = LeafSpec { pci_name: args.pci_name.clone(), ..spec.leaf };
    let generated = Seed::random().and_then(|seed| Identity::generate(&seed, &spec));
    let identity = generated.map_err(|error| Failure::new(Exit::Failure, error))?;
    match identity.save(&args.identity) {
        Ok(()) => {
            output.note(&format!(
                "test identity made in {0}; {0}/root.pem is what others have to trust",
                args.identity.display()
            ));
            Ok(())
        }
        Err(FolderError::AlreadyThere(_)) => Ok(()),
        Err(error) => Err(device::folder_failure(&error)),
    }
}

const fn algorithm(argument: AlgorithmArgument) -> SignatureAlgorithm {
    match argument {
        AlgorithmArgument::RsaSsa2048 => SignatureAlgorithm::RsaPkcs1(RsaSize::Bits2048),
        AlgorithmArgument::RsaSsa3072 => SignatureAlgorithm::RsaPkcs1(RsaSize::Bits3072),
        AlgorithmArgument::RsaSsa4096 => SignatureAlgorithm::RsaPkcs1(RsaSize::Bits4096),
        AlgorithmArgument::EcdsaP256 => SignatureAlgorithm::Ecdsa(Curve::P256),
        AlgorithmArgument::EcdsaP384 => SignatureAlgorithm::Ecdsa(Curve::P384),
        AlgorithmArgument::EcdsaP521 => SignatureAlgorithm::Ecdsa(Curve::P521),
        AlgorithmArgument::Ed25519 => SignatureAlgorithm::Ed25519,
    }
}

const fn hash(algorithm: SignatureAlgorithm) -> HashAlgorithm {
    match algorithm {
        SignatureAlgorithm::Ecdsa(Curve::P384) => HashAlgorithm::Sha384,
        SignatureAlgorithm::Ecdsa(Curve::P521) => HashAlgorithm::Sha512,
        _ => HashAlgorithm::Sha256,
    }
}
