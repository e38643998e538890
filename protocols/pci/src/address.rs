//! Where a function sits: segment, bus, device, function.

use core::fmt;
use core::str::FromStr;

/// The address of a PCI function. It is where a device is now, not which device it is.
///
/// Printed as lspci prints it with the domain shown: `0000:0c:00.0`. Parsed with or without the segment, which is
/// then 0. Segments are 16 bits in PCIe; Linux gives domains above 0xffff to functions behind a VMD, so there is
/// room for 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Segment group ("domain" in Linux).
    pub segment: u32,
    /// Bus number.
    pub bus: u8,
    /// Device number 0-31 and function number 0-7, packed as in a requester ID (`device << 3 | function`).
    devfn: u8,
}

impl Address {
    /// The address with these numbers; `None` where device or function do not fit their 5 and 3 bits.
    #[must_use]
    pub const fn new(segment: u32, bus: u8, device: u8, function: u8) -> Option<Self> {
        if device > 31 || function > 7 {
            return None;
        }
        Some(Self { segment, bus, devfn: device << 3 | function })
    }

    /// The address whose low 16 bits as a requester ID are `bus << 8 | devfn`.
    #[must_use]
    pub const fn from_devfn(segment: u32, bus: u8, devfn: u8) -> Self {
        Self { segment, bus, devfn }
    }

    /// Device number, 0-31.
    #[must_use]
    pub const fn device(self) -> u8 {
        self.devfn >> 3
    }

    /// Function number, 0-7.
    #[must_use]
    pub const fn function(self) -> u8 {
        self.devfn & 7
    }

    /// Device and function packed as in a requester ID.
    #[must_use]
    pub const fn devfn(self) -> u8 {
        self.devfn
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:02x}:{:02x}.{}", self.segment, self.bus, self.device(), self.function())
    }
}

/// Text that is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a PCI address: expected [segment:]bus:device.function in hexadecimal, as in 0000:0c:00.0")]
pub struct ParseAddressError;

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, ParseAddressError> {
        let (rest, function) = text.rsplit_once('.').ok_or(ParseAddressError)?;
        let (rest, device) = rest.rsplit_once(':').ok_or(ParseAddressError)?;
        let (segment, bus) = rest.rsplit_once(':').unwrap_or(("0", rest));
        let segment = hex(segment, 8)?;
        let bus = u8::try_from(hex(bus, 2)?).map_err(|_| ParseAddressError)?;
        let device = u8::try_from(hex(device, 2)?).map_err(|_| ParseAddressError)?;
        let function = u8::try_from(hex(function, 1)?).map_err(|_| ParseAddressError)?;
        Self::new(segment, bus, device, function).ok_or(ParseAddressError)
    }
}

/// `from_str_radix` alone would also take a sign.
fn hex(digits: &str, most: usize) -> Result<u32, ParseAddressError> {
    if digits.is_empty() || digits.len() > most || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ParseAddressError);
    }
    u32::from_str_radix(digits, 16).map_err(|_| ParseAddressError)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn prints_what_it_parses() {
        for text in ["0000:0c:00.0", "0001:ff:1f.7", "10000:e1:00.0"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("3:4.5".parse(), Ok(Address::new(0, 3, 4, 5).unwrap()));
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in [
            "",
            "0c:00",
            "0c.0",
            "100:00.0",
            "00:20.0",
            "00:00.8",
            "+1:00.0",
            "a:b:c:0.0",
            "123456789:00:00.0",
        ] {
            assert_eq!(text.parse::<Address>(), Err(ParseAddressError), "{text}");
        }
    }
}
