//! GET_CERTIFICATE and CERTIFICATE (DSP0274 1.3, 10.8).

use super::{Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

/// GET_CERTIFICATE: a portion of a chain is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetCertificate {
    /// The slot.
    pub slot: u8,
    /// Only how long it is, from 1.3 on.
    pub size_only: bool,
    /// Where the portion begins, in bytes.
    pub offset: u16,
    /// How many bytes at the most.
    pub length: u16,
}

impl GetCertificate {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        version: Version,
        header: Header,
        reader: &mut Reader<'_>,
    ) -> Result<(Self, usize), Malformed> {
        let size_only = version >= Version::V1_3 && header.param2 & 1 != 0;
        let message =
            Self { slot: header.param1 & 0xf, size_only, offset: reader.u16()?, length: reader.u16()? };
        Ok((message, finish(reader)?))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Request::GetCertificate.byte(),
            param1: self.slot,
            param2: u8::from(self.size_only),
        };
        header.encode(writer)?;
        writer.u16(self.offset)?;
        writer.u16(self.length)
    }
}

/// CERTIFICATE: a portion of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificatePortion<'a> {
    /// The slot.
    pub slot: u8,
    /// The bytes.
    pub bytes: &'a [u8],
    /// How many bytes follow after these.
    pub remainder: u16,
}

impl<'a> CertificatePortion<'a> {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(header: Header, reader: &mut Reader<'a>) -> Result<(Self, usize), Malformed> {
        let (length, remainder) = (reader.u16()?, reader.u16()?);
        let bytes = reader.take(length.into())?;
        Ok((Self { slot: header.param1 & 0xf, bytes, remainder }, finish(reader)?))
    }

    /// Writes what stands before the bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_head(
        version: Version,
        slot: u8,
        length: u16,
        remainder: u16,
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let header =
            Header { version: version.byte(), code: Response::Certificate.byte(), param1: slot, param2: 0 };
        header.encode(writer)?;
        writer.u16(length)?;
        writer.u16(remainder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back() {
        let mut buffer = [0; 8];
        let request = GetCertificate { slot: 3, size_only: false, offset: 0x1234, length: 0xffff };
        request.encode(Version::V1_2, &mut Writer::new(&mut buffer)).unwrap();
        assert_eq!(buffer, [0x12, 0x82, 3, 0, 0x34, 0x12, 0xff, 0xff]);
        let mut reader = Reader::new(&buffer);
        let header = Header::decode(&mut reader).unwrap();
        assert_eq!(GetCertificate::decode(Version::V1_2, header, &mut reader), Ok((request, 8)));
    }

    #[test]
    fn a_portion_has_the_length_it_states() {
        let header = Header { version: 0x12, code: 2, param1: 0, param2: 0 };
        let portion = CertificatePortion::decode(header, &mut Reader::new(&[2, 0, 5, 0, 0xaa, 0xbb, 0, 0]));
        let expected = CertificatePortion { slot: 0, bytes: &[0xaa, 0xbb], remainder: 5 };
        assert_eq!(portion, Ok((expected, 6)), "the zeros are padding");
        let cut = CertificatePortion::decode(header, &mut Reader::new(&[3, 0, 5, 0, 0xaa, 0xbb]));
        assert_eq!(cut, Err(Malformed::Short));
    }
}
