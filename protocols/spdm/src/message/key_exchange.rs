//! KEY_EXCHANGE and KEY_EXCHANGE_RSP (DSP0274 1.3, 10.16).

use bitflags::bitflags;

use super::challenge::opaque;
use super::{
    Format, Header, Malformed, NoRoom, Nonce, Reader, Request, Response, SLOTS, SummaryKind, Writer, finish,
};
use crate::Version;

/// The slot that stands for a key which was provisioned without a certificate, in a whole byte and in four bits.
const PROVISIONED: u8 = 0xff;
const PROVISIONED_NIBBLE: u8 = 0xf;

bitflags! {
    /// What a requester wants of a session.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct SessionPolicy: u8 {
        /// Whether the session goes on when the responder is updated under it is the responder's to decide; without
        /// this it ends. From 1.2 on.
        const TERMINATION_POLICY = 1;
        /// The requester subscribes to all events at once; from 1.3 on.
        const EVENT_ALL = 1 << 1;
        const _ = !0;
    }
}

impl SessionPolicy {
    /// The bits that a version gives a meaning; the others are reserved, and to be ignored.
    #[must_use]
    pub const fn known(version: Version) -> Self {
        match version {
            Version::V1_0 | Version::V1_1 => Self::empty(),
            Version::V1_2 => Self::TERMINATION_POLICY,
            Version::V1_3 => Self::from_bits_retain(0b11),
        }
    }

    /// As a message has it.
    pub(super) fn decode(version: Version, byte: u8) -> Self {
        Self::from_bits_retain(byte) & Self::known(version)
    }

    /// As a message has it.
    pub(super) fn byte(self, version: Version) -> u8 {
        (self & Self::known(version)).bits()
    }
}

/// Whether, and how, the responder wants the requester to prove who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum MutualAuthentication {
    /// It does not.
    #[default]
    None = 0,
    /// With the slot that the message names, and nothing more to ask.
    Direct = 1,
    /// By encapsulated requests, which the requester is to call for.
    Encapsulated = 2,
    /// By encapsulated requests, of which the first is GET_DIGESTS and taken as sent.
    EncapsulatedDigests = 4,
}

impl MutualAuthentication {
    /// The one with that value; five bits are reserved, and say nothing. `None` where two ways are wanted at once.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte & 0b111 {
            0 => Some(Self::None),
            1 => Some(Self::Direct),
            2 => Some(Self::Encapsulated),
            4 => Some(Self::EncapsulatedDigests),
            _ => None,
        }
    }

    /// Whether encapsulated requests follow.
    #[must_use]
    pub const fn is_encapsulated(self) -> bool {
        matches!(self, Self::Encapsulated | Self::EncapsulatedDigests)
    }
}

/// Where the parts of a message end that is signed and then proven with keys of the session: offsets in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// What is signed ends here, and the signature begins.
    pub signed: usize,
    /// The signature ends here, and the verify data begins.
    pub signature: usize,
    /// The message ends here.
    pub whole: usize,
}

/// A slot, or the key that was provisioned.
pub(super) fn slot(byte: u8) -> Result<u8, Malformed> {
    if byte < SLOTS || byte == PROVISIONED { Ok(byte) } else { Err(Malformed::Field("slot")) }
}

/// What a message says of a summary of measurements.
pub(super) fn summary_kind(byte: u8) -> Result<SummaryKind, Malformed> {
    SummaryKind::from_byte(byte).ok_or(Malformed::Field("kind of summary"))
}

/// KEY_EXCHANGE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyExchange<'a> {
    /// Over which measurements a summary is wanted.
    pub summary: SummaryKind,
    /// The slot whose key is to sign; 0xff for a key that was provisioned without a certificate.
    pub slot: u8,
    /// The requester's half of the session's number.
    pub session_id: u16,
    /// What the requester wants of the session; from 1.2 on.
    pub policy: SessionPolicy,
    /// The requester's random bytes.
    pub random: Nonce,
    /// The requester's public value of the key exchange.
    pub exchange: &'a [u8],
    /// The versions of secured messages that the requester speaks, and whatever else it wants to say.
    pub opaque: &'a [u8],
}

impl<'a> KeyExchange<'a> {
    /// Reads what follows the header, with a public value of this size; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        version: Version,
        exchange_size: usize,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, usize), Malformed> {
        let (summary, slot) = (summary_kind(header.param1)?, slot(header.param2)?);
        let session_id = reader.u16()?;
        let [policy, _] = reader.array()?;
        let policy = SessionPolicy::decode(version, policy);
        let random = reader.array()?;
        let exchange = reader.take(exchange_size)?;
        let opaque = opaque(reader)?;
        Ok((Self { summary, slot, session_id, policy, random, exchange, opaque }, finish(reader)?))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        self.encode_head(version, writer)?;
        writer.bytes(self.exchange)?;
        writer.counted(self.opaque)
    }

    /// Writes it up to the public value, which follows, as the opaque data follows that.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Request::KeyExchange.byte(),
            param1: self.summary as u8,
            param2: self.slot,
        };
        header.encode(writer)?;
        writer.u16(self.session_id)?;
        writer.bytes(&[self.policy.byte(version), 0])?;
        writer.bytes(&self.random)
    }
}

/// KEY_EXCHANGE_RSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyExchangeRsp<'a> {
    /// Within how many seconds each HEARTBEAT is to come, at twice that the session ends; 0 for none.
    pub heartbeat: u8,
    /// The responder's half of the session's number.
    pub session_id: u16,
    /// Whether the requester is to prove who it is.
    pub mutual: MutualAuthentication,
    /// The requester's slot that is asked for, in four bits; 15 for a key that was provisioned without a certificate.
    /// It counts where [`MutualAuthentication::Direct`] is asked for.
    pub slot: u8,
    /// The responder's random bytes.
    pub random: Nonce,
    /// The responder's public value of the key exchange.
    pub exchange: &'a [u8],
    /// The digest of the measurements; empty where none was asked for.
    pub summary: &'a [u8],
    /// The version of secured messages that the responder chose, and whatever else it wants to say.
    pub opaque: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
    /// The proof that the responder has the session's keys; empty where the handshake goes in the clear.
    pub verify_data: &'a [u8],
}

impl<'a> KeyExchangeRsp<'a> {
    /// Reads what follows the header, with a public value of this size; returns where its parts end too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        format: Format,
        exchange_size: usize,
        with_summary: bool,
        with_verify_data: bool,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, Ends), Malformed> {
        let session_id = reader.u16()?;
        let [mutual, slot] = reader.array()?;
        let (mutual, slot) = asked_for(mutual, slot)?;
        let random = reader.array()?;
        let exchange = reader.take(exchange_size)?;
        let summary = reader.take(if with_summary { format.digest } else { 0 })?;
        let opaque = opaque(reader)?;
        let signed = reader.position();
        let signature = reader.take(format.signature)?;
        let signature_end = reader.position();
        let verify_data = reader.take(if with_verify_data { format.digest } else { 0 })?;
        let message = Self {
            heartbeat: header.param1,
            session_id,
            mutual,
            slot,
            random,
            exchange,
            summary,
            opaque,
            signature,
            verify_data,
        };
        Ok((message, Ends { signed, signature: signature_end, whole: finish(reader)? }))
    }

    /// Writes it up to the signature, which follows, as the verify data follows that.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_unsigned(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        self.encode_head(version, writer)?;
        writer.bytes(self.exchange)?;
        self.encode_tail(writer)
    }

    /// Writes it up to the public value, which follows.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Response::KeyExchangeRsp.byte(),
            param1: self.heartbeat,
            param2: 0,
        };
        header.encode(writer)?;
        writer.u16(self.session_id)?;
        writer.bytes(&[self.mutual as u8, self.slot])?;
        writer.bytes(&self.random)
    }

    /// Writes what stands between the public value and the signature.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_tail(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.bytes(self.summary)?;
        writer.counted(self.opaque)
    }
}

/// Which proof is asked for, and of which slot.
fn asked_for(mutual: u8, slot: u8) -> Result<(MutualAuthentication, u8), Malformed> {
    let mutual = MutualAuthentication::from_byte(mutual).ok_or(Malformed::Field("mutual authentication"))?;
    let slot = slot & 0xf;
    let is_named = mutual == MutualAuthentication::Direct;
    if is_named && slot >= SLOTS && slot != PROVISIONED_NIBBLE {
        return Err(Malformed::Field("slot"));
    }
    Ok((mutual, slot))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    const FORMAT: Format = Format { version: Version::V1_2, digest: 32, signature: 64 };

    fn request() -> KeyExchange<'static> {
        KeyExchange {
            summary: SummaryKind::All,
            slot: 2,
            session_id: 0x1234,
            policy: SessionPolicy::TERMINATION_POLICY,
            random: [1; 32],
            exchange: &[2; 64],
            opaque: b"opaque",
        }
    }

    fn response() -> KeyExchangeRsp<'static> {
        KeyExchangeRsp {
            heartbeat: 20,
            session_id: 0x5678,
            mutual: MutualAuthentication::Direct,
            slot: 3,
            random: [3; 32],
            exchange: &[4; 64],
            summary: &[5; 32],
            opaque: b"chosen",
            signature: &[6; 64],
            verify_data: &[7; 32],
        }
    }

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>) -> Vec<u8> {
        let mut buffer = [0; 2048];
        let mut writer = Writer::new(&mut buffer);
        write(&mut writer).unwrap();
        writer.written().to_vec()
    }

    fn asked(version: Version, message: &[u8]) -> Result<(KeyExchange<'_>, usize), Malformed> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        KeyExchange::decode(version, 64, header, &mut reader)
    }

    fn answered(
        with_summary: bool,
        with_verify_data: bool,
        message: &[u8],
    ) -> Result<(KeyExchangeRsp<'_>, Ends), Malformed> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        KeyExchangeRsp::decode(FORMAT, 64, with_summary, with_verify_data, header, &mut reader)
    }

    fn whole_response() -> Vec<u8> {
        let message = response();
        written(|writer| {
            message.encode_unsigned(Version::V1_2, writer)?;
            writer.bytes(message.signature)?;
            writer.bytes(message.verify_data)
        })
    }

    #[test]
    fn a_request_is_written_byte_for_byte_and_read_again() {
        let message = written(|writer| request().encode(Version::V1_2, writer));
        let head = [0x12, 0xe4, 0xff, 2, 0x34, 0x12, 1, 0];
        let known = [&head[..], &[1; 32], &[2; 64], &[6, 0], b"opaque"].concat();
        assert_eq!(message, known);
        assert_eq!(asked(Version::V1_2, &message), Ok((request(), 112)));
        assert_eq!(asked(Version::V1_2, &[&message[..], &[0, 0, 0]].concat()), Ok((request(), 112)));
    }

    #[test]
    fn a_request_that_is_cut_short_or_too_long_is_refused() {
        let message = written(|writer| request().encode(Version::V1_2, writer));
        for length in 0..message.len() {
            assert_eq!(asked(Version::V1_2, &message[..length]), Err(Malformed::Short), "{length}");
        }
        let longer = [&message[..], &[0; 4]].concat();
        assert_eq!(asked(Version::V1_2, &longer), Err(Malformed::Trailing(4)));
    }

    #[test]
    fn a_policy_has_the_bits_of_its_version() {
        let mut message = written(|writer| request().encode(Version::V1_2, writer));
        message[6] = 0xff;
        let policy = |version| asked(version, &message).unwrap().0.policy;
        assert_eq!(policy(Version::V1_1), SessionPolicy::empty());
        assert_eq!(policy(Version::V1_2), SessionPolicy::TERMINATION_POLICY);
        assert_eq!(policy(Version::V1_3), SessionPolicy::TERMINATION_POLICY | SessionPolicy::EVENT_ALL);
        let eager = KeyExchange { policy: SessionPolicy::all(), ..request() };
        let byte = |version| written(|writer| eager.encode(version, writer))[6];
        assert_eq!([Version::V1_1, Version::V1_2, Version::V1_3].map(byte), [0, 1, 3]);
    }

    #[test]
    fn slots_and_kinds_of_summary_that_there_are_not_are_refused() {
        let message = written(|writer| request().encode(Version::V1_2, writer));
        let with = |place: usize, byte: u8| {
            let mut message = message.clone();
            message[place] = byte;
            asked(Version::V1_2, &message).map(|_| ())
        };
        assert_eq!((with(3, 7), with(3, 0xff)), (Ok(()), Ok(())));
        for slot in [8, 0x0f, 0xfe] {
            assert_eq!(with(3, slot), Err(Malformed::Field("slot")), "{slot}");
        }
        assert_eq!(with(2, 2), Err(Malformed::Field("kind of summary")));
    }

    #[test]
    fn opaque_data_is_bounded_on_both_sides() {
        let opaque = [0; 1025];
        let at_most = KeyExchange { opaque: &opaque[..1024], ..request() };
        let message = written(|writer| at_most.encode(Version::V1_2, writer));
        assert_eq!(asked(Version::V1_2, &message), Ok((at_most, 106 + 1024)));
        let message =
            written(|writer| KeyExchange { opaque: &opaque, ..request() }.encode(Version::V1_2, writer));
        let refused = Malformed::Field("length of opaque data");
        assert_eq!(asked(Version::V1_2, &message), Err(refused));
        let message = written(|writer| {
            KeyExchangeRsp { opaque: &opaque, ..response() }.encode_unsigned(Version::V1_2, writer)
        });
        assert_eq!(answered(true, true, &message), Err(refused));
    }

    #[test]
    fn an_answer_is_written_byte_for_byte_and_read_again_with_its_ends() {
        let message = whole_response();
        let head = [0x12, 0x64, 20, 0, 0x78, 0x56, 1, 3];
        let known =
            [&head[..], &[3; 32], &[4; 64], &[5; 32], &[6, 0], b"chosen", &[6; 64], &[7; 32]].concat();
        assert_eq!(message, known);
        let ends = Ends { signed: 144, signature: 208, whole: 240 };
        assert_eq!(answered(true, true, &message), Ok((response(), ends)));
    }

    #[test]
    fn an_answer_has_a_summary_and_verify_data_where_they_are_due_and_nowhere_else() {
        let message = whole_response();
        let (clear, ends) = answered(true, false, &message[..208]).unwrap();
        assert_eq!((clear.verify_data, ends), (&[][..], Ends { signed: 144, signature: 208, whole: 208 }));
        assert_eq!(answered(true, false, &message), Err(Malformed::Trailing(32)));
        assert!(answered(false, true, &message).is_err());
        for length in 0..message.len() {
            assert_eq!(answered(true, true, &message[..length]), Err(Malformed::Short), "{length}");
        }
    }

    #[test]
    fn one_kind_of_mutual_authentication_is_asked_for_or_none() {
        let mut message = whole_response();
        let mut kind = |byte: u8| {
            message[6] = byte;
            answered(true, true, &message).map(|(message, _)| message.mutual)
        };
        for wanted in [
            MutualAuthentication::None,
            MutualAuthentication::Direct,
            MutualAuthentication::Encapsulated,
            MutualAuthentication::EncapsulatedDigests,
        ] {
            assert_eq!(kind(wanted as u8), Ok(wanted));
            assert_eq!(wanted.is_encapsulated(), wanted as u8 > 1);
        }
        for byte in [3, 5, 6, 7, 0xff] {
            assert_eq!(kind(byte), Err(Malformed::Field("mutual authentication")), "{byte}");
        }
        // What is reserved is not read.
        assert_eq!(kind(0xf8), Ok(MutualAuthentication::None));
        assert_eq!(kind(0x12), Ok(MutualAuthentication::Encapsulated));
    }

    #[test]
    fn the_slot_that_is_asked_for_counts_where_it_is_named() {
        let mut message = whole_response();
        let mut slot = |mutual: u8, byte: u8| {
            (message[6], message[7]) = (mutual, byte);
            answered(true, true, &message).map(|(message, _)| message.slot)
        };
        assert_eq!((slot(1, 7), slot(1, 0xff), slot(1, 0xa2)), (Ok(7), Ok(15), Ok(2)));
        assert_eq!((slot(1, 8), slot(1, 14)), (Err(Malformed::Field("slot")), Err(Malformed::Field("slot"))));
        assert_eq!((slot(0, 9), slot(2, 9)), (Ok(9), Ok(9)));
    }
}
