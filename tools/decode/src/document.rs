//! Messages for programs.

use std::cell::Cell;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::Message;

/// The name of the form.
pub const SCHEMA: &str = "lanewarden.messages/1";

/// An object with the schema and the list `messages`, which is written as the messages come: none is held. It can be
/// serialized once; then it is empty.
pub struct Document<I> {
    messages: List<I>,
}

struct List<I>(Cell<Option<I>>);

impl<I: Iterator<Item = Message>> Document<I> {
    /// The document of these messages.
    pub fn new(messages: impl IntoIterator<IntoIter = I>) -> Self {
        Self { messages: List(Cell::new(Some(messages.into_iter()))) }
    }
}

impl<I: Iterator<Item = Message>> Serialize for Document<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Document", 2)?;
        form.serialize_field("schema", SCHEMA)?;
        form.serialize_field("messages", &self.messages)?;
        form.end()
    }
}

impl<I: Iterator<Item = Message>> Serialize for List<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.take().into_iter().flatten())
    }
}
