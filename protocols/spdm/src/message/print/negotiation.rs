//! VERSION, capabilities and algorithms.

use core::fmt;

use super::super::{
    AeadAlgorithms, Algorithms, AsymmetricAlgorithms, Capabilities, DheGroups, HashAlgorithms, KeySchedules,
    MeasurementHashes, NegotiateAlgorithms, RequesterFlags, ResponderFlags, SessionPolicy, Structure,
    Structures, VersionList,
};
use super::{VersionByte, separated};

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
names!(DheGroups, AeadAlgorithms, KeySchedules, SessionPolicy);

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
            Self::DHE => Some("key exchange"),
            Self::AEAD => Some("AEAD"),
            Self::REQUESTER_ASYMMETRIC => Some("requester's signature"),
            Self::KEY_SCHEDULE => Some("key schedule"),
            _ => None,
        }
    }
}

/// The names of its algorithms.
impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.algorithms;
        match self.kind {
            Self::DHE => DheGroups::from_bits_retain(bits).fmt(f),
            Self::AEAD => AeadAlgorithms::from_bits_retain(bits).fmt(f),
            Self::REQUESTER_ASYMMETRIC => AsymmetricAlgorithms::from_bits_retain(bits.into()).fmt(f),
            Self::KEY_SCHEDULE => KeySchedules::from_bits_retain(bits).fmt(f),
            _ if bits == 0 => f.write_str("none"),
            _ => write!(f, "{bits:#x}"),
        }
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
