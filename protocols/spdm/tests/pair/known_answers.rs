//! Whole runs whose transcripts and signatures were worked out by other means.
//!
//! The messages of the run below were written out by hand from the layouts of DSP0274 in a Python session, hashed with
//! `hashlib`, and signed with the package `cryptography` (`ec.ECDSA(..., deterministic_signing=True)`, RFC 6979): up to
//! 1.1 over the transcript, from 1.2 on over the prefix and the transcript's digest. The keys are those of RFC 6979,
//! A.2.5 and A.2.6. Nothing of this crate took part.

use lanewarden_crypto::{PublicKey, RandomError, Signer};
use lanewarden_rustcrypto::{PrivateKey, RandomSource, RustCrypto};
use lanewarden_spdm::message::{Operation, SummaryKind, ValueType};
use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest, PeerKey, Requester};
use lanewarden_spdm::responder::Responder;
use lanewarden_spdm::signing::{Purpose, prefix};
use lanewarden_spdm::{Instant, requester};

use crate::support::*;

/// Randomness that is none: the responder's nonces are all of these bytes.
struct Fixed;

impl RandomSource for Fixed {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        out.fill(0x22);
        Ok(())
    }
}

const P256_SCALAR: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
const P384_SCALAR: &str = "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8\
                           96d5724e4c70a825f872c9ea60d2edf5";

/// What a run comes to: P-256 goes with SHA-256, P-384 with SHA-384.
struct Run {
    curve: Curve,
    version: Version,
    m1: &'static str,
    challenge_auth: &'static str,
    l1: &'static str,
    measurements: &'static str,
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(curve: Curve) -> PrivateKey {
    let scalar = if curve == Curve::P256 { P256_SCALAR } else { P384_SCALAR };
    PrivateKey::from_scalar(curve, &bytes(scalar)).unwrap()
}

/// The run: digests, the chain, a challenge with a summary, measurements counted, one by one, and all with a signature.
/// The requester checks with each provider; what it accepts is what was worked out.
fn check<P: Provider>(run: &Run, provider: P, verifying: impl Fn(&PublicKey<'_>) -> P::VerifyingKey) {
    let hash = if run.curve == Curve::P256 { HashAlgorithm::Sha256 } else { HashAlgorithm::Sha384 };
    let device = Device(vec![Chain {
        slot: 0,
        certificates: [certificate(20, 0xaa), certificate(24, 0xbb)].concat(),
        signer: Box::new(key(run.curve)) as Box<dyn Signer>,
    }]);
    let firmware = Firmware(vec![
        (1, ValueType::IMMUTABLE_ROM, true, b"rom".to_vec()),
        (0x10, ValueType::SECURITY_VERSION, false, vec![7, 0, 0, 0, 0, 0, 0, 0]),
    ]);
    let parts = made(RustCrypto::new(Fixed), device, firmware, ());
    let mut responder = Responder::new(parts, Default::default(), vec![0; 0x3000]);
    let mut signatures = Vec::new();
    let mut wire = |message: &[u8]| {
        let answer = responder.say(message);
        let is_signed = answer[1] == 3 || message[1] == 0xe0 && message[2] == 1;
        if is_signed {
            signatures.push(hex(&answer[answer.len() - 2 * run.curve.size()..]));
        }
        answer
    };
    let settings = requester::Settings {
        asymmetric: SignatureAlgorithm::Ecdsa(run.curve).into(),
        hashes: hash.into(),
        ..only(run.version)
    };
    let mut requester = Requester::new(requester::Parts::new(provider), settings, vec![0; 0x2000]);
    let mut now = Instant::ORIGIN;
    requester.connect().unwrap();
    drive(&mut requester, &mut now, &mut wire).unwrap();
    requester.digests().unwrap();
    drive(&mut requester, &mut now, &mut wire).unwrap();
    requester.certificate(0).unwrap();
    drive(&mut requester, &mut now, &mut wire).unwrap();
    let chain = *requester.digest(0).unwrap();
    requester.know(0, PeerKey { key: key(run.curve).with_public_key(|public| verifying(public)), chain });
    let context = *b"requests";
    let challenge = ChallengeRequest { slot: 0, summary: SummaryKind::All, nonce: Some([0x11; 32]), context };
    requester.challenge(challenge).unwrap();
    let proof = drive(&mut requester, &mut now, &mut wire).unwrap().remove(0);
    let Seen::Authenticated { transcript, .. } = proof else { panic!("{proof:?}") };
    assert_eq!(hex(transcript.as_bytes()), run.m1);
    let plain = |operation| MeasurementRequest { operation, signed: None, nonce: None, raw: false, context };
    let signed = MeasurementRequest { signed: Some(0), nonce: Some([0x33; 32]), ..plain(Operation::All) };
    for request in [plain(Operation::Count), plain(Operation::Index(1)), signed] {
        requester.measurements(request).unwrap();
        let seen = drive(&mut requester, &mut now, &mut wire).unwrap().remove(0);
        let Seen::Measured { transcript, .. } = seen else { panic!("{seen:?}") };
        if let Some(transcript) = transcript {
            assert_eq!(hex(transcript.as_bytes()), run.l1);
        }
    }
    assert_eq!(signatures, [run.challenge_auth, run.measurements]);
}

/// Rows T5, T6: held against what was worked out without it; without an operating system, its randomness included.
#[test]
fn a_run_of_every_version_comes_to_what_was_worked_out_elsewhere() {
    for run in &RUNS {
        let ours = RustCrypto::new(Fixed);
        check(run, RustCrypto::new(Fixed), |key| ours.verifying_key(key).unwrap());
        let theirs = lanewarden_aws_lc::AwsLc;
        check(run, theirs, |key| theirs.verifying_key(key).unwrap());
    }
}

#[test]
fn the_prefix_is_what_was_worked_out_elsewhere() {
    let known = [
        (
            Version::V1_2,
            Purpose::CHALLENGE_AUTH,
            "\
            646d74662d7370646d2d76312e322e2a646d74662d7370646d2d76312e322e2a646d74662d7370646d2d\
            76312e322e2a646d74662d7370646d2d76312e322e2a00000000726573706f6e6465722d6368616c6c65\
            6e67655f61757468207369676e696e67",
        ),
        (
            Version::V1_2,
            Purpose::MEASUREMENTS,
            "\
            646d74662d7370646d2d76312e322e2a646d74662d7370646d2d76312e322e2a646d74662d7370646d2d\
            76312e322e2a646d74662d7370646d2d76312e322e2a000000000000726573706f6e6465722d6d656173\
            7572656d656e7473207369676e696e67",
        ),
        (
            Version::V1_3,
            Purpose::CHALLENGE_AUTH,
            "\
            646d74662d7370646d2d76312e332e2a646d74662d7370646d2d76312e332e2a646d74662d7370646d2d\
            76312e332e2a646d74662d7370646d2d76312e332e2a00000000726573706f6e6465722d6368616c6c65\
            6e67655f61757468207369676e696e67",
        ),
        (
            Version::V1_3,
            Purpose::MEASUREMENTS,
            "\
            646d74662d7370646d2d76312e332e2a646d74662d7370646d2d76312e332e2a646d74662d7370646d2d\
            76312e332e2a646d74662d7370646d2d76312e332e2a000000000000726573706f6e6465722d6d656173\
            7572656d656e7473207369676e696e67",
        ),
    ];
    for (version, purpose, expected) in known {
        assert_eq!(hex(&prefix(version, purpose).unwrap()), expected);
    }
}

const RUNS: [Run; 8] = [
    Run {
        curve: Curve::P256,
        version: Version::V1_0,
        m1: "be1c0fc9e7c2d55d9cb42bfc8078479a59576ab5b4a87b6c98b79ae55c9bd705",
        challenge_auth: "\
            65d0e4a3a7c9d48fbc6f48b8392e1ac7915427cde14e178e8a6281995895c25f6e97329001115a1bfcc14b9a3ff4\
            72241d42a989c68479aec3bec6f55d4758b6",
        l1: "7416a1f189355e3380d76206e3c178f6d0052ead34d67b37173e9ec089d523a5",
        measurements: "\
            bb8e59a7626faab3892a853f2562305604f0ab457ca064fe24d36bb32416a5a5eac4610584df03e04af085db0e87\
            7c84ce6d2828432bcba45841f799e914e075",
    },
    Run {
        curve: Curve::P256,
        version: Version::V1_1,
        m1: "addfc5b2d5b688df8cb2b41ba6e3d46d66b158a879f95f0e97a2bb035671ddd7",
        challenge_auth: "\
            34cd200d6cee35bb1e47b3150ce700055f64e404d03b8bec7f87e008328e5317cb9e1697eaa7b50463085c76c320\
            fa933c823f51ede8f5ec17045c6265c09389",
        l1: "caad626a32c8738d426d7a015fcffb747bbf0bb645d9d1d6d3efad812f280c1f",
        measurements: "\
            40a1f7baded4356364c6be417c158762da76dd72b9cf44770c4c071f351ff53a2c33be1c3f79e282e172e0bce963\
            bc77791e795af45165c1c6f194027b09c728",
    },
    Run {
        curve: Curve::P256,
        version: Version::V1_2,
        m1: "2e516acaf78e7e5ba7f763c26e4090e432348951439ecb9e852cbc795c91eb43",
        challenge_auth: "\
            73fa6965a4f1395f634863fa4fa2fda998fdd52644229f1078f23d8fc8da6f4381972d3160576b8680ca4774d688\
            04a094a29bee0a624c24b539f1dcaf963e19",
        l1: "f1c46b3023bbba34c790af54a9b08eab878d9b9937bcb2c87de8f27c8699b15e",
        measurements: "\
            11f24d146eacaa91851053eedfa418f941124d1b8b1d14fd515c46641d1d66dd72ce06a01136cf27101f9c271efb\
            478164a0d31055d915ff652913f452c7c6bf",
    },
    Run {
        curve: Curve::P256,
        version: Version::V1_3,
        m1: "56a7487a8b81556ec6fede172f66639e72e7505f3b6faa7a2c98dfdbf4e36001",
        challenge_auth: "\
            afc4fdcae7e733db84bed29a6216f76e327e7edf773a72c8f987699b81458e6636a502349c479a366fa1978e6af8\
            60088b183d0bd8c735eaa1064e34a884b269",
        l1: "fc0ef0ed59740cb10ae63c52f7fa7f6c54333ca7e861065bbd881785932abb1d",
        measurements: "\
            3223849f30177878221b7b2c44bf10c3aeb686df5ed71efa494b05d666fe620b3fc4dd922edf9348960bcd41bbb9\
            70268f47f84cd233e9d0e3dace4df2e5d208",
    },
    Run {
        curve: Curve::P384,
        version: Version::V1_0,
        m1: "\
            776e0c919aed43e3dd354c74ab82604db49f76ee17b4fc2608dae548a30c73edd44938f662d368c939ab19b14cbf\
            bd43",
        challenge_auth: "\
            113ae9ba0bed871330ac6cdd596f7082a811515f2de0af9c8b10b48924fb171f1fb965ae699b233e6100b0771525\
            4d941727e83647b5d8bfd007a5799bd6e70fe36429aecef6790f049d62d9a0c6903bc2165f8a1a17516c05a69be9\
            e377f520",
        l1: "\
            a27f85da10eaf79d2f155c74e377472303f057e24dc2d20d2196e7dc27a1fdec6587a6b09e98119f152c8ad90d25\
            faf1",
        measurements: "\
            a6991233f8f03f859c5386610f164a6454e26d8033551181aac5a8b54ea3d27f750afc6833aebcc20ad7a0c0008b\
            f69ad6ffe7d9d675d0968df0d6ea5ec41bd82a3ff4beaa7d14b23b9cf2e24c93b14c5b0911cc24662a68ef236170\
            32d8619e",
    },
    Run {
        curve: Curve::P384,
        version: Version::V1_1,
        m1: "\
            eb0fc24e985df5b6260861d551d481bfd6908a3a510302dd5c5757f4159ee3cea53f7735e80c00d99bf18d9fc9e2\
            5a86",
        challenge_auth: "\
            18540660b01788f9ff8374ab2ae28832be0916a89522ae447d4a2d3f9d64e3bfb77777fc182fbcd05fae413aa362\
            d01d2011ffedf8ea5a42c0ddccd6d5fd8596b914acc776b2ce5f0a3233bf90ab1447b5d7939f1fb75b1fdb001c13\
            6f429b48",
        l1: "\
            712e72bd2769e320ea79524a5fa4b3bc807540ec573d009679ab3f204471ada36ca6ff783ffb2347403deab44960\
            26c3",
        measurements: "\
            25ec298ef0eac34a829c236f48b42825a89220880189952b16a58e2ef91f68fd27fcdfeb82ab242fe240e23632c1\
            ef4424c61284729b079338497357d8e4000d7ea57ad31a190193080d307b4cffd0b33dbb72dee1a70b74ce3a0efa\
            1ee49c7a",
    },
    Run {
        curve: Curve::P384,
        version: Version::V1_2,
        m1: "\
            f3a4776d4ffa1f4143787e0a191d2b9b4b9b5f5f8fc2b47a9922d433c154d6bf2f7377782f5f23235e9649bdf04a\
            a3ef",
        challenge_auth: "\
            fa4997f6ca39958b9a1df4c6e314403326641cd9d60b720199cf8e2b335efbaa5f6d6d702a563a5baeebadcaa6fc\
            2f6e7d7efd2c823dbfcafa19e2e4ddb84615e892ddf7379d2ecd8e7a1abb5924ffe030acfb91762090be057390a7\
            7dcc6065",
        l1: "\
            1245305db4d2826cb400c9c6734911ff6c5a886ab441e1a0bbaa8afcdf75e262d57ec94b47b9e2f28c1d3e7a7836\
            b718",
        measurements: "\
            de304fa5356c27331bd30d3a596a96747819fbddd074e9531f474a71922e08911a43a54c5093482ba456eee585cd\
            c1c4c5d7c5e1eca241026b30649b76d01899d4d676ed03a43f2a5788482a462e174c7f1eeed6fd784395c41aa947\
            6498ca94",
    },
    Run {
        curve: Curve::P384,
        version: Version::V1_3,
        m1: "\
            1288c7445d8d43d33db940b5f0206f55333dc7de9f8598b09374c53ba8e7b7a8c1faf718a08c4f5942f70f055830\
            cd61",
        challenge_auth: "\
            3d7ceae345d582422de09c84ca5688f2bffee0f98ec94df54f8f84c20c34a42e67822d7eaac1029c19fd86dc6eac\
            965718e80374339bfb795a3afa3b714ea178ea9b95224c4fe6aae525f74c1f2878aaa755cb72e9323e9f08c2861c\
            b1aa6fbc",
        l1: "\
            b57c8ffe0ce75d8153cc0e6f177179e2fd6158eab31ba28ca37153311268e953373c44b52eac960603316fdb90d4\
            f225",
        measurements: "\
            72a15a53798ab1f1768f552ac025173347a4e64a2d0be4ae1d52d00d95a7b70c1aca68902423737fdfd776d97ca0\
            a9d6353d16de03d6129e8117de9ae6e9420d5711c6c129a759d99315c19ef059b81ca5cfd8a5df7218fdca2460a2\
            e0433d41",
    },
];
