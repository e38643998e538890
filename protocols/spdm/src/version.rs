//! Versions of SPDM (DSP0274 1.3, 10.3).

use core::fmt;

/// A version that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Version {
    /// SPDM 1.0.
    V1_0 = 0x10,
    /// SPDM 1.1.
    V1_1 = 0x11,
    /// SPDM 1.2.
    V1_2 = 0x12,
    /// SPDM 1.3.
    V1_3 = 0x13,
}

impl Version {
    /// All of them, the oldest first.
    pub const ALL: [Self; 4] = [Self::V1_0, Self::V1_1, Self::V1_2, Self::V1_3];

    /// As it stands in the first byte of a message: major number in the upper half, minor in the lower.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The version with that byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.byte() == byte)
    }

    /// Its minor number as a digit.
    #[must_use]
    pub const fn minor_digit(self) -> u8 {
        match self {
            Self::V1_0 => b'0',
            Self::V1_1 => b'1',
            Self::V1_2 => b'2',
            Self::V1_3 => b'3',
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.byte() & 0xf)
    }
}

/// A set of versions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Versions(u8);

impl Versions {
    /// Every version that is spoken here.
    pub const ALL: Self = Self(0xf);

    /// Those from one to another, both included.
    #[must_use]
    pub fn between(lowest: Version, highest: Version) -> Self {
        Version::ALL.into_iter().filter(|version| (lowest..=highest).contains(version)).collect()
    }

    /// One only.
    #[must_use]
    pub fn only(version: Version) -> Self {
        Self(Self::bit(version))
    }

    /// Whether a version is among them.
    #[must_use]
    pub fn contains(self, version: Version) -> bool {
        self.0 & Self::bit(version) != 0
    }

    /// The members, the oldest first.
    pub fn iter(self) -> impl Iterator<Item = Version> + Clone {
        Version::ALL.into_iter().filter(move |version| self.contains(*version))
    }

    const fn bit(version: Version) -> u8 {
        match version {
            Version::V1_0 => 1,
            Version::V1_1 => 2,
            Version::V1_2 => 4,
            Version::V1_3 => 8,
        }
    }
}

impl FromIterator<Version> for Versions {
    fn from_iter<I: IntoIterator<Item = Version>>(versions: I) -> Self {
        Self(versions.into_iter().fold(0, |set, version| set | Self::bit(version)))
    }
}

impl fmt::Debug for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_both_its_ends() {
        let versions = Versions::between(Version::V1_1, Version::V1_2);
        assert!(versions.iter().eq([Version::V1_1, Version::V1_2]));
        assert!(Versions::ALL.iter().eq(Version::ALL));
        assert!(Versions::between(Version::V1_2, Version::V1_1).iter().eq([]));
    }
}
