//! VERSION, capabilities and algorithms.

use core::fmt;

use super::super::{
    Algorithms, AsymmetricAlgorithms, Capabilities, HashAlgorithms, MeasurementHashes, NegotiateAlgorithms,
    RequesterFlags, ResponderFlags, Structure, Structures, VersionList,
};
use super::{VersionByte, separated};

const KEY_EXCHANGE: [&str; 7] =
    ["FFDHE_2048", "FFDHE_3072", "FFDHE_4096", "SECP_256_R1", "SECP_384_R1", "SECP_521_R1", "SM2_P256"];
const AEAD: [&str; 4] = ["AES_128_GCM", "AES_256_GCM", "CHACHA20_POLY1305", "SM4_GCM"];
const KEY_SCHEDULE: [&str; 1] = ["SPDM"];

impl fmt::Display for VersionList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, " ", self.bytes().map(VersionByte)).map(drop)
    }
}

/// The names of a set, and its bits of no name as a number.
macro_rules! names {
    ($($set:ty),*) => {$(
        impl fmt::Display for $set {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut names = self.iter_names();
                let any = separated(f, " ", names.by_ref().map(|(name, _)| name))?;
                match (names.remaining().bits(), any) {
                    (0, true) => Ok(()),
                    (0, false) => f.write_str("none"),
                    (rest, true) => write!(f, " {rest:#x}"),
                    (rest, false) => write!(f, "{rest:#x}"),
                }
            }
        }
    )*};
}

names!(RequesterFlags, ResponderFlags, AsymmetricAlgorithms, HashAlgorithms, MeasurementHashes);

impl<F: fmt::Display> fmt::Display for Capabilities<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; CT exponent {}", self.flags, self.ct_exponent)?;
        let Some(sizes) = self.sizes else { return Ok(()) };
        write!(f, "; transfer {} bytes, message {} bytes", sizes.transfer, sizes.message)
    }
}

impl Structure {
    /// What its algorithms are for; `None` for a kind of no name.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.kind {
            2 => Some("key exchange"),
            3 => Some("AEAD"),
            4 => Some("requester's signature"),
            5 => Some("key schedule"),
            _ => None,
        }
    }
}

/// The names of its algorithms.
impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: &[&str] = match self.kind {
            2 => &KEY_EXCHANGE,
            3 => &AEAD,
            4 => return AsymmetricAlgorithms::from_bits_retain(self.algorithms.into()).fmt(f),
            5 => &KEY_SCHEDULE,
            _ => &[],
        };
        named(f, self.algorithms, names)
    }
}

/// The names of the bits that are set, from the lowest on; those without one as a number.
fn named(f: &mut fmt::Formatter<'_>, bits: u16, names: &[&str]) -> fmt::Result {
    let all = || names.iter().zip(0..).map(|(name, place)| (name, 1_u16.wrapping_shl(place)));
    let any = separated(f, " ", all().filter(|(_, bit)| bits & bit != 0).map(|(name, _)| name))?;
    match (all().fold(bits, |rest, (_, bit)| rest & !bit), any) {
        (0, true) => Ok(()),
        (0, false) => f.write_str("none"),
        (rest, true) => write!(f, " {rest:#x}"),
        (rest, false) => write!(f, "{rest:#x}"),
    }
}

/// Each kind with its algorithms, where there are some.
fn structures(f: &mut fmt::Formatter<'_>, structures: Structures<'_>) -> fmt::Result {
    structures.filter(|structure| structure.algorithms != 0).try_for_each(|structure| {
        match structure.name() {
            Some(name) => write!(f, "; {name} {structure}"),
            None => write!(f, "; kind {} {structure}", structure.kind),
        }
    })
}

impl fmt::Display for NegotiateAlgorithms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signature {}; hash {}", self.asymmetric, self.hash)?;
        structures(f, self.structures)
    }
}

impl fmt::Display for Algorithms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asymmetric, hash, measurement_hash, .. } = self;
        write!(f, "signature {asymmetric}; hash {hash}; measurements {measurement_hash}")?;
        structures(f, self.structures)
    }
}
