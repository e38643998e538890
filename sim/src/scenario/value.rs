//! Values that a scenario's text must get right: each says what is wrong with it where it stands.

use std::fmt;

use lanewarden_doe::Protocol;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A link generation, 1 (2.5 GT/s) to 6 (64 GT/s): the encoding of its speed in the link registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u8);

impl Generation {
    /// The slowest.
    pub const FIRST: Self = Self(1);

    /// The generation with this number.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if matches!(number, 1..=6) { Some(Self(number)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// How many lanes: 1, 2, 4, 8, 12, 16 or 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Width(u8);

impl Width {
    /// One lane.
    pub const ONE: Self = Self(1);

    /// The width of that many lanes.
    #[must_use]
    pub const fn new(lanes: u8) -> Option<Self> {
        if matches!(lanes, 1 | 2 | 4 | 8 | 12 | 16 | 32) { Some(Self(lanes)) } else { None }
    }

    /// How many lanes.
    #[must_use]
    pub const fn lanes(self) -> u8 {
        self.0
    }
}

/// A 24-bit class code as in the header: base class, subclass, interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassCode(u32);

impl ClassCode {
    /// The code in its 24 bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// A device serial number (EUI-64). A number up to 2^63 - 1, or 16 hexadecimal digits in quotes, with or without
/// dashes between the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Serial(pub u64);

/// A DOE protocol: `"1e98:02"`, or the name of a registered one (`"table_access"`, `"compliance"`, `"cma_spdm"`,
/// `"secured_cma_spdm"`, ...).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProtocolName(pub Protocol);

/// Bytes in hexadecimal; white space between them is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexBytes(pub Vec<u8>);

const NAMES: [(&str, Protocol); 8] = [
    ("discovery", Protocol::DISCOVERY),
    ("cma_spdm", Protocol::CMA_SPDM),
    ("secured_cma_spdm", Protocol::SECURED_CMA_SPDM),
    ("cma_spdm_with_connection", Protocol::CMA_SPDM_WITH_CONNECTION),
    ("secured_cma_spdm_with_connection", Protocol::SECURED_CMA_SPDM_WITH_CONNECTION),
    ("async_message", Protocol::ASYNC_MESSAGE),
    ("compliance", Protocol::CXL_COMPLIANCE),
    ("table_access", Protocol::CXL_TABLE_ACCESS),
];

fn protocol(text: &str) -> Option<Protocol> {
    if let Some((_, protocol)) = NAMES.iter().find(|(name, _)| *name == text) {
        return Some(*protocol);
    }
    let (vendor, kind) = text.split_once(':')?;
    let digits = |part: &str, most| part.len() <= most && part.bytes().all(|b| b.is_ascii_hexdigit());
    if !digits(vendor, 4) || !digits(kind, 2) {
        return None;
    }
    Some(Protocol::new(u16::from_str_radix(vendor, 16).ok()?, u8::from_str_radix(kind, 16).ok()?))
}

/// The bytes that `text` spells in hexadecimal; `None` where it spells none.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

fn serial(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let valid = digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    valid.then(|| u64::from_str_radix(&digits, 16).ok())?
}

struct Number<T>(&'static str, fn(i64) -> Option<T>);

impl<T> Visitor<'_> for Number<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        (self.1)(number).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

pub(super) struct Text<T>(pub &'static str, pub fn(&str) -> Option<T>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

struct SerialVisitor;

impl Visitor<'_> for SerialVisitor {
    type Value = Serial;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a serial number: an integer from 0, or 16 hexadecimal digits in quotes")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Serial, E> {
        let value = u64::try_from(number);
        value.map(Serial).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Serial, E> {
        serial(text).map(Serial).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Generation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = Number("a link generation from 1 to 6", |n| Self::new(u8::try_from(n).ok()?));
        deserializer.deserialize_i64(visitor)
    }
}

impl<'de> Deserialize<'de> for Width {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor =
            Number("a link width of 1, 2, 4, 8, 12, 16 or 32 lanes", |n| Self::new(u8::try_from(n).ok()?));
        deserializer.deserialize_i64(visitor)
    }
}

impl<'de> Deserialize<'de> for ClassCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = |n| u32::try_from(n).ok().filter(|bits| *bits <= 0xff_ffff).map(Self);
        deserializer.deserialize_i64(Number("a class code of 24 bits, as in 0x010802", code))
    }
}

impl<'de> Deserialize<'de> for Serial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SerialVisitor)
    }
}

impl<'de> Deserialize<'de> for ProtocolName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a DOE protocol, as in \"1e98:02\" or \"table_access\"";
        deserializer.deserialize_str(Text(EXPECTED, |text| protocol(text).map(Self)))
    }
}

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("bytes in hexadecimal", |text| hex(text).map(Self)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_have_names_and_numbers() {
        assert_eq!(protocol("table_access"), Some(Protocol::new(0x1e98, 2)));
        assert_eq!(protocol("1b36:e0"), Some(Protocol::new(0x1b36, 0xe0)));
        for bad in ["", ":", "1e98", "1e98:", "+1:02", "11e98:02", "1e98:002", "tables"] {
            assert_eq!(protocol(bad), None, "{bad}");
        }
    }

    #[test]
    fn serial_numbers_read_as_lspci_prints_them() {
        assert_eq!(serial("00-a0-98-ff-ff-12-34-56"), Some(0x00a0_98ff_ff12_3456));
        assert_eq!(serial("ffffffffffffffff"), Some(u64::MAX));
        assert_eq!((serial("12"), serial("00-a0-98-ff-ff-12-34-5g")), (None, None));
    }

    #[test]
    fn bytes_are_read_over_white_space() {
        assert_eq!(hex("00 ff\n 1e98"), Some(vec![0, 0xff, 0x1e, 0x98]));
        assert_eq!((hex("0"), hex("xy"), hex("")), (None, None, Some(vec![])));
    }
}
