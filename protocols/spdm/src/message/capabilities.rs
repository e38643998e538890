//! GET_CAPABILITIES and CAPABILITIES (DSP0274 1.3, 10.4).

mod rules;

use bitflags::bitflags;

use super::{Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

/// The least transfer size a side may state, in bytes: room for the messages that come before it is known.
pub const MIN_TRANSFER_SIZE: u32 = 42;

bitflags! {
    /// What a requester says it can do.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct RequesterFlags: u32 {
        /// It has certificates.
        const CERT = 1 << 1;
        /// It answers challenges.
        const CHAL = 1 << 2;
        /// It encrypts in sessions.
        const ENCRYPT = 1 << 6;
        /// It authenticates messages in sessions.
        const MAC = 1 << 7;
        /// It lets itself be authenticated.
        const MUT_AUTH = 1 << 8;
        /// KEY_EXCHANGE.
        const KEY_EX = 1 << 9;
        /// PSK_EXCHANGE; two bits, of which a requester uses this one.
        const PSK = 1 << 10;
        /// The other bit of the two, which makes a value that is reserved.
        const PSK_RESERVED = 1 << 11;
        /// Encapsulated requests.
        const ENCAP = 1 << 12;
        /// HEARTBEAT.
        const HBEAT = 1 << 13;
        /// KEY_UPDATE.
        const KEY_UPD = 1 << 14;
        /// Messages of the handshake may go in the clear.
        const HANDSHAKE_IN_THE_CLEAR = 1 << 15;
        /// Its public key was provisioned.
        const PUB_KEY_ID = 1 << 16;
        /// CHUNK_SEND and CHUNK_GET.
        const CHUNK = 1 << 17;
        /// ENDPOINT_INFO without a signature.
        const EP_INFO = 1 << 22;
        /// ENDPOINT_INFO with one.
        const EP_INFO_SIGNED = 1 << 23;
        /// It takes events.
        const EVENT = 1 << 25;
        /// Several keys: only.
        const MULTI_KEY_ONLY = 1 << 26;
        /// Several keys: by negotiation.
        const MULTI_KEY_NEGOTIATED = 1 << 27;
        const _ = !0;
    }
}

bitflags! {
    /// What a responder says it can do.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ResponderFlags: u32 {
        /// It keeps what was negotiated across a reset.
        const CACHE = 1 << 0;
        /// It has certificates: DIGESTS and CERTIFICATE.
        const CERT = 1 << 1;
        /// It answers challenges.
        const CHAL = 1 << 2;
        /// MEASUREMENTS without a signature only.
        const MEAS = 1 << 3;
        /// MEASUREMENTS, with a signature where asked for.
        const MEAS_SIGNED = 1 << 4;
        /// It measures anew for every request.
        const MEAS_FRESH = 1 << 5;
        /// It encrypts in sessions.
        const ENCRYPT = 1 << 6;
        /// It authenticates messages in sessions.
        const MAC = 1 << 7;
        /// It authenticates requesters.
        const MUT_AUTH = 1 << 8;
        /// KEY_EXCHANGE.
        const KEY_EX = 1 << 9;
        /// PSK_EXCHANGE without a context.
        const PSK = 1 << 10;
        /// PSK_EXCHANGE with one.
        const PSK_WITH_CONTEXT = 1 << 11;
        /// Encapsulated requests.
        const ENCAP = 1 << 12;
        /// HEARTBEAT.
        const HBEAT = 1 << 13;
        /// KEY_UPDATE.
        const KEY_UPD = 1 << 14;
        /// Messages of the handshake may go in the clear.
        const HANDSHAKE_IN_THE_CLEAR = 1 << 15;
        /// Its public key was provisioned.
        const PUB_KEY_ID = 1 << 16;
        /// CHUNK_SEND and CHUNK_GET.
        const CHUNK = 1 << 17;
        /// Its certificates are made by itself, below a device certificate.
        const ALIAS_CERT = 1 << 18;
        /// SET_CERTIFICATE.
        const SET_CERT = 1 << 19;
        /// GET_CSR.
        const CSR = 1 << 20;
        /// A certificate is installed at the next reset.
        const CERT_INSTALL_RESET = 1 << 21;
        /// ENDPOINT_INFO without a signature.
        const EP_INFO = 1 << 22;
        /// ENDPOINT_INFO with one.
        const EP_INFO_SIGNED = 1 << 23;
        /// GET_MEASUREMENT_EXTENSION_LOG.
        const MEL = 1 << 24;
        /// It sends events.
        const EVENT = 1 << 25;
        /// Several keys: only.
        const MULTI_KEY_ONLY = 1 << 26;
        /// Several keys: by negotiation.
        const MULTI_KEY_NEGOTIATED = 1 << 27;
        /// GET_KEY_PAIR_INFO.
        const GET_KEY_PAIR_INFO = 1 << 28;
        /// SET_KEY_PAIR_INFO.
        const SET_KEY_PAIR_INFO = 1 << 29;
        const _ = !0;
    }
}

impl RequesterFlags {
    /// The bits that a version gives a meaning; the others are reserved, and to be ignored.
    #[must_use]
    pub const fn known(version: Version) -> Self {
        match version {
            Version::V1_0 => Self::empty(),
            Version::V1_1 => Self::from_bits_retain(0x0001_ffc6),
            Version::V1_2 => Self::from_bits_retain(0x0003_ffc6),
            Version::V1_3 => Self::from_bits_retain(0x0ec3_ffc6),
        }
    }
}

impl ResponderFlags {
    /// The bits that a version gives a meaning; the others are reserved, and to be ignored.
    #[must_use]
    pub const fn known(version: Version) -> Self {
        match version {
            Version::V1_0 => Self::from_bits_retain(0x3f),
            Version::V1_1 => Self::from_bits_retain(0x0001_ffff),
            Version::V1_2 => Self::from_bits_retain(0x003f_ffff),
            Version::V1_3 => Self::from_bits_retain(0x3fff_ffff),
        }
    }
}

/// How much a side takes, from 1.2 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The longest message it takes at once, in bytes.
    pub transfer: u32,
    /// The longest message it takes in chunks, in bytes.
    pub message: u32,
}

/// GET_CAPABILITIES and CAPABILITIES, which differ in their flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities<F> {
    /// The time a signature or a key exchange may take: 2 to the power of this, in microseconds.
    pub ct_exponent: u8,
    /// What it can do.
    pub flags: F,
    /// How much it takes; from 1.2 on.
    pub sizes: Option<Sizes>,
}

impl Capabilities<RequesterFlags> {
    /// Reads what follows the header of GET_CAPABILITIES; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(version: Version, reader: &mut Reader<'_>) -> Result<(Self, usize), Malformed> {
        if version == Version::V1_0 {
            let nothing = Self { ct_exponent: 0, flags: RequesterFlags::empty(), sizes: None };
            return Ok((nothing, finish(reader)?));
        }
        let (ct_exponent, flags, sizes) = decode(version, reader)?;
        let flags = RequesterFlags::from_bits_retain(flags) & RequesterFlags::known(version);
        Ok((Self { ct_exponent, flags, sizes }, finish(reader)?))
    }

    /// Writes GET_CAPABILITIES.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        header(version, Request::GetCapabilities.byte()).encode(writer)?;
        if version == Version::V1_0 {
            return Ok(());
        }
        encode(self.ct_exponent, self.flags.bits(), self.sizes, writer)
    }
}

impl Capabilities<ResponderFlags> {
    /// Reads what follows the header of CAPABILITIES; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(version: Version, reader: &mut Reader<'_>) -> Result<(Self, usize), Malformed> {
        let (ct_exponent, flags, sizes) = decode(version, reader)?;
        let flags = ResponderFlags::from_bits_retain(flags) & ResponderFlags::known(version);
        Ok((Self { ct_exponent, flags, sizes }, finish(reader)?))
    }

    /// Writes CAPABILITIES.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        header(version, Response::Capabilities.byte()).encode(writer)?;
        encode(self.ct_exponent, self.flags.bits(), self.sizes, writer)
    }
}

const fn header(version: Version, code: u8) -> Header {
    Header { version: version.byte(), code, param1: 0, param2: 0 }
}

fn decode(version: Version, reader: &mut Reader<'_>) -> Result<(u8, u32, Option<Sizes>), Malformed> {
    reader.u8()?;
    let ct_exponent = reader.u8()?;
    reader.u16()?;
    let flags = reader.u32()?;
    let sizes = if version < Version::V1_2 { None } else { Some(sizes(reader)?) };
    Ok((ct_exponent, flags, sizes))
}

fn sizes(reader: &mut Reader<'_>) -> Result<Sizes, Malformed> {
    let sizes = Sizes { transfer: reader.u32()?, message: reader.u32()? };
    if sizes.transfer < MIN_TRANSFER_SIZE {
        return Err(Malformed::Field("DataTransferSize"));
    }
    if sizes.message < sizes.transfer {
        return Err(Malformed::Field("MaxSPDMmsgSize"));
    }
    Ok(sizes)
}

fn encode(ct_exponent: u8, flags: u32, sizes: Option<Sizes>, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
    writer.bytes(&[0, ct_exponent, 0, 0])?;
    writer.u32(flags)?;
    let Some(sizes) = sizes else { return Ok(()) };
    writer.u32(sizes.transfer)?;
    writer.u32(sizes.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_own_length() {
        for (version, request, response) in [
            (Version::V1_0, 4, 12),
            (Version::V1_1, 12, 12),
            (Version::V1_2, 20, 20),
            (Version::V1_3, 20, 20),
        ] {
            let sizes = (version >= Version::V1_2).then_some(Sizes { transfer: 42, message: 42 });
            let (mut first, mut second) = ([0; 32], [0; 32]);
            let asked = Capabilities { ct_exponent: 0, flags: RequesterFlags::empty(), sizes };
            let said =
                Capabilities { ct_exponent: 12, flags: ResponderFlags::CERT | ResponderFlags::CHAL, sizes };
            let mut writer = Writer::new(&mut first);
            asked.encode(version, &mut writer).unwrap();
            assert_eq!(writer.length(), request, "{version}");
            let mut writer = Writer::new(&mut second);
            said.encode(version, &mut writer).unwrap();
            assert_eq!(writer.length(), response, "{version}");
            let mut reader = Reader::new(&second[..response]);
            Header::decode(&mut reader).unwrap();
            assert_eq!(Capabilities::<ResponderFlags>::decode(version, &mut reader), Ok((said, response)));
        }
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for (transfer, message, wrong) in [(41, 41, "DataTransferSize"), (64, 63, "MaxSPDMmsgSize")] {
            let mut body = [0; 16];
            body[8..12].copy_from_slice(&u32::to_le_bytes(transfer));
            body[12..].copy_from_slice(&u32::to_le_bytes(message));
            let refused = Capabilities::<ResponderFlags>::decode(Version::V1_2, &mut Reader::new(&body));
            assert_eq!(refused.unwrap_err(), Malformed::Field(wrong));
        }
    }

    #[test]
    fn bits_that_a_version_does_not_know_are_ignored() {
        let mut body = [0; 8];
        body[4..].copy_from_slice(&u32::MAX.to_le_bytes());
        let (said, _) =
            Capabilities::<ResponderFlags>::decode(Version::V1_1, &mut Reader::new(&body)).unwrap();
        assert!(!said.flags.contains(ResponderFlags::CHUNK));
        assert!(said.flags.contains(ResponderFlags::PUB_KEY_ID));
    }
}
