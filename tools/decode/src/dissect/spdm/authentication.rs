//! Digests, certificates, challenges.

use lanewarden_spdm::Version;
use lanewarden_spdm::message::{
    CertificatePortion, Challenge, ChallengeAuth, Digests, Format, GetCertificate, Header, Malformed, Reader,
    Request, SummaryKind, finish,
};

use super::super::chain::subjects;
use super::{Asked, Content, Reading, State, Unread, signed};
use crate::{Field, Value};

pub const NO_ALGORITHMS: Unread = Unread::Unknown("the algorithms are not known");

pub fn get_certificate(
    version: Version,
    header: Header,
    reader: &mut Reader<'_>,
    asked: &mut Asked,
) -> Result<Content, Malformed> {
    let (message, _) = GetCertificate::decode(version, header, reader)?;
    let GetCertificate { slot, size_only, offset, length } = message;
    asked.offset = offset;
    Ok(Content::new(
        &message,
        vec![
            Field::new("slot", slot),
            Field::new("size_only", size_only),
            Field::new("offset", offset),
            Field::new("length", length),
        ],
    ))
}

pub fn challenge(
    version: Version,
    header: Header,
    reader: &mut Reader<'_>,
    asked: &mut Asked,
) -> Result<Content, Malformed> {
    let (message, _) = Challenge::decode(version, header, reader)?;
    let Challenge { slot, summary, nonce, context } = message;
    asked.summary = summary != SummaryKind::None;
    Ok(Content::new(
        &message,
        vec![
            Field::new("slot", slot),
            Field::new("summary", summary.to_string()),
            Field::new("nonce", &nonce[..]),
            Field::new("context", from_1_3(version, &context)),
        ],
    ))
}

/// The requester's context, which there is from 1.3 on.
pub fn from_1_3(version: Version, context: &[u8]) -> Option<&[u8]> {
    (version >= Version::V1_3).then_some(context)
}

/// Where the connection has several keys, four bytes for each slot follow the digests, from 1.3 on.
fn with_keys<'a>(reading: &Reading<'a>, size: usize) -> Result<(Digests<'a>, &'a [u8]), Malformed> {
    let Reading { version, header, mut reader, .. } = *reading;
    let slots = usize::try_from(header.param2.count_ones()).unwrap_or_default();
    let digests = reader.take(slots.saturating_mul(size))?;
    let keys = reader.take(slots.saturating_mul(4))?;
    finish(&reader)?;
    let (message, _) = Digests::decode(version, size, header, &mut Reader::new(digests))?;
    Ok((message, keys))
}

/// Slot by slot: the numbers of the key pairs stand first, then what the certificates are, then what the keys may do.
fn keys_of(message: &Digests<'_>, keys: &[u8]) -> Vec<Value> {
    let slots = keys.len() / 4;
    let (numbers, rest) = keys.split_at_checked(slots).unwrap_or_default();
    let (models, usages) = rest.split_at_checked(slots).unwrap_or_default();
    let each = numbers.iter().zip(models).zip(usages.chunks_exact(2)).zip(message.iter());
    let groups = each.map(|(((number, model), usage), (slot, _))| {
        let usage = usage.iter().rev().fold(0, |usage, byte| usage << 8 | u16::from(*byte));
        Value::Group(vec![
            Field::new("slot", slot),
            Field::new("key_pair_id", *number),
            Field::new("certificate_info", Value::mask(*model)),
            Field::new("key_usage", Value::mask(usage)),
        ])
    });
    groups.collect()
}

impl State {
    pub(super) fn digests(&self, reading: &Reading<'_>) -> Result<Content, Unread> {
        let Reading { version, header, mut reader, .. } = *reading;
        let size = self.digest.ok_or(NO_ALGORITHMS)?;
        let (message, keys) = match Digests::decode(version, size, header, &mut reader) {
            Err(Malformed::Trailing(_)) if version >= Version::V1_3 => with_keys(reading, size)?,
            decoded => (decoded?.0, &[][..]),
        };
        let digests = message
            .iter()
            .map(|(slot, digest)| Value::Group(vec![Field::new("slot", slot), Field::new("digest", digest)]));
        let fields = vec![
            Field::new("supported_slots", message.supported.map(Value::mask)),
            Field::new("provisioned_slots", Value::mask(message.provisioned)),
            Field::new("digests", Value::List(digests.collect())),
            Field::new("keys", Value::List(keys_of(&message, keys))),
        ];
        Ok(Content::new(&message, fields))
    }

    pub(super) fn certificate(&mut self, reading: &Reading<'_>) -> Result<Content, Malformed> {
        let (message, _) = CertificatePortion::decode(reading.header, &mut { reading.reader })?;
        let CertificatePortion { slot, bytes, remainder } = message;
        let offset = self.asked(reading, Request::GetCertificate).map(|asked| asked.offset);
        let whole =
            offset.and_then(|offset| self.chains.get_mut(reading.side)?.take(slot, offset, bytes, remainder));
        let named = match (&whole, self.hash) {
            (Some(chain), Some(hash)) => subjects(chain, hash),
            _ => Value::List(Vec::new()),
        };
        let mut content = Content::new(
            &message,
            vec![
                Field::new("slot", slot),
                Field::new("offset", offset),
                Field::new("length", bytes.len()),
                Field::new("remainder", remainder),
                Field::new("portion", bytes),
                Field::new("chain_length", whole.as_ref().map(Vec::len)),
                Field::new("subjects", named),
            ],
        );
        if let Some(chain) = whole {
            content.gist.push_str(&format!("; the chain is whole, {} bytes", chain.len()));
        }
        Ok(content)
    }

    pub(super) fn challenge_auth(&self, reading: &Reading<'_>) -> Result<Content, Unread> {
        let Reading { version, header, reader, side } = *reading;
        let digest = self.digest.ok_or(NO_ALGORITHMS)?;
        let decode = |with_summary| {
            signed(self.signature_size(side), |signature| {
                let format = Format { version, digest, signature };
                ChallengeAuth::decode(format, with_summary, header, &mut { reader })
            })
        };
        let (message, ..) = match self.asked(reading, Request::Challenge) {
            Some(asked) => decode(asked.summary)?,
            None => decode(true).or_else(|_| decode(false))?,
        };
        Ok(Content::new(
            &message,
            vec![
                Field::new("slot", message.attributes & 0xf),
                Field::new("attributes", Value::mask(message.attributes)),
                Field::new("slots", Value::mask(message.slots)),
                Field::new("chain_digest", message.chain_digest),
                Field::new("nonce", &message.nonce[..]),
                Field::new("summary", message.summary),
                Field::new("opaque", message.opaque),
                Field::new("context", from_1_3(version, &message.context)),
                Field::new("signature", message.signature),
            ],
        ))
    }
}
