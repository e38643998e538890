//! Every signature with every hash.

use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest};

use crate::support::*;

/// One device with one algorithm and one hash, asked for all that is signed.
fn agree_on<Asker: Kit, Asked: Kit>(algorithm: SignatureAlgorithm, hash: HashAlgorithm, version: Version) {
    let settings =
        responder::Settings { hashes: hash.into(), asymmetric: algorithm.into(), ..Default::default() };
    let mut responder = Device::new::<Asked>(algorithm, &[0]).responder::<Asked>(settings, 0x3000);
    let mut wire = |message: &[u8]| responder.say(message);
    let mut client = Client::<Asker>::new(only(version), 0x2000);
    client.meet(&[0], &mut wire).unwrap();
    let connection = *client.requester.connection().unwrap();
    assert_eq!((connection.signature, connection.hash), (Some(algorithm), hash));
    client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
    client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap();
}

const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

stories! {
    fn every_curve_goes_with_every_hash<Asker, Asked>() {
        for curve in CURVES {
            for hash in HashAlgorithm::ALL {
                for version in [Version::V1_0, Version::V1_3] {
                    agree_on::<Asker, Asked>(SignatureAlgorithm::Ecdsa(curve), hash, version);
                }
            }
        }
    }

    fn ed25519_goes_with_every_hash_from_1_2_on<Asker, Asked>() {
        for hash in HashAlgorithm::ALL {
            for version in [Version::V1_2, Version::V1_3] {
                agree_on::<Asker, Asked>(SignatureAlgorithm::Ed25519, hash, version);
            }
        }
    }

    fn rsa_of_2048_bits_goes_with_every_hash<Asker, Asked>() {
        for hash in HashAlgorithm::ALL {
            agree_on::<Asker, Asked>(SignatureAlgorithm::RsaPkcs1(RsaSize::Bits2048), hash, Version::V1_1);
            agree_on::<Asker, Asked>(SignatureAlgorithm::RsaPss(RsaSize::Bits2048), hash, Version::V1_2);
        }
    }

    fn long_rsa_keys_go_too<Asker, Asked>() {
        for size in [RsaSize::Bits3072, RsaSize::Bits4096] {
            agree_on::<Asker, Asked>(SignatureAlgorithm::RsaPkcs1(size), HashAlgorithm::Sha384, Version::V1_2);
            agree_on::<Asker, Asked>(SignatureAlgorithm::RsaPss(size), HashAlgorithm::Sha512, Version::V1_0);
        }
    }

    fn before_1_2_there_is_no_ed25519_to_agree_on<Asker, Asked>() {
        let mut responder =
            Device::new::<Asked>(SignatureAlgorithm::Ed25519, &[0]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let refused = Client::<Asker>::new(only(Version::V1_1), 0x2000).connect(&mut wire).unwrap_err();
        assert_eq!(refused.reason, Reason::NoCommonAlgorithm("signature algorithm"));
        assert_eq!(refused.blame(), Blame::PeerCannot);
    }

    fn the_strongest_that_both_have_is_chosen<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let settings = requester::Settings {
            hashes: HashAlgorithms::SHA_256 | HashAlgorithms::SHA_512,
            ..Default::default()
        };
        let mut client = Client::<Asker>::new(settings, 0x2000);
        client.connect(&mut wire).unwrap();
        assert_eq!(client.requester.connection().unwrap().hash, HashAlgorithm::Sha512);
    }
}
