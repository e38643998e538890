//! Algorithms of signatures as certificates name them (RFC 4055, 5758, 8410; NIST CSOR for SHA-3).

use der::Tag;
use der::asn1::ObjectIdentifier;
use lanewarden_crypto::{Curve, HashAlgorithm, RsaSize, SignatureAlgorithm};

use super::input::{Input, context, small};
use super::{KeyKind, oids};

/// How something was signed, but for the size of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(HashAlgorithm),
    /// RSASSA-PSS, MGF1 with the same hash, a salt as long as the hash.
    RsaPss(HashAlgorithm),
    /// ECDSA.
    Ecdsa(HashAlgorithm),
    /// Ed25519.
    Ed25519,
}

impl SignatureScheme {
    /// Reads the value of an AlgorithmIdentifier. The outer `None` is one that cannot be read, the inner one that is
    /// not known.
    pub(super) fn read(value: &[u8]) -> Option<Option<Self>> {
        let mut input = Input::new(value);
        let oid = input.oid()?;
        if oid == oids::RSA_PSS {
            return read_pss(input);
        }
        let Some((scheme, parameters)) = by_oid(oid) else { return Some(None) };
        let null = input.optional(Tag::Null)?;
        let fits = match parameters {
            Parameters::Null => null.is_none_or(<[u8]>::is_empty),
            Parameters::Absent => null.is_none(),
        };
        fits.then_some(())?;
        input.end(Some(scheme))
    }

    /// The hash of what was signed; none for an algorithm that is pure.
    #[must_use]
    pub const fn hash(self) -> Option<HashAlgorithm> {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss(hash) | Self::Ecdsa(hash) => Some(hash),
            Self::Ed25519 => None,
        }
    }

    /// The algorithm when the signature is that of such a key; `None` where the key does not sign so.
    #[must_use]
    pub const fn with_key(self, key: KeyKind) -> Option<SignatureAlgorithm> {
        match (self, key) {
            (Self::RsaPkcs1(_), KeyKind::Rsa { size: Some(size), pss_only: false }) => {
                Some(SignatureAlgorithm::RsaPkcs1(size))
            }
            (Self::RsaPss(_), KeyKind::Rsa { size: Some(size), .. }) => {
                Some(SignatureAlgorithm::RsaPss(size))
            }
            (Self::Ecdsa(_), KeyKind::Ec(curve)) => Some(SignatureAlgorithm::Ecdsa(curve)),
            (Self::Ed25519, KeyKind::Ed25519) => Some(SignatureAlgorithm::Ed25519),
            _ => None,
        }
    }
}

/// What stands behind the identifier. RFC 4055, 5, takes no NULL for a NULL too.
enum Parameters {
    Null,
    Absent,
}

fn by_oid(oid: ObjectIdentifier) -> Option<(SignatureScheme, Parameters)> {
    use HashAlgorithm::{Sha3_256, Sha3_384, Sha3_512, Sha256, Sha384, Sha512};
    let rsa = |hash| Some((SignatureScheme::RsaPkcs1(hash), Parameters::Null));
    let ecdsa = |hash| Some((SignatureScheme::Ecdsa(hash), Parameters::Absent));
    match oid {
        oids::RSA_SHA256 => rsa(Sha256),
        oids::RSA_SHA384 => rsa(Sha384),
        oids::RSA_SHA512 => rsa(Sha512),
        oids::RSA_SHA3_256 => rsa(Sha3_256),
        oids::RSA_SHA3_384 => rsa(Sha3_384),
        oids::RSA_SHA3_512 => rsa(Sha3_512),
        oids::ECDSA_SHA256 => ecdsa(Sha256),
        oids::ECDSA_SHA384 => ecdsa(Sha384),
        oids::ECDSA_SHA512 => ecdsa(Sha512),
        oids::ECDSA_SHA3_256 => ecdsa(Sha3_256),
        oids::ECDSA_SHA3_384 => ecdsa(Sha3_384),
        oids::ECDSA_SHA3_512 => ecdsa(Sha3_512),
        oids::ED25519 => Some((SignatureScheme::Ed25519, Parameters::Absent)),
        _ => None,
    }
}

/// RSASSA-PSS-params (RFC 4055, 3.1). The defaults are SHA-1's, which is not known here.
fn read_pss(mut input: Input<'_>) -> Option<Option<SignatureScheme>> {
    let mut parameters = input.sequence()?;
    input.end(())?;
    let hash = parameters.optional(context(0, true))?;
    let mask = parameters.optional(context(1, true))?;
    let salt = parameters.optional(context(2, true))?;
    let trailer = parameters.optional(context(3, true))?;
    parameters.end(())?;
    let (Some(hash), Some(mask), Some(salt)) = (hash, mask, salt) else { return Some(None) };
    let hash = read_hash(hash)?;
    let mask = read_mask(mask)?;
    let salt = read_number(salt)?;
    let known = hash.filter(|hash| mask == Some(*hash) && salt == hash.size() as u64 && trailer.is_none());
    Some(known.map(SignatureScheme::RsaPss))
}

fn read_hash(explicit: &[u8]) -> Option<Option<HashAlgorithm>> {
    let mut input = Input::new(explicit);
    let mut identifier = input.sequence()?;
    input.end(())?;
    let oid = identifier.oid()?;
    let hash = match oid {
        oids::SHA256 => HashAlgorithm::Sha256,
        oids::SHA384 => HashAlgorithm::Sha384,
        oids::SHA512 => HashAlgorithm::Sha512,
        oids::SHA3_256 => HashAlgorithm::Sha3_256,
        oids::SHA3_384 => HashAlgorithm::Sha3_384,
        oids::SHA3_512 => HashAlgorithm::Sha3_512,
        _ => return Some(None),
    };
    let null = identifier.optional(Tag::Null)?;
    null.is_none_or(<[u8]>::is_empty).then_some(())?;
    identifier.end(Some(hash))
}

fn read_mask(explicit: &[u8]) -> Option<Option<HashAlgorithm>> {
    let mut input = Input::new(explicit);
    let mut identifier = input.sequence()?;
    input.end(())?;
    if identifier.oid()? != oids::MGF1 {
        return Some(None);
    }
    read_hash(identifier.rest())
}

fn read_number(explicit: &[u8]) -> Option<u64> {
    let mut input = Input::new(explicit);
    let number = small(input.tagged(Tag::Integer)?.value)?;
    input.end(number)
}

/// The size of an RSA modulus of so many bytes.
pub(super) const fn rsa_size(bytes: usize) -> Option<RsaSize> {
    match bytes {
        256 => Some(RsaSize::Bits2048),
        384 => Some(RsaSize::Bits3072),
        512 => Some(RsaSize::Bits4096),
        _ => None,
    }
}

/// Bytes of the longest raw ECDSA signature: P-521's.
const MAX_RAW: usize = 2 * Curve::P521.size();

/// An ECDSA signature as r and s, each as long as a scalar.
pub(super) struct RawSignature {
    bytes: [u8; MAX_RAW],
    length: usize,
}

impl RawSignature {
    /// From SEQUENCE { r INTEGER, s INTEGER } (RFC 5480, Appendix A); `None` where it is not exactly that.
    pub(super) fn read(der: &[u8], curve: Curve) -> Option<Self> {
        let mut input = Input::new(der);
        let mut numbers = input.sequence()?;
        input.end(())?;
        let (r, s) = (numbers.unsigned()?, numbers.unsigned()?);
        numbers.end(())?;
        let mut raw = Self { bytes: [0; MAX_RAW], length: curve.size().checked_mul(2)? };
        let (front, back) = raw.bytes.get_mut(..raw.length)?.split_at_mut_checked(curve.size())?;
        put_right(front, r)?;
        put_right(back, s)?;
        Some(raw)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

fn put_right(room: &mut [u8], number: &[u8]) -> Option<()> {
    let start = room.len().checked_sub(number.len())?;
    room.get_mut(start..)?.copy_from_slice(number);
    Some(())
}
