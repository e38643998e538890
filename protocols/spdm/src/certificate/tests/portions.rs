//! Chains in portions, and chains that are laid out wrongly.

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Digest, HashAlgorithm};
use proptest::prelude::*;

use super::support::*;
use crate::certificate::*;

const RULES: Rules = Rules::responder(HASH, Some(NOW));
const HEADER: usize = 4 + 48;

fn refused(chain: &[u8]) -> ChainError {
    judge(AwsLc, chain, &pki(1, |_, _| {}).certificates[0]).unwrap_err()
}

fn reader(room: usize) -> ChainReader<AwsLc, AnchorList<'static>, NoRevocations, Vec<u8>> {
    ChainReader::new(AwsLc, AnchorList::new(&[], 0).unwrap(), NoRevocations, RULES, vec![0; room]).unwrap()
}

#[test]
fn the_length_must_hold_a_header_and_a_certificate() {
    for length in [0, 4, HEADER as u8] {
        let mut chain = pki(1, |_, _| {}).whole();
        chain[..2].copy_from_slice(&[length, 0]);
        assert_eq!(refused(&chain), ChainError::TooShort(length.into()));
    }
}

#[test]
fn a_digest_that_is_known_is_not_made_again_and_the_verdict_is_the_same() {
    let pki = pki(3, |_, _| {});
    let (chain, anchor) = (pki.whole(), [pki.certificates[0].as_slice()]);
    let verdict = |known: Option<Digest>| {
        let anchors = AnchorList::new(&anchor, 0).unwrap();
        let mut reader = ChainReader::new(AwsLc, anchors, NoRevocations, RULES, vec![0; 4096]).unwrap();
        if let Some(digest) = known {
            reader = reader.knowing(digest);
        }
        reader.push(&chain).unwrap();
        reader.finish().unwrap()
    };
    let made = verdict(None);
    let known = verdict(Some(*made.leaf.chain_digest()));
    assert_eq!((known.is_trusted(), known.remember_as), (made.is_trusted(), made.remember_as));
    assert_eq!(known.leaf.chain_digest(), made.leaf.chain_digest());
}

#[test]
fn reserved_bytes_are_not_looked_at() {
    let pki = pki(2, |_, _| {});
    let mut chain = pki.whole();
    chain[2..4].copy_from_slice(&[0xFF, 0xFF]);
    assert_eq!(reasons(AwsLc, &chain, &pki.certificates[0]), []);
}

#[test]
fn a_chain_is_no_longer_than_is_taken() {
    let chain = pki(2, |_, _| {}).whole();
    let length = chain.len() as u32;
    let rules = Rules { max_length: length - 1, ..RULES };
    let anchors = AnchorList::new(&[], 0).unwrap();
    let error = judge_by(AwsLc, &chain, rules, &anchors, &NoRevocations).unwrap_err();
    assert_eq!(error, ChainError::TooLong { length, limit: length - 1 });
}

#[test]
fn the_length_must_be_that_of_the_certificates() {
    let pki = pki(2, |_, _| {});
    let chain = pki.whole();
    let length = chain.len() as u32;
    let sized = |length: u32, chain: &[u8]| [&length.to_le_bytes()[..2], &chain[2..]].concat();
    let last = pki.certificates[1].len() as u32;
    assert_eq!(refused(&sized(length - 1, &chain)), ChainError::PastEnd { index: 1, size: last });
    let longer = [chain.as_slice(), &[0x30]].concat();
    assert_eq!(refused(&sized(length + 1, &longer)), ChainError::PastEnd { index: 2, size: 2 });
    let longer = [chain.as_slice(), &[0; 9]].concat();
    assert_eq!(refused(&sized(length + 9, &longer)), ChainError::NotDer { index: 2 });
    assert_eq!(refused(&longer), ChainError::Excess(length));
}

#[test]
fn every_beginning_of_a_chain_is_incomplete() {
    let chain = pki(2, |_, _| {}).whole();
    for received in 0..chain.len() {
        let mut reader = reader(2048);
        reader.push(&chain[..received]).unwrap();
        assert_eq!(reader.received() as usize, received);
        assert_eq!(reader.length(), (received >= HEADER).then_some(chain.len() as u32));
        let length = reader.length().unwrap_or(0);
        let incomplete = ChainError::Incomplete { received: received as u32, length };
        assert_eq!(reader.finish().unwrap_err(), incomplete);
        assert_eq!(Chain::parse(&chain[..received], RULES).unwrap_err(), incomplete);
    }
}

#[test]
fn what_is_wrong_is_told_as_soon_as_it_has_come_whatever_the_portions() {
    let mut chain = pki(2, |_, _| {}).whole();
    chain[HEADER] = 0x31;
    for portion in [1, 2, HEADER, HEADER + 2] {
        let mut reader = reader(2048);
        let told = chain[..HEADER + 2].chunks(portion).try_for_each(|portion| reader.push(portion));
        assert_eq!(told, Err(ChainError::NotDer { index: 0 }), "{portion}");
    }
}

#[test]
fn a_certificate_must_fit_the_buffer() {
    let pki = pki(3, |level, parameters| {
        let filler = vec![0; if level == 1 { 500 } else { 0 }];
        parameters.custom_extensions = vec![rcgen::CustomExtension::from_oid_content(&[1, 2], filler)];
    });
    let size = pki.certificates[1].len();
    let mut fitting = reader(size);
    fitting.push(&pki.whole()).unwrap();
    let mut tight = reader(size - 1);
    let error = tight.push(&pki.whole()).unwrap_err();
    assert_eq!(error, ChainError::NoRoom { index: 1, size: size as u32, room: size - 1 });
    assert_eq!(tight.push(&[0]).unwrap_err(), ChainError::Refused);
    assert_eq!(tight.finish().unwrap_err(), ChainError::Refused);
    let error = reader(0).push(&pki.whole()).unwrap_err();
    assert_eq!(error, ChainError::NoRoom { index: 0, size: 2, room: 0 });
}

#[test]
fn a_certificate_that_cannot_be_read_is_named() {
    let mut pki = pki(3, |_, _| {});

    pki.certificates[1][4] = 0x31;
    let error = CertificateError::Malformed(Field::Signed);
    assert_eq!(refused(&pki.whole()), ChainError::Certificate { index: 1, error });
}

#[test]
fn a_chain_shows_its_certificates() {
    let pki = pki(3, |_, _| {});
    let bytes = pki.whole();
    let chain = Chain::parse(&bytes, RULES).unwrap();
    assert_eq!(chain.header().length as usize, bytes.len());
    assert_eq!(chain.certificates_der(), pki.certificates.concat());
    let found: Vec<_> =
        chain.certificates().map(|certificate| certificate.unwrap().as_der().to_vec()).collect();
    assert_eq!(found, pki.certificates);
}

#[test]
fn the_root_hash_has_the_size_of_the_hash() {
    let pki = pki(2, |_, _| {});
    let root = digest(&AwsLc, HashAlgorithm::Sha256, &pki.certificates[0]).unwrap();
    let length = 36 + pki.certificates.concat().len() as u32;
    let chain = [&length.to_le_bytes(), root.as_bytes(), &pki.certificates.concat()].concat();
    let anchors = [pki.certificates[0].as_slice()];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    let rules = Rules::responder(HashAlgorithm::Sha256, Some(NOW));
    let validated = judge_by(AwsLc, &chain, rules, &anchors, &NoRevocations).unwrap();
    assert!(validated.is_trusted());
    assert_eq!(validated.leaf.chain_digest().algorithm(), HashAlgorithm::Sha256);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn portions_of_any_size_give_the_same(sizes in prop::collection::vec(0_usize..200, 1..40)) {
        let pki = pki(3, |_, _| {});
        let chain = pki.whole();
        let expected = judge(AwsLc, &chain, &pki.certificates[0]).unwrap();
        let anchors = [pki.certificates[0].as_slice()];
        let anchors = AnchorList::new(&anchors, 1).unwrap();
        let mut reader = ChainReader::new(AwsLc, anchors, NoRevocations, RULES, [0; 1024]).unwrap();
        let mut rest = chain.as_slice();
        for size in sizes {
            let (portion, behind) = rest.split_at(size.min(rest.len()));
            reader.push(portion).unwrap();
            rest = behind;
        }
        reader.push(rest).unwrap();
        prop_assert_eq!(format!("{:?}", reader.finish().unwrap()), format!("{expected:?}"));
    }
}
