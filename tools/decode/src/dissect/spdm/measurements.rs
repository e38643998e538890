//! Measurements.

use lanewarden_spdm::Version;
use lanewarden_spdm::message::{
    Block, Format, GetMeasurements, Header, Malformed, Measurements, Reader, Request,
};

use super::authentication::from_1_3;
use super::{Asked, Content, Reading, State, Unread, signed};
use crate::{Field, Value};

/// What bits 4 and 5 of the second parameter say, from 1.2 on.
const CHANGES: [&str; 4] = ["not detected", "changed", "unchanged", "reserved"];

pub fn get(
    version: Version,
    header: Header,
    reader: &mut Reader<'_>,
    asked: &mut Asked,
) -> Result<Content, Malformed> {
    let (message, _) = GetMeasurements::decode(version, header, reader)?;
    let GetMeasurements { operation, raw, new, signed, context } = &message;
    asked.signed = signed.is_some();
    Ok(Content::new(
        &message,
        vec![
            Field::new("operation", operation.to_string()),
            Field::new("raw", *raw),
            Field::new("new", *new),
            Field::new("signed", signed.is_some()),
            Field::new("slot", signed.map(|(_, slot)| slot)),
            Field::new("nonce", signed.as_ref().map(|(nonce, _)| &nonce[..])),
            Field::new("context", from_1_3(version, context)),
        ],
    ))
}

impl State {
    pub(super) fn measurements(&self, reading: &Reading<'_>) -> Result<Content, Unread> {
        let Reading { version, header, reader, side } = *reading;
        let decode = |is_signed| {
            signed(self.signature_size(side), |signature| {
                let format = Format { version, digest: 0, signature };
                Measurements::decode(format, is_signed, header, &mut { reader })
            })
        };
        let (message, ..) = match self.asked(reading, Request::GetMeasurements) {
            Some(asked) => decode(asked.signed)?,
            None => decode(false).or_else(|_| decode(true))?,
        };
        let change =
            CHANGES.get(usize::from(message.attributes >> 4 & 3)).filter(|_| version >= Version::V1_2);
        Ok(Content::new(
            &message,
            vec![
                Field::new("total", message.total),
                Field::new("slot", message.attributes & 0xf),
                Field::new("content_change", change.copied()),
                Field::new(
                    "blocks",
                    Value::List(message.blocks.iter().map(|block| fields(&block)).collect()),
                ),
                Field::new("nonce", &message.nonce[..]),
                Field::new("opaque", message.opaque),
                Field::new("context", from_1_3(version, &message.context)),
                Field::new("signature", message.signature),
            ],
        ))
    }
}

fn fields(block: &Block<'_>) -> Value {
    let value = block.value();
    Value::Group(vec![
        Field::new("index", block.index),
        Field::new("specification", Value::mask(block.specification)),
        Field::new("type", value.map(|(kind, ..)| kind.to_string())),
        Field::new("raw", value.map(|(_, raw, _)| raw)),
        Field::new("value", value.map_or(block.measurement, |(.., value)| value)),
    ])
}
