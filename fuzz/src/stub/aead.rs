//! A cipher.

use std::cell::RefCell;
use std::rc::Rc;

use lanewarden_crypto::{Aead, AeadAlgorithm, AeadError, NONCE_SIZE, TAG_SIZE, Tag};

use super::crypto::{digest_of, is_same, spread};

/// What one side has done with its keys, for whoever holds both sides together.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The ciphers that were made, in order.
    pub made: Vec<u64>,
    /// The cipher that sealed last, and its nonce.
    pub sealed: Option<(u64, [u8; NONCE_SIZE])>,
}

/// A cipher with its key, of which 64 bits count: its text is mixed with what the nonce makes of them, and its tag is a
/// hash of everything.
#[derive(Clone, Debug)]
pub struct StubAead {
    key: u64,
    seen: Rc<RefCell<Seen>>,
}

impl StubAead {
    /// A cipher under this key.
    pub(super) fn new(algorithm: AeadAlgorithm, key: &[u8], seen: &Rc<RefCell<Seen>>) -> Option<Self> {
        if key.len() != algorithm.key_size() {
            return None;
        }
        let cipher = Self::known(digest_of(&[algorithm.name().as_bytes(), key]), seen);
        cipher.seen.borrow_mut().made.push(cipher.key);
        Some(cipher)
    }

    /// A cipher that was made before, and that [`Seen`] knows.
    pub(super) fn known(key: u64, seen: &Rc<RefCell<Seen>>) -> Self {
        Self { key, seen: Rc::clone(seen) }
    }

    fn mix(&self, nonce: &[u8; NONCE_SIZE], text: &mut [u8]) {
        let mut stream = vec![0; text.len()];
        spread(digest_of(&[b"stream", &self.key.to_le_bytes(), nonce]), &mut stream);
        text.iter_mut().zip(stream).for_each(|(byte, other)| *byte ^= other);
    }

    fn tag(&self, nonce: &[u8; NONCE_SIZE], associated: &[u8], text: &[u8]) -> Tag {
        let mut tag = [0; TAG_SIZE];
        spread(digest_of(&[b"a tag", &self.key.to_le_bytes(), nonce, associated, text]), &mut tag);
        tag
    }
}

impl Aead for StubAead {
    fn seal(&self, nonce: &[u8; NONCE_SIZE], associated: &[u8], in_out: &mut [u8]) -> Result<Tag, AeadError> {
        self.seen.borrow_mut().sealed = Some((self.key, *nonce));
        let tag = self.tag(nonce, associated, in_out);
        self.mix(nonce, in_out);
        Ok(tag)
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_SIZE],
        associated: &[u8],
        in_out: &mut [u8],
        tag: &Tag,
    ) -> Result<(), AeadError> {
        self.mix(nonce, in_out);
        let is_same = is_same(&self.tag(nonce, associated, in_out), tag);
        if is_same { Ok(()) } else { Err(AeadError::Mismatch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_and_nothing_else_does() {
        let seen = Rc::default();
        let cipher = |fill| StubAead::new(AeadAlgorithm::Aes256Gcm, &[fill; 32], &seen).unwrap();
        let mut sealed = *b"a message";
        let tag = cipher(1).seal(&[3; 12], b"head", &mut sealed).unwrap();
        assert_ne!(sealed, *b"a message");
        let open = |fill, nonce, head: &[u8], text: [u8; 9], tag: Tag| {
            let mut text = text;
            cipher(fill).open(&[nonce; 12], head, &mut text, &tag).map(|()| text)
        };
        assert_eq!(open(1, 3, b"head", sealed, tag), Ok(*b"a message"));
        let (mut changed, mut forged) = (sealed, tag);
        changed[8] ^= 1;
        forged[15] ^= 0x80;
        for wrong in [
            open(2, 3, b"head", sealed, tag),
            open(1, 4, b"head", sealed, tag),
            open(1, 3, b"hea", sealed, tag),
            open(1, 3, b"head", changed, tag),
            open(1, 3, b"head", sealed, forged),
        ] {
            assert_eq!(wrong, Err(AeadError::Mismatch));
        }
    }

    #[test]
    fn a_key_of_another_length_is_none() {
        assert!(StubAead::new(AeadAlgorithm::Aes128Gcm, &[0; 32], &Rc::default()).is_none());
    }
}
