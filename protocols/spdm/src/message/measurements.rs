//! GET_MEASUREMENTS and MEASUREMENTS (DSP0274 1.3, 10.12).

use core::fmt;

use super::challenge::{context, encode_context, opaque};
use super::{
    Context, Format, Header, MEASUREMENT_SPECIFICATION_DMTF, Malformed, NoRoom, Nonce, Reader, Request,
    Response, Writer, finish,
};
use crate::Version;

const SIGNED: u8 = 1;
const RAW: u8 = 1 << 1;
const NEW: u8 = 1 << 2;

/// Which measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// None: only how many there are.
    Count,
    /// One, by its index (1 to 254).
    Index(u8),
    /// All.
    All,
}

impl Operation {
    /// As it stands in the message.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Count => 0,
            Self::Index(index) => index,
            Self::All => 0xff,
        }
    }

    /// The one with that value.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Count,
            0xff => Self::All,
            index => Self::Index(index),
        }
    }
}

/// GET_MEASUREMENTS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetMeasurements {
    /// Which.
    pub operation: Operation,
    /// Raw values, where there are some (from 1.2 on).
    pub raw: bool,
    /// Those that hold after the next reset (from 1.3 on).
    pub new: bool,
    /// The nonce and the slot whose key is to sign; `None` for no signature. In 1.0 there is no slot but 0. Slot 15
    /// stands for a key that was provisioned without a certificate.
    pub signed: Option<(Nonce, u8)>,
    /// The requester's context, from 1.3 on.
    pub context: Context,
}

impl GetMeasurements {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        version: Version,
        header: Header,
        reader: &mut Reader<'_>,
    ) -> Result<(Self, usize), Malformed> {
        let has = |bit, since| header.param1 & bit != 0 && version >= since;
        let signed = if has(SIGNED, Version::V1_0) { Some(Self::signer(version, reader)?) } else { None };
        let message = Self {
            operation: Operation::from_byte(header.param2),
            raw: has(RAW, Version::V1_2),
            new: has(NEW, Version::V1_3),
            signed,
            context: context(version, reader)?,
        };
        Ok((message, finish(reader)?))
    }

    fn signer(version: Version, reader: &mut Reader<'_>) -> Result<(Nonce, u8), Malformed> {
        let nonce = reader.array()?;
        let slot = if version >= Version::V1_1 { reader.u8()? & 0xf } else { 0 };
        Ok((nonce, slot))
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let attributes = [(self.signed.is_some(), SIGNED), (self.raw, RAW), (self.new, NEW)];
        let param1 = attributes.into_iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, bit)| all | bit);
        let header = Header {
            version: version.byte(),
            code: Request::GetMeasurements.byte(),
            param1,
            param2: self.operation.byte(),
        };
        header.encode(writer)?;
        if let Some((nonce, slot)) = &self.signed {
            writer.bytes(nonce)?;
            if version >= Version::V1_1 {
                writer.u8(*slot)?;
            }
        }
        encode_context(version, &self.context, writer)
    }
}

/// MEASUREMENTS.
#[derive(Clone, Copy, Debug)]
pub struct Measurements<'a> {
    /// How many there are, where that was asked.
    pub total: u8,
    /// The slot whose key signs, in the low four bits; from 1.2 on whether something has changed, in the next two.
    pub attributes: u8,
    /// The blocks.
    pub blocks: Blocks<'a>,
    /// The responder's nonce.
    pub nonce: Nonce,
    /// Whatever the responder wants to say.
    pub opaque: &'a [u8],
    /// The requester's context again, from 1.3 on.
    pub context: Context,
    /// The signature; empty where none was asked for.
    pub signature: &'a [u8],
}

impl<'a> Measurements<'a> {
    /// Reads what follows the header; returns the message's length without the signature, and with it.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        format: Format,
        is_signed: bool,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, usize, usize), Malformed> {
        let count = reader.u8()?;
        let length = reader.u24()?;
        let record = reader.take(usize::try_from(length).map_err(|_| Malformed::Short)?)?;
        let blocks = Blocks::decode(count, record)?;
        let nonce = reader.array()?;
        let opaque = opaque(reader)?;
        let context = context(format.version, reader)?;
        let unsigned = reader.position();
        let signature = reader.take(if is_signed { format.signature } else { 0 })?;
        let (total, attributes) = (header.param1, header.param2);
        let message = Self { total, attributes, blocks, nonce, opaque, context, signature };
        Ok((message, unsigned, finish(reader)?))
    }

    /// Writes it up to the signature, which follows.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode_unsigned(&self, version: Version, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        Self::encode_head(version, self.total, self.attributes, self.blocks, writer)?;
        Self::encode_tail(version, &self.nonce, self.opaque, &self.context, writer)
    }

    fn encode_head(
        version: Version,
        total: u8,
        attributes: u8,
        blocks: Blocks<'_>,
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let header = Header {
            version: version.byte(),
            code: Response::Measurements.byte(),
            param1: total,
            param2: attributes,
        };
        header.encode(writer)?;
        writer.u8(blocks.count)?;
        writer.u24(u32::try_from(blocks.record.len()).map_err(|_| NoRoom)?)?;
        writer.bytes(blocks.record)
    }

    /// Writes what follows the record.
    pub(crate) fn encode_tail(
        version: Version,
        nonce: &Nonce,
        opaque: &[u8],
        requester: &Context,
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        writer.bytes(nonce)?;
        writer.counted(opaque)?;
        encode_context(version, requester, writer)
    }
}

/// The blocks of a measurement record, which have been checked to fill it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocks<'a> {
    count: u8,
    record: &'a [u8],
}

impl<'a> Blocks<'a> {
    /// Reads a record of so many blocks.
    ///
    /// # Errors
    /// [`Malformed`], where the blocks do not fill the record, or one is wrong in itself.
    pub fn decode(count: u8, record: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(record);
        for _ in 0..count {
            Block::decode(&mut reader)?;
        }
        if reader.rest().is_empty() {
            Ok(Self { count, record })
        } else {
            Err(Malformed::Field("record length"))
        }
    }

    /// How many blocks fill a record; `None` where they do not.
    #[must_use]
    pub fn count_of(record: &[u8]) -> Option<u8> {
        let mut reader = Reader::new(record);
        let mut count = 0_u8;
        while !reader.rest().is_empty() {
            Block::decode(&mut reader).ok()?;
            count = count.checked_add(1)?;
        }
        Some(count)
    }

    /// The record, byte for byte.
    #[must_use]
    pub const fn record(&self) -> &'a [u8] {
        self.record
    }

    /// How many blocks there are.
    #[must_use]
    pub const fn count(&self) -> u8 {
        self.count
    }

    /// The blocks, in order.
    pub fn iter(&self) -> impl Iterator<Item = Block<'a>> + use<'a> {
        let mut reader = Reader::new(self.record);
        (0..self.count).map_while(move |_| Block::decode(&mut reader).ok())
    }
}

/// What a measurement is of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueType(pub u8);

impl ValueType {
    /// Immutable ROM.
    pub const IMMUTABLE_ROM: Self = Self(0);
    /// Mutable firmware.
    pub const MUTABLE_FIRMWARE: Self = Self(1);
    /// Hardware configuration.
    pub const HARDWARE_CONFIGURATION: Self = Self(2);
    /// Firmware configuration.
    pub const FIRMWARE_CONFIGURATION: Self = Self(3);
    /// A manifest of measurements.
    pub const MANIFEST: Self = Self(4);
    /// The device's mode.
    pub const DEVICE_MODE: Self = Self(5);
    /// The version of mutable firmware.
    pub const VERSION: Self = Self(6);
    /// The security version number of mutable firmware.
    pub const SECURITY_VERSION: Self = Self(7);

    /// Its name; `None` for a type of no name.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "immutable ROM",
            1 => "mutable firmware",
            2 => "hardware configuration",
            3 => "firmware configuration",
            4 => "measurement manifest",
            5 => "device mode",
            6 => "firmware version",
            7 => "security version number",
            8 => "hash-extended",
            9 => "informational",
            10 => "structured manifest",
            _ => return None,
        })
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "type {:#04x}", self.0),
        }
    }
}

impl fmt::Debug for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its index, 1 to 254.
    pub index: u8,
    /// The measurement specifications it follows, a bit each.
    pub specification: u8,
    /// What stands in it, by that specification.
    pub measurement: &'a [u8],
}

impl<'a> Block<'a> {
    /// Bytes before the measurement.
    pub const HEAD: usize = 4;
    /// Bytes before the value, in the form of DMTF.
    pub const VALUE_HEAD: usize = 3;
    const RAW: u8 = 0x80;

    fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let block = Self { index: reader.u8()?, specification: reader.u8()?, measurement: reader.counted()? };
        let is_dmtf = block.specification == MEASUREMENT_SPECIFICATION_DMTF;
        if block.index == 0 || block.index == 0xff {
            return Err(Malformed::Field("index of a measurement"));
        }
        if is_dmtf && block.value().is_none() {
            return Err(Malformed::Field("size of a measurement"));
        }
        Ok(block)
    }

    /// In the form of DMTF: what it is of, whether it is raw, and the value.
    #[must_use]
    pub fn value(&self) -> Option<(ValueType, bool, &'a [u8])> {
        let mut reader = Reader::new(self.measurement);
        let kind = reader.u8().ok()?;
        let value = reader.counted().ok()?;
        let whole = reader.rest().is_empty() && self.specification == MEASUREMENT_SPECIFICATION_DMTF;
        whole.then_some((ValueType(kind & !Self::RAW), kind & Self::RAW != 0, value))
    }

    /// Writes a block in the form of DMTF.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(
        index: u8,
        kind: ValueType,
        is_raw: bool,
        value: &[u8],
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let size = value.len().checked_add(Self::VALUE_HEAD).ok_or(NoRoom)?;
        writer.bytes(&[index, MEASUREMENT_SPECIFICATION_DMTF])?;
        writer.u16(u16::try_from(size).map_err(|_| NoRoom)?)?;
        writer.u8(if is_raw { kind.0 | Self::RAW } else { kind.0 })?;
        writer.counted(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format { version: Version::V1_3, digest: 32, signature: 64 };

    fn record(buffer: &mut [u8]) -> usize {
        let mut writer = Writer::new(buffer);
        Block::encode(1, ValueType::IMMUTABLE_ROM, false, &[0xaa; 32], &mut writer).unwrap();
        Block::encode(6, ValueType::VERSION, true, b"1.0", &mut writer).unwrap();
        writer.length()
    }

    #[test]
    fn blocks_come_back_with_their_values() {
        let mut buffer = [0; 64];
        let length = record(&mut buffer);
        let blocks = Blocks::decode(2, &buffer[..length]).unwrap();
        let values = blocks.iter().map(|block| (block.index, block.value().unwrap()));
        assert!(values.eq([
            (1, (ValueType::IMMUTABLE_ROM, false, &[0xaa; 32][..])),
            (6, (ValueType::VERSION, true, &b"1.0"[..])),
        ]));
    }

    #[test]
    fn a_record_is_filled_by_its_blocks() {
        let mut buffer = [0; 64];
        let length = record(&mut buffer);
        let refused = |count, record: &[u8]| Blocks::decode(count, record).unwrap_err();
        assert_eq!(refused(1, &buffer[..length]), Malformed::Field("record length"));
        assert_eq!(refused(3, &buffer[..length]), Malformed::Short);
        assert_eq!(refused(0, &buffer[..1]), Malformed::Field("record length"));
        let mut wrong = buffer;
        wrong[5] = 31;
        assert_eq!(refused(2, &wrong[..length]), Malformed::Field("size of a measurement"));
        wrong[0] = 0;
        assert_eq!(refused(2, &wrong[..length]), Malformed::Field("index of a measurement"));
    }

    #[test]
    fn a_request_comes_back_in_each_version() {
        for (version, length) in
            [(Version::V1_0, 36), (Version::V1_1, 37), (Version::V1_2, 37), (Version::V1_3, 45)]
        {
            let slot = if version == Version::V1_0 { 0 } else { 3 };
            let context = if version == Version::V1_3 { [7; 8] } else { [0; 8] };
            let operation = Operation::All;
            let request =
                GetMeasurements { operation, raw: false, new: false, signed: Some(([9; 32], slot)), context };
            let mut buffer = [0; 64];
            let mut writer = Writer::new(&mut buffer);
            request.encode(version, &mut writer).unwrap();
            assert_eq!(writer.length(), length);
            let mut reader = Reader::new(&buffer[..length]);
            let header = Header::decode(&mut reader).unwrap();
            assert_eq!(GetMeasurements::decode(version, header, &mut reader), Ok((request, length)));
        }
    }

    #[test]
    fn an_answer_comes_back_with_and_without_a_signature() {
        let mut record_buffer = [0; 64];
        let length = record(&mut record_buffer);
        let message = Measurements {
            total: 0,
            attributes: 0x20,
            blocks: Blocks::decode(2, &record_buffer[..length]).unwrap(),
            nonce: [1; 32],
            opaque: b"x",
            context: [2; 8],
            signature: &[3; 64],
        };
        for is_signed in [true, false] {
            let mut buffer = [0; 256];
            let mut writer = Writer::new(&mut buffer);
            message.encode_unsigned(Version::V1_3, &mut writer).unwrap();
            let unsigned = writer.length();
            if is_signed {
                writer.bytes(&[3; 64]).unwrap();
            }
            let whole = writer.length();
            let mut reader = Reader::new(&buffer[..whole]);
            let header = Header::decode(&mut reader).unwrap();
            let (decoded, signed_part, end) =
                Measurements::decode(FORMAT, is_signed, header, &mut reader).unwrap();
            assert_eq!(
                (decoded.blocks, decoded.attributes, signed_part, end),
                (message.blocks, 0x20, unsigned, whole)
            );
        }
    }
}
