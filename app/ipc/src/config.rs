//! `org.lanewarden.Config1`: configuration space, written past everything else.

use lanewarden_pci::Address;
use serde::{Deserialize, Serialize};

use crate::Call;
use crate::machine::address;
use crate::service::Nothing;

/// Configuration space of a function alone, for a second at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Of which function.
    #[serde(with = "address")]
    pub address: Address,
    /// Of this one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// How long to wait for it, in milliseconds; not at all with 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_ms: Option<u64>,
}

/// A lock that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    /// Its name.
    pub lock: u64,
    /// Which device it is of.
    pub generation: u64,
}

impl Call for Lock {
    const METHOD: &'static str = "org.lanewarden.Config1.Lock";
    type Reply = Locked;
}

/// Gives a lock back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlock {
    /// Its name.
    pub lock: u64,
}

impl Call for Unlock {
    const METHOD: &'static str = "org.lanewarden.Config1.Unlock";
    type Reply = Nothing;
}

/// Writes one register of the function that is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// The lock's name.
    pub lock: u64,
    /// Which register: a multiple of four.
    pub offset: u16,
    /// What to write.
    pub value: u32,
}

impl Call for Write {
    const METHOD: &'static str = "org.lanewarden.Config1.Write";
    type Reply = Nothing;
}
