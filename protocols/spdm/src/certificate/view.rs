//! One certificate.

use core::fmt;

use der::Tag;
use der::asn1::ObjectIdentifier;
use lanewarden_crypto::{Provider, SignatureAlgorithm, Signed, VerifyError, VerifyingKey};

use super::algorithm::RawSignature;
use super::extension::Extensions;
use super::input::{Input, context, unsigned};
use super::{
    BasicConstraints, CertificateError, ClaimedIdentity, ExtendedUsage, ExtensionIter, Field, KeyInfo,
    KeyKind, KeyUsage, Name, SignatureScheme, SpdmMarks, Validity,
};

/// Bytes of the longest serial number (RFC 5280, 4.1.2.2).
const MAX_SERIAL: usize = 20;

/// A certificate (RFC 5280, 4.1), checked down to what this module knows, over bytes that stay where they are.
///
/// That it can be read says nothing about its signature, its times or its purpose.
#[derive(Clone, Copy)]
pub struct Certificate<'a> {
    der: &'a [u8],
    version: u8,
    serial: &'a [u8],
    issuer: Name<'a>,
    validity: Validity,
    subject: Name<'a>,
    key: KeyInfo<'a>,
    extensions: Extensions<'a>,
    signed: SignedPart<'a>,
}

/// What certificates and lists of revoked ones have in common: something signed, and the signature.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignedPart<'a> {
    pub(super) bytes: &'a [u8],
    /// The value of the outer AlgorithmIdentifier.
    pub(super) algorithm: &'a [u8],
    pub(super) scheme: Option<SignatureScheme>,
    pub(super) signature: &'a [u8],
}

impl<'a> SignedPart<'a> {
    /// Takes the outermost SEQUENCE apart; gives the value of the signed part too.
    pub(super) fn read(der: &'a [u8]) -> Result<(Self, Input<'a>), CertificateError> {
        let mut input = Input::new(der);
        let mut outer = input.sequence().and_then(|outer| input.end(outer)).ok_or(malformed(Field::Whole))?;
        let signed = outer.tagged(Tag::Sequence).ok_or(malformed(Field::Signed))?;
        let algorithm = outer.tagged(Tag::Sequence).ok_or(malformed(Field::Algorithm))?.value;
        let scheme = SignatureScheme::read(algorithm).ok_or(malformed(Field::Algorithm))?;
        let signature = outer.bit_bytes().ok_or(malformed(Field::Signature))?;
        outer.end(()).ok_or(malformed(Field::Whole))?;
        Ok((Self { bytes: signed.whole, algorithm, scheme, signature }, Input::new(signed.value)))
    }

    /// Reads the inner AlgorithmIdentifier, which must be the outer one again.
    pub(super) fn same_algorithm(&self, input: &mut Input<'a>) -> Result<(), CertificateError> {
        let inner = input.tagged(Tag::Sequence).ok_or(malformed(Field::Algorithm))?.value;
        if inner == self.algorithm { Ok(()) } else { Err(CertificateError::AlgorithmsDiffer) }
    }

    /// Checks the signature with a key of this kind.
    pub(super) fn verify<P: Provider>(
        &self,
        provider: &P,
        key: &P::VerifyingKey,
        kind: KeyKind,
    ) -> Result<(), VerifyError> {
        let scheme = self.scheme.ok_or(VerifyError::Unsupported)?;
        let algorithm = scheme.with_key(kind).ok_or(match kind {
            KeyKind::Rsa { size: None, .. } => VerifyError::Unsupported,
            _ => VerifyError::Mismatch,
        })?;
        let digest = scheme.hash().map(|hash| super::digest(provider, hash, self.bytes));
        let signed = match &digest {
            Some(digest) => Signed::Digest(digest.as_ref().ok_or(VerifyError::Unsupported)?),
            None => Signed::Message { bytes: self.bytes, context: &[] },
        };
        match algorithm {
            SignatureAlgorithm::Ecdsa(curve) => match RawSignature::read(self.signature, curve) {
                Some(ref raw) => key.verify(algorithm, signed, raw.as_bytes()),
                None => Err(VerifyError::Mismatch),
            },
            _ => key.verify(algorithm, signed, self.signature),
        }
    }
}

pub(super) const fn malformed(field: Field) -> CertificateError {
    CertificateError::Malformed(field)
}

impl<'a> Certificate<'a> {
    /// Reads one; nothing may follow it.
    ///
    /// # Errors
    /// [`CertificateError`].
    #[inline(never)]
    pub fn parse(der: &'a [u8]) -> Result<Self, CertificateError> {
        let (signed, mut tbs) = SignedPart::read(der)?;
        let version = read_version(&mut tbs).ok_or(malformed(Field::Version))?;
        let serial = read_serial(&mut tbs).ok_or(malformed(Field::Serial))?;
        signed.same_algorithm(&mut tbs)?;
        let issuer = Name::read(&mut tbs).ok_or(malformed(Field::Issuer))?;
        let validity = Validity::read(&mut tbs).ok_or(malformed(Field::Validity))?;
        let subject = Name::read(&mut tbs).ok_or(malformed(Field::Subject))?;
        let key = KeyInfo::read(&mut tbs).ok_or(malformed(Field::Key))?;
        skip_unique_ids(&mut tbs, version).ok_or(malformed(Field::UniqueId))?;
        let extensions = read_extensions(&mut tbs, version)?;
        tbs.end(()).ok_or(malformed(Field::Signed))?;
        Ok(Self { der, version, serial, issuer, validity, subject, key, extensions, signed })
    }

    /// All of it.
    #[must_use]
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// What the signature is over: the TBSCertificate with tag and length.
    #[must_use]
    pub const fn signed(&self) -> &'a [u8] {
        self.signed.bytes
    }

    /// 1, 2 or 3.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The serial number, big-endian, without leading zeros.
    #[must_use]
    pub const fn serial(&self) -> &'a [u8] {
        self.serial
    }

    /// Who issued it.
    #[must_use]
    pub const fn issuer(&self) -> Name<'a> {
        self.issuer
    }

    /// Whom it is for.
    #[must_use]
    pub const fn subject(&self) -> Name<'a> {
        self.subject
    }

    /// Whether issuer and subject are the same.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer.as_der() == self.subject.as_der()
    }

    /// When it is valid.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The key it is about.
    #[must_use]
    pub const fn key(&self) -> KeyInfo<'a> {
        self.key
    }

    /// How it is signed; `None` where that is not known here.
    #[must_use]
    pub const fn scheme(&self) -> Option<SignatureScheme> {
        self.signed.scheme
    }

    /// The signature as it stands there: for ECDSA a DER of its own.
    #[must_use]
    pub const fn signature(&self) -> &'a [u8] {
        self.signed.signature
    }

    /// basicConstraints; that of no CA where it is not there.
    #[must_use]
    pub fn basic_constraints(&self) -> BasicConstraints {
        self.extensions.basic.unwrap_or_default()
    }

    /// keyUsage.
    #[must_use]
    pub const fn key_usage(&self) -> Option<KeyUsage> {
        self.extensions.usage
    }

    /// extKeyUsage.
    #[must_use]
    pub const fn extended_key_usage(&self) -> Option<ExtendedUsage> {
        self.extensions.extended
    }

    /// The PCIe device it is for.
    #[must_use]
    pub const fn identity(&self) -> &ClaimedIdentity {
        &self.extensions.identity
    }

    /// DMTF device information (DSP0274 1.3, 10.8.2), the first of them. It is the peer's text: escape it.
    #[must_use]
    pub const fn device_info(&self) -> Option<&'a str> {
        self.extensions.device_info
    }

    /// What it says of itself in terms of DSP0274.
    #[must_use]
    pub const fn marks(&self) -> SpdmMarks {
        self.extensions.marks
    }

    /// The first critical extension that is not known here. The certificate is then not to be trusted.
    #[must_use]
    pub const fn unknown_critical(&self) -> Option<ObjectIdentifier> {
        self.extensions.unknown_critical
    }

    /// Its extensions, in order.
    #[must_use]
    pub const fn extensions(&self) -> ExtensionIter<'a> {
        self.extensions.iter()
    }

    /// Checks its signature with a key of this kind.
    ///
    /// # Errors
    /// [`VerifyError`].
    #[inline(never)]
    pub fn verify<P: Provider>(
        &self,
        provider: &P,
        key: &P::VerifyingKey,
        kind: KeyKind,
    ) -> Result<(), VerifyError> {
        self.signed.verify(provider, key, kind)
    }
}

impl fmt::Debug for Certificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("serial", &self.serial)
            .field("issuer", &format_args!("{}", self.issuer))
            .field("subject", &format_args!("{}", self.subject))
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

/// `[0] EXPLICIT INTEGER DEFAULT v1`; the default is not written down.
fn read_version(tbs: &mut Input<'_>) -> Option<u8> {
    let Some(explicit) = tbs.optional(context(0, true))? else { return Some(1) };
    let mut input = Input::new(explicit);
    let version = match input.tagged(Tag::Integer)?.value {
        [1] => 2,
        [2] => 3,
        _ => return None,
    };
    input.end(version)
}

fn read_serial<'a>(tbs: &mut Input<'a>) -> Option<&'a [u8]> {
    unsigned(tbs.tagged(Tag::Integer)?.value).filter(|serial| serial.len() <= MAX_SERIAL)
}

/// `[1]` and `[2]`, IMPLICIT BIT STRING, from version 2 on. Nobody uses them.
fn skip_unique_ids(tbs: &mut Input<'_>, version: u8) -> Option<()> {
    for number in [1, 2] {
        if tbs.optional(context(number, false))?.is_some() && version < 2 {
            return None;
        }
    }
    Some(())
}

fn read_extensions<'a>(tbs: &mut Input<'a>, version: u8) -> Result<Extensions<'a>, CertificateError> {
    let refused = malformed(Field::Extensions);
    let Some(explicit) = tbs.optional(context(3, true)).ok_or(refused)? else { return Ok(Extensions::NONE) };
    let mut input = Input::new(explicit);
    let list = input.tagged(Tag::Sequence).filter(|_| version == 3 && input.is_empty()).ok_or(refused)?;
    Extensions::read(list.value)
}
