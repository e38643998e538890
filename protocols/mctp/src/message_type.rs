//! The types of MCTP messages (DSP0239, table 1).

use core::fmt;

/// What a message is about: seven bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType(u8);

impl MessageType {
    /// MCTP control messages (DSP0236).
    pub const CONTROL: Self = Self(0x00);
    /// Platform Level Data Model (DSP0241).
    pub const PLDM: Self = Self(0x01);
    /// NC-SI control (DSP0261).
    pub const NC_SI: Self = Self(0x02);
    /// Ethernet frames (DSP0261).
    pub const ETHERNET: Self = Self(0x03);
    /// NVMe Management Interface (DSP0235).
    pub const NVME_MI: Self = Self(0x04);
    /// SPDM (DSP0275).
    pub const SPDM: Self = Self(0x05);
    /// Secured messages (DSP0276).
    pub const SECURED: Self = Self(0x06);
    /// CXL fabric manager API (DSP0234).
    pub const CXL_FM_API: Self = Self(0x07);
    /// CXL type 3 component command interface (DSP0281).
    pub const CXL_CCI: Self = Self(0x08);
    /// Defined by a vendor with a PCI-SIG vendor ID.
    pub const PCI_VENDOR: Self = Self(0x7e);
    /// Defined by a vendor with an IANA enterprise number.
    pub const IANA_VENDOR: Self = Self(0x7f);

    /// The type with this number; `None` over 7 bits.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number <= 0x7f { Some(Self(number)) } else { None }
    }

    /// The type in a message's first byte, whatever its highest bit is.
    pub(crate) const fn of_byte(byte: u8) -> Self {
        Self(byte & 0x7f)
    }

    /// Its number, 0-0x7f.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its name, for those of DSP0239.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::CONTROL => "MCTP Control",
            Self::PLDM => "PLDM",
            Self::NC_SI => "NC-SI",
            Self::ETHERNET => "Ethernet",
            Self::NVME_MI => "NVMe-MI",
            Self::SPDM => "SPDM",
            Self::SECURED => "Secured Messages",
            Self::CXL_FM_API => "CXL FM-API",
            Self::CXL_CCI => "CXL CCI",
            Self::PCI_VENDOR => "Vendor Defined (PCI)",
            Self::IANA_VENDOR => "Vendor Defined (IANA)",
            _ => return None,
        })
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the registry, not from the constants.
    const REGISTRY: [(u8, &str); 11] = [
        (0x00, "MCTP Control"),
        (0x01, "PLDM"),
        (0x02, "NC-SI"),
        (0x03, "Ethernet"),
        (0x04, "NVMe-MI"),
        (0x05, "SPDM"),
        (0x06, "Secured Messages"),
        (0x07, "CXL FM-API"),
        (0x08, "CXL CCI"),
        (0x7e, "Vendor Defined (PCI)"),
        (0x7f, "Vendor Defined (IANA)"),
    ];

    #[test]
    fn the_types_of_the_registry_have_their_names_and_no_others_have_any() {
        for number in 0..=0x7f {
            let expected = REGISTRY.iter().find(|(known, _)| *known == number).map(|(_, name)| *name);
            assert_eq!(MessageType::new(number).unwrap().name(), expected, "{number:#x}");
        }
    }

    #[test]
    fn a_type_has_seven_bits() {
        assert_eq!(MessageType::new(0x80), None);
        assert_eq!(MessageType::new(0x7f), Some(MessageType::IANA_VENDOR));
    }
}
