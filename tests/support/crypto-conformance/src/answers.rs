//! The known answers: blocks of lines, parted by empty ones. The first line says what it is, the others are a name and
//! bytes in hexadecimal (`-` where there are none).

use lanewarden_crypto::{Curve, Digest, HashAlgorithm, RsaSize, SignatureAlgorithm};

pub(crate) const CURVES: [(&str, Curve); 3] =
    [("P-256", Curve::P256), ("P-384", Curve::P384), ("P-521", Curve::P521)];
pub(crate) const SIZES: [(&str, RsaSize); 3] =
    [("2048", RsaSize::Bits2048), ("3072", RsaSize::Bits3072), ("4096", RsaSize::Bits4096)];
pub(crate) const SIGNATURES: [SignatureAlgorithm; 10] = [
    SignatureAlgorithm::RsaPkcs1(RsaSize::Bits2048),
    SignatureAlgorithm::RsaPkcs1(RsaSize::Bits3072),
    SignatureAlgorithm::RsaPkcs1(RsaSize::Bits4096),
    SignatureAlgorithm::RsaPss(RsaSize::Bits2048),
    SignatureAlgorithm::RsaPss(RsaSize::Bits3072),
    SignatureAlgorithm::RsaPss(RsaSize::Bits4096),
    SignatureAlgorithm::Ecdsa(Curve::P256),
    SignatureAlgorithm::Ecdsa(Curve::P384),
    SignatureAlgorithm::Ecdsa(Curve::P521),
    SignatureAlgorithm::Ed25519,
];

/// One block.
pub(crate) struct Answer {
    words: Vec<&'static str>,
    fields: Vec<(&'static str, &'static str)>,
}

/// All blocks of a file.
pub(crate) fn read(text: &'static str) -> Vec<Answer> {
    let blocks = text.split("\n\n").map(|block| block.lines().filter(|line| !line.starts_with('#')));
    let answers: Vec<_> = blocks.filter_map(|lines| Answer::new(lines)).collect();
    assert!(!answers.is_empty());
    answers
}

impl Answer {
    fn new(mut lines: impl Iterator<Item = &'static str>) -> Option<Self> {
        let words = lines.next()?.split(' ').collect();
        let fields = lines.map(|line| line.split_once(' ').expect("a name and a value")).collect();
        Some(Self { words, fields })
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.words[0]
    }

    pub(crate) fn text(&self, name: &str) -> &'static str {
        self.fields.iter().find(|(field, _)| *field == name).unwrap_or_else(|| panic!("no {name}")).1
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let text = self.text(name).trim_start_matches('-');
        let pairs = text.as_bytes().chunks(2).map(|pair| core::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    /// The word after the kind, in a list of names.
    pub(crate) fn named<T: Copy>(&self, names: &[(&str, T)]) -> T {
        self.find(names).unwrap_or_else(|| panic!("{:?}", self.words))
    }

    fn find<T: Copy>(&self, names: &[(&str, T)]) -> Option<T> {
        names.iter().find(|(name, _)| self.words.contains(name)).map(|(_, value)| *value)
    }

    /// The hash that is named.
    pub(crate) fn hash(&self) -> HashAlgorithm {
        self.named(&HashAlgorithm::ALL.map(|algorithm| (algorithm.name(), algorithm)))
    }

    /// The field `digest`, of the hash that is named.
    pub(crate) fn digest(&self) -> Digest {
        Digest::new(self.hash(), &self.bytes("digest")).unwrap()
    }
}
