//! The names that a table for SPDM has for versions, algorithms and measurements.

use lanewarden_spdm::Version;
use lanewarden_spdm::crypto::{HashAlgorithm, SignatureAlgorithm};
use lanewarden_spdm::message::{AsymmetricAlgorithms, ValueType};
use serde::de::{Deserialize, Deserializer, Error, Unexpected};

use crate::scenario::value::Text;

/// A version: `"1.0"` to `"1.3"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionName(pub Version);

/// A signature algorithm by its usual name, in letters of either case: `"ECDSA-P256"`, `"ECDSA-P384"`, `"ECDSA-P521"`,
/// `"Ed25519"`, and `"RSASSA-2048"`, `"RSAPSS-2048"` and so on up to 4096.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmName(pub SignatureAlgorithm);

/// A hash by its usual name, in letters of either case: `"SHA-384"`, `"SHA3-512"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashName(pub HashAlgorithm);

/// What a measurement is of: `"immutable_rom"`, `"mutable_firmware"`, `"hardware_configuration"`,
/// `"firmware_configuration"`, `"measurement_manifest"`, `"device_mode"`, `"firmware_version"` or
/// `"security_version_number"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasurementKind(pub ValueType);

impl MeasurementKind {
    /// Whether a digest is told of it.
    #[must_use]
    pub const fn is_hashed(self) -> bool {
        self.0.0 <= ValueType::FIRMWARE_CONFIGURATION.0
    }
}

/// A day from 1970 to 9999, as TOML writes it: `2024-01-01`, without quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(u64);

impl Date {
    /// Its beginning in UTC, in seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// Counted from March on, so that the leap day is the last of its year.
    fn new(date: toml::value::Date) -> Option<Self> {
        let (year, month, day) = (u64::from(date.year), u64::from(date.month), u64::from(date.day));
        if year < 1970 {
            return None;
        }
        let (year, month) = if month > 2 {
            (year, month.checked_sub(3)?)
        } else {
            (year.checked_sub(1)?, month.checked_add(9)?)
        };
        let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
        let before = year.checked_mul(365)?.checked_add(leap_days)?;
        let within = month.checked_mul(153)?.checked_add(2)?.checked_div(5)?.checked_add(day)?;
        /// The days before 1 January 1970, counted so.
        const EPOCH: u64 = 719_469;
        before.checked_add(within)?.checked_sub(EPOCH)?.checked_mul(86_400).map(Self)
    }
}

fn version(text: &str) -> Option<Version> {
    Version::ALL.into_iter().find(|version| version.to_string() == text)
}

fn algorithm(text: &str) -> Option<SignatureAlgorithm> {
    let mut known = AsymmetricAlgorithms::spoken(Version::V1_3).algorithms();
    known.find(|algorithm| algorithm.name().eq_ignore_ascii_case(text))
}

fn hash(text: &str) -> Option<HashAlgorithm> {
    HashAlgorithm::ALL.into_iter().find(|hash| hash.name().eq_ignore_ascii_case(text))
}

fn kind(text: &str) -> Option<ValueType> {
    let named = |kind: ValueType| kind.name().map(|name| name.to_lowercase().replace(' ', "_"));
    (0..=ValueType::SECURITY_VERSION.0).map(ValueType).find(|kind| named(*kind).as_deref() == Some(text))
}

impl<'de> Deserialize<'de> for VersionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text("a version of SPDM from \"1.0\" to \"1.3\"", |text| version(text).map(Self));
        deserializer.deserialize_str(text)
    }
}

impl<'de> Deserialize<'de> for AlgorithmName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text("a signature algorithm, as in \"ECDSA-P384\"", |text| algorithm(text).map(Self));
        deserializer.deserialize_str(text)
    }
}

impl<'de> Deserialize<'de> for HashName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("a hash, as in \"SHA-384\"", |text| hash(text).map(Self)))
    }
}

impl<'de> Deserialize<'de> for MeasurementKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "what is measured, as in \"mutable_firmware\"";
        deserializer.deserialize_str(Text(EXPECTED, |text| kind(text).map(Self)))
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = toml::value::Datetime::deserialize(deserializer)?;
        let day = written.date.filter(|_| written.time.is_none() && written.offset.is_none());
        day.and_then(Self::new).ok_or_else(|| {
            D::Error::invalid_value(
                Unexpected::Other("date and time"),
                &"a day from 1970 on, as in 2024-01-01",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use lanewarden_spdm::crypto::{Curve, RsaSize};

    use super::*;

    #[test]
    fn everything_has_its_usual_name() {
        assert_eq!(version("1.2"), Some(Version::V1_2));
        assert_eq!((version("1.4"), version("1"), version("")), (None, None, None));
        assert_eq!(algorithm("ecdsa-p521"), Some(SignatureAlgorithm::Ecdsa(Curve::P521)));
        assert_eq!(algorithm("RSAPSS-3072"), Some(SignatureAlgorithm::RsaPss(RsaSize::Bits3072)));
        assert_eq!((algorithm("RSA"), hash("sha384")), (None, None));
        assert_eq!(hash("sha3-256"), Some(HashAlgorithm::Sha3_256));
        assert_eq!(kind("immutable_rom"), Some(ValueType::IMMUTABLE_ROM));
        assert_eq!(kind("security_version_number"), Some(ValueType::SECURITY_VERSION));
        assert_eq!((kind("immutable ROM"), kind("informational")), (None, None));
    }

    #[test]
    fn a_day_is_counted_from_1970() {
        let day = |year, month, day| Date::new(toml::value::Date { year, month, day }).map(Date::seconds);
        assert_eq!(day(1970, 1, 1), Some(0));
        assert_eq!(day(1970, 3, 1), Some(59 * 86_400));
        assert_eq!(day(2000, 2, 29), Some(951_782_400));
        assert_eq!(day(2024, 1, 1), Some(1_704_067_200));
        assert_eq!(day(2054, 1, 1), Some(2_650_838_400));
        assert_eq!(day(1969, 12, 31), None);
    }

    #[test]
    fn code_and_configuration_are_hashed_and_versions_are_not() {
        assert!(MeasurementKind(ValueType::FIRMWARE_CONFIGURATION).is_hashed());
        assert!(!MeasurementKind(ValueType::MANIFEST).is_hashed());
    }
}
