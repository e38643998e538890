//! FINISH and FINISH_RSP (DSP0274 1.3, 10.17).

use super::key_exchange::slot;
use super::{Ends, Format, Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

/// A signature is there.
const SIGNED: u8 = 1;

/// FINISH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finish<'a> {
    /// The slot whose key signs; 0xff for a key that was provisioned without a certificate, 0 without a signature.
    pub slot: u8,
    /// The requester's signature, where the responder asked for one.
    pub signature: Option<&'a [u8]>,
    /// The proof that the requester has the session's keys.
    pub verify_data: &'a [u8],
}

impl<'a> Finish<'a> {
    /// Reads what follows the header; returns where its parts end too. The size of a signature in `format` is that of
    /// the requester's here.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        format: Format,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, Ends), Malformed> {
        let signed = reader.position();
        let is_signed = header.param1 & SIGNED != 0;
        let slot = if is_signed { slot(header.param2)? } else { 0 };
        let signature = if is_signed { Some(reader.take(format.signature)?) } else { None };
        let signature_end = reader.position();
        let verify_data = reader.take(format.digest)?;
        let ends = Ends { signed, signature: signature_end, whole: finish(reader)? };
        Ok((Self { slot, signature, verify_data }, ends))
    }

    /// Writes what stands before the signature: it is signed by the key of this slot, or it is not.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(version: Version, slot: Option<u8>, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Request::Finish.byte(),
            param1: if slot.is_some() { SIGNED } else { 0 },
            param2: slot.unwrap_or_default(),
        };
        header.encode(writer)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        Self::encode_head(version, self.signature.map(|_| self.slot), writer)?;
        writer.bytes(self.signature.unwrap_or_default())?;
        writer.bytes(self.verify_data)
    }
}

/// FINISH_RSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinishRsp<'a> {
    /// The proof that the responder has the session's keys, where the handshake goes in the clear; else empty.
    pub verify_data: &'a [u8],
}

impl<'a> FinishRsp<'a> {
    /// Reads what follows the header; returns the message's length without the verify data, and with it.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        format: Format,
        with_verify_data: bool,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, usize, usize), Malformed> {
        let unverified = reader.position();
        let verify_data = reader.take(if with_verify_data { format.digest } else { 0 })?;
        Ok((Self { verify_data }, unverified, finish(reader)?))
    }

    /// Writes what stands before the verify data.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let code = Response::FinishRsp.byte();
        Header { version: version.byte(), code, param1: 0, param2: 0 }.encode(writer)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        Self::encode_head(version, writer)?;
        writer.bytes(self.verify_data)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;

    const FORMAT: Format = Format { version: Version::V1_2, digest: 32, signature: 64 };

    fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>) -> Vec<u8> {
        let mut buffer = [0; 256];
        let mut writer = Writer::new(&mut buffer);
        write(&mut writer).unwrap();
        writer.written().to_vec()
    }

    fn asked(message: &[u8]) -> Result<(Finish<'_>, Ends), Malformed> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        Finish::decode(FORMAT, header, &mut reader)
    }

    fn answered(with_verify_data: bool, message: &[u8]) -> Result<(FinishRsp<'_>, usize, usize), Malformed> {
        let mut reader = Reader::new(message);
        Header::decode(&mut reader)?;
        FinishRsp::decode(FORMAT, with_verify_data, &mut reader)
    }

    #[test]
    fn a_request_without_a_signature_comes_back() {
        let finish = Finish { slot: 0, signature: None, verify_data: &[7; 32] };
        let message = written(|writer| finish.encode(Version::V1_2, writer));
        assert_eq!(message, [&[0x12, 0xe5, 0, 0][..], &[7; 32]].concat());
        let ends = Ends { signed: 4, signature: 4, whole: 36 };
        assert_eq!(asked(&message), Ok((finish, ends)));
        assert_eq!(asked(&[&message[..], &[0; 3]].concat()), Ok((finish, ends)));
    }

    #[test]
    fn a_request_with_a_signature_comes_back() {
        let finish = Finish { slot: 0xff, signature: Some(&[6; 64]), verify_data: &[7; 32] };
        let message = written(|writer| finish.encode(Version::V1_1, writer));
        assert_eq!(message, [&[0x11, 0xe5, 1, 0xff][..], &[6; 64], &[7; 32]].concat());
        assert_eq!(asked(&message), Ok((finish, Ends { signed: 4, signature: 68, whole: 100 })));
        for length in 0..message.len() {
            assert_eq!(asked(&message[..length]), Err(Malformed::Short), "{length}");
        }
        let longer = [&message[..], &[0; 4]].concat();
        assert_eq!(asked(&longer), Err(Malformed::Trailing(4)));
    }

    #[test]
    fn a_slot_counts_where_a_signature_is() {
        let mut message = [0; 100];
        message[..4].copy_from_slice(&[0x12, 0xe5, 1, 8]);
        assert_eq!(asked(&message), Err(Malformed::Field("slot")));
        message[2] = 0;
        assert_eq!(asked(&message[..36]).unwrap().0.slot, 0);
    }

    #[test]
    fn an_answer_has_verify_data_where_it_is_due_and_nowhere_else() {
        let silent = FinishRsp { verify_data: &[] };
        let proven = FinishRsp { verify_data: &[7; 32] };
        let short = written(|writer| silent.encode(Version::V1_3, writer));
        let long = written(|writer| proven.encode(Version::V1_3, writer));
        assert_eq!(short, [0x13, 0x65, 0, 0]);
        assert_eq!(long, [&short[..], &[7; 32]].concat());
        assert_eq!(answered(false, &short), Ok((silent, 4, 4)));
        assert_eq!(answered(true, &long), Ok((proven, 4, 36)));
        assert_eq!(answered(false, &long), Err(Malformed::Trailing(32)));
        assert_eq!(answered(true, &short), Err(Malformed::Short));
        assert_eq!(answered(true, &long[..35]), Err(Malformed::Short));
    }
}
