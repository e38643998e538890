//! Traffic that has been recorded: capture files ([`capture`]), and their messages as text.
//!
//! [`messages`] gives the messages of a capture one by one, each taken apart by a [`Dissector`], which can be fed with
//! messages from elsewhere too, and opens those of sessions with a key log ([`keylog`]). A [`Message`] is shown by a [`Printer`], or serialized as a part of a [`Document`].
//! What a peer wrote is escaped, and no field is shown at any length.
#![forbid(unsafe_code)]

pub mod capture;
mod dissect;
mod document;
mod field;
mod hexdump;
pub mod keylog;
mod message;
mod printer;

#[cfg(test)]
mod tests;

use std::io::Read;

use capture::{CaptureError, CaptureReader, Captured};

pub use dissect::Dissector;
pub use document::{Document, SCHEMA};
pub use field::{Bytes, Field, Value};
pub use message::{Message, Protocol};
pub use printer::{Printer, Verbosity};

/// The messages of a capture, with what is wrong with it among them.
pub fn messages<R: Read>(reader: CaptureReader<R>) -> impl Iterator<Item = Message> {
    dissected(Dissector::default(), reader)
}

/// Messages that come in order, taken apart.
pub fn dissected(
    mut dissector: Dissector,
    captured: impl IntoIterator<Item = Result<Captured, CaptureError>>,
) -> impl Iterator<Item = Message> {
    captured.into_iter().flat_map(move |next| match next {
        Ok(captured) => dissector.take(&captured),
        Err(error) => vec![dissector.fault(&error)],
    })
}

/// The messages of a capture as text: each comes as one string, of as many lines as the verbosity asks for.
pub fn lines<R: Read>(reader: CaptureReader<R>, verbosity: Verbosity) -> impl Iterator<Item = String> {
    let mut printer = Printer::new(verbosity);
    messages(reader).map(move |message| printer.text(&message))
}
