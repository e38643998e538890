//! Why a text or a file is no scenario.

use std::path::PathBuf;

use lanewarden_pci::Address;

/// Why there is no machine. Always the scenario's fault, or that of the files it names.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Longer than is read.
    #[error("{what} must not be longer than {most} bytes")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The most bytes.
        most: usize,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not UTF-8.
    #[error("{path} is not text", path = .0.display())]
    NotText(PathBuf),
    /// The text is no TOML, or holds what no scenario does; says where, with line and column.
    #[error("{0}")]
    Syntax(Box<toml::de::Error>),
    /// The machine cannot be.
    #[error("{at}: {problem}")]
    Invalid {
        /// Which part of it, from the outermost table inwards.
        at: String,
        /// Why.
        problem: Problem,
    },
}

/// Why a machine cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More functions than a machine can have.
    #[error("more than {} functions", super::MAX_FUNCTIONS)]
    TooManyFunctions,
    /// More faults than a plan can have.
    #[error("more than {} faults", super::MAX_FAULTS)]
    TooManyFaults,
    /// No bus number is left for what lies below this port.
    #[error("no bus number is left below it: the buses of its host bridge end at {last:#04x}")]
    NoBus {
        /// The last bus the host bridge can have.
        last: u8,
    },
    /// Two host bridges of one segment want this bus as their root.
    #[error("root bus {0:#04x} of the segment is taken")]
    RootBusTaken(u8),
    /// A segment has more host bridges without a root bus than there are shares.
    #[error("say which root bus it has: no share of the segment's buses is left")]
    NoRootBus,
    /// Two host bridges have the same ACPI `_UID`.
    #[error("_UID {0} is taken")]
    UidTaken(u32),
    /// Device or function number out of range.
    #[error("device {device}, function {function}: devices go from 0 to 31, functions from 0 to 7")]
    NoSuchNumber {
        /// Device number.
        device: u8,
        /// Function number.
        function: u8,
    },
    /// Another function of the bus has these numbers.
    #[error("device {device}, function {function} is taken")]
    NumberTaken {
        /// Device number.
        device: u8,
        /// Function number.
        function: u8,
    },
    /// No numbers are left on the bus, or the device.
    #[error("no device or function number is left")]
    NoNumber,
    /// A device without function 0 cannot be found.
    #[error("device {0} has no function 0, so nothing on it could be found")]
    NoFunctionZero(u8),
    /// Both a switch and functions below one port.
    #[error("a port leads to a switch or to a device, not to both")]
    SwitchAndDevice,
    /// A link trained to more than its ends can, or differently at its ends.
    #[error("the link is trained to more than both of its ends can do")]
    TrainedBeyond,
    /// Both ends of a link say what it was trained to, and differ.
    #[error("the two ends of the link disagree on what it was trained to")]
    TrainedTwice,
    /// A number outside of what its register holds.
    #[error("{what} = {value}: must be {allowed}")]
    Range {
        /// Which.
        what: &'static str,
        /// The number.
        value: u64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// An interrupt message number without a vector.
    #[error("interrupt message {message}, but there are {vectors} vectors")]
    NoVector {
        /// The message number.
        message: u16,
        /// How many vectors there are.
        vectors: u16,
    },
    /// The capabilities do not fit into configuration space.
    #[error("its capabilities do not fit into configuration space")]
    NoRoom,
    /// A memory size that the registers cannot express.
    #[error("a size of {0} MiB is not a multiple of 256 MiB above zero")]
    MemorySize(u64),
    /// More than 16 memory ranges, or memory where there cannot be any.
    #[error("only CXL memory, and CXL accelerators, have memory, in at most 16 ranges")]
    Memory,
    /// A table named by file in a text that comes from none.
    #[error("a table from a file needs a scenario from a file")]
    FileWithoutFolder,
    /// Two functions of this name.
    #[error("the name \"{0}\" is taken")]
    NameTaken(String),
    /// A fault at a function that is not there.
    #[error("no function has the name or address \"{0}\"")]
    NoSuchFunction(String),
    /// A fault at a mailbox that is not there.
    #[error("function {address} has {count} mailboxes, so there is no number {index}")]
    NoSuchMailbox {
        /// The function.
        address: Address,
        /// How many it has.
        count: usize,
        /// The number asked for.
        index: u8,
    },
    /// A protocol filter on a fault that comes before the protocol is known.
    #[error("\"{0}\" takes hold before the protocol of the exchange is known")]
    ProtocolTooEarly(&'static str),
    /// A table for SPDM, and no mailbox that speaks it.
    #[error("it has no mailbox that speaks SPDM, so `spdm` means nothing")]
    NoSpdmMailbox,
    /// An empty list of versions.
    #[error("SPDM needs a version")]
    NoVersion,
    /// An empty list of slots.
    #[error("a certificate chain needs a slot; what has none says `attests = false`")]
    NoSlot,
    /// An algorithm that no version of the list has.
    #[error("SPDM {newest} does not have {algorithm}")]
    AlgorithmOfLater {
        /// The algorithm.
        algorithm: &'static str,
        /// The newest version of the list.
        newest: lanewarden_spdm::Version,
    },
    /// A certificate of nobody.
    #[error("no authority has the name \"{0}\"")]
    NoSuchAuthority(String),
    /// Certificates signed over a hash that certificates are not signed over here.
    #[error("certificates are signed over SHA-256, SHA-384 or SHA-512, not {0}")]
    CertificateHash(&'static str),
    /// Certificates whose time ends before it begins.
    #[error("the validity ends before it begins")]
    NeverValid,
    /// A measurement without value, or with two.
    #[error("measurement {index} has either `raw` or `digest`")]
    RawOrDigest {
        /// Its index.
        index: u8,
    },
    /// A digest of what is never told as one.
    #[error("measurement {index} is of a kind that is told as it is: it needs `raw`")]
    NeverDigest {
        /// Its index.
        index: u8,
    },
    /// A digest that is not of the function's hash.
    #[error("the digest of measurement {index} has {size} bytes, and those of its `hash` have {expected}")]
    DigestSize {
        /// The measurement's index.
        index: u8,
        /// Its bytes.
        size: usize,
        /// The bytes of a digest.
        expected: usize,
    },
    /// Something is to be wrong with what is not there.
    #[error("{what} cannot be: {why}")]
    CannotMisbehave {
        /// What.
        what: &'static str,
        /// Why.
        why: &'static str,
    },
}
