//! The command line. Help, man pages and completions all come from here.

mod daemon;
mod spdm;
mod vfio;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use lanewarden_pci::Address;

pub use daemon::{Claim, DaemonArguments, Release};
pub use spdm::{
    AlgorithmArgument, Attest, Certs, Decode, Keep, Kept, MeasurementsOf, PskArgument, Request, Respond,
    Session, Spdm, TransportArgument, TrustArguments, Verify, VersionArgument, Way,
};
pub use vfio::{Bind, Enter, LowPower, Vfio, Watch};

/// From unknown to trusted: every PCIe and CXL device of a machine.
#[derive(Debug, Parser)]
#[command(name = "lanewarden", version, max_term_width = 100)]
pub struct Arguments {
    /// Which machine: `sysfs` (the one this runs on), `vfio:BDF` (one device of it that is bound to vfio-pci), `sim` (the
    /// built-in emulated one), `sim:FILE` (one described in FILE, TOML)
    #[arg(long, global = true, value_name = "HOST", default_value = "sysfs", env = "LANEWARDEN_HOST")]
    pub host: HostSpec,
    /// The daemon to use mailboxes through, by its socket. Without this it is the machine's own, /run/lanewarden/socket,
    /// where that runs
    #[arg(long, global = true, value_name = "PATH", env = "LANEWARDEN_SOCKET")]
    pub socket: Option<PathBuf>,
    /// Where the mailbox of the device of `--host vfio:BDF` is, in hexadecimal, since VFIO does not list it; looked up in
    /// sysfs where it is not given
    #[arg(long, global = true, value_name = "HEX")]
    pub doe_offset: Vec<HexOffset>,
    /// Write what happens on the emulated machine into this file, an event a line as JSON
    #[arg(long, global = true, value_name = "FILE")]
    pub events: Option<PathBuf>,
    /// Print one JSON object instead of a table
    #[arg(long, global = true)]
    pub json: bool,
    /// Show more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub verb: Verb,
}

/// Which machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostSpec {
    /// The one this runs on.
    Sysfs,
    /// One device of it, through VFIO.
    Vfio(Address),
    /// An emulated one; the built-in one where there is no file.
    Sim(Option<PathBuf>),
}

impl FromStr for HostSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "sysfs" => Ok(Self::Sysfs),
            None if text == "sim" => Ok(Self::Sim(None)),
            Some(("sim", file)) if !file.is_empty() => Ok(Self::Sim(Some(file.into()))),
            Some(("vfio", device)) => {
                device.parse().map(Self::Vfio).map_err(|_| "expected a device as in vfio:0000:0c:00.0".into())
            }
            _ => Err("expected sysfs, vfio:BDF, sim or sim:FILE".into()),
        }
    }
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List all functions as a tree, with their mailboxes and, per memory, the path figures
    List(Sharing),
    /// Show one function, or all, decoded
    Show {
        /// The function, as in 0c:00.0 or 0000:0c:00.0, or a CXL object on it, as in mem0; all of them if left out
        device: Option<DeviceArgument>,
        /// How to go about mailboxes
        #[command(flatten)]
        sharing: Sharing,
    },
    /// Draw the machine
    Topology {
        /// Write the picture into this file, as SVG, `-` for standard output
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
        /// How to go about mailboxes
        #[command(flatten)]
        sharing: Sharing,
    },
    /// Ask who a device is, whether it can prove it, what it runs, and whether to trust it
    Attest(Attest),
    /// Show who uses which mailbox: the daemon's clients, their claims, who waits, and what is dead
    Status,
    /// Follow what happens at the daemon: clients, claims, exchanges, devices
    Monitor,
    /// Judge evidence that `attest` kept, without the device
    Verify(Verify),
    /// Print the messages in a capture file
    Decode(Decode),
    /// Be a device that others can attest
    Respond(Respond),
    /// Be the one owner of all mailboxes, for many users
    #[command(long_about = daemon::ABOUT)]
    Daemon(DaemonArguments),
    /// SPDM: certificates, measurements, single requests, sessions
    #[command(subcommand)]
    Spdm(Spdm),
    /// Data Object Exchange mailboxes
    #[command(subcommand)]
    Doe(Doe),
    /// CXL tables and paths
    #[command(subcommand)]
    Cxl(Cxl),
    /// Devices that a process has for itself: give them to vfio-pci and back, put them to sleep
    #[command(subcommand)]
    Vfio(Vfio),
    /// Print a completion script for a shell
    #[command(hide = true)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a directory
    #[command(hide = true)]
    Man {
        /// The directory
        directory: PathBuf,
    },
}

/// Verbs on mailboxes.
#[derive(Debug, Subcommand)]
pub enum Doe {
    /// Ask every mailbox, or those of one function, what it speaks
    Discover {
        /// The function, by its address or a CXL object on it; all of them if left out
        device: Option<DeviceArgument>,
        /// How to go about mailboxes
        #[command(flatten)]
        sharing: Sharing,
    },
    /// Send one object and print the answer
    Exchange(Exchange),
    /// Keep a mailbox from everybody else for a while
    Claim(Claim),
    /// Take a mailbox from whoever has claimed it
    Release(Release),
}

/// One object to send.
#[derive(Debug, Args)]
pub struct Exchange {
    /// The function, by its address or a CXL object on it
    pub device: DeviceArgument,
    /// Vendor ID and data object type, as in 1e98:02
    #[arg(long, value_name = "VVVV:TT")]
    pub protocol: ProtocolArgument,
    /// Offset of the mailbox' capability, in hexadecimal, where the function has several; else the first that speaks
    /// the protocol
    #[arg(long, value_name = "HEX")]
    pub mailbox: Option<HexOffset>,
    /// Connection ID, for protocols that have one
    #[arg(long, value_name = "ID", default_value_t = 0)]
    pub connection: u16,
    /// The payload in hexadecimal; spaces, colons and line ends between bytes are skipped
    #[arg(long, value_name = "HEX", conflicts_with = "file", required_unless_present = "file")]
    pub hex: Option<HexBytes>,
    /// The payload from a file, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Write the answer's payload into this file instead of printing it, `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Show what would be sent, and where, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How to go about mailboxes
    #[command(flatten)]
    pub sharing: Sharing,
}

/// Verbs on CXL.
#[derive(Debug, Subcommand)]
pub enum Cxl {
    /// Read and print a Coherent Device Attribute Table
    Cdat(Cdat),
    /// Latency and bandwidth from the host to each memory
    Paths {
        /// The memory, by its address or a CXL object on it, as in mem0; all of them if left out
        device: Option<DeviceArgument>,
        /// How to go about mailboxes
        #[command(flatten)]
        sharing: Sharing,
    },
}

/// Which table, and where it goes.
#[derive(Debug, Args)]
pub struct Cdat {
    /// The function whose mailbox is read, by its address or a CXL object on it, as in endpoint3
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    pub device: Option<DeviceArgument>,
    /// Print the table in this file instead, `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Write the table's bytes into this file, `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub raw: Option<PathBuf>,
    /// Read it this many times over, and fail if one reading differs from the first
    #[arg(long, value_name = "N", default_value_t = 1, hide = true)]
    pub repeat: u32,
    /// How to go about mailboxes
    #[command(flatten)]
    pub sharing: Sharing,
}

/// How to go about mailboxes that others use.
#[derive(Clone, Copy, Debug, Args)]
pub struct Sharing {
    /// Use mailboxes that the kernel uses too. Nothing keeps its exchanges and ours apart then
    #[arg(long)]
    pub unsafe_shared: bool,
}

/// A device on the command line: where it is, or what the kernel's CXL core calls something on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceArgument {
    /// By its PCI address.
    Address(Address),
    /// By a CXL object (`mem0`, `port2`, `endpoint3`) that hangs on it.
    CxlObject(String),
}

impl FromStr for DeviceArgument {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const ERROR: &str = "expected [segment:]bus:device.function in hexadecimal, as in 0000:0c:00.0, or a CXL object, as in mem0, \
             port2 or endpoint3";
        let number = ["mem", "port", "endpoint"].iter().find_map(|kind| text.strip_prefix(kind));
        match number {
            Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Self::CxlObject(text.to_owned()))
            }
            _ => text.parse().map(Self::Address).map_err(|_| ERROR),
        }
    }
}

impl fmt::Display for DeviceArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::CxlObject(name) => f.write_str(name),
        }
    }
}

/// A protocol on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolArgument(pub lanewarden_doe::Protocol);

impl FromStr for ProtocolArgument {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let error = "expected vendor ID and type in hexadecimal, as in 1e98:02";
        let (vendor, kind) = text.split_once(':').ok_or(error)?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !digits(vendor) || !digits(kind) {
            return Err(error);
        }
        let vendor = u16::from_str_radix(vendor, 16).map_err(|_| error)?;
        let kind = u8::from_str_radix(kind, 16).map_err(|_| error)?;
        Ok(Self(lanewarden_doe::Protocol::new(vendor, kind)))
    }
}

/// An offset in configuration space on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexOffset(pub u16);

impl FromStr for HexOffset {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        match u16::from_str_radix(digits, 16) {
            Ok(offset) if digits.bytes().all(|b| b.is_ascii_hexdigit()) && offset < 4096 => Ok(Self(offset)),
            _ => Err("expected an offset from 100 to ffc in hexadecimal"),
        }
    }
}

/// Bytes on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexBytes(pub Vec<u8>);

impl FromStr for HexBytes {
    type Err = lanewarden_doe::hex::HexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = vec![0; text.len() / 2];
        let length = lanewarden_doe::hex::parse(text, &mut bytes)?.len();
        bytes.truncate(length);
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn devices_are_addresses_or_cxl_objects() {
        let address = "0000:0c:00.0".parse().unwrap();
        assert_eq!("0c:00.0".parse(), Ok(DeviceArgument::Address(address)));
        for name in ["mem0", "port12", "endpoint3"] {
            assert_eq!(name.parse(), Ok(DeviceArgument::CxlObject(name.to_owned())));
        }
        for wrong in ["", "mem", "mem-1", "mem0x", "decoder0.0", "0c:00", "Mem0"] {
            assert!(wrong.parse::<DeviceArgument>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts_and_protocols_are_parsed_strictly() {
        assert_eq!("sim:a/b:c.toml".parse(), Ok(HostSpec::Sim(Some("a/b:c.toml".into()))));
        let device = "0000:0c:00.0".parse().unwrap();
        assert_eq!("vfio:0c:00.0".parse(), Ok(HostSpec::Vfio(device)));
        for wrong in ["", "sim:", "sysfs:x", "vfio", "vfio:mem0"] {
            assert!(wrong.parse::<HostSpec>().is_err(), "{wrong}");
        }
        assert_eq!("1e98:02".parse(), Ok(ProtocolArgument(lanewarden_doe::Protocol::CXL_TABLE_ACCESS)));
        for wrong in ["1e98", "1e98:", ":02", "+1:2", "12345:00", "1:100"] {
            assert!(wrong.parse::<ProtocolArgument>().is_err(), "{wrong}");
        }
        for wrong in ["1000", "-1", "+100", "g"] {
            assert!(wrong.parse::<HexOffset>().is_err(), "{wrong}");
        }
    }
}
