//! Every SPDM message of both sides: read, shown, and written again.

use std::fmt::Display;

use lanewarden_spdm::Version;
use lanewarden_spdm::message::{
    Algorithms, Capabilities, CertificatePortion, Challenge, ChallengeAuth, Chunk, ChunkAck, ChunkGet,
    Digests, ErrorMessage, Format, GetCertificate, GetMeasurements, Header, Malformed, Measurements,
    NegotiateAlgorithms, NoRoom, Reader, Request, RequesterFlags, RespondIfReady, ResponderFlags, Response,
    VendorMessage, VersionList, Writer,
};

use crate::input::Input;
use crate::shown::one_line;

/// Two bytes say what was negotiated and asked; the message follows.
pub fn spdm_message(data: &[u8]) {
    let mut input = Input::new(data);
    let [negotiated, asked] = input.array();
    let format = Format {
        version: Version::ALL[usize::from(negotiated & 3)],
        digest: [32, 48, 64, 0][usize::from(negotiated >> 2 & 3)],
        signature: [64, 96, 512, 0][usize::from(negotiated >> 4 & 3)],
    };
    let message =
        Message { format, with_summary: asked & 1 != 0, is_signed: asked & 2 != 0, bytes: input.rest() };
    message.check();
}

/// A message, and what there is to know of it before.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// What was negotiated.
    pub format: Format,
    /// Whether a summary of measurements was asked for.
    pub with_summary: bool,
    /// Whether signed measurements were.
    pub is_signed: bool,
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
            _ => {}
        }
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
