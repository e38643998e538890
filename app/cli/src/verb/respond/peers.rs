//! What the device knows of requesters: keys that both share, and whom it trusts.

use std::path::Path;

use lanewarden_aws_lc::{AwsLc, VerifyingKey};
use lanewarden_crypto::{Digest, SignatureAlgorithm};
use lanewarden_spdm::certificate::{ChainReader, NoRevocations, Role, Rules};
use lanewarden_spdm::responder::{PresharedKeys, Requesters};
use lanewarden_store::Anchors;

use crate::exit::{Exit, Failure};
use crate::trust::{failure, now};
use lanewarden_attestation::session::Psk;

/// The longest certificate.
const LONGEST_CERTIFICATE: usize = 0x4000;

/// Pre-shared keys by their hints.
pub struct Keys(pub Vec<Psk>);

impl PresharedKeys for Keys {
    fn key(&self, hint: &[u8]) -> Option<&[u8]> {
        let found = match (hint, self.0.as_slice()) {
            ([], [only]) => Some(only),
            _ => self.0.iter().find(|one| one.hint == hint),
        };
        found.map(|one| one.key.as_slice())
    }
}

/// Requesters whose chains lead to these anchors.
pub struct Known {
    anchors: Anchors,
    chain: Option<Shown>,
}

/// A chain as it comes.
struct Shown {
    digest: Digest,
    algorithm: SignatureAlgorithm,
    bytes: Vec<u8>,
}

impl Known {
    /// Of a folder of certificates.
    pub fn load(folder: &Path) -> Result<Self, Failure> {
        let anchors = Anchors::load(folder).map_err(|error| failure(&error))?;
        if anchors.certificates().len() == 0 {
            let message = format!("{} holds no certificate, so no requester is trusted", folder.display());
            return Err(Failure::new(Exit::NotFound, message)
                .hint("put the roots of the requesters there, as PEM or DER"));
        }
        Ok(Self { anchors, chain: None })
    }

    fn judge(&self, shown: &Shown) -> Option<VerifyingKey> {
        let rules = Rules { role: Role::Requester, ..Rules::responder(shown.digest.algorithm(), now()) };
        let room = vec![0; LONGEST_CERTIFICATE];
        let mut reader = ChainReader::new(AwsLc, &self.anchors, NoRevocations, rules, room).ok()?;
        reader.push(&shown.bytes).ok()?;
        let validated = reader.finish().ok().filter(|validated| validated.is_trusted())?;
        let leaf = validated.leaf;
        let fits = leaf.suits(shown.algorithm) && *leaf.chain_digest() == shown.digest;
        fits.then(|| leaf.key().clone())
    }
}

impl Requesters<AwsLc> for Known {
    type Keep<T> = Option<T>;

    fn known(&mut self, _: u8, _: SignatureAlgorithm) -> Option<(Digest, VerifyingKey)> {
        None
    }

    fn begin(&mut self, _: u8, digest: &Digest, algorithm: SignatureAlgorithm) {
        self.chain = Some(Shown { digest: *digest, algorithm, bytes: Vec::new() });
    }

    fn portion(&mut self, bytes: &[u8]) -> bool {
        let Some(shown) = &mut self.chain else { return false };
        // A chain's length has sixteen bits.
        let fits = shown.bytes.len().saturating_add(bytes.len()) <= usize::from(u16::MAX);
        if fits {
            shown.bytes.extend_from_slice(bytes);
        }
        fits
    }

    fn finish(&mut self) -> Option<VerifyingKey> {
        let shown = self.chain.take()?;
        self.judge(&shown)
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn psk(hint: &[u8], key: &[u8]) -> Psk {
        Psk { hint: hint.to_vec(), key: Zeroizing::new(key.to_vec()) }
    }

    #[test]
    fn a_key_is_found_by_its_hint_and_without_one_where_there_is_one_alone() {
        let two = Keys(vec![psk(b"a", b"1"), psk(b"b", b"2")]);
        assert_eq!(two.key(b"b"), Some(&b"2"[..]));
        assert_eq!((two.key(b"c"), two.key(b"")), (None, None));
        let one = Keys(vec![psk(b"a", b"1")]);
        assert_eq!((one.key(b""), one.key(b"b")), (Some(&b"1"[..]), None));
    }
}
