//! Calls and replies, as they stand in messages.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Fault;

/// A method: its fields are its parameters.
pub trait Call: Serialize + DeserializeOwned {
    /// Its name, the interface's included.
    const METHOD: &'static str;
    /// What comes back.
    type Reply: Serialize + DeserializeOwned;
}

/// A call, as it is sent.
#[derive(Debug, Serialize)]
pub struct Envelope<'a, C> {
    method: &'static str,
    parameters: &'a C,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

impl<'a, C: Call> Envelope<'a, C> {
    /// A call with one reply.
    #[must_use]
    pub const fn new(call: &'a C) -> Self {
        Self { method: C::METHOD, parameters: call, more: false }
    }

    /// The same, with as many replies as there are.
    #[must_use]
    pub const fn more(self) -> Self {
        Self { more: true, ..self }
    }
}

/// A call, as it was received.
#[derive(Debug, Deserialize)]
pub struct Incoming<'a> {
    /// The method's name.
    #[serde(borrow)]
    pub method: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
    /// More than one reply is wanted.
    #[serde(default)]
    pub more: bool,
    /// No reply is wanted.
    #[serde(default)]
    pub oneway: bool,
    /// Something else shall be spoken from then on, which no method here offers.
    #[serde(default)]
    pub upgrade: bool,
}

impl Incoming<'_> {
    /// The parameters of the method `C`. Those that are left out are those that may be.
    ///
    /// # Errors
    /// [`Fault::InvalidParameter`].
    pub fn parameters<C: Call>(&self) -> Result<C, Fault> {
        let text = self.parameters.map_or("{}", RawValue::get);
        let text = if text == "null" { "{}" } else { text };
        serde_json::from_str(text).map_err(|error| Fault::InvalidParameter(error.to_string()))
    }
}

/// A reply, as it is sent.
#[derive(Debug, Serialize)]
pub struct Reply<T> {
    parameters: T,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    continues: bool,
}

impl<T: Serialize> Reply<T> {
    /// The only one, or the last.
    #[must_use]
    pub const fn new(parameters: T) -> Self {
        Self { parameters, continues: false }
    }

    /// One after which more come.
    #[must_use]
    pub fn continues(self) -> Self {
        Self { continues: true, ..self }
    }
}

/// A reply, as it was received.
#[derive(Debug, Deserialize)]
pub struct Replied<'a> {
    /// The error's name, if it is one.
    #[serde(borrow, default)]
    pub error: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
    /// More come after it.
    #[serde(default)]
    pub continues: bool,
}

impl Replied<'_> {
    /// What it brings, or the error that it is.
    ///
    /// # Errors
    /// As the daemon said, or [`serde_json::Error`] where that cannot be read.
    pub fn result<T: DeserializeOwned>(&self) -> Result<Result<T, Fault>, serde_json::Error> {
        let parameters = self.parameters.map_or("{}", RawValue::get);
        match &self.error {
            Some(name) => Ok(Err(Fault::read(name, parameters))),
            None => serde_json::from_str(parameters).map(Ok),
        }
    }
}
