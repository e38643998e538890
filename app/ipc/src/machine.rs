//! `org.lanewarden.Machine1`: the functions of the machine. Changes nothing.

use lanewarden_pci::Address;
use serde::{Deserialize, Serialize};

use crate::{Base64, Call};

/// An address as text in messages.
pub(crate) mod address {
    use lanewarden_pci::Address;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(address: &Address, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(address)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format_args!("not an address: {error}")))
    }

    /// One that may be left out.
    pub mod optional {
        use lanewarden_pci::Address;
        use serde::{Deserialize, Deserializer, Serializer};

        pub fn serialize<S: Serializer>(address: &Option<Address>, serializer: S) -> Result<S::Ok, S::Error> {
            match address {
                Some(address) => super::serialize(address, serializer),
                None => serializer.serialize_none(),
            }
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
            #[derive(Deserialize)]
            struct Text(#[serde(with = "super")] Address);
            Ok(Option::<Text>::deserialize(deserializer)?.map(|Text(address)| address))
        }
    }
}

/// The most registers in one answer to [`ReadConfig`]: all that a function has.
pub const MOST_REGISTERS: u16 = 1024;

/// The addresses of all functions, in ascending order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Functions {}

/// The addresses of all functions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// In ascending order, as text.
    pub addresses: Vec<String>,
}

impl Call for Functions {
    const METHOD: &'static str = "org.lanewarden.Machine1.Functions";
    type Reply = Addresses;
}

/// What there is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Describe {
    /// Where.
    #[serde(with = "address")]
    pub address: Address,
}

/// A function, and what the kernel says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Where it is.
    #[serde(with = "address")]
    pub address: Address,
    /// Which of those that have been there; absent where it has no mailbox.
    pub generation: Option<u64>,
    /// How many bytes of configuration space can be read.
    pub config_bytes: u16,
    /// The driver that is bound to it.
    pub driver: Option<String>,
    /// The CXL objects that hang on it.
    pub cxl_objects: Vec<String>,
    /// What the kernel itself lists of its mailboxes' protocols.
    pub doe_features: Option<Vec<String>>,
}

/// The function at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// The function.
    pub function: Function,
}

impl Call for Describe {
    const METHOD: &'static str = "org.lanewarden.Machine1.Describe";
    type Reply = Described;
}

/// Registers of configuration space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadConfig {
    /// Of which function.
    #[serde(with = "address")]
    pub address: Address,
    /// Of this one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// From this byte on, a multiple of four.
    pub offset: u16,
    /// How many registers, [`MOST_REGISTERS`] at most.
    pub count: u16,
}

/// Registers of configuration space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registers {
    /// Four bytes each, little-endian.
    pub registers: Base64,
}

impl Call for ReadConfig {
    const METHOD: &'static str = "org.lanewarden.Machine1.ReadConfig";
    type Reply = Registers;
}

/// Who besides the daemon uses a mailbox at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelClaim {
    /// Of which function.
    #[serde(with = "address")]
    pub address: Address,
    /// The offset of its capability.
    pub mailbox: u16,
}

/// Who besides the daemon uses a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// Nobody, where it is absent.
    pub claim: Option<Claim>,
}

/// Who besides the daemon uses a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// `driver`, `cxl_object` or `tsm`.
    pub kind: String,
    /// Of the driver or the object.
    pub name: Option<String>,
}

impl Call for KernelClaim {
    const METHOD: &'static str = "org.lanewarden.Machine1.KernelClaim";
    type Reply = Claimed;
}

impl From<lanewarden_pci::Claim> for Claim {
    fn from(claim: lanewarden_pci::Claim) -> Self {
        let (kind, name) = match claim {
            lanewarden_pci::Claim::Driver(name) => ("driver", Some(name)),
            lanewarden_pci::Claim::CxlObject(name) => ("cxl_object", Some(name)),
            lanewarden_pci::Claim::Tsm => ("tsm", None),
        };
        Self { kind: kind.to_owned(), name }
    }
}

impl From<Claim> for lanewarden_pci::Claim {
    /// A kind that is not known here is somebody's all the same.
    fn from(claim: Claim) -> Self {
        match (claim.kind.as_str(), claim.name) {
            ("tsm", _) => Self::Tsm,
            ("cxl_object", Some(name)) => Self::CxlObject(name),
            (_, Some(name)) => Self::Driver(name),
            (kind, None) => Self::Driver(kind.to_owned()),
        }
    }
}

/// The table that the kernel publishes of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelCdat {
    /// Which function.
    #[serde(with = "address")]
    pub address: Address,
}

/// The table that the kernel publishes of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// None, where it is absent.
    pub table: Option<Base64>,
}

impl Call for KernelCdat {
    const METHOD: &'static str = "org.lanewarden.Machine1.KernelCdat";
    type Reply = Published;
}

/// The ACPI `_UID` of the host bridge whose root bus this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostBridge {
    /// The segment (domain).
    pub segment: u32,
    /// The bus.
    pub bus: u8,
}

/// The ACPI `_UID` of a host bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostBridgeUid {
    /// None, where it is absent.
    pub uid: Option<u32>,
}

impl Call for HostBridge {
    const METHOD: &'static str = "org.lanewarden.Machine1.HostBridge";
    type Reply = HostBridgeUid;
}

/// All firmware tables with a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcpiTables {
    /// Four letters.
    pub signature: String,
}

/// Firmware tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    /// Whole, headers included.
    pub tables: Vec<Base64>,
}

impl Call for AcpiTables {
    const METHOD: &'static str = "org.lanewarden.Machine1.AcpiTables";
    type Reply = Tables;
}
