//! Public keys as certificates hold them (RFC 5280, 4.1.2.7; RFC 4055, 5480, 8410).

use der::Tag;
use lanewarden_crypto::{Curve, PublicKey, RsaSize, SignatureAlgorithm};

use super::algorithm::rsa_size;
use super::input::Input;
use super::oids;

/// A SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo<'a> {
    der: &'a [u8],
    key: Option<(PublicKey<'a>, KeyKind)>,
}

/// What kind of key it is, which says how it can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA.
    Rsa {
        /// The length of the modulus, where it is one that has a name.
        size: Option<RsaSize>,
        /// Whether the key is for RSASSA-PSS alone (RFC 4055, 1.2).
        pss_only: bool,
    },
    /// A point on a curve.
    Ec(Curve),
    /// Ed25519.
    Ed25519,
}

impl KeyKind {
    /// Whether such a key makes signatures of this algorithm.
    #[must_use]
    pub fn suits(self, algorithm: SignatureAlgorithm) -> bool {
        match (self, algorithm) {
            (Self::Rsa { size, pss_only: false }, SignatureAlgorithm::RsaPkcs1(wanted))
            | (Self::Rsa { size, .. }, SignatureAlgorithm::RsaPss(wanted)) => size == Some(wanted),
            (Self::Ec(curve), SignatureAlgorithm::Ecdsa(wanted)) => curve == wanted,
            (Self::Ed25519, SignatureAlgorithm::Ed25519) => true,
            _ => false,
        }
    }
}

impl<'a> KeyInfo<'a> {
    /// Reads one that stands alone, as a provisioned key does. `None` where it is not exactly that.
    #[must_use]
    pub fn parse(der: &'a [u8]) -> Option<Self> {
        let mut input = Input::new(der);
        let info = Self::read(&mut input)?;
        input.end(info)
    }

    pub(super) fn read(input: &mut Input<'a>) -> Option<Self> {
        let element = input.tagged(Tag::Sequence)?;
        let mut info = Input::new(element.value);
        let algorithm = info.sequence()?;
        let bits = info.bit_bytes()?;
        info.end(())?;
        Some(Self { der: element.whole, key: read_key(algorithm, bits)? })
    }

    /// All of it, as it stands in the certificate.
    #[must_use]
    pub const fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// The key; `None` where its kind is not known here.
    #[must_use]
    pub fn key(&self) -> Option<PublicKey<'a>> {
        self.key.map(|(key, _)| key)
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Option<KeyKind> {
        self.key.map(|(_, kind)| kind)
    }
}

type Known<'a> = Option<(PublicKey<'a>, KeyKind)>;

fn read_key<'a>(mut algorithm: Input<'a>, bits: &'a [u8]) -> Option<Known<'a>> {
    match algorithm.oid()? {
        oids::RSA => {
            algorithm.tagged(Tag::Null).filter(|null| null.value.is_empty())?;
            algorithm.end(())?;
            read_rsa(bits, false).map(Some)
        }
        // Parameters would bind the key to one hash, which nothing here keeps to.
        oids::RSA_PSS if algorithm.is_empty() => read_rsa(bits, true).map(Some),
        oids::EC => read_point(algorithm, bits),
        oids::ED25519 => {
            algorithm.end(())?;
            Some(Some((PublicKey::Ed25519(bits.try_into().ok()?), KeyKind::Ed25519)))
        }
        _ => Some(None),
    }
}

fn read_rsa(bits: &[u8], pss_only: bool) -> Option<(PublicKey<'_>, KeyKind)> {
    let mut input = Input::new(bits);
    let mut numbers = input.sequence()?;
    input.end(())?;
    let (modulus, exponent) = (numbers.unsigned()?, numbers.unsigned()?);
    numbers.end(())?;
    // A modulus whose first byte is small has fewer bits than its bytes say.
    let size = rsa_size(modulus.len()).filter(|_| modulus.first().is_some_and(|&first| first >= 0x80));
    Some((PublicKey::Rsa { modulus, exponent }, KeyKind::Rsa { size, pss_only }))
}

fn read_point<'a>(mut algorithm: Input<'a>, bits: &'a [u8]) -> Option<Known<'a>> {
    let curve = match algorithm.element()? {
        named if named.tag == Tag::ObjectIdentifier => super::input::oid(named.value)?,
        // A curve spelled out instead of named (RFC 5480, 2.1.1, forbids it).
        _ => return algorithm.end(None),
    };
    algorithm.end(())?;
    let curve = match curve {
        oids::P256 => Curve::P256,
        oids::P384 => Curve::P384,
        oids::P521 => Curve::P521,
        _ => return Some(None),
    };
    match bits.split_first()? {
        (4, point) if point.len() == curve.size().checked_mul(2)? => {
            Some(Some((PublicKey::Ec { curve, point }, KeyKind::Ec(curve))))
        }
        // Compressed: allowed, and not supported.
        (2 | 3, x) if x.len() == curve.size() => Some(None),
        _ => None,
    }
}
