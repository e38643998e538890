//! Bytes that mean nothing, and chains with one thing changed.

use std::sync::LazyLock;

use lanewarden_aws_lc::AwsLc;
use proptest::prelude::*;

use super::support::*;
use crate::certificate::*;

extern crate std;

static PKI: LazyLock<Pki> = LazyLock::new(|| pki(3, |_, _| {}));

/// Asks for everything a certificate can say.
fn look(certificate: &Certificate<'_>) {
    let names = format!("{} {}", certificate.issuer(), certificate.subject());
    assert!(names.chars().all(|c| (' '..='~').contains(&c)), "{names:?}");
    let _ = format!("{certificate:?}");
    for extension in certificate.extensions() {
        let _ = TcbInfo::parse(extension.value).map(|info| info.firmware().count());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Certificate::parse(&bytes).map(|certificate| look(&certificate));
        let _ = Crl::parse(&bytes).map(|list| list.entries().count());
        let _ = KeyInfo::parse(&bytes);
        let _ = TcbInfo::parse(&bytes);
        let _ = judge(AwsLc, &bytes, &PKI.certificates[0]);
        let framed = encode(&[bytes], &PKI.certificates[0]);
        let _ = judge(AwsLc, &framed, &PKI.certificates[0]);
    }

    #[test]
    fn a_changed_chain_is_never_trusted(at in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut chain = PKI.whole();
        let at = at.index(chain.len());
        chain[at] ^= change;
        // The two reserved bytes of the header are nothing to go by.
        prop_assume!(!(2..4).contains(&at));
        for certificate in Chain::parse(&chain, Rules::responder(HASH, None)).iter().flat_map(Chain::certificates) {
            let _ = certificate.map(|certificate| look(&certificate));
        }
        if let Ok(validated) = judge(AwsLc, &chain, &PKI.certificates[0]) {
            prop_assert!(!validated.is_trusted(), "byte {at} changed by {change:#x}");
        }
    }

    #[test]
    fn a_chain_with_bytes_taken_out_or_put_in_is_never_trusted(
        at in any::<prop::sample::Index>(),
        taken in 0_usize..40,
        put in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let chain = PKI.whole();
        let at = at.index(chain.len());
        let end = (at + taken).min(chain.len());
        let changed = [&chain[..at], &put, &chain[end..]].concat();
        prop_assume!(changed != chain && changed[4..] != chain[4..]);
        if let Ok(validated) = judge(AwsLc, &changed, &PKI.certificates[0]) {
            prop_assert!(!validated.is_trusted());
        }
    }
}

#[test]
fn every_beginning_of_a_certificate_is_refused() {
    let certificate = &PKI.certificates[2];
    for end in 0..certificate.len() {
        Certificate::parse(&certificate[..end]).unwrap_err();
    }
    look(&Certificate::parse(certificate).unwrap());
}
