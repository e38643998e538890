//! Arguments of the verbs that speak SPDM.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};

use super::{DeviceArgument, HexBytes, Sharing};

/// Which devices are to prove who they are, and to whose satisfaction.
#[derive(Debug, Args)]
pub struct Attest {
    /// The function, by its address or a CXL object on it
    #[arg(required_unless_present_any = ["all", "connect"], conflicts_with = "all")]
    pub device: Option<DeviceArgument>,
    /// Every function with an SPDM mailbox
    #[arg(long, conflicts_with = "connect")]
    pub all: bool,
    /// Whom to trust
    #[command(flatten)]
    pub trust: TrustArguments,
    /// The certificate slot whose key is to be proved; the first that holds a chain if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..8))]
    pub slot: Option<u8>,
    /// The nonce of an external verifier, 32 bytes in hexadecimal; a fresh one if not given
    #[arg(long, value_name = "HEX", conflicts_with = "all")]
    pub nonce: Option<NonceArgument>,
    /// Keep what the device has shown in this folder, for `lanewarden verify`; with --all in a folder each below it
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// How to reach it
    #[command(flatten)]
    pub way: Way,
}

/// How an SPDM device is reached.
#[derive(Debug, Args)]
pub struct Way {
    /// A responder behind a socket instead of a device of this machine
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "device")]
    pub connect: Option<String>,
    /// What the socket carries
    #[arg(long, value_name = "WHAT", default_value = "doe", requires = "connect")]
    pub transport: TransportArgument,
    /// The connection ID, for a mailbox that speaks SPDM with connections only
    #[arg(long, value_name = "ID", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..4096))]
    pub connection: u16,
    /// Write every message into this capture file
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// How to go about mailboxes
    #[command(flatten)]
    pub sharing: Sharing,
}

/// What a socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TransportArgument {
    /// The emulators' frames with DOE objects, as QEMU and spdm-emu use them
    Doe,
    /// The emulators' frames with MCTP messages
    Mctp,
    /// The emulators' frames with bare SPDM messages
    None,
    /// SPDM over TCP (DSP0287)
    Tcp,
}

/// Whom to trust.
#[derive(Debug, Args)]
pub struct TrustArguments {
    /// The folder of trust anchors: certificates as PEM or DER. If not given: /etc/lanewarden/anchors, or the emulated
    /// machine's own
    #[arg(long, value_name = "DIR")]
    pub anchors: Option<PathBuf>,
    /// The file of revoked certificates: lines with `sha256:` and a fingerprint, or certificate revocation lists
    #[arg(long, value_name = "FILE")]
    pub revocations: Option<PathBuf>,
}

/// Evidence to judge.
#[derive(Debug, Args)]
pub struct Verify {
    /// The folder that `lanewarden attest --evidence` wrote
    pub folder: PathBuf,
    /// Whom to trust; nothing in the evidence says so
    #[command(flatten)]
    pub trust: TrustArguments,
    /// The nonce that the evidence has to be made for, 32 bytes in hexadecimal
    #[arg(long, value_name = "HEX")]
    pub nonce: Option<NonceArgument>,
}

/// Verbs on SPDM itself.
#[derive(Debug, Subcommand)]
pub enum Spdm {
    /// Show the certificates of a device
    Certs(Certs),
    /// Show what a device says it runs
    Measurements(MeasurementsOf),
    /// Send one request and print the answer
    Request(Request),
}

/// Which certificates.
#[derive(Debug, Args)]
pub struct Certs {
    /// The function, by its address or a CXL object on it
    #[arg(required_unless_present = "connect")]
    pub device: Option<DeviceArgument>,
    /// The slot; all that hold a chain if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..8))]
    pub slot: Option<u8>,
    /// Write the chain into this file as PEM, the leaf first, `-` for standard output; needs --slot
    #[arg(long, value_name = "FILE", requires = "slot")]
    pub pem: Option<PathBuf>,
    /// How to reach it
    #[command(flatten)]
    pub way: Way,
}

/// Which measurements.
#[derive(Debug, Args)]
pub struct MeasurementsOf {
    /// The function, by its address or a CXL object on it
    #[arg(required_unless_present = "connect")]
    pub device: Option<DeviceArgument>,
    /// One only, by its index; all if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..255))]
    pub index: Option<u8>,
    /// As they were measured, where the device gives them so
    #[arg(long)]
    pub raw: bool,
    /// How to reach it
    #[command(flatten)]
    pub way: Way,
}

/// One request.
#[derive(Debug, Args)]
pub struct Request {
    /// The function, by its address or a CXL object on it
    #[arg(required_unless_present = "connect")]
    pub device: Option<DeviceArgument>,
    /// The message in hexadecimal, from its header on; version, capabilities and algorithms are negotiated before
    #[arg(long, value_name = "HEX")]
    pub hex: HexBytes,
    /// Show what would be sent, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to reach it
    #[command(flatten)]
    pub way: Way,
}

/// A responder to be.
#[derive(Debug, Args)]
pub struct Respond {
    /// Where to listen; port 0 takes a free one, which is told
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2323")]
    pub listen: String,
    /// What the socket carries
    #[arg(long, value_name = "WHAT", default_value = "doe")]
    pub transport: TransportArgument,
    /// The identity: a folder with a chain and a key, or with slot0 to slot7 in it
    #[arg(long, value_name = "DIR")]
    pub identity: PathBuf,
    /// Make a test identity in that folder first, if there is none
    #[arg(long)]
    pub make: bool,
    /// With this name in its certificate, as in Vendor=144d:Device=a808:CC=010802:REV=00
    #[arg(long, value_name = "NAME", requires = "make")]
    pub pci_name: Option<String>,
    /// The signatures of a test identity
    #[arg(long, value_name = "ALGORITHM", default_value = "ecdsa-p384", requires = "make")]
    pub algorithm: AlgorithmArgument,
    /// The newest version to speak
    #[arg(long, value_name = "VERSION", default_value = "1.3")]
    pub version: VersionArgument,
    /// Make signatures that are wrong, to see that they are noticed
    #[arg(long, hide = true)]
    pub wrong_signature: bool,
    /// Measure this file too, and report it; may be given several times
    #[arg(long, value_name = "FILE")]
    pub measure: Vec<PathBuf>,
    /// Write every message into this capture file
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
}

/// Signatures of a test identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "clap would show it")]
pub enum AlgorithmArgument {
    #[value(name = "rsassa-2048")]
    RsaSsa2048,
    #[value(name = "rsassa-3072")]
    RsaSsa3072,
    #[value(name = "rsassa-4096")]
    RsaSsa4096,
    #[value(name = "ecdsa-p256")]
    EcdsaP256,
    #[value(name = "ecdsa-p384")]
    EcdsaP384,
    #[value(name = "ecdsa-p521")]
    EcdsaP521,
    #[value(name = "ed25519")]
    Ed25519,
}

/// A version of SPDM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "clap would show it")]
pub enum VersionArgument {
    #[value(name = "1.0")]
    V1_0,
    #[value(name = "1.1")]
    V1_1,
    #[value(name = "1.2")]
    V1_2,
    #[value(name = "1.3")]
    V1_3,
}

/// A capture to read.
#[derive(Debug, Args)]
pub struct Decode {
    /// The capture, pcap or pcapng, `-` for standard input
    pub file: PathBuf,
    /// The port of SPDM over TCP in it
    #[arg(long, value_name = "PORT", default_value_t = 4194)]
    pub port: u16,
}

/// A nonce on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonceArgument(pub [u8; 32]);

impl FromStr for NonceArgument {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let error = "expected 32 bytes in hexadecimal";
        let HexBytes(bytes) = text.parse().map_err(|_| error)?;
        bytes.try_into().map(Self).map_err(|_| error)
    }
}
