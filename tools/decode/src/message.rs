//! A message that has been taken apart.

use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::capture::Direction;
use crate::field::{Field, object};

/// What a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// SPDM, in the clear.
    Spdm,
    /// SPDM, protected by a session.
    Secured,
    /// DOE Discovery.
    DoeDiscovery,
    /// Another protocol of data objects.
    Doe,
    /// MCTP control messages.
    MctpControl,
    /// Another protocol of MCTP.
    Mctp,
    /// What SPDM over TCP says of itself.
    Tcp,
    /// What the emulators say to each other.
    Emulator,
    /// No message: the capture is wrong in itself.
    Capture,
}

impl Protocol {
    /// Its name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spdm => "spdm",
            Self::Secured => "secured",
            Self::DoeDiscovery => "doe_discovery",
            Self::Doe => "doe",
            Self::MctpControl => "mctp_control",
            Self::Mctp => "mctp",
            Self::Tcp => "tcp",
            Self::Emulator => "emulator",
            Self::Capture => "capture",
        }
    }
}

/// A message that has been taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number in the capture, from 1. What a message carries has the number of the message.
    pub number: u64,
    /// When, since 1970-01-01 UTC.
    pub time: Duration,
    /// Which way: as the capture says, by what it is, or by whose turn it is.
    pub direction: Option<Direction>,
    /// What it belongs to.
    pub protocol: Protocol,
    /// Its code, where its protocol has one.
    pub code: Option<u8>,
    /// What it is.
    pub name: String,
    /// The session that it is sealed for, or was in.
    pub session: Option<u32>,
    /// The message that carried it, or the last of those that did: a secured message, a chunk, or an encapsulated message.
    pub carried_by: Option<&'static str>,
    /// Its length in bytes, with padding.
    pub length: usize,
    /// What it says, in a line.
    pub gist: String,
    /// What it says, by name.
    pub fields: Vec<Field>,
    /// What is wrong with it.
    pub error: Option<String>,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Without its bytes and the line.
impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let direction = self.direction.map(|direction| match direction {
            Direction::ToResponder => "to_responder",
            Direction::ToRequester => "to_requester",
        });
        let mut form = serializer.serialize_struct("Message", 11)?;
        form.serialize_field("number", &self.number)?;
        form.serialize_field("time_ns", &u64::try_from(self.time.as_nanos()).unwrap_or(u64::MAX))?;
        form.serialize_field("direction", &direction)?;
        form.serialize_field("protocol", self.protocol.name())?;
        form.serialize_field("code", &self.code)?;
        form.serialize_field("name", &self.name)?;
        form.serialize_field("session", &self.session)?;
        form.serialize_field("carried_by", &self.carried_by)?;
        form.serialize_field("length", &self.length)?;
        form.serialize_field("fields", &Object(&self.fields))?;
        form.serialize_field("error", &self.error)?;
        form.end()
    }
}

struct Object<'a>(&'a [Field]);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        object(self.0, serializer)
    }
}
