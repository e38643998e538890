//! Every SPDM message of both sides: read, shown, and written again.

use std::fmt::Display;

use lanewarden_spdm::Version;
use lanewarden_spdm::message::{
    Algorithms, Capabilities, CertificatePortion, Challenge, ChallengeAuth, Chunk, ChunkAck, ChunkGet,
    DeliverEncapsulatedResponse, Digests, EncapsulatedRequest, EncapsulatedResponseAck, EndSession,
    EndSessionAck, ErrorMessage, Finish, FinishRsp, Format, GetCertificate, GetEncapsulatedRequest,
    GetMeasurements, Header, Heartbeat, KeyExchange, KeyExchangeRsp, KeyUpdate, Malformed, Measurements,
    NegotiateAlgorithms, NoRoom, OpaqueElement, OpaqueFormat, OpaqueTable, PskExchange, PskExchangeRsp,
    PskFinish, PskFinishRsp, Reader, Request, RequesterFlags, RespondIfReady, ResponderFlags, Response,
    SecuredChoice, SecuredOffer, SessionAlgorithms, Structures, VendorMessage, VersionList, Writer,
};

use crate::input::Input;
use crate::shown::one_line;

/// What is written again says the same when it is read again.
macro_rules! agrees {
    ($self:ident, $message:ident, $encode:expr, |$header:pat_param, $reader:ident| $decode:expr) => {{
        let again = written($self.bytes.len() + 64, $encode);
        let mut reader = Reader::new(&again);
        let $header = Header::decode(&mut reader).expect("it has a header");
        let $reader = &mut reader;
        assert_eq!($decode, Ok($message));
    }};
}

/// Two bytes say what was negotiated and asked; the message follows.
pub fn spdm_message(data: &[u8]) {
    let mut input = Input::new(data);
    let [negotiated, asked] = input.array();
    let format = Format {
        version: Version::ALL[usize::from(negotiated & 3)],
        digest: [32, 48, 64, 0][usize::from(negotiated >> 2 & 3)],
        signature: [64, 96, 512, 0][usize::from(negotiated >> 4 & 3)],
    };
    let message = Message {
        format,
        exchange: [96, 64, 512, 0][usize::from(asked >> 3 & 3)],
        with_summary: asked & 1 != 0,
        is_signed: asked & 2 != 0,
        with_verify_data: asked & 4 != 0,
        bytes: input.rest(),
    };
    message.check();
}

/// A message, and what there is to know of it before.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// What was negotiated.
    pub format: Format,
    /// Bytes of a public value.
    pub exchange: usize,
    /// Whether a summary of measurements was asked for.
    pub with_summary: bool,
    /// Whether signed measurements were.
    pub is_signed: bool,
    /// Whether the answer proves that there are keys.
    pub with_verify_data: bool,
    /// All of it.
    pub bytes: &'a [u8],
}

impl Message<'_> {
    /// Reads it, shows it and writes it again. Returns whether it could be read.
    pub fn check(&self) -> bool {
        let mut reader = Reader::new(self.bytes);
        let Ok(header) = Header::decode(&mut reader) else { return false };
        one_line(&header);
        let read = match (Request::from_byte(header.code), Response::from_byte(header.code)) {
            (Some(request), _) => self.request(request, header, reader),
            (None, Some(response)) => self.response(response, header, reader),
            (None, None) => Ok(()),
        };
        if let Err(error) = read {
            one_line(&error);
        }
        read.is_ok()
    }

    fn request(&self, request: Request, header: Header, mut reader: Reader<'_>) -> Result<(), Malformed> {
        let (version, reader) = (self.format.version, &mut reader);
        match request {
            Request::GetCapabilities => {
                let (message, length) = Capabilities::<RequesterFlags>::decode(version, reader)?;
                if let Some(why) = message.contradiction(version) {
                    one_line(&why);
                }
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::NegotiateAlgorithms => {
                let (message, length) = NegotiateAlgorithms::decode(version, header, reader)?;
                let structures: Vec<_> = message.structures.collect();
                of_sessions(message.structures);
                self.taken(length);
                one_line(&message);
                self.again(|writer| message.encode(version, &structures, writer));
            }
            Request::GetCertificate => {
                let (message, length) = GetCertificate::decode(version, header, reader)?;
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::Challenge => {
                let (message, length) = Challenge::decode(version, header, reader)?;
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::GetMeasurements => {
                let (message, length) = GetMeasurements::decode(version, header, reader)?;
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::VendorDefined => self.vendor(true, reader)?,
            Request::ChunkGet => {
                let (message, length) = ChunkGet::decode(header, reader)?;
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::ChunkSend => self.chunk(true, header, reader)?,
            Request::RespondIfReady => one_line(&RespondIfReady::decode(header)),
            _ => self.session_request(request, header, reader)?,
        }
        Ok(())
    }

    fn session_request(
        &self,
        request: Request,
        header: Header,
        reader: &mut Reader<'_>,
    ) -> Result<(), Malformed> {
        let version = self.format.version;
        match request {
            Request::KeyExchange => {
                let (message, length) = KeyExchange::decode(version, self.exchange, header, reader)?;
                opaque(message.opaque);
                agrees!(self, message, |writer| message.encode(version, writer), |header, reader| {
                    KeyExchange::decode(version, self.exchange, header, reader).map(|(message, ..)| message)
                });
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::Finish => {
                let (message, ends) = Finish::decode(self.format, header, reader)?;
                assert_eq!(ends.signed + message.signature.map_or(0, <[u8]>::len), ends.signature);
                assert_eq!(ends.signature + message.verify_data.len(), ends.whole);
                agrees!(self, message, |writer| message.encode(version, writer), |header, reader| {
                    Finish::decode(self.format, header, reader).map(|(message, ..)| message)
                });
                self.same(&message, ends.whole, |writer| message.encode(version, writer));
            }
            Request::PskExchange => {
                let (message, length) = PskExchange::decode(version, header, reader)?;
                opaque(message.opaque);
                agrees!(self, message, |writer| message.encode(version, writer), |header, reader| {
                    PskExchange::decode(version, header, reader).map(|(message, ..)| message)
                });
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::PskFinish => {
                let (message, unverified, length) = PskFinish::decode(self.format, reader)?;
                assert_eq!(unverified + message.verify_data.len(), length);
                agrees!(self, message, |writer| message.encode(version, writer), |_, reader| {
                    PskFinish::decode(self.format, reader).map(|(message, ..)| message)
                });
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::Heartbeat => self.heartbeat(true, reader)?,
            Request::KeyUpdate => self.key_update(true, header, reader)?,
            Request::EndSession => {
                let (message, length) = EndSession::decode(header, reader)?;
                agrees!(self, message, |writer| message.encode(version, writer), |header, reader| {
                    EndSession::decode(header, reader).map(|(message, ..)| message)
                });
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::GetEncapsulatedRequest => {
                let (message, length) = GetEncapsulatedRequest::decode(reader)?;
                agrees!(self, message, |writer| message.encode(version, writer), |_, reader| {
                    GetEncapsulatedRequest::decode(reader).map(|(message, ..)| message)
                });
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Request::DeliverEncapsulatedResponse => {
                let message = DeliverEncapsulatedResponse::decode(header, reader)?;
                agrees!(self, message, |writer| message.encode(version, writer), |header, reader| {
                    DeliverEncapsulatedResponse::decode(header, reader)
                });
                self.same(&message, self.bytes.len(), |writer| message.encode(version, writer));
            }
            _ => {}
        }
        Ok(())
    }

    fn response(&self, response: Response, header: Header, mut reader: Reader<'_>) -> Result<(), Malformed> {
        let (Format { version, digest, .. }, reader) = (self.format, &mut reader);
        match response {
            Response::Version => {
                let (message, length) = VersionList::decode(reader)?;
                self.taken(length);
                one_line(&message);
                assert!(message.bytes().count() <= usize::from(u8::MAX));
            }
            Response::Capabilities => {
                let (message, length) = Capabilities::<ResponderFlags>::decode(version, reader)?;
                if let Some(why) = message.contradiction(version) {
                    one_line(&why);
                }
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Response::Algorithms => {
                let (message, length) = Algorithms::decode(version, header, reader)?;
                let structures: Vec<_> = message.structures.collect();
                of_sessions(message.structures);
                self.taken(length);
                one_line(&message);
                self.again(|writer| message.encode(version, &structures, writer));
            }
            Response::Digests => self.digests(digest, header, reader)?,
            Response::Certificate => {
                let (message, length) = CertificatePortion::decode(header, reader)?;
                let count = u16::try_from(message.bytes.len()).unwrap();
                self.same(&message, length, |writer| {
                    CertificatePortion::encode_head(version, message.slot, count, message.remainder, writer)?;
                    writer.bytes(message.bytes)
                });
            }
            Response::ChallengeAuth => {
                let (message, unsigned, length) =
                    ChallengeAuth::decode(self.format, self.with_summary, header, reader)?;
                assert_eq!(unsigned + message.signature.len(), length);
                self.same(&message, length, |writer| {
                    message.encode_unsigned(version, writer)?;
                    writer.bytes(message.signature)
                });
            }
            Response::Measurements => self.measurements(header, reader)?,
            Response::VendorDefined => self.vendor(false, reader)?,
            Response::ChunkResponse => self.chunk(false, header, reader)?,
            Response::ChunkSendAck => {
                let message = ChunkAck::decode(header, reader)?;
                one_line(&message);
                let mut again = vec![0; self.bytes.len()];
                let mut writer = Writer::new(&mut again);
                message.encode_head(version, &mut writer).unwrap();
                writer.bytes(message.answer).unwrap();
                assert_eq!(again[4..], self.bytes[4..]);
            }
            Response::Error => {
                let message = ErrorMessage::decode(header, reader);
                one_line(&message);
                let _ = message.not_ready().map(|later| (one_line(&later), later.wait()));
                let mut again = vec![0; self.bytes.len()];
                message.encode(header.version, &mut Writer::new(&mut again)).unwrap();
                assert_eq!(again, self.bytes);
            }
            _ => self.session_response(response, header, reader)?,
        }
        Ok(())
    }

    fn session_response(
        &self,
        response: Response,
        header: Header,
        reader: &mut Reader<'_>,
    ) -> Result<(), Malformed> {
        let version = self.format.version;
        match response {
            Response::KeyExchangeRsp => self.key_exchange_rsp(header, reader)?,
            Response::FinishRsp => {
                let (message, unverified, length) =
                    FinishRsp::decode(self.format, self.with_verify_data, reader)?;
                assert_eq!(unverified + message.verify_data.len(), length);
                agrees!(self, message, |writer| message.encode(version, writer), |_, reader| {
                    FinishRsp::decode(self.format, self.with_verify_data, reader).map(|(message, ..)| message)
                });
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Response::PskExchangeRsp => {
                let (message, unverified, length) =
                    PskExchangeRsp::decode(self.format, self.with_summary, header, reader)?;
                assert_eq!(unverified + message.verify_data.len(), length);
                opaque(message.opaque);
                agrees!(
                    self,
                    message,
                    |writer| {
                        message.encode_unverified(version, writer)?;
                        writer.bytes(message.verify_data)
                    },
                    |header, reader| PskExchangeRsp::decode(self.format, self.with_summary, header, reader)
                        .map(|(message, ..)| message)
                );
                self.same(&message, length, |writer| {
                    message.encode_unverified(version, writer)?;
                    writer.bytes(message.verify_data)
                });
            }
            Response::PskFinishRsp => {
                let (message, length) = PskFinishRsp::decode(reader)?;
                agrees!(self, message, |writer| message.encode(version, writer), |_, reader| {
                    PskFinishRsp::decode(reader).map(|(message, ..)| message)
                });
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Response::HeartbeatAck => self.heartbeat(false, reader)?,
            Response::KeyUpdateAck => self.key_update(false, header, reader)?,
            Response::EndSessionAck => {
                let (message, length) = EndSessionAck::decode(reader)?;
                agrees!(self, message, |writer| message.encode(version, writer), |_, reader| {
                    EndSessionAck::decode(reader).map(|(message, ..)| message)
                });
                self.same(&message, length, |writer| message.encode(version, writer));
            }
            Response::EncapsulatedRequest => {
                let message = EncapsulatedRequest::decode(header, reader)?;
                agrees!(self, message, |writer| message.encode(version, writer), |header, reader| {
                    EncapsulatedRequest::decode(header, reader)
                });
                self.same(&message, self.bytes.len(), |writer| message.encode(version, writer));
            }
            Response::EncapsulatedResponseAck => {
                let message = EncapsulatedResponseAck::decode(version, header, reader)?;
                one_line(&message);
                agrees!(self, message, |writer| message.encode(version, writer), |header, reader| {
                    EncapsulatedResponseAck::decode(version, header, reader)
                });
                let length = self.again(|writer| message.encode(version, writer));
                self.taken(length);
            }
            _ => {}
        }
        Ok(())
    }

    fn key_exchange_rsp(&self, header: Header, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let (version, verified) = (self.format.version, self.with_verify_data);
        let (message, ends) =
            KeyExchangeRsp::decode(self.format, self.exchange, self.with_summary, verified, header, reader)?;
        assert_eq!(ends.signed + message.signature.len(), ends.signature);
        assert_eq!(ends.signature + message.verify_data.len(), ends.whole);
        opaque(message.opaque);
        agrees!(
            self,
            message,
            |writer| {
                message.encode_unsigned(version, writer)?;
                writer.bytes(message.signature)?;
                writer.bytes(message.verify_data)
            },
            |header, reader| KeyExchangeRsp::decode(
                self.format,
                self.exchange,
                self.with_summary,
                verified,
                header,
                reader
            )
            .map(|(message, ..)| message)
        );
        self.same(&message, ends.whole, |writer| {
            message.encode_unsigned(version, writer)?;
            writer.bytes(message.signature)?;
            writer.bytes(message.verify_data)
        });
        Ok(())
    }

    fn heartbeat(&self, is_request: bool, reader: &Reader<'_>) -> Result<(), Malformed> {
        let (message, length) = Heartbeat::decode(reader)?;
        agrees!(
            self,
            message,
            |writer| message.encode(self.format.version, is_request, writer),
            |_, reader| Heartbeat::decode(reader).map(|(message, ..)| message)
        );
        self.same(&message, length, |writer| message.encode(self.format.version, is_request, writer));
        Ok(())
    }

    fn key_update(&self, is_request: bool, header: Header, reader: &Reader<'_>) -> Result<(), Malformed> {
        let (message, length) = KeyUpdate::decode(header, reader)?;
        agrees!(
            self,
            message,
            |writer| message.encode(self.format.version, is_request, writer),
            |header, reader| KeyUpdate::decode(header, reader).map(|(message, ..)| message)
        );
        self.same(&message, length, |writer| message.encode(self.format.version, is_request, writer));
        Ok(())
    }

    fn digests(&self, size: usize, header: Header, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let (message, length) = Digests::decode(self.format.version, size, header, reader)?;
        self.taken(length);
        one_line(&message);
        let count = usize::try_from(message.provisioned.count_ones()).unwrap();
        assert_eq!(4 + count * size, length);
        if size > 0 {
            assert!((0..8).filter(|slot| message.digest(*slot).is_some()).count() == count);
        }
        Ok(())
    }

    fn measurements(&self, header: Header, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let (message, unsigned, length) = Measurements::decode(self.format, self.is_signed, header, reader)?;
        assert_eq!(unsigned + message.signature.len(), length);
        assert_eq!(message.blocks.iter().count(), usize::from(message.blocks.count()));
        for block in message.blocks.iter() {
            one_line(&block);
        }
        self.same(&message, length, |writer| {
            message.encode_unsigned(self.format.version, writer)?;
            writer.bytes(message.signature)
        });
        Ok(())
    }

    fn vendor(&self, is_request: bool, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let (message, length) = VendorMessage::decode(reader)?;
        self.same(&message, length, |writer| message.encode(self.format.version, is_request, writer));
        Ok(())
    }

    fn chunk(&self, is_request: bool, header: Header, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let (message, length) = Chunk::decode(header, reader)?;
        self.same(&message, length, |writer| {
            message.encode_head(self.format.version, is_request, writer)?;
            writer.bytes(message.data)
        });
        Ok(())
    }

    /// What was read is shown, and written as it was, but for what is reserved.
    fn same(
        &self,
        message: &impl Display,
        length: usize,
        encode: impl Fn(&mut Writer<'_>) -> Result<(), NoRoom>,
    ) {
        self.taken(length);
        one_line(message);
        assert_eq!(self.again(encode), length, "it is as long as it was");
    }

    /// A message that was written is read, and written as it was.
    fn again(&self, encode: impl Fn(&mut Writer<'_>) -> Result<(), NoRoom>) -> usize {
        let mut room = vec![0; self.bytes.len() + 64];
        let mut writer = Writer::new(&mut room);
        encode(&mut writer).expect("there is room");
        let length = writer.length();
        let again = Message { bytes: &room[..length], ..*self };
        let is_settled = self.bytes.get(..length) == Some(again.bytes);
        assert!(is_settled || again.check(), "what is written can be read");
        length
    }

    /// What follows a message is padding.
    fn taken(&self, length: usize) {
        let padding = &self.bytes[length..];
        assert!(padding.len() <= 3 && padding.iter().all(|byte| *byte == 0), "only padding is left over");
    }
}

/// What is said of sessions is written again in order, without what is empty.
fn of_sessions(structures: Structures<'_>) {
    let known = SessionAlgorithms::from(structures);
    let said = structures.filter(|structure| (2..=5).contains(&structure.kind) && structure.algorithms != 0);
    assert!(said.eq(known.structures().iter().copied()));
}

/// Opaque data in either form: a table that can be read is written and read again, and so is what secured messages say.
fn opaque(opaque: &[u8]) {
    for format in [OpaqueFormat::Old, OpaqueFormat::General] {
        if let Err(error) = table(format, opaque) {
            one_line(&error);
        }
        if let Ok(offer) = SecuredOffer::decode(format, opaque) {
            one_line(&offer);
            let again = written(opaque.len() + 64, |writer| offer.encode(format, writer));
            let settled = SecuredOffer::decode(format, &again);
            // A list of versions that are all unknown is written as an empty one, which nobody may send.
            assert!(offer.versions.iter().next().is_none() || settled == Ok(offer));
        }
        if let Ok(choice) = SecuredChoice::decode(format, opaque) {
            one_line(&choice);
            let again = written(opaque.len() + 64, |writer| choice.encode(format, writer));
            assert_eq!(SecuredChoice::decode(format, &again), Ok(choice));
        }
    }
}

fn table(format: OpaqueFormat, opaque: &[u8]) -> Result<(), Malformed> {
    let table = OpaqueTable::decode(format, opaque)?;
    one_line(&table);
    let elements: Vec<OpaqueElement<'_>> = table.iter().collect();
    let again = written(opaque.len() + 64, |writer| {
        format.encode(table.count(), writer)?;
        elements.iter().try_for_each(|element| element.encode(writer))
    });
    assert_eq!(again.len(), opaque.len());
    assert_eq!(OpaqueTable::decode(format, &again), Ok(table));
    Ok(())
}

fn written(room: usize, write: impl Fn(&mut Writer<'_>) -> Result<(), NoRoom>) -> Vec<u8> {
    let mut room = vec![0; room];
    let mut writer = Writer::new(&mut room);
    write(&mut writer).expect("there is room");
    writer.written().to_vec()
}
