//! PSK_EXCHANGE and PSK_EXCHANGE_RSP (DSP0274 1.3, 10.18).

use super::key_exchange::summary_kind;
use super::{
    Format, Header, MAX_OPAQUE, Malformed, NoRoom, Reader, Request, Response, SessionPolicy, SummaryKind,
    Writer, finish,
};
use crate::Version;

/// The most bytes of a hint that are taken here. The specification gives no bound but that of its length field.
pub const MAX_PSK_HINT: usize = 1024;
/// The most bytes of a context of either side that are taken here; no more is said of it either.
pub const MAX_PSK_CONTEXT: usize = 1024;
/// The least bytes of a requester's context.
pub const MIN_PSK_CONTEXT: usize = 32;

/// PSK_EXCHANGE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskExchange<'a> {
    /// Over which measurements a summary is wanted.
    pub summary: SummaryKind,
    /// What the requester wants of the session; from 1.2 on.
    pub policy: SessionPolicy,
    /// The requester's half of the session's number.
    pub session_id: u16,
    /// Which key it is; empty where there is one only. Up to [`MAX_PSK_HINT`] bytes.
    pub hint: &'a [u8],
    /// The requester's context, a nonce say: [`MIN_PSK_CONTEXT`] to [`MAX_PSK_CONTEXT`] bytes.
    pub context: &'a [u8],
    /// The versions of secured messages that the requester speaks, and whatever else it wants to say.
    pub opaque: &'a [u8],
}

impl<'a> PskExchange<'a> {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        version: Version,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, usize), Malformed> {
        let summary = summary_kind(header.param1)?;
        let policy = SessionPolicy::decode(version, header.param2);
        let session_id = reader.u16()?;
        let hint = bounded(reader.u16()?, 0, MAX_PSK_HINT, "length of a hint")?;
        let context = bounded(reader.u16()?, MIN_PSK_CONTEXT, MAX_PSK_CONTEXT, "length of a context")?;
        let opaque = bounded(reader.u16()?, 0, MAX_OPAQUE, "length of opaque data")?;
        let (hint, context, opaque) = (reader.take(hint)?, reader.take(context)?, reader.take(opaque)?);
        Ok((Self { summary, policy, session_id, hint, context, opaque }, finish(reader)?))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Request::PskExchange.byte(),
            param1: self.summary as u8,
            param2: self.policy.byte(version),
        };
        header.encode(writer)?;
        writer.u16(self.session_id)?;
        let parts = [self.hint, self.context, self.opaque];
        parts.iter().try_for_each(|part| length(part, writer))?;
        parts.iter().try_for_each(|part| writer.bytes(part))
    }
}

fn bounded(length: u16, least: usize, most: usize, field: &'static str) -> Result<usize, Malformed> {
    let length = usize::from(length);
    if (least..=most).contains(&length) { Ok(length) } else { Err(Malformed::Field(field)) }
}

fn length(part: &[u8], writer: &mut Writer<'_>) -> Result<(), NoRoom> {
    writer.u16(u16::try_from(part.len()).map_err(|_| NoRoom)?)
}

/// PSK_EXCHANGE_RSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskExchangeRsp<'a> {
    /// Within how many seconds each HEARTBEAT is to come, at twice that the session ends; 0 for none.
    pub heartbeat: u8,
    /// The responder's half of the session's number.
    pub session_id: u16,
    /// The digest of the measurements; empty where none was asked for.
    pub summary: &'a [u8],
    /// The responder's context, up to [`MAX_PSK_CONTEXT`] bytes; empty where it gives none, and then there is no
    /// PSK_FINISH.
    pub context: &'a [u8],
    /// The version of secured messages that the responder chose, and whatever else it wants to say.
    pub opaque: &'a [u8],
    /// The proof that the responder has the session's keys.
    pub verify_data: &'a [u8],
}

impl<'a> PskExchangeRsp<'a> {
    /// Reads what follows the header; returns the message's length without the verify data, and with it.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        format: Format,
        with_summary: bool,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, usize, usize), Malformed> {
        let session_id = reader.u16()?;
        reader.u16()?;
        let context = bounded(reader.u16()?, 0, MAX_PSK_CONTEXT, "length of a context")?;
        let opaque = bounded(reader.u16()?, 0, MAX_OPAQUE, "length of opaque data")?;
        let summary = reader.take(if with_summary { format.digest } else { 0 })?;
        let (context, opaque) = (reader.take(context)?, reader.take(opaque)?);
        let unverified = reader.position();
        let verify_data = reader.take(format.digest)?;
        let message = Self { heartbeat: header.param1, session_id, summary, context, opaque, verify_data };
        Ok((message, unverified, finish(reader)?))
    }

    /// Writes it up to the verify data, which follows.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_unverified(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Response::PskExchangeRsp.byte(),
            param1: self.heartbeat,
            param2: 0,
        };
        header.encode(writer)?;
        writer.u16(self.session_id)?;
        writer.u16(0)?;
        length(self.context, writer)?;
        length(self.opaque, writer)?;
        writer.bytes(self.summary)?;
        writer.bytes(self.context)?;
        writer.bytes(self.opaque)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    const FORMAT: Format = Format { version: Version::V1_2, digest: 32, signature: 0 };

    fn request() -> PskExchange<'static> {
        PskExchange {
            summary: SummaryKind::Tcb,
            policy: SessionPolicy::TERMINATION_POLICY,
            session_id: 0x1234,
            hint: b"hint",
            context: &[1; 32],
            opaque: b"said",
        }
    }

    fn response() -> PskExchangeRsp<'static> {
        PskExchangeRsp {
            heartbeat: 9,
            session_id: 0x5678,
            summary: &[2; 32],
            context: &[3; 16],
            opaque: b"chosen",
            verify_data: &[4; 32],
        }
    }

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>) -> Vec<u8> {
        let mut buffer = [0; 4096];
        let mut writer = Writer::new(&mut buffer);
        write(&mut writer).unwrap();
        writer.written().to_vec()
    }

    fn asked(version: Version, message: &[u8]) -> Result<(PskExchange<'_>, usize), Malformed> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        PskExchange::decode(version, header, &mut reader)
    }

    fn answered(with_summary: bool, message: &[u8]) -> Result<(PskExchangeRsp<'_>, usize, usize), Malformed> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        PskExchangeRsp::decode(FORMAT, with_summary, header, &mut reader)
    }

    fn whole(message: &PskExchangeRsp<'_>) -> Vec<u8> {
        written(|writer| {
            message.encode_unverified(Version::V1_2, writer)?;
            writer.bytes(message.verify_data)
        })
    }

    #[test]
    fn a_request_is_written_byte_for_byte_and_read_again() {
        let message = written(|writer| request().encode(Version::V1_2, writer));
        let head = [0x12, 0xe6, 1, 1, 0x34, 0x12, 4, 0, 32, 0, 4, 0];
        assert_eq!(message, [&head[..], b"hint", &[1; 32], b"said"].concat());
        assert_eq!(asked(Version::V1_2, &message), Ok((request(), 52)));
        for length in 0..message.len() {
            assert_eq!(asked(Version::V1_2, &message[..length]), Err(Malformed::Short), "{length}");
        }
        let longer = [&message[..], &[0; 4]].concat();
        assert_eq!(asked(Version::V1_2, &longer), Err(Malformed::Trailing(4)));
    }

    #[test]
    fn policy_and_kind_of_summary_are_checked() {
        let mut message = written(|writer| request().encode(Version::V1_2, writer));
        message[3] = 0xff;
        assert_eq!(asked(Version::V1_1, &message).unwrap().0.policy, SessionPolicy::empty());
        assert_eq!(asked(Version::V1_3, &message).unwrap().0.policy.bits(), 3);
        message[2] = 9;
        assert_eq!(asked(Version::V1_2, &message), Err(Malformed::Field("kind of summary")));
    }

    #[test]
    fn the_lengths_of_a_request_are_bounded() {
        let bytes = [5; 1025];
        let most = &bytes[..1024];
        let at_most = PskExchange { hint: most, context: most, opaque: most, ..request() };
        let message = written(|writer| at_most.encode(Version::V1_2, writer));
        assert_eq!(asked(Version::V1_2, &message), Ok((at_most, 12 + 3 * 1024)));
        let least = PskExchange { hint: b"", opaque: b"", ..request() };
        let message = written(|writer| least.encode(Version::V1_2, writer));
        assert_eq!(asked(Version::V1_2, &message), Ok((least, 44)));
        for (wrong, field) in [
            (PskExchange { hint: &bytes, ..request() }, "length of a hint"),
            (PskExchange { context: &bytes, ..request() }, "length of a context"),
            (PskExchange { context: &bytes[..31], ..request() }, "length of a context"),
            (PskExchange { opaque: &bytes, ..request() }, "length of opaque data"),
        ] {
            let message = written(|writer| wrong.encode(Version::V1_2, writer));
            assert_eq!(asked(Version::V1_2, &message), Err(Malformed::Field(field)));
        }
    }

    #[test]
    fn an_answer_is_written_byte_for_byte_and_read_again() {
        let message = whole(&response());
        let head = [0x12, 0x66, 9, 0, 0x78, 0x56, 0, 0, 16, 0, 6, 0];
        assert_eq!(message, [&head[..], &[2; 32], &[3; 16], b"chosen", &[4; 32]].concat());
        assert_eq!(answered(true, &message), Ok((response(), 66, 98)));
        for length in 0..message.len() {
            assert_eq!(answered(true, &message[..length]), Err(Malformed::Short), "{length}");
        }
        assert_eq!(answered(false, &message), Err(Malformed::Trailing(32)));
    }

    #[test]
    fn an_answer_may_have_no_context_and_its_lengths_are_bounded() {
        let bytes = [5; 1025];
        let least = PskExchangeRsp { summary: b"", context: b"", opaque: b"", ..response() };
        assert_eq!(answered(false, &whole(&least)), Ok((least, 12, 44)));
        let most = PskExchangeRsp { context: &bytes[..1024], opaque: &bytes[..1024], ..response() };
        assert_eq!(answered(true, &whole(&most)).unwrap().0, most);
        let wrong = whole(&PskExchangeRsp { context: &bytes, ..response() });
        assert_eq!(answered(true, &wrong), Err(Malformed::Field("length of a context")));
        let wrong = whole(&PskExchangeRsp { opaque: &bytes, ..response() });
        assert_eq!(answered(true, &wrong), Err(Malformed::Field("length of opaque data")));
    }
}
