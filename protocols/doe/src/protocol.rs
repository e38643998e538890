//! Which protocol a data object belongs to: vendor ID and data object type.

use core::fmt;

/// Vendor ID and data object type, which together name a protocol (PCIe 6.x, 6.30.1; "feature" in later revisions and
/// in Linux). Printed as Linux prints it: `1e98:02`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol {
    /// Vendor ID as assigned by PCI-SIG.
    pub vendor: u16,
    /// Data object type, in that vendor's numbering.
    pub kind: u8,
}

impl Protocol {
    /// PCI-SIG's own vendor ID.
    pub const PCI_SIG: u16 = 0x0001;
    /// The CXL consortium's vendor ID.
    pub const CXL: u16 = 0x1e98;

    /// DOE Discovery.
    pub const DISCOVERY: Self = Self::new(Self::PCI_SIG, 0);
    /// CMA/SPDM.
    pub const CMA_SPDM: Self = Self::new(Self::PCI_SIG, 1);
    /// Secured CMA/SPDM.
    pub const SECURED_CMA_SPDM: Self = Self::new(Self::PCI_SIG, 2);
    /// CMA/SPDM with connection ID.
    pub const CMA_SPDM_WITH_CONNECTION: Self = Self::new(Self::PCI_SIG, 3);
    /// Secured CMA/SPDM with connection ID.
    pub const SECURED_CMA_SPDM_WITH_CONNECTION: Self = Self::new(Self::PCI_SIG, 4);
    /// Async Message.
    pub const ASYNC_MESSAGE: Self = Self::new(Self::PCI_SIG, 5);
    /// CXL compliance mode.
    pub const CXL_COMPLIANCE: Self = Self::new(Self::CXL, 0);
    /// CXL table access (CDAT).
    pub const CXL_TABLE_ACCESS: Self = Self::new(Self::CXL, 2);

    /// The protocol with this vendor ID and type.
    #[must_use]
    pub const fn new(vendor: u16, kind: u8) -> Self {
        Self { vendor, kind }
    }

    /// Whether its objects carry a connection ID in the header.
    #[must_use]
    pub fn has_connection(self) -> bool {
        self == Self::CMA_SPDM_WITH_CONNECTION || self == Self::SECURED_CMA_SPDM_WITH_CONNECTION
    }

    /// Its name, for those in the registries of PCI-SIG and CXL.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::DISCOVERY => "DOE Discovery",
            Self::CMA_SPDM => "CMA/SPDM",
            Self::SECURED_CMA_SPDM => "Secured CMA/SPDM",
            Self::CMA_SPDM_WITH_CONNECTION => "CMA/SPDM with Connection ID",
            Self::SECURED_CMA_SPDM_WITH_CONNECTION => "Secured CMA/SPDM with Connection ID",
            Self::ASYNC_MESSAGE => "Async Message",
            Self::CXL_COMPLIANCE => "CXL Compliance",
            Self::CXL_TABLE_ACCESS => "CXL Table Access (CDAT)",
            _ => return None,
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:02x}", self.vendor, self.kind)
    }
}
