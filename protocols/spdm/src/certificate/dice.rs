//! DiceTcbInfo (TCG DICE Attestation Architecture 1.1, 6.1.1): what one layer of a device's firmware says it is.

use der::Tag;
use der::asn1::ObjectIdentifier;

use super::input::{Input, context, oid, small};

/// A DiceTcbInfo. Its texts are the peer's: escape them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcbInfo<'a> {
    /// Who made it.
    pub vendor: Option<&'a str>,
    /// The product.
    pub model: Option<&'a str>,
    /// The version.
    pub version: Option<&'a str>,
    /// The security version number.
    pub svn: Option<u64>,
    /// The DICE layer.
    pub layer: Option<u64>,
    /// The number among elements of a layer.
    pub index: Option<u64>,
    /// The value of the BIT STRING of flags: unused bits, then the bytes.
    pub flags: Option<&'a [u8]>,
    /// What only the vendor reads.
    pub vendor_info: Option<&'a [u8]>,
    /// The kind of element, to the vendor.
    pub kind: Option<&'a [u8]>,
    firmware: &'a [u8],
}

/// A digest of firmware, a FWID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirmwareId<'a> {
    /// Its algorithm.
    pub algorithm: ObjectIdentifier,
    /// The digest.
    pub digest: &'a [u8],
}

impl<'a> TcbInfo<'a> {
    /// Reads the value of the extension; `None` where it is no such thing.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let mut input = Input::new(value);
        let mut fields = input.sequence()?;
        input.end(())?;
        let info = Self {
            vendor: text(&mut fields, 0)?,
            model: text(&mut fields, 1)?,
            version: text(&mut fields, 2)?,
            svn: number(&mut fields, 3)?,
            layer: number(&mut fields, 4)?,
            index: number(&mut fields, 5)?,
            firmware: fields.optional(context(6, true))?.unwrap_or_default(),
            flags: fields.optional(context(7, false))?,
            vendor_info: fields.optional(context(8, false))?,
            kind: fields.optional(context(9, false))?,
        };
        // Later versions of the specification go on behind this.
        while !fields.is_empty() {
            fields.element()?;
        }
        let mut firmware = Input::new(info.firmware);
        while !firmware.is_empty() {
            read_firmware(&mut firmware)?;
        }
        Some(info)
    }

    /// The digests of its firmware.
    pub fn firmware(&self) -> impl Iterator<Item = FirmwareId<'a>> + use<'a> {
        let mut input = Input::new(self.firmware);
        core::iter::from_fn(move || read_firmware(&mut input))
    }
}

fn text<'a>(fields: &mut Input<'a>, tag: u32) -> Option<Option<&'a str>> {
    match fields.optional(context(tag, false))? {
        Some(value) => core::str::from_utf8(value).ok().map(Some),
        None => Some(None),
    }
}

fn number(fields: &mut Input<'_>, tag: u32) -> Option<Option<u64>> {
    match fields.optional(context(tag, false))? {
        Some(value) => small(value).map(Some),
        None => Some(None),
    }
}

fn read_firmware<'a>(input: &mut Input<'a>) -> Option<FirmwareId<'a>> {
    let mut id = input.sequence()?;
    let algorithm = oid(id.tagged(Tag::ObjectIdentifier)?.value)?;
    let digest = id.tagged(Tag::OctetString)?.value;
    id.end(FirmwareId { algorithm, digest })
}
