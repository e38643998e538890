//! `org.lanewarden.Session1`: SPDM sessions that the daemon keeps, each named by a key in the kernel's keyring.

use lanewarden_pci::Address;
use serde::{Deserialize, Serialize};

use crate::machine::address;
use crate::service::Nothing;
use crate::{Base64, Call};

/// Opens a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// With which function.
    #[serde(with = "address")]
    pub address: Address,
    /// With this one only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// The offset of the mailbox' capability.
    pub mailbox: u16,
    /// For the data objects that have connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<u16>,
}

/// A session that the daemon keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The serial number of the key that names it.
    pub key: i32,
    /// With which function.
    #[serde(with = "address")]
    pub address: Address,
    /// Which of those that have been there.
    pub generation: u64,
    /// Over which mailbox.
    pub mailbox: u16,
    /// What is in the session's records.
    pub session_id: u32,
    /// Who opened it.
    pub user: Option<u32>,
    /// The version of secured messages.
    pub secured_version: Option<String>,
    /// In what keys were exchanged.
    pub key_exchange_group: Option<String>,
    /// Its cipher.
    pub cipher: Option<String>,
    /// Its messages are encrypted, and not authenticated only.
    pub encrypted: bool,
    /// Within which time the device wants to hear of the daemon; 0 where it does not mind.
    pub heartbeat_s: u64,
}

/// A session that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The session.
    pub session: Session,
}

impl Call for Open {
    const METHOD: &'static str = "org.lanewarden.Session1.Open";
    type Reply = Opened;
}

/// Sends an SPDM request in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    /// The session's key.
    pub key: i32,
    /// The request.
    pub message: Base64,
}

/// An SPDM answer that came in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer.
    pub message: Base64,
}

impl Call for Send {
    const METHOD: &'static str = "org.lanewarden.Session1.Send";
    type Reply = Answer;
}

/// Replaces the keys of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renew {
    /// The session's key.
    pub key: i32,
}

impl Call for Renew {
    const METHOD: &'static str = "org.lanewarden.Session1.Renew";
    type Reply = Nothing;
}

/// Ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The session's key.
    pub key: i32,
}

impl Call for End {
    const METHOD: &'static str = "org.lanewarden.Session1.End";
    type Reply = Nothing;
}

/// The sessions that there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {}

/// The sessions that there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// By their keys.
    pub sessions: Vec<Session>,
}

impl Call for List {
    const METHOD: &'static str = "org.lanewarden.Session1.List";
    type Reply = Sessions;
}
