extern crate std;

use std::vec::Vec;

use super::*;

fn offer() -> NegotiateAlgorithms<'static> {
    NegotiateAlgorithms {
        measurement_specifications: 1,
        other_parameters: 2,
        asymmetric: AsymmetricAlgorithms::spoken(Version::V1_2),
        hash: HashAlgorithms::spoken(),
        structures: Structures::default(),
    }
}

fn encoded(structures: &[Structure]) -> Vec<u8> {
    let mut buffer = [0; 128];
    let mut writer = Writer::new(&mut buffer);
    offer().encode(Version::V1_2, structures, &mut writer).unwrap();
    writer.written().to_vec()
}

fn decode(message: &[u8]) -> Result<(NegotiateAlgorithms<'_>, usize), Malformed> {
    let mut reader = Reader::new(message);
    let header = Header::decode(&mut reader)?;
    NegotiateAlgorithms::decode(Version::V1_2, header, &mut reader)
}

#[test]
fn structures_come_back_in_order() {
    let structures = [Structure { kind: 2, algorithms: 0x38 }, Structure { kind: 5, algorithms: 1 }];
    let message = encoded(&structures);
    let (decoded, length) = decode(&message).unwrap();
    assert_eq!((length, message.len()), (40, 40));
    assert!(decoded.structures.eq(structures));
    assert_eq!(decoded.hash, HashAlgorithms::spoken());
}

#[test]
fn structures_out_of_order_or_too_many_are_refused() {
    let kinds =
        |kinds: &[u8]| kinds.iter().map(|kind| Structure { kind: *kind, algorithms: 1 }).collect::<Vec<_>>();
    let refused = |kinds_of: &[u8]| decode(&encoded(&kinds(kinds_of))).unwrap_err();
    assert_eq!(refused(&[3, 2]), Malformed::Field("algorithm structure"));
    assert_eq!(refused(&[2, 2]), Malformed::Field("algorithm structure"));
    assert_eq!(refused(&[2, 3, 4, 5, 6]), Malformed::Field("number of algorithm structures"));
}

#[test]
fn a_length_that_is_not_the_messages_own_is_refused() {
    let mut message = encoded(&[]);
    message[4] = 36;
    assert_eq!(decode(&message).unwrap_err(), Malformed::Field("length"));
    message[4] = 255;
    assert_eq!(decode(&message).unwrap_err(), Malformed::Field("length"));
}

#[test]
fn extended_algorithms_are_skipped_and_bounded() {
    let mut message = encoded(&[]);
    message[28] = 2;
    message[4] = 40;
    message.extend_from_slice(&[0xaa; 8]);
    assert_eq!(decode(&message).unwrap().1, 40);
    message[28] = 21;
    assert_eq!(decode(&message).unwrap_err(), Malformed::Field("number of extended algorithms"));
    message[29] = 255;
    assert_eq!(decode(&message).unwrap_err(), Malformed::Field("number of extended algorithms"));
}

#[test]
fn one_bit_is_an_algorithm_and_two_are_none() {
    for (algorithm, bit) in SIGNATURES {
        assert_eq!(bit.single(), Some(algorithm));
        assert_eq!(AsymmetricAlgorithms::from(algorithm), bit);
    }
    for (algorithm, hash, measurement) in HASHES {
        assert_eq!(hash.single(), Some(algorithm));
        assert_eq!(HashAlgorithms::from(algorithm), hash);
        assert_eq!(measurement.single(), Some(MeasurementHash::Hash(algorithm)));
        assert_eq!(MeasurementHashes::from(MeasurementHash::Hash(algorithm)), measurement);
    }
    assert_eq!((AsymmetricAlgorithms::ECDSA_P256 | AsymmetricAlgorithms::ED25519).single(), None);
    assert_eq!(AsymmetricAlgorithms::SM2_P256.single(), None);
    assert_eq!(HashAlgorithms::empty().single(), None);
    assert!(!AsymmetricAlgorithms::spoken(Version::V1_1).contains(AsymmetricAlgorithms::ED25519));
}

fn for_sessions() -> SessionAlgorithms {
    SessionAlgorithms {
        dhe: DheGroups::SECP_384_R1 | DheGroups::SECP_256_R1,
        aead: AeadAlgorithms::AES_256_GCM,
        requester_asymmetric: AsymmetricAlgorithms::ECDSA_P384,
        key_schedule: KeySchedules::SPDM,
    }
}

#[test]
fn algorithms_of_sessions_are_written_in_order_and_read_again() {
    let message = encoded(&for_sessions().structures());
    let known = [2, 0x20, 0x18, 0, 3, 0x20, 2, 0, 4, 0x20, 0x80, 0, 5, 0x20, 1, 0];
    assert_eq!((message[2], &message[32..]), (4, &known[..]));
    let (decoded, _) = decode(&message).unwrap();
    assert_eq!(SessionAlgorithms::from(decoded.structures), for_sessions());
    let Structure { kind, algorithms } = for_sessions().structures()[2];
    assert_eq!((kind, algorithms), (Structure::REQUESTER_ASYMMETRIC, 0x80));
}

#[test]
fn structures_that_would_be_empty_are_left_out() {
    assert_eq!(SessionAlgorithms::default().structures().len(), 0);
    let some = SessionAlgorithms {
        dhe: DheGroups::empty(),
        requester_asymmetric: AsymmetricAlgorithms::from_bits_retain(0x1_0000),
        ..for_sessions()
    };
    let kinds: Vec<_> = some.structures().iter().map(|structure| structure.kind).collect();
    assert_eq!(kinds, [Structure::AEAD, Structure::KEY_SCHEDULE]);
    let message = encoded(&some.structures());
    let (decoded, _) = decode(&message).unwrap();
    assert_eq!(decoded.structures.dhe(), DheGroups::empty());
    assert_eq!(decoded.structures.requester_asymmetric(), AsymmetricAlgorithms::empty());
    assert_eq!(decoded.structures.aead(), AeadAlgorithms::AES_256_GCM);
    assert_eq!(decoded.structures.key_schedule(), KeySchedules::SPDM);
}
