//! Sessions: how they begin, live and end, as far as that goes in the clear.

use lanewarden_spdm::Version;
use lanewarden_spdm::message::{
    EndSession, EndSessionAck, Ends, Finish, FinishRsp, Format, Header, Heartbeat, KeyExchange,
    KeyExchangeRsp, KeyUpdate, Malformed, OpaqueFormat, OpaqueTable, PskExchange, PskExchangeRsp, PskFinish,
    PskFinishRsp, Reader, Request, SecuredChoice, SecuredOffer, SessionPolicy, SummaryKind,
};

use super::authentication::NO_ALGORITHMS;
use super::transfer::exchange;
use super::{Asked, Content, Reading, State, Unread, signed};
use crate::{Field, Value};

/// The place of the requester's signatures among the sizes that are known.
const REQUESTER: usize = 1;
const BOTH: [bool; 2] = [true, false];

pub fn psk_exchange(
    version: Version,
    header: Header,
    reader: &mut Reader<'_>,
    asked: &mut Asked,
) -> Result<Content, Malformed> {
    let (message, _) = PskExchange::decode(version, header, reader)?;
    let PskExchange { summary, policy, session_id, hint, context, opaque } = message;
    asked.summary = summary != SummaryKind::None;
    let mut content = Content::new(
        &message,
        vec![
            Field::new("requester_session_id", Value::mask(session_id)),
            Field::new("summary", summary.to_string()),
            Field::new("policy", from_1_2(version, policy)),
            Field::new("hint", hint),
            Field::new("requester_context", context),
        ],
    );
    content.offer(version, opaque);
    Ok(content)
}

pub fn psk_finish_rsp(reader: &Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = PskFinishRsp::decode(reader)?;
    Ok(Content::new(&message, Vec::new()))
}

pub fn heartbeat(reader: &Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = Heartbeat::decode(reader)?;
    Ok(Content::new(&message, Vec::new()))
}

pub fn key_update(header: Header, reader: &Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = KeyUpdate::decode(header, reader)?;
    let KeyUpdate { operation, tag } = message;
    let fields = vec![Field::new("operation", operation.to_string()), Field::new("tag", Value::mask(tag))];
    Ok(Content::new(&message, fields))
}

pub fn end_session(header: Header, reader: &Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = EndSession::decode(header, reader)?;
    Ok(Content::new(&message, vec![Field::new("clear_state", message.clear_state)]))
}

pub fn end_session_ack(reader: &Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = EndSessionAck::decode(reader)?;
    Ok(Content::new(&message, Vec::new()))
}

/// The policy, which there is from 1.2 on.
fn from_1_2(version: Version, policy: SessionPolicy) -> Option<Value> {
    (version >= Version::V1_2).then(|| Value::names(&policy))
}

/// The first reading that makes sense, or why the first one does not.
fn first<T, A: Copy>(
    ways: impl IntoIterator<Item = A>,
    read: impl Fn(A) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    let mut first = Malformed::Short;
    for (number, way) in ways.into_iter().enumerate() {
        match read(way) {
            Ok(read) => return Ok(read),
            Err(error) if number == 0 => first = error,
            Err(_) => {}
        }
    }
    Err(first)
}

impl Content {
    /// What the requester says in opaque data.
    fn offer(&mut self, version: Version, opaque: &[u8]) {
        let said = SecuredOffer::decode(OpaqueFormat::of(version), opaque).ok();
        if let Some(offer) = &said {
            self.gist.push_str(&format!(", {offer}"));
        }
        self.opaque(version, opaque);
        self.fields.push(Field::new("secured_versions", said.map(|offer| Value::names(&offer.versions))));
        self.fields.push(Field::new("aead_limit", said.map(|offer| offer.aead_limit)));
    }

    /// What the responder chose in opaque data.
    fn choice(&mut self, version: Version, opaque: &[u8]) {
        let said = SecuredChoice::decode(OpaqueFormat::of(version), opaque).ok();
        if let Some(choice) = &said {
            self.gist.push_str(&format!(", {choice}"));
        }
        self.opaque(version, opaque);
        self.fields.push(Field::new("secured_version", said.map(|choice| choice.version.to_string())));
        self.fields.push(Field::new("aead_limit", said.map(|choice| choice.aead_limit)));
    }

    /// Opaque data, and its elements where it is a table.
    fn opaque(&mut self, version: Version, opaque: &[u8]) {
        let table = OpaqueTable::decode(OpaqueFormat::of(version), opaque).ok();
        let elements = table.iter().flat_map(OpaqueTable::iter).map(|element| {
            Value::Group(vec![
                Field::new("standards_body", element.registry.body),
                Field::new("standards_body_name", element.registry.name()),
                Field::new("vendor_id", element.registry.vendor),
                Field::new("data", element.data),
            ])
        });
        let elements = Value::List(elements.collect());
        self.fields.push(Field::new("opaque", opaque));
        self.fields.push(Field::new("opaque_elements", elements));
    }
}

impl State {
    /// Whether the handshake goes in the clear; `None` where the capabilities are not known.
    fn is_in_the_clear(&self) -> Option<bool> {
        let [requester, responder] = self.clear;
        Some(requester? && responder?)
    }

    /// Whether a message has verify data: what is known, or else both ways.
    fn with_verify_data(known: Option<bool>) -> Vec<bool> {
        known.map_or(BOTH.to_vec(), |known| vec![known])
    }

    /// Whether an answer has a summary: what was asked for and may be missing all the same, or else both ways.
    fn with_summary(&self, reading: &Reading<'_>, request: Request) -> &'static [bool] {
        match self.asked(reading, request) {
            Some(asked) if !asked.summary => &[false],
            _ => &BOTH,
        }
    }

    pub(super) fn key_exchange(
        &self,
        version: Version,
        header: Header,
        reader: &mut Reader<'_>,
        asked: &mut Asked,
    ) -> Result<Content, Malformed> {
        let Some(size) = self.exchange else { return exchange(header, reader) };
        let (message, _) = KeyExchange::decode(version, size, header, reader)?;
        asked.summary = message.summary != SummaryKind::None;
        let mut content = Content::new(
            &message,
            vec![
                Field::new("requester_session_id", Value::mask(message.session_id)),
                Field::new("summary", message.summary.to_string()),
                Field::new("slot", message.slot),
                Field::new("policy", from_1_2(version, message.policy)),
                Field::new("random", &message.random[..]),
                Field::new("exchange_data", message.exchange),
            ],
        );
        content.offer(version, message.opaque);
        Ok(content)
    }

    pub(super) fn key_exchange_rsp(&self, reading: &Reading<'_>) -> Result<Content, Malformed> {
        let Reading { version, header, reader, .. } = *reading;
        let (Some(size), Some(_)) = (self.exchange, self.digest) else { return exchange(header, &reader) };
        let message = self.read_key_exchange_rsp(reading, size)?;
        let mut content = Content::new(
            &message,
            vec![
                Field::new("responder_session_id", Value::mask(message.session_id)),
                Field::new("heartbeat_s", message.heartbeat),
                Field::new("mutual_authentication", message.mutual.to_string()),
                Field::new("requester_slot", message.slot),
                Field::new("random", &message.random[..]),
                Field::new("exchange_data", message.exchange),
                Field::new("summary", message.summary),
            ],
        );
        content.choice(version, message.opaque);
        content.fields.push(Field::new("signature", message.signature));
        content.fields.push(Field::new("verify_data", message.verify_data));
        Ok(content)
    }

    fn read_key_exchange_rsp<'a>(
        &self,
        reading: &Reading<'a>,
        size: usize,
    ) -> Result<KeyExchangeRsp<'a>, Malformed> {
        let Reading { version, header, reader, side } = *reading;
        let digest = self.digest.unwrap_or_default();
        let verify = Self::with_verify_data(self.is_in_the_clear().map(|clear| !clear));
        let summaries = self.with_summary(reading, Request::KeyExchange);
        let ways = summaries.iter().flat_map(|summary| verify.iter().map(|verify| (*summary, *verify)));
        let (message, _) = first(ways, |(with_summary, with_verify_data)| {
            signed(self.signature_size(side), |signature| {
                let format = Format { version, digest, signature };
                KeyExchangeRsp::decode(format, size, with_summary, with_verify_data, header, &mut { reader })
            })
        })?;
        Ok(message)
    }

    pub(super) fn finish(&self, reading: &Reading<'_>) -> Result<Content, Unread> {
        let Reading { version, header, reader, .. } = *reading;
        let digest = self.digest.ok_or(NO_ALGORITHMS)?;
        let (message, Ends { .. }) = signed(self.signature_size(REQUESTER), |signature| {
            Finish::decode(Format { version, digest, signature }, header, &mut { reader })
        })?;
        let slot = message.signature.map(|_| message.slot);
        Ok(Content::new(
            &message,
            vec![
                Field::new("signed", message.signature.is_some()),
                Field::new("slot", slot),
                Field::new("signature", message.signature),
                Field::new("verify_data", message.verify_data),
            ],
        ))
    }

    pub(super) fn finish_rsp(&self, reading: &Reading<'_>) -> Result<Content, Unread> {
        let format = self.format(reading)?;
        let ways = Self::with_verify_data(self.is_in_the_clear());
        let (message, ..) = first(ways, |with| FinishRsp::decode(format, with, &mut { reading.reader }))?;
        Ok(Content::new(&message, vec![Field::new("verify_data", message.verify_data)]))
    }

    pub(super) fn psk_exchange_rsp(&self, reading: &Reading<'_>) -> Result<Content, Malformed> {
        let Reading { version, header, reader, .. } = *reading;
        let Ok(format) = self.format(reading) else { return exchange(header, &reader) };
        let summaries = self.with_summary(reading, Request::PskExchange);
        let (message, ..) = first(summaries, |with_summary| {
            PskExchangeRsp::decode(format, *with_summary, header, &mut { reader })
        })?;
        let mut content = Content::new(
            &message,
            vec![
                Field::new("responder_session_id", Value::mask(message.session_id)),
                Field::new("heartbeat_s", message.heartbeat),
                Field::new("summary", message.summary),
                Field::new("responder_context", message.context),
            ],
        );
        content.choice(version, message.opaque);
        content.fields.push(Field::new("verify_data", message.verify_data));
        Ok(content)
    }

    pub(super) fn psk_finish(&self, reading: &Reading<'_>) -> Result<Content, Unread> {
        let (message, ..) = PskFinish::decode(self.format(reading)?, &mut { reading.reader })?;
        Ok(Content::new(&message, vec![Field::new("verify_data", message.verify_data)]))
    }

    /// The sizes of what is not signed.
    fn format(&self, reading: &Reading<'_>) -> Result<Format, Unread> {
        let digest = self.digest.ok_or(NO_ALGORITHMS)?;
        Ok(Format { version: reading.version, digest, signature: 0 })
    }
}
