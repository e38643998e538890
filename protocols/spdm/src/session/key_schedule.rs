//! The secrets of a session, each derived from the one before (DSP0274 1.3, 12).
//!
//! ```text
//! shared secret or PSK -> handshake secret -> requester's, responder's (TH1) -> finished key; key and IV
//!                              |
//!                         master secret -> requester's, responder's (TH2) -> key and IV; next
//!                              |
//!                         export master secret (TH2)
//! ```
//!
//! It is HKDF (RFC 5869) over the base hash. What is expanded is never longer than a digest, so one block of it is all
//! there is. `None` says that the provider does not have the hash or the cipher, or that a transcript's digest is not
//! of the session's hash.

use core::fmt;

use lanewarden_crypto::{AeadAlgorithm, Digest, HashAlgorithm, MAX_DIGEST_SIZE, NONCE_SIZE, Provider};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::Version;

/// Bytes of the longest key of a cipher.
const MAX_KEY: usize = 32;

/// What all secrets of a session are derived with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionHash {
    /// The version of SPDM that was agreed on, which every label begins with.
    pub version: Version,
    /// The base hash.
    pub algorithm: HashAlgorithm,
}

/// A secret as long as a digest. Wiped when it is dropped, never printed, compared in constant time.
#[derive(Clone)]
pub struct Secret {
    hash: SessionHash,
    bytes: [u8; MAX_DIGEST_SIZE],
}

/// One for what the requester sends, one for what the responder sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directions<T> {
    /// Of the requester's messages.
    pub requester: T,
    /// Of the responder's messages.
    pub responder: T,
}

/// A cipher, and what the sequence number is mixed into for its nonce.
pub struct TrafficKeys<A> {
    /// The cipher with its key.
    pub aead: A,
    /// The salt: the IV of DSP0277.
    pub salt: Zeroizing<[u8; NONCE_SIZE]>,
}

/// Where a session's secrets begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeSecret(Secret);

/// Where the secrets of the application phase begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterSecret(Secret);

/// What shows that a side has the handshake's secrets, and has seen the same messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedKey(Secret);

impl HandshakeSecret {
    /// From a key exchange (DSP0274 1.3, 12.2): the salt is zero.
    #[must_use]
    pub fn from_exchange<P: Provider>(provider: &P, hash: SessionHash, shared: &[u8]) -> Option<Self> {
        Secret::extract(provider, hash, &[0; MAX_DIGEST_SIZE], shared).map(Self)
    }

    /// From a pre-shared key (DSP0274 1.3, 12.2): up to 1.2 the salt is zero, from 1.3 on it is FF.
    #[must_use]
    pub fn from_psk<P: Provider>(provider: &P, hash: SessionHash, psk: &[u8]) -> Option<Self> {
        let fill = if hash.version >= Version::V1_3 { 0xff } else { 0 };
        Secret::extract(provider, hash, &[fill; MAX_DIGEST_SIZE], psk).map(Self)
    }

    /// The secrets of the handshake phase; `th1` is the digest up to the response to the exchange.
    #[must_use]
    pub fn directions<P: Provider>(&self, provider: &P, th1: &Digest) -> Option<Directions<Secret>> {
        self.0.directions(provider, "req hs data", "rsp hs data", th1)
    }

    /// The master secret.
    #[must_use]
    pub fn master<P: Provider>(&self, provider: &P) -> Option<MasterSecret> {
        let salt = self.0.derive(provider, "derived", &[])?;
        let zero = [0; MAX_DIGEST_SIZE];
        let zero = zero.get(..salt.as_bytes().len())?;
        Secret::extract(provider, self.0.hash, &salt.bytes, zero).map(MasterSecret)
    }
}

impl MasterSecret {
    /// The secrets of the application phase; `th2` is the digest up to the end of the handshake.
    #[must_use]
    pub fn directions<P: Provider>(&self, provider: &P, th2: &Digest) -> Option<Directions<Secret>> {
        self.0.directions(provider, "req app data", "rsp app data", th2)
    }

    /// The export master secret, for keys beyond SPDM.
    #[must_use]
    pub fn exporter<P: Provider>(&self, provider: &P, th2: &Digest) -> Option<Secret> {
        self.0.derive_over(provider, "exp master", th2)
    }
}

impl FinishedKey {
    /// The verify data over the digest of a transcript (DSP0274 1.3, 12.4).
    #[must_use]
    pub fn verify_data<P: Provider>(&self, provider: &P, transcript: &Digest) -> Option<Digest> {
        provider.hmac(self.0.hash.algorithm, self.0.as_bytes(), &[self.0.transcript(transcript)?])
    }

    /// Whether verify data that a peer sent is over this transcript, in constant time. `None` as everywhere here.
    #[must_use]
    pub fn verifies<P: Provider>(&self, provider: &P, transcript: &Digest, received: &[u8]) -> Option<bool> {
        let expected = self.verify_data(provider, transcript)?;
        Some(Digest::new(self.0.hash.algorithm, received).is_some_and(|received| received == expected))
    }
}

impl Secret {
    /// The finished key of a direction's handshake secret.
    #[must_use]
    pub fn finished_key<P: Provider>(&self, provider: &P) -> Option<FinishedKey> {
        self.derive(provider, "finished", &[]).map(FinishedKey)
    }

    /// The secret that a key update puts in this one's place (DSP0274 1.3, 12.7).
    #[must_use]
    pub fn next<P: Provider>(&self, provider: &P) -> Option<Self> {
        self.derive(provider, "traffic upd", &[])
    }

    /// The key, made ready, and the salt that a direction's messages are protected with.
    #[must_use]
    pub fn traffic_keys<P: Provider>(
        &self,
        provider: &P,
        algorithm: AeadAlgorithm,
    ) -> Option<TrafficKeys<P::Aead>> {
        let mut key = Zeroizing::new([0; MAX_KEY]);
        let key = key.get_mut(..algorithm.key_size())?;
        self.expand(provider, "key", &[], key)?;
        let mut salt = Zeroizing::new([0; NONCE_SIZE]);
        self.expand(provider, "iv", &[], salt.as_mut_slice())?;
        Some(TrafficKeys { aead: provider.aead(algorithm, key)?, salt })
    }

    /// One that somebody else has derived. `None` where it is not as long as a digest of the hash.
    #[must_use]
    pub fn from_bytes(hash: SessionHash, bytes: &[u8]) -> Option<Self> {
        let mut secret = Self { hash, bytes: [0; MAX_DIGEST_SIZE] };
        let room = secret.bytes.get_mut(..hash.algorithm.size()).filter(|room| room.len() == bytes.len())?;
        room.copy_from_slice(bytes);
        Some(secret)
    }

    /// Its bytes, as many as a digest has.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.hash.algorithm.size()).unwrap_or_default()
    }

    /// HKDF-Extract; of the salt, as much as a digest is long.
    fn extract<P: Provider>(provider: &P, hash: SessionHash, salt: &[u8], material: &[u8]) -> Option<Self> {
        let mut digest = provider.hmac(hash.algorithm, salt.get(..hash.algorithm.size())?, &[material])?;
        let mut secret = Self { hash, bytes: [0; MAX_DIGEST_SIZE] };
        secret.bytes.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
        digest.zeroize();
        Some(secret)
    }

    /// HKDF-Expand: what is asked for, the version, the label, the context.
    fn expand<P: Provider>(&self, provider: &P, label: &str, context: &[u8], out: &mut [u8]) -> Option<()> {
        let length = u16::try_from(out.len()).ok()?;
        let version = [b's', b'p', b'd', b'm', b'1', b'.', self.hash.version.minor_digit(), b' '];
        let parts = [&length.to_le_bytes(), version.as_slice(), label.as_bytes(), context, &[1]];
        let mut block = provider.hmac(self.hash.algorithm, self.as_bytes(), &parts)?;
        let expanded = block.as_bytes().get(..out.len()).map(|block| out.copy_from_slice(block));
        block.zeroize();
        expanded
    }

    #[cfg(test)]
    pub(super) fn of(hash: SessionHash, bytes: &[u8]) -> Self {
        Self::from_bytes(hash, bytes).unwrap()
    }

    fn derive<P: Provider>(&self, provider: &P, label: &str, context: &[u8]) -> Option<Self> {
        let mut secret = Self { hash: self.hash, bytes: [0; MAX_DIGEST_SIZE] };
        let bytes = secret.bytes.get_mut(..self.hash.algorithm.size())?;
        self.expand(provider, label, context, bytes)?;
        Some(secret)
    }

    fn derive_over<P: Provider>(&self, provider: &P, label: &str, transcript: &Digest) -> Option<Self> {
        self.derive(provider, label, self.transcript(transcript)?)
    }

    fn directions<P: Provider>(
        &self,
        provider: &P,
        requester: &str,
        responder: &str,
        transcript: &Digest,
    ) -> Option<Directions<Self>> {
        Some(Directions {
            requester: self.derive_over(provider, requester, transcript)?,
            responder: self.derive_over(provider, responder, transcript)?,
        })
    }

    fn transcript<'a>(&self, digest: &'a Digest) -> Option<&'a [u8]> {
        (digest.algorithm() == self.hash.algorithm).then(|| digest.as_bytes())
    }
}

impl<A> fmt::Debug for TrafficKeys<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrafficKeys(..)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.bytes.ct_eq(&other.bytes).into()
    }
}

impl Eq for Secret {}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests;
