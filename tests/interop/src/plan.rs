//! What is run.

use lanewarden_crypto::{Curve, HashAlgorithm, RsaSize, SignatureAlgorithm};
use lanewarden_net::emulator::Transport;
use lanewarden_spdm::Version;

use crate::pairs::all_pairs;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Our requester, their responder.
    Asking,
    /// Their requester, our responder.
    Answering,
}

/// How long a message may be that we take at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// As by default, so that nothing needs chunks.
    Usual,
    /// The least that DSP0274 allows, so that nearly everything does.
    Least,
}

/// How their requester asks for measurements; ours does it in every way there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measuring {
    /// All at once.
    All,
    /// Every index there could be, one after the other.
    OneByOne,
}

/// One run of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Combination {
    /// Who asks.
    pub side: Side,
    /// Over what.
    pub transport: Transport,
    /// In which version.
    pub version: Version,
    /// How the responder signs.
    pub signature: SignatureAlgorithm,
    /// What is hashed with, measurements too.
    pub hash: HashAlgorithm,
    /// Which chain is used.
    pub slot: u8,
    /// What we take at once.
    pub sizes: Sizes,
    /// How measurements are asked for.
    pub measuring: Measuring,
}

const SIGNATURES: [SignatureAlgorithm; 10] = {
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    [
        Ecdsa(Curve::P256),
        Ecdsa(Curve::P384),
        Ecdsa(Curve::P521),
        Ed25519,
        RsaPkcs1(RsaSize::Bits2048),
        RsaPkcs1(RsaSize::Bits3072),
        RsaPkcs1(RsaSize::Bits4096),
        RsaPss(RsaSize::Bits2048),
        RsaPss(RsaSize::Bits3072),
        RsaPss(RsaSize::Bits4096),
    ]
};

/// What can stand together: Ed25519 and chunks come with 1.2, and signed measurements of another slot with 1.1.
fn is_allowed(one: &Combination) -> bool {
    let since = |version| one.version >= version;
    (since(Version::V1_2) || (one.signature != SignatureAlgorithm::Ed25519 && one.sizes == Sizes::Usual))
        && (since(Version::V1_1) || one.slot == 0)
}

/// The combination of these indices.
fn of_row(side: Side, row: &[usize]) -> Combination {
    Combination {
        side,
        transport: Transport::ALL[row[0]],
        version: Version::ALL[row[1]],
        signature: SIGNATURES[row[2]],
        hash: HashAlgorithm::ALL[row[3]],
        slot: [0, 1][row[4]],
        sizes: [Sizes::Usual, Sizes::Least][row[5]],
        measuring: Measuring::All,
    }
}

/// For each side, so many combinations that every two values meet; and theirs asking one by one over each transport.
#[must_use]
pub fn plan() -> Vec<Combination> {
    let columns =
        [Transport::ALL.len(), Version::ALL.len(), SIGNATURES.len(), HashAlgorithm::ALL.len(), 2, 2];
    let mut all = Vec::new();
    for side in [Side::Asking, Side::Answering] {
        let rows = all_pairs(&columns, |row| is_allowed(&of_row(side, row)));
        all.extend(rows.iter().map(|row| of_row(side, row)));
    }
    all.extend(Transport::ALL.into_iter().zip(Version::ALL).map(|(transport, version)| Combination {
        transport,
        version,
        measuring: Measuring::OneByOne,
        ..ordinary(Side::Answering)
    }));
    all
}

/// A combination for checks that are about something else.
#[must_use]
pub const fn ordinary(side: Side) -> Combination {
    Combination {
        side,
        transport: Transport::Mctp,
        version: Version::V1_3,
        signature: SignatureAlgorithm::Ecdsa(Curve::P384),
        hash: HashAlgorithm::Sha384,
        slot: 0,
        sizes: Sizes::Usual,
        measuring: Measuring::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_there_on_both_sides_and_nothing_that_cannot_be() {
        let plan = plan();
        assert!(plan.iter().all(is_allowed));
        for side in [Side::Asking, Side::Answering] {
            let of_side: Vec<_> = plan.iter().filter(|one| one.side == side).collect();
            let has = |test: &dyn Fn(&Combination) -> bool| of_side.iter().any(|one| test(one));
            for version in Version::ALL {
                assert!(
                    Transport::ALL
                        .iter()
                        .all(|way| has(&|one| one.transport == *way && one.version == version))
                );
            }
            for signature in SIGNATURES {
                let meets = |hash| has(&|one| one.signature == signature && one.hash == hash);
                assert!(HashAlgorithm::ALL.into_iter().all(meets), "{signature}");
            }
            assert!(has(&|one| one.sizes == Sizes::Least && one.slot == 1));
        }
        assert!(plan.iter().any(|one| one.measuring == Measuring::OneByOne));
    }
}
