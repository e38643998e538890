//! `respond`: a device that others can attest.

pub mod device;

use std::net::TcpListener;

use lanewarden_attestation::TRANSFER_SIZE;
use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Curve, HashAlgorithm, RsaSize, SignatureAlgorithm};
use lanewarden_decode::capture::Direction;
use lanewarden_identity::{FolderError, Identity, IdentitySpec, LeafSpec, Seed};
use lanewarden_net::emulator::QEMU_MAX;
use lanewarden_net::{Responder, Stop, TransportError, emulator, tcp};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::responder::{self, Parts, Settings};
use lanewarden_spdm::{Version, Versions};
use lanewarden_time::Clock;

use crate::args::{AlgorithmArgument, Respond, VersionArgument};
use crate::capture::{Capture, link};
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::socket::{Monotonic, address, wrapping};
use device::{Files, Slots};

/// Room for a long request and a long answer.
const BUFFER: usize = 0x2_0000;

type Device = responder::Responder<Parts<AwsLc, Slots, Files>, Vec<u8>>;

/// Serves until it is ended, or until a peer says shutdown.
pub fn run(args: &Respond, output: &Output) -> Outcome {
    if args.make {
        make(args, output)?;
    }
    let slots = Slots::load(&args.identity, args.wrong_signature)?;
    let files = Files::read(&args.measure)?;
    let listener = TcpListener::bind(address(&args.listen)?).map_err(|error| {
        Failure::new(Exit::Failure, format!("cannot listen on {}: {error}", args.listen))
            .hint("another program may have the port: choose another one, or 0 for any that is free")
    })?;
    let place = listener.local_addr().map_or(args.listen.clone(), |address| address.to_string());
    output.note(&format!("listening on {place}"));
    let capture = Capture::create(args.pcap.as_deref(), link(args.transport))?;
    let mut served = Served {
        device: device(slots, files, args.version),
        clock: Monotonic::start(),
        capture: capture.as_ref(),
        output,
    };
    serve(&listener, args, &mut served)?;
    Capture::finish(capture)?;
    Ok(Exit::Ok)
}

fn device(identities: Slots, measurements: Files, newest: VersionArgument) -> Device {
    let newest = match newest {
        VersionArgument::V1_0 => Version::V1_0,
        VersionArgument::V1_1 => Version::V1_1,
        VersionArgument::V1_2 => Version::V1_2,
        VersionArgument::V1_3 => Version::V1_3,
    };
    let versions = Versions::between(Version::V1_0, newest);
    let settings = Settings { versions, transfer_size: TRANSFER_SIZE, ..Settings::default() };
    let parts = Parts::new(AwsLc).with_identities(identities).with_measurements(measurements);
    responder::Responder::new(parts, settings, vec![0; BUFFER])
}

fn serve(listener: &TcpListener, args: &Respond, served: &mut Served<'_>) -> Result<(), Failure> {
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
struct Served<'s> {
    device: Device,
    clock: Monotonic,
    capture: Option<&'s Capture>,
    output: &'s Output,
}

impl Responder for Served<'_> {
    fn respond(
        &mut self,
        kind: MessageKind,
        request: &mut [u8],
        answer: &mut Vec<u8>,
    ) -> Option<MessageKind> {
        if let Some(capture) = self.capture {
            capture.message(Direction::ToResponder, kind, request);
        }
        let (kind, said) = self.device.respond(self.clock.now(), kind, request)?;
        answer.extend_from_slice(said);
        if let Some(capture) = self.capture {
            capture.message(Direction::ToRequester, kind, answer);
        }
        Some(kind)
    }

    fn connected(&mut self) {
        self.device.reset();
        self.output.note("a requester has connected");
    }

    fn disconnected(&mut self, why: Result<(), TransportError>) {
        match why {
            Ok(()) => self.output.note("it has left"),
            Err(error) => self.output.note(&format!("its connection ended: {error}")),
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
