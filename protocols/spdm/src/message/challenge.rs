//! CHALLENGE and CHALLENGE_AUTH (DSP0274 1.3, 10.10).

use super::{
    Context, Format, Header, MAX_OPAQUE, Malformed, NoRoom, Nonce, Reader, Request, Response, Writer, finish,
};
use crate::Version;

/// Over which measurements a summary is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum SummaryKind {
    /// No summary.
    #[default]
    None = 0,
    /// Those of the trusted computing base.
    Tcb = 1,
    /// All.
    All = 0xff,
}

impl SummaryKind {
    /// The kind with that value.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::None),
            1 => Some(Self::Tcb),
            0xff => Some(Self::All),
            _ => None,
        }
    }
}

/// CHALLENGE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The slot whose key is to sign; 0xff for a key that was provisioned without a certificate.
    pub slot: u8,
    /// Over which measurements a summary is wanted.
    pub summary: SummaryKind,
    /// The requester's nonce.
    pub nonce: Nonce,
    /// The requester's context, from 1.3 on.
    pub context: Context,
}

impl Challenge {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        version: Version,
        header: Header,
        reader: &mut Reader<'_>,
    ) -> Result<(Self, usize), Malformed> {
        let summary = SummaryKind::from_byte(header.param2).ok_or(Malformed::Field("kind of summary"))?;
        let nonce = reader.array()?;
        let context = context(version, reader)?;
        Ok((Self { slot: header.param1, summary, nonce, context }, finish(reader)?))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Request::Challenge.byte(),
            param1: self.slot,
            param2: self.summary as u8,
        };
        header.encode(writer)?;
        writer.bytes(&self.nonce)?;
        encode_context(version, &self.context, writer)
    }
}

/// The requester's context, which there is from 1.3 on.
pub(super) fn context(version: Version, reader: &mut Reader<'_>) -> Result<Context, Malformed> {
    if version >= Version::V1_3 { reader.array() } else { Ok(Context::default()) }
}

pub(super) fn encode_context(
    version: Version,
    context: &Context,
    writer: &mut Writer<'_>,
) -> Result<(), NoRoom> {
    if version >= Version::V1_3 { writer.bytes(context) } else { Ok(()) }
}

/// Opaque data with its length before it.
pub(super) fn opaque<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let opaque = reader.counted()?;
    if opaque.len() > MAX_OPAQUE { Err(Malformed::Field("length of opaque data")) } else { Ok(opaque) }
}

/// CHALLENGE_AUTH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeAuth<'a> {
    /// The slot, in the low four bits, and in 1.0 and 1.1 a wish for mutual authentication in the highest.
    pub attributes: u8,
    /// The slots that hold a chain, a bit each.
    pub slots: u8,
    /// The digest of the slot's chain.
    pub chain_digest: &'a [u8],
    /// The responder's nonce.
    pub nonce: Nonce,
    /// The digest of the measurements; empty where none was asked for.
    pub summary: &'a [u8],
    /// Whatever the responder wants to say.
    pub opaque: &'a [u8],
    /// The requester's context again, from 1.3 on.
    pub context: Context,
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> ChallengeAuth<'a> {
    /// Reads what follows the header; returns the message's length without the signature, and with it.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        format: Format,
        with_summary: bool,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, usize, usize), Malformed> {
        let chain_digest = reader.take(format.digest)?;
        let nonce = reader.array()?;
        let summary = reader.take(if with_summary { format.digest } else { 0 })?;
        let opaque = opaque(reader)?;
        let context = context(format.version, reader)?;
        let signed = reader.position();
        let signature = reader.take(format.signature)?;
        let (attributes, slots) = (header.param1, header.param2);
        let message = Self { attributes, slots, chain_digest, nonce, summary, opaque, context, signature };
        Ok((message, signed, finish(reader)?))
    }

    /// Writes it up to the signature, which follows.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_unsigned(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Response::ChallengeAuth.byte(),
            param1: self.attributes,
            param2: self.slots,
        };
        header.encode(writer)?;
        writer.bytes(self.chain_digest)?;
        writer.bytes(&self.nonce)?;
        writer.bytes(self.summary)?;
        writer.counted(self.opaque)?;
        encode_context(version, &self.context, writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format { version: Version::V1_3, digest: 32, signature: 64 };

    fn auth() -> ChallengeAuth<'static> {
        ChallengeAuth {
            attributes: 1,
            slots: 0b11,
            chain_digest: &[1; 32],
            nonce: [2; 32],
            summary: &[3; 32],
            opaque: b"opaque",
            context: [4; 8],
            signature: &[5; 64],
        }
    }

    #[test]
    fn an_answer_comes_back_with_the_place_of_its_signature() {
        let mut buffer = [0; 256];
        let mut writer = Writer::new(&mut buffer);
        auth().encode_unsigned(Version::V1_3, &mut writer).unwrap();
        let unsigned = writer.length();
        writer.bytes(&[5; 64]).unwrap();
        let length = writer.length();
        let mut reader = Reader::new(&buffer[..length]);
        let header = Header::decode(&mut reader).unwrap();
        assert_eq!(ChallengeAuth::decode(FORMAT, true, header, &mut reader), Ok((auth(), unsigned, length)));
    }

    #[test]
    fn a_summary_that_was_not_asked_for_does_not_fit() {
        let mut buffer = [0; 256];
        let mut writer = Writer::new(&mut buffer);
        auth().encode_unsigned(Version::V1_3, &mut writer).unwrap();
        writer.bytes(&[5; 64]).unwrap();
        let length = writer.length();
        let mut reader = Reader::new(&buffer[..length]);
        let header = Header::decode(&mut reader).unwrap();
        assert!(ChallengeAuth::decode(FORMAT, false, header, &mut reader).is_err());
    }

    #[test]
    fn opaque_data_is_bounded() {
        let mut body = [0; 32 + 32 + 2 + 1025 + 8 + 64];
        body[64..66].copy_from_slice(&1025_u16.to_le_bytes());
        let header = Header { version: 0x13, code: 3, param1: 0, param2: 1 };
        let refused = ChallengeAuth::decode(FORMAT, false, header, &mut Reader::new(&body));
        assert_eq!(refused, Err(Malformed::Field("length of opaque data")));
    }

    #[test]
    fn there_are_three_kinds_of_summary() {
        for kind in [SummaryKind::None, SummaryKind::Tcb, SummaryKind::All] {
            assert_eq!(SummaryKind::from_byte(kind as u8), Some(kind));
        }
        assert_eq!(SummaryKind::from_byte(2), None);
    }
}
