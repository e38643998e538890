//! Arguments of the verbs that speak SPDM.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::{DeviceArgument, HexBytes, HexOffset, Sharing};

/// Which devices are to prove who they are, and to whose satisfaction.
#[derive(Debug, Args)]
pub struct Attest {
    /// The function, by its address or a CXL object on it
    #[arg(required_unless_present_any = ["all", "connect"], conflicts_with_all = ["all", "connect"])]
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
    /// Once it has proved who it is, open a session with it and ask in there what it runs
    #[arg(long)]
    pub session: bool,
    /// Keep what the device has shown in this folder, for `lanewarden verify`; with --all in a folder each below it
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// Write the secrets of its sessions into this key log, for `decode --keylog`: whoever has it can read them
    #[cfg(feature = "keylog")]
    #[arg(long, value_name = "FILE", requires = "session")]
    pub keylog: Option<PathBuf>,
    /// How to reach it
    #[command(flatten)]
    pub way: Way,
}

/// How an SPDM device is reached.
#[derive(Debug, Args)]
pub struct Way {
    /// A responder behind a socket instead of a device of this machine
    #[arg(long, value_name = "HOST:PORT")]
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
    /// The emulators' frames with messages of SPDM over TCP, as spdm-emu's `--trans TCP` has them
    FramedTcp,
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
    /// Open a session, show what was agreed on, do something in it, and end it
    Session(Session),
    /// Have the daemon open a session and keep it; prints the key that names it, and that ends it when it is revoked
    Keep(Keep),
    /// List the sessions that the daemon keeps, or do something in one
    Kept(Kept),
}

/// With which device.
#[derive(Debug, Args)]
pub struct Keep {
    /// The function, by its address or a CXL object on it
    pub device: DeviceArgument,
    /// Offset of the mailbox' capability, in hexadecimal; the first that speaks SPDM if not given
    #[arg(long, value_name = "HEX")]
    pub mailbox: Option<HexOffset>,
    /// The connection ID, for devices that have them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..4096))]
    pub connection: Option<u16>,
}

/// Which session, and what to do.
#[derive(Debug, Args)]
pub struct Kept {
    /// The key that names the session; all are listed if it is not given
    pub key: Option<i32>,
    /// What to do in it, in the order given: `request HEX`, `update-keys`, `end`
    #[arg(value_name = "COMMAND")]
    pub commands: Vec<String>,
}

/// A session.
#[derive(Debug, Args)]
pub struct Session {
    /// The function, by its address or a CXL object on it, unless --connect names a responder; then what to do in the
    /// session, in the order given: `certs`, `measurements`, `heartbeat`, `update-keys`, `update-own-keys`, `request HEX`
    #[arg(value_name = "DEVICE|COMMAND")]
    pub words: Vec<String>,
    /// The certificate slot whose key vouches for the device; the first that holds a chain if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..8), conflicts_with = "psk")]
    pub slot: Option<u8>,
    /// With a pre-shared key: what the device finds it by, as text or as 0x and hexadecimal, and the file with its bytes
    #[arg(long, value_name = "HINT:FILE")]
    pub psk: Option<PskArgument>,
    /// Keep it open this long, with heartbeats where the device wants them: 500ms, 10s, 2m
    #[arg(long, value_name = "TIME")]
    pub keep: Option<TimeArgument>,
    /// Replace the keys of both sides before the commands
    #[arg(long)]
    pub update_keys: bool,
    /// Prove who this side is, where the device asks for that: a folder with a chain and a key
    #[arg(long, value_name = "DIR")]
    pub identity: Option<PathBuf>,
    /// Whom to trust
    #[command(flatten)]
    pub trust: TrustArguments,
    /// Open it although the device's certificates are not trusted
    #[arg(long, conflicts_with = "psk")]
    pub untrusted: bool,
    /// Write the secrets of its sessions into this key log, for `decode --keylog`: whoever has it can read them
    #[cfg(feature = "keylog")]
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
    /// How to reach it
    #[command(flatten)]
    pub way: Way,
}

/// A pre-shared key on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PskArgument {
    /// What it is found by.
    pub hint: Vec<u8>,
    /// The file with its bytes.
    pub file: PathBuf,
}

impl FromStr for PskArgument {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (hint, file) = text.split_once(':').ok_or("expected a hint and a file, as in drive:drive.key")?;
        let bytes = match hint.strip_prefix("0x") {
            Some(digits) => digits.parse().map(|HexBytes(bytes)| bytes),
            None => Ok(hint.as_bytes().to_vec()),
        };
        match bytes {
            Ok(hint) if !hint.is_empty() && !file.is_empty() => Ok(Self { hint, file: file.into() }),
            _ => Err("expected a hint, as text or as 0x and hexadecimal, and a file"),
        }
    }
}

/// A time on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeArgument(pub Duration);

impl FromStr for TimeArgument {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let error = "expected a number and ms, s, m or h, as in 10s; a day at the most";
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let number: u64 = number.parse().map_err(|_| error)?;
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(error),
        };
        let ms = number.checked_mul(unit_ms).filter(|ms| *ms <= 86_400_000).ok_or(error)?;
        Ok(Self(Duration::from_millis(ms)))
    }
}

/// Which certificates.
#[derive(Debug, Args)]
pub struct Certs {
    /// The function, by its address or a CXL object on it
    #[arg(required_unless_present = "connect", conflicts_with = "connect")]
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
    #[arg(required_unless_present = "connect", conflicts_with = "connect")]
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
    #[arg(required_unless_present = "connect", conflicts_with = "connect")]
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
    /// Open sessions with a pre-shared key too: what requesters find it by, as text or as 0x and hexadecimal, and the
    /// file with its bytes; may be given several times
    #[arg(long, value_name = "HINT:FILE")]
    pub psk: Vec<PskArgument>,
    /// Exchange keys only with requesters that prove who they are, by certificates under the roots in this folder
    #[arg(long, value_name = "DIR")]
    pub mutual: Option<PathBuf>,
    /// Within how many seconds to be heard of in a session, which ends at twice that; 0 for no bound
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub heartbeat: u8,
    /// Make signatures that are wrong, to see that they are noticed
    #[arg(long, hide = true)]
    pub wrong_signature: bool,
    /// Measure this file too, and report it; may be given several times
    #[arg(long, value_name = "FILE")]
    pub measure: Vec<PathBuf>,
    /// Write every message into this capture file
    #[arg(long, value_name = "FILE")]
    pub pcap: Option<PathBuf>,
    /// Write the secrets of its sessions into this key log, for `decode --keylog`: whoever has it can read them
    #[cfg(feature = "keylog")]
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
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
    /// Open the messages of sessions with the secrets in this key log, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_times_are_parsed_strictly() {
        let key = |text: &str| text.parse::<PskArgument>().map(|one| (one.hint, one.file));
        assert_eq!(key("drive:a:b"), Ok((b"drive".to_vec(), "a:b".into())));
        assert_eq!(key("0x6100:k"), Ok((b"a\0".to_vec(), "k".into())));
        for wrong in ["", "drive", ":k", "drive:", "0x:k", "0x6:k", "0xzz:k"] {
            assert!(key(wrong).is_err(), "{wrong}");
        }
        let time = |text: &str| text.parse::<TimeArgument>().map(|one| one.0.as_millis());
        assert_eq!(
            (time("500ms"), time("10s"), time("2m"), time("24h")),
            (Ok(500), Ok(10_000), Ok(120_000), Ok(86_400_000))
        );
        for wrong in ["", "s", "10", "-1s", "1.5s", "1d", "25h", "99999999999999999999s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
