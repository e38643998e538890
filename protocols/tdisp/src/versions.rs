//! The versions that a device speaks: a count, and a byte each.

use core::fmt;

use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

pub(crate) fn decode<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    match reader.u8()? {
        0 => Err(Malformed::Field("number of versions")),
        count => reader.take(count.into()),
    }
}

pub(crate) fn encode(versions: &[u8], writer: &mut Writer<'_>) -> Result<(), NoRoom> {
    writer.u8(u8::try_from(versions.len()).map_err(|_| NoRoom)?)?;
    writer.bytes(versions)
}

/// After the message's name.
pub(crate) fn print(versions: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    versions.iter().enumerate().try_for_each(|(place, version)| {
        let before = if place == 0 { ": " } else { ", " };
        write!(f, "{before}{}.{}", version >> 4, version & 0xf)
    })
}
