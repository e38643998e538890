//! VENDOR_DEFINED_REQUEST and VENDOR_DEFINED_RESPONSE (DSP0274 1.3, 10.13).

use core::fmt;

use super::{Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

/// Who defines a vendor's message: a body that keeps a registry of vendors, and the vendor's number in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Registry<'a> {
    /// The body (0 DMTF, 3 PCI-SIG, 7 CXL and so on).
    pub body: u16,
    /// The vendor's number, little-endian.
    pub vendor: &'a [u8],
}

impl<'a> Registry<'a> {
    /// The body PCI-SIG.
    pub const PCI_SIG: u16 = 3;

    /// The PCI-SIG's own protocols, IDE_KM and TDISP among them.
    pub const PCI_SIG_PROTOCOLS: Registry<'static> = Registry { body: Self::PCI_SIG, vendor: &[0x01, 0x00] };
}

impl fmt::Debug for Registry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}:", self.body)?;
        self.vendor.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// VENDOR_DEFINED_REQUEST or VENDOR_DEFINED_RESPONSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VendorMessage<'a> {
    /// Who defines it.
    pub registry: Registry<'a>,
    /// What it says.
    pub payload: &'a [u8],
}

impl<'a> VendorMessage<'a> {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(reader: &mut Reader<'a>) -> Result<(Self, usize), Malformed> {
        let body = reader.u16()?;
        let length = reader.u8()?;
        let vendor = reader.take(length.into())?;
        let payload = reader.counted()?;
        Ok((Self { registry: Registry { body, vendor }, payload }, finish(reader)?))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, is_request: bool, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        Self::encode_head(version, is_request, self.registry, writer)?;
        writer.counted(self.payload)
    }

    /// Writes what stands before the payload's length.
    pub(crate) fn encode_head(
        version: Version,
        is_request: bool,
        registry: Registry<'_>,
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let code = if is_request { Request::VendorDefined.byte() } else { Response::VendorDefined.byte() };
        Header { version: version.byte(), code, param1: 0, param2: 0 }.encode(writer)?;
        writer.u16(registry.body)?;
        writer.u8(u8::try_from(registry.vendor.len()).map_err(|_| NoRoom)?)?;
        writer.bytes(registry.vendor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back() {
        let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: b"abc" };
        let mut buffer = [0; 16];
        let mut writer = Writer::new(&mut buffer);
        message.encode(Version::V1_1, true, &mut writer).unwrap();
        assert_eq!(writer.written(), [0x11, 0xfe, 0, 0, 3, 0, 2, 1, 0, 3, 0, b'a', b'b', b'c']);
        let mut reader = Reader::new(&buffer);
        Header::decode(&mut reader).unwrap();
        assert_eq!(VendorMessage::decode(&mut reader), Ok((message, 14)), "two zeros of padding follow");
    }

    #[test]
    fn lengths_are_checked() {
        assert_eq!(VendorMessage::decode(&mut Reader::new(&[3, 0, 2, 1])), Err(Malformed::Short));
        assert_eq!(VendorMessage::decode(&mut Reader::new(&[3, 0, 0, 9, 0, 1])), Err(Malformed::Short));
    }
}
