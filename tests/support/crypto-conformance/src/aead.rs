//! Authenticated encryption.

use lanewarden_crypto::{Aead, AeadAlgorithm, AeadError, Provider, Tag};

use crate::{Coverage, answers};

const NAMES: [(&str, AeadAlgorithm); 3] = [
    ("AES-128-GCM", AeadAlgorithm::Aes128Gcm),
    ("AES-256-GCM", AeadAlgorithm::Aes256Gcm),
    ("ChaCha20-Poly1305", AeadAlgorithm::ChaCha20Poly1305),
];

/// A sealed message, and what it is.
struct Sealed {
    nonce: [u8; 12],
    associated: Vec<u8>,
    message: Vec<u8>,
    sealed: Vec<u8>,
    tag: Tag,
}

/// The test cases of GCM and of RFC 8439, and each of them changed.
pub fn aeads(provider: &impl Provider) -> Coverage {
    let mut coverage = Coverage::default();
    for answer in answers::read(include_str!("../data/aead.txt")) {
        let (algorithm, key) = (answer.named(&NAMES), answer.bytes("key"));
        let cipher = provider.aead(algorithm, &key);
        coverage.count(cipher.is_some());
        for wrong in [&key[1..], &[], &[&key[..], &[0]].concat()] {
            assert!(provider.aead(algorithm, wrong).is_none(), "a key of {} bytes", wrong.len());
        }
        let Some(cipher) = cipher else { continue };
        let sealed = Sealed {
            nonce: answer.bytes("nonce").try_into().unwrap(),
            associated: answer.bytes("associated"),
            message: answer.bytes("message"),
            sealed: answer.bytes("sealed"),
            tag: answer.bytes("tag").try_into().unwrap(),
        };
        check(&cipher, &sealed);
    }
    coverage
}

fn check(cipher: &impl Aead, case: &Sealed) {
    let mut buffer = case.message.clone();
    assert_eq!(cipher.seal(&case.nonce, &case.associated, &mut buffer), Ok(case.tag));
    assert_eq!(buffer, case.sealed);
    let open = |nonce: &[u8; 12], associated: &[u8], sealed: &[u8], tag: &Tag| {
        let mut buffer = sealed.to_vec();
        cipher.open(nonce, associated, &mut buffer, tag).map(|()| buffer)
    };
    let Sealed { nonce, associated, message, sealed, tag } = case;
    assert_eq!(open(nonce, associated, sealed, tag).as_ref(), Ok(message));
    let mismatch = Err(AeadError::Mismatch);
    for at in 0..tag.len() {
        let mut tag = *tag;
        tag[at] ^= 0x10;
        assert_eq!(open(nonce, associated, sealed, &tag), mismatch, "byte {at} of the tag");
    }
    for at in 0..sealed.len() {
        let mut sealed = sealed.clone();
        sealed[at] ^= 0x80;
        assert_eq!(open(nonce, associated, &sealed, tag), mismatch, "byte {at}");
    }
    let mut other = *nonce;
    other[11] ^= 1;
    assert_eq!(open(&other, associated, sealed, tag), mismatch, "another nonce");
    let longer = [&associated[..], &[0]].concat();
    assert_eq!(open(nonce, &longer, sealed, tag), mismatch, "other associated data");
    let longer = [&sealed[..], &[0]].concat();
    assert_eq!(open(nonce, associated, &longer, tag), mismatch, "a longer message");
}
