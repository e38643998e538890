//! Extensions of certificates (RFC 5280, 4.2; DSP0274 1.3, 10.8.2).

use der::Tag;
use der::asn1::ObjectIdentifier;

use super::input::{Input, bits, boolean, context, small};
use super::{CertificateError, ClaimedIdentity, Field, oids};

/// How many extensions a certificate may have. Each is compared with all before it.
pub const MAX_EXTENSIONS: usize = 32;

/// An extension as it stands in the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Which.
    pub oid: ObjectIdentifier,
    /// Whether who does not know it must refuse the certificate.
    pub critical: bool,
    /// The DER inside the OCTET STRING.
    pub value: &'a [u8],
}

impl Extension<'_> {
    /// Whether it is one of TCG DICE: what it says is evidence, and never forbids anything.
    #[must_use]
    pub fn is_dice(&self) -> bool {
        self.oid.parent() == Some(oids::TCG_DICE)
    }

    /// Whether it is understood here, or cannot forbid anything.
    fn is_known(&self) -> bool {
        const KNOWN: [ObjectIdentifier; 8] = [
            oids::BASIC_CONSTRAINTS,
            oids::KEY_USAGE,
            oids::EXTENDED_KEY_USAGE,
            oids::SUBJECT_ALT_NAME,
            oids::SUBJECT_KEY_ID,
            oids::AUTHORITY_KEY_ID,
            oids::CERTIFICATE_POLICIES,
            oids::DMTF_SPDM_EXTENSION,
        ];
        KNOWN.contains(&self.oid) || self.is_dice()
    }
}

/// The extensions of a certificate, checked.
#[derive(Clone, Debug)]
pub struct ExtensionIter<'a> {
    input: Input<'a>,
}

impl<'a> Iterator for ExtensionIter<'a> {
    type Item = Extension<'a>;

    fn next(&mut self) -> Option<Extension<'a>> {
        read(&mut self.input)
    }
}

fn read<'a>(input: &mut Input<'a>) -> Option<Extension<'a>> {
    let mut extension = input.sequence()?;
    let oid = extension.oid()?;
    // The default is not written down in DER.
    let critical = match extension.optional(Tag::Boolean)? {
        Some(value) => boolean(value).filter(|&critical| critical)?,
        None => false,
    };
    let value = extension.tagged(Tag::OctetString)?.value;
    extension.end(Extension { oid, critical, value })
}

bitflags::bitflags! {
    /// keyUsage (RFC 5280, 4.2.1.3), the first bit lowest.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KeyUsage: u16 {
        /// Signatures other than those of certificates and lists of revoked ones.
        const DIGITAL_SIGNATURE = 1;
        /// Signatures that cannot be denied later.
        const NON_REPUDIATION = 1 << 1;
        /// Wrapping of keys.
        const KEY_ENCIPHERMENT = 1 << 2;
        /// Encryption of data.
        const DATA_ENCIPHERMENT = 1 << 3;
        /// Agreement of keys.
        const KEY_AGREEMENT = 1 << 4;
        /// Signatures of certificates.
        const KEY_CERT_SIGN = 1 << 5;
        /// Signatures of lists of revoked certificates.
        const CRL_SIGN = 1 << 6;
        /// With agreement: encryption only.
        const ENCIPHER_ONLY = 1 << 7;
        /// With agreement: decryption only.
        const DECIPHER_ONLY = 1 << 8;
    }
}

bitflags::bitflags! {
    /// What a certificate says of itself in terms of DSP0274.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SpdmMarks: u8 {
        /// It has the hardware's identity.
        const HARDWARE_IDENTITY = 1;
        /// It may change.
        const MUTABLE = 1 << 1;
    }
}

bitflags::bitflags! {
    /// extKeyUsage, as far as it matters here.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ExtendedUsage: u8 {
        /// For everything.
        const ANY = 1;
        /// Authentication as an SPDM responder.
        const RESPONDER_AUTH = 1 << 1;
        /// Authentication as an SPDM requester.
        const REQUESTER_AUTH = 1 << 2;
    }
}

/// basicConstraints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether it may issue certificates.
    pub ca: bool,
    /// How many CAs may come below it; no bound where it is `None`.
    pub path_length: Option<u32>,
}

/// What the extensions of a certificate say together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extensions<'a> {
    pub(super) value: &'a [u8],
    pub(super) basic: Option<BasicConstraints>,
    pub(super) usage: Option<KeyUsage>,
    pub(super) extended: Option<ExtendedUsage>,
    pub(super) identity: ClaimedIdentity,
    pub(super) device_info: Option<&'a str>,
    pub(super) marks: SpdmMarks,
    pub(super) unknown_critical: Option<ObjectIdentifier>,
}

impl<'a> Extensions<'a> {
    pub(super) const NONE: Self = Self {
        value: &[],
        basic: None,
        usage: None,
        extended: None,
        identity: ClaimedIdentity::NOTHING,
        device_info: None,
        marks: SpdmMarks::empty(),
        unknown_critical: None,
    };

    /// Reads the value of a SEQUENCE OF Extension, which is not empty.
    pub(super) fn read(value: &'a [u8]) -> Result<Self, CertificateError> {
        let mut extensions = Self { value, ..Self::NONE };
        let mut input = Input::new(value);
        let mut count = 0_usize;
        while !input.is_empty() || count == 0 {
            let extension = read(&mut input).filter(|_| count < MAX_EXTENSIONS);
            let extension = extension.ok_or(CertificateError::Malformed(Field::Extensions))?;
            if extensions.iter().take(count).any(|other| other.oid == extension.oid) {
                return Err(CertificateError::Duplicate(extension.oid));
            }
            extensions.take_in(&extension).ok_or(CertificateError::Extension(extension.oid))?;
            count = count.saturating_add(1);
        }
        Ok(extensions)
    }

    pub(super) const fn iter(&self) -> ExtensionIter<'a> {
        ExtensionIter { input: Input::new(self.value) }
    }

    fn take_in(&mut self, extension: &Extension<'a>) -> Option<()> {
        match extension.oid {
            oids::BASIC_CONSTRAINTS => self.basic = Some(read_basic(extension.value)?),
            oids::KEY_USAGE => self.usage = Some(read_usage(extension.value)?),
            oids::EXTENDED_KEY_USAGE => self.extended = Some(read_extended(extension.value)?),
            oids::SUBJECT_ALT_NAME => self.read_names(extension.value)?,
            oids::DMTF_SPDM_EXTENSION => self.marks = read_marks(extension.value)?,
            _ if extension.critical && !extension.is_known() && self.unknown_critical.is_none() => {
                self.unknown_critical = Some(extension.oid);
            }
            _ => {}
        }
        Some(())
    }

    /// GeneralNames: of the names, those of PCIe and of DMTF are taken.
    fn read_names(&mut self, value: &'a [u8]) -> Option<()> {
        let mut input = Input::new(value);
        let mut names = input.sequence()?;
        input.end(())?;
        loop {
            let name = names.element()?;
            if name.tag == context(0, true) {
                self.read_other_name(name.value)?;
            }
            if names.is_empty() {
                return Some(());
            }
        }
    }

    fn read_other_name(&mut self, value: &'a [u8]) -> Option<()> {
        let mut other = Input::new(value);
        let oid = other.oid()?;
        let mut explicit = Input::new(other.tagged(context(0, true))?.value);
        other.end(())?;
        if oid != oids::PCIE_DEVICE_NAME && oid != oids::DMTF_DEVICE_INFO {
            return Some(());
        }
        let text = core::str::from_utf8(explicit.tagged(Tag::Utf8String)?.value).ok()?;
        explicit.end(())?;
        if oid == oids::PCIE_DEVICE_NAME {
            self.identity.add(text);
        } else {
            self.device_info = self.device_info.or(Some(text));
        }
        Some(())
    }
}

fn read_basic(value: &[u8]) -> Option<BasicConstraints> {
    let mut input = Input::new(value);
    let mut basic = input.sequence()?;
    input.end(())?;
    let ca = match basic.optional(Tag::Boolean)? {
        Some(value) => boolean(value).filter(|&ca| ca)?,
        None => false,
    };
    let path_length = match basic.optional(Tag::Integer)? {
        // A bound of more than the longest chain is none; a bound of what is no CA means nothing (4.2.1.9).
        Some(value) if ca => Some(u32::try_from(small(value)?).unwrap_or(u32::MAX)),
        Some(_) => return None,
        None => None,
    };
    basic.end(BasicConstraints { ca, path_length })
}

fn read_usage(value: &[u8]) -> Option<KeyUsage> {
    let mut input = Input::new(value);
    let (_, bytes) = bits(input.tagged(Tag::BitString)?.value)?;
    input.end(())?;
    let low = bytes.first().map_or(0, |byte| u16::from(byte.reverse_bits()));
    let high = bytes.get(1).map_or(0, |byte| u16::from(byte.reverse_bits()) << 8);
    Some(KeyUsage::from_bits_truncate(low | high))
}

fn read_extended(value: &[u8]) -> Option<ExtendedUsage> {
    let mut input = Input::new(value);
    let mut purposes = input.sequence()?;
    input.end(())?;
    let mut usage = ExtendedUsage::empty();
    loop {
        usage |= match purposes.oid()? {
            oids::ANY_EXTENDED_KEY_USAGE => ExtendedUsage::ANY,
            oids::DMTF_RESPONDER_AUTH => ExtendedUsage::RESPONDER_AUTH,
            oids::DMTF_REQUESTER_AUTH => ExtendedUsage::REQUESTER_AUTH,
            _ => ExtendedUsage::empty(),
        };
        if purposes.is_empty() {
            return Some(usage);
        }
    }
}

/// SEQUENCE OF SEQUENCE { OBJECT IDENTIFIER, definition OPTIONAL }.
fn read_marks(value: &[u8]) -> Option<SpdmMarks> {
    let mut input = Input::new(value);
    let mut list = input.sequence()?;
    input.end(())?;
    let mut marks = SpdmMarks::empty();
    loop {
        let mut mark = list.sequence()?;
        marks |= match mark.oid()? {
            oids::DMTF_HARDWARE_IDENTITY => SpdmMarks::HARDWARE_IDENTITY,
            oids::DMTF_MUTABLE_CERTIFICATE => SpdmMarks::MUTABLE,
            _ => SpdmMarks::empty(),
        };
        if !mark.is_empty() {
            mark.element()?;
            mark.end(())?;
        }
        if list.is_empty() {
            return Some(marks);
        }
    }
}
