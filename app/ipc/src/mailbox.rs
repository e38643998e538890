//! `org.lanewarden.Mailbox1`: exchanges with the mailboxes of devices, and what they need.

use lanewarden_pci::Address;
use serde::{Deserialize, Serialize};

use crate::machine::address;
use crate::service::Nothing;
use crate::{Base64, Call};

/// A mailbox as the caller's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Of which function.
    #[serde(with = "address")]
    pub address: Address,
    /// Of this one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The offset of its capability.
    pub mailbox: u16,
    /// How long to wait for it, in milliseconds; not at all with 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_ms: Option<u64>,
}

/// A mailbox that is the caller's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// The claim's name.
    pub claim: u64,
    /// Which device it is of.
    pub generation: u64,
}

impl Call for Claim {
    const METHOD: &'static str = "org.lanewarden.Mailbox1.Claim";
    type Reply = Claimed;
}

/// A mailbox taken away from everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detach {
    /// Of which function.
    #[serde(with = "address")]
    pub address: Address,
    /// Of this one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The offset of its capability.
    pub mailbox: u16,
}

impl Call for Detach {
    const METHOD: &'static str = "org.lanewarden.Mailbox1.Detach";
    type Reply = Claimed;
}

/// Gives back what was claimed or detached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The claim's name.
    pub claim: u64,
}

impl Call for Release {
    const METHOD: &'static str = "org.lanewarden.Mailbox1.Release";
    type Reply = Nothing;
}

/// Says that a claim is still wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// The claim's name.
    pub claim: u64,
}

impl Call for Keep {
    const METHOD: &'static str = "org.lanewarden.Mailbox1.Keep";
    type Reply = Nothing;
}

/// One data object out, one in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Of which function.
    #[serde(with = "address")]
    pub address: Address,
    /// Of this one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The offset of the mailbox' capability.
    pub mailbox: u16,
    /// The protocol's vendor ID.
    pub vendor: u16,
    /// The protocol's data object type.
    #[serde(rename = "type")]
    pub kind: u8,
    /// What the answer may be of as well, of the same vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or_type: Option<u8>,
    /// For protocols with connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<u16>,
    /// What to send, without the object's header.
    pub payload: Base64,
    /// Of the answer's payload, in bytes.
    pub longest: u32,
    /// How long to wait for a turn, in milliseconds; not at all with 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience_ms: Option<u64>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its protocol's vendor ID.
    pub vendor: u16,
    /// Its protocol's data object type.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Without the object's header, padding included.
    pub payload: Base64,
}

impl Call for Exchange {
    const METHOD: &'static str = "org.lanewarden.Mailbox1.Exchange";
    type Reply = Object;
}

/// The same past the calls for protocols.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExchangeRaw(pub Exchange);

impl Call for ExchangeRaw {
    const METHOD: &'static str = "org.lanewarden.Mailbox1.ExchangeRaw";
    type Reply = Object;
}

/// Ends all exchanges on a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abort {
    /// Of which function.
    #[serde(with = "address")]
    pub address: Address,
    /// Of this one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The offset of its capability.
    pub mailbox: u16,
}

impl Call for Abort {
    const METHOD: &'static str = "org.lanewarden.Mailbox1.Abort";
    type Reply = Nothing;
}
