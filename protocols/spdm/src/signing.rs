//! What is signed (DSP0274 1.3, 15).
//!
//! From 1.2 on a signature is over a prefix that names version and purpose, followed by the digest of the transcript;
//! before, over that digest alone. RSA and ECDSA sign the digest of what they are given, so up to 1.1 they take the
//! transcript's digest as it is.

use lanewarden_crypto::{
    Digest, MAX_DIGEST_SIZE, Provider, SignatureAlgorithm, Signed, VerifyError, VerifyingKey,
};

use crate::Version;

/// Bytes of the prefix.
const PREFIX: usize = 100;
/// Where in it the purpose ends; it is set flush right.
const VERSIONS: usize = 64;

/// What a signature is for. The text is part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose(&'static str);

impl Purpose {
    /// The responder's CHALLENGE_AUTH.
    pub const CHALLENGE_AUTH: Self = Self("responder-challenge_auth signing");
    /// The responder's KEY_EXCHANGE_RSP.
    pub const KEY_EXCHANGE_RSP: Self = Self("responder-key_exchange_rsp signing");
    /// The requester's FINISH.
    pub const FINISH: Self = Self("requester-finish signing");
    /// The requester's CHALLENGE_AUTH.
    pub const REQUESTER_CHALLENGE_AUTH: Self = Self("requester-challenge_auth signing");
    /// The responder's MEASUREMENTS.
    pub const MEASUREMENTS: Self = Self("responder-measurements signing");

    /// The text.
    #[must_use]
    pub const fn text(self) -> &'static str {
        self.0
    }
}

/// The bytes before the digest of the transcript (DSP0274 1.3, 15.1): the version four times, and the purpose flush
/// right with zeros before it. There are none before 1.2.
#[must_use]
pub fn prefix(version: Version, purpose: Purpose) -> Option<[u8; PREFIX]> {
    if version < Version::V1_2 {
        return None;
    }
    let mut prefix = [0; PREFIX];
    let (versions, text) = prefix.split_at_mut(VERSIONS);
    let mut name = *b"dmtf-spdm-v1.x.*";
    name[13] = version.minor_digit();
    versions.chunks_exact_mut(name.len()).for_each(|chunk| chunk.copy_from_slice(&name));
    // Both run from the end: what is longer is cut, and no purpose is longer than 36 bytes.
    text.iter_mut().rev().zip(purpose.0.bytes().rev()).for_each(|(to, from)| *to = from);
    Some(prefix)
}

/// What a key is given to sign, or a signature is held against.
#[derive(Clone, Debug)]
pub struct ToSign {
    message: [u8; PREFIX + MAX_DIGEST_SIZE],
    length: usize,
    digest: Digest,
}

impl ToSign {
    /// Of this transcript; `None` where the provider does not have the transcript's own hash.
    #[must_use]
    #[inline(never)]
    pub fn new<P: Provider>(
        provider: &P,
        version: Version,
        purpose: Purpose,
        transcript: &Digest,
    ) -> Option<Self> {
        let prefix = prefix(version, purpose);
        let prefix = prefix.as_ref().map(<[u8; PREFIX]>::as_slice).unwrap_or_default();
        let mut message = [0; PREFIX + MAX_DIGEST_SIZE];
        let whole = prefix.iter().chain(transcript.as_bytes());
        message.iter_mut().zip(whole).for_each(|(to, from)| *to = *from);
        let length = prefix.len().saturating_add(transcript.as_bytes().len());
        let digest = if prefix.is_empty() {
            *transcript
        } else {
            provider.digest(transcript.algorithm(), &[message.get(..length)?])?
        };
        Some(Self { message, length, digest })
    }

    /// In the form that an algorithm takes.
    #[must_use]
    pub fn signed(&self, algorithm: SignatureAlgorithm) -> Signed<'_> {
        if algorithm.is_pure() {
            Signed::Message { bytes: self.message.get(..self.length).unwrap_or_default(), context: &[] }
        } else {
            Signed::Digest(&self.digest)
        }
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub fn verify<K: VerifyingKey>(
        &self,
        key: &K,
        algorithm: SignatureAlgorithm,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        key.verify(algorithm, self.signed(algorithm), signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_names_the_version_four_times_and_the_purpose_flush_right() {
        let bytes = prefix(Version::V1_2, Purpose::CHALLENGE_AUTH).unwrap();
        assert_eq!(&bytes[..32], b"dmtf-spdm-v1.2.*dmtf-spdm-v1.2.*");
        assert_eq!(bytes[64..68], [0; 4]);
        assert_eq!(&bytes[68..], b"responder-challenge_auth signing");
        let bytes = prefix(Version::V1_3, Purpose::MEASUREMENTS).unwrap();
        assert_eq!(&bytes[48..64], b"dmtf-spdm-v1.3.*");
        assert_eq!(bytes[64..70], [0; 6]);
        assert_eq!(&bytes[70..], b"responder-measurements signing");
        assert_eq!(prefix(Version::V1_1, Purpose::MEASUREMENTS), None);
    }
}
