//! Certificates, chains and lists of revoked certificates, whoever made them.

use std::sync::LazyLock;

use lanewarden_crypto::HashAlgorithm;
use lanewarden_spdm::certificate::{
    AnchorList, Certificate, Chain, ChainError, ChainReader, Crl, KeyInfo, NoRevocations, Rules, TcbInfo,
    Validated,
};

use crate::input::Input;
use crate::shown::one_line;
use crate::stub::{Device, NOW, Stub, chain, leaf, resigned, revocation_list, root};

const HASH: HashAlgorithm = HashAlgorithm::Sha384;

/// The root's certificate, and the chain of slot 0.
static HONEST: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let (root, certificates) = Device::certificates_of(0);
    let whole = chain(HASH, &certificates, &root);
    (root, whole)
});

/// The first byte says what the others are.
pub fn certificates(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = input.byte();
    match choice & 7 {
        0 => read(input.rest()),
        1 => list(input.rest()),
        2 => _ = judge(input.array(), input.rest()),
        3 => changed(&mut input),
        4 => signed_anew(&mut input),
        5 => framed(input.array(), input.rest()),
        _ => {
            let _ = KeyInfo::parse(input.rest());
            let _ = TcbInfo::parse(input.rest()).map(|info| info.firmware().count());
        }
    }
}

/// Asks for everything that a certificate says.
fn read(der: &[u8]) {
    let certificate = match Certificate::parse(der) {
        Ok(certificate) => certificate,
        Err(error) => return one_line(&error),
    };
    assert_eq!(certificate.as_der(), der);
    one_line(&certificate.issuer());
    one_line(&certificate.subject());
    one_line(&format!("{:?}", certificate.subject()).escape_debug());
    assert!(certificate.serial().len() <= 20);
    assert!(certificate.extensions().count() <= der.len());
    for extension in certificate.extensions() {
        let _ = TcbInfo::parse(extension.value).map(|info| info.firmware().count());
    }
    let _ = (certificate.key().key(), certificate.key().kind(), certificate.device_info());
    let _ = (certificate.basic_constraints(), certificate.key_usage(), certificate.extended_key_usage());
    let _ = certificate.identity().text().map(|text| one_line(&text.escape_default()));
}

fn list(der: &[u8]) {
    let list = match Crl::parse(der) {
        Ok(list) => list,
        Err(error) => return one_line(&error),
    };
    one_line(&list.issuer());
    assert!(list.entries().count() <= der.len());
    assert!(list.entries().all(|entry| list.revokes(entry.serial)), "it revokes what it lists");
    let issuer = Certificate::parse(&HONEST.0).unwrap();
    if list.verify(&Stub::default(), &issuer).is_ok() {
        assert_eq!(der, revocation_list(&root()), "the root has signed one list only");
    }
}

/// A chain in memory and one that comes in portions are the same, whatever the portions are.
fn judge(portions: [u8; 4], bytes: &[u8]) -> Result<Validated<Stub>, ChainError> {
    let anchors = [HONEST.0.as_slice()];
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    let rules = Rules::responder(HASH, Some(NOW));
    let parsed = Chain::parse(bytes, rules);
    if let Ok(chain) = &parsed {
        let certificates = chain.certificates().filter_map(Result::ok);
        certificates.for_each(|certificate| read(certificate.as_der()));
    }
    let in_memory = parsed.and_then(|chain| chain.validate(&Stub::default(), &anchors, &NoRevocations));
    let stream = |sizes: &[usize]| {
        let mut reader = ChainReader::new(Stub::default(), anchors, NoRevocations, rules, vec![0; 0x4000])?;
        let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
        while !rest.is_empty() {
            let (portion, behind) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
            reader.push(portion)?;
            rest = behind;
        }
        assert_eq!(usize::try_from(reader.received()), Ok(bytes.len()));
        reader.finish()
    };
    let sizes = portions.map(|size| usize::from(size) + 1);
    let (at_once, in_portions) = (stream(&[usize::MAX]), stream(&sizes));
    assert_eq!(format!("{at_once:?}"), format!("{in_portions:?}"), "portions make no difference");
    match &in_memory {
        Ok(_) => assert_eq!(format!("{in_memory:?}"), format!("{at_once:?}")),
        // Of two things that are wrong it may name another first.
        Err(error) => {
            one_line(error);
            assert!(at_once.is_err());
        }
    }
    if let Ok(validated) = &at_once {
        validated.distrust.iter().for_each(one_line);
    }
    at_once
}

/// An honest chain in which bytes have been changed is never trusted.
fn changed(input: &mut Input<'_>) {
    let mut bytes = HONEST.1.clone();
    let portions = input.array();
    edit(&mut bytes, input);
    // The two reserved bytes of the header are nothing to go by.
    let is_honest =
        bytes.len() == HONEST.1.len() && bytes[..2] == HONEST.1[..2] && bytes[4..] == HONEST.1[4..];
    let validated = judge(portions, &bytes);
    assert_eq!(validated.is_ok_and(|validated| validated.is_trusted()), is_honest);
}

/// Places and what is changed there, as long as there are some.
pub fn edit(bytes: &mut Vec<u8>, input: &mut Input<'_>) {
    while !input.is_empty() && !bytes.is_empty() {
        let kind = input.byte();
        let at = usize::from(input.word()) % bytes.len();
        match kind & 3 {
            0 => bytes[at] ^= input.byte(),
            1 => bytes.truncate(at),
            2 => drop(bytes.splice(at..at, input.counted().iter().copied())),
            _ => {
                let end = (at + usize::from(input.byte())).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
}

/// A leaf with anything in it that the root has signed all the same.
fn signed_anew(input: &mut Input<'_>) {
    let portions = input.array();
    let leaf = resigned(&leaf(0), &root(), |bytes| edit(bytes, input));
    read(&leaf);
    framed(portions, &leaf);
}

/// A certificate below the root.
fn framed(portions: [u8; 4], leaf: &[u8]) {
    let root = &HONEST.0;
    let certificates = [root.as_slice(), leaf].concat();
    if certificates.len() < 0xff00 {
        let _ = judge(portions, &chain(HASH, &certificates, root));
    }
}
