//! `org.varlink.service`: what every varlink service says of itself.

use serde::{Deserialize, Serialize};

use crate::Call;

/// Who is there, and which interfaces there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetInfo {}

/// What a service says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Who made it.
    pub vendor: String,
    /// What it is.
    pub product: String,
    /// Its version.
    pub version: String,
    /// Where more is to be read.
    pub url: String,
    /// The names of its interfaces.
    pub interfaces: Vec<String>,
}

impl Call for GetInfo {
    const METHOD: &'static str = "org.varlink.service.GetInfo";
    type Reply = Info;
}

/// The text of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetInterfaceDescription {
    /// Its name.
    pub interface: String,
}

/// The text of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// As varlink's interface definitions are written.
    pub description: String,
}

impl Call for GetInterfaceDescription {
    const METHOD: &'static str = "org.varlink.service.GetInterfaceDescription";
    type Reply = Description;
}

/// Nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}
