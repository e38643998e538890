#![allow(clippy::arithmetic_side_effects)] // no peer but ourselves

extern crate std;

use std::{vec, vec::Vec};

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{AeadAlgorithm, HashAlgorithm, Provider};
use lanewarden_rustcrypto::{OsRandom, RustCrypto};
use proptest::prelude::*;

use super::*;
use crate::Version;
use crate::session::{HandshakeSecret, Secret, SessionHash};

const SESSION: u32 = 0xfffe_fffd;
const ALGORITHMS: [AeadAlgorithm; 3] =
    [AeadAlgorithm::Aes128Gcm, AeadAlgorithm::Aes256Gcm, AeadAlgorithm::ChaCha20Poly1305];
const DOE: RecordForm = RecordForm { binding: Binding::DOE, protection: Protection::Encrypted };
const FORMS: [RecordForm; 6] = [
    DOE,
    RecordForm { binding: Binding::MCTP, ..DOE },
    RecordForm { binding: Binding::TCP, ..DOE },
    RecordForm { protection: Protection::Authenticated, ..DOE },
    RecordForm { binding: Binding::MCTP, protection: Protection::Authenticated },
    RecordForm { binding: Binding::TCP, protection: Protection::Authenticated },
];

fn secret() -> Secret {
    let hash = SessionHash { version: Version::V1_2, algorithm: HashAlgorithm::Sha256 };
    let digest = lanewarden_crypto::Digest::new(HashAlgorithm::Sha256, &[3; 32]).unwrap();
    let handshake = HandshakeSecret::from_psk(&AwsLc, hash, b"secret").unwrap();
    handshake.directions(&AwsLc, &digest).unwrap().requester
}

fn channel<P: Provider>(provider: &P, algorithm: AeadAlgorithm, limit: u8) -> Channel<P::Aead> {
    Channel::new(secret().traffic_keys(provider, algorithm).unwrap(), limit)
}

fn pair() -> [Channel<lanewarden_aws_lc::Aead>; 2] {
    [(); 2].map(|()| channel(&AwsLc, AeadAlgorithm::Aes256Gcm, UNLIMITED))
}

/// A record of this message, by itself.
fn seal<A: Aead>(channel: &mut Channel<A>, form: &RecordForm, message: &[u8]) -> Result<Vec<u8>, SealError> {
    let at = form.head();
    let mut buffer = vec![0xaa; at + message.len() + RecordForm::TAIL];
    buffer[at..at + message.len()].copy_from_slice(message);
    let record = channel.seal(form, SESSION, &mut buffer, at..at + message.len())?;
    assert_eq!(record, 0..buffer.len());
    Ok(buffer)
}

fn open<A: Aead>(channel: &mut Channel<A>, form: &RecordForm, record: &[u8]) -> Result<Vec<u8>, OpenError> {
    let mut record = record.to_vec();
    channel.open(form, SESSION, &mut record).map(|message| record[message].to_vec())
}

fn any_form() -> impl Strategy<Value = RecordForm> {
    proptest::sample::select(FORMS.as_slice())
}

proptest! {
    #[test]
    fn what_one_provider_seals_the_other_opens(
        form in any_form(),
        algorithm in proptest::sample::select(ALGORITHMS.as_slice()),
        messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..600), 1..4),
    ) {
        let other = RustCrypto::new(OsRandom);
        let mut ours = channel(&AwsLc, algorithm, UNLIMITED);
        let mut theirs = channel(&other, algorithm, UNLIMITED);
        for message in messages {
            let record = seal(&mut ours, &form, &message).unwrap();
            let clear = record.windows(message.len().max(8)).any(|part| part == message);
            prop_assert!(message.len() < 8 || clear == (form.protection == Protection::Authenticated));
            prop_assert_eq!(peek_session_id(&record), Some(SESSION));
            prop_assert_eq!(open(&mut theirs, &form, &record), Ok(message));
        }
        prop_assert_eq!(ours.sequence(), theirs.sequence());
    }

    #[test]
    fn whatever_bit_is_flipped_the_record_is_refused(
        form in any_form(),
        message in proptest::collection::vec(any::<u8>(), 0..80),
        at: proptest::sample::Index,
        bit in 0..8,
    ) {
        let [mut ours, mut theirs] = pair();
        let record = seal(&mut ours, &form, &message).unwrap();
        let mut wrong = record.clone();
        wrong[at.index(record.len())] ^= 1_u8 << bit;
        prop_assert!(open(&mut theirs, &form, &wrong).is_err());
        prop_assert_eq!(open(&mut theirs, &form, &record), Ok(message));
    }

    #[test]
    fn whatever_is_cut_off_the_record_is_refused(
        form in any_form(),
        message in proptest::collection::vec(any::<u8>(), 0..80),
        at: proptest::sample::Index,
    ) {
        let [mut ours, mut theirs] = pair();
        let record = seal(&mut ours, &form, &message).unwrap();
        let cut = &record[..at.index(record.len())];
        prop_assert!(matches!(open(&mut theirs, &form, cut), Err(OpenError::Short | OpenError::Length(_))));
    }

    #[test]
    fn any_bytes_are_refused_whatever_their_form(
        form in any_form(),
        tail in proptest::collection::vec(any::<u8>(), 0..60),
        length in 0..60_u16,
    ) {
        let mut record = SESSION.to_le_bytes().to_vec();
        record.extend_from_slice(&[0, 0][..form.binding.sequence.size()]);
        record.extend_from_slice(&length.to_le_bytes());
        record.extend_from_slice(&tail);
        let [mut channel, _] = pair();
        prop_assert!(open(&mut channel, &form, &record).is_err());
        prop_assert_eq!(channel.sequence(), Some(0));
    }

    #[test]
    fn a_record_is_taken_back_where_it_stands(
        form in any_form(),
        message in proptest::collection::vec(any::<u8>(), 0..80),
        before in 0..20_usize,
    ) {
        let [mut ours, mut theirs] = pair();
        let at = before + RecordForm::HEADROOM;
        let mut buffer = vec![0; before + RecordForm::HEADROOM];
        buffer.extend_from_slice(&message);
        buffer.extend_from_slice(&[0; RecordForm::TAIL + 3]);
        let place = at..at + message.len();
        for sequence in 0..3 {
            let record = ours.seal(&form, SESSION, &mut buffer, place.clone()).unwrap();
            prop_assert_eq!(open(&mut theirs, &form, &buffer[record.clone()]), Ok(message.clone()));
            let back = ours.take_back(&form, SESSION, &mut buffer, record);
            prop_assert_eq!(back, Some(place.clone()));
            prop_assert_eq!(&buffer[place.clone()], &message);
            prop_assert_eq!(ours.sequence(), Some(sequence + 1));
        }
    }
}

#[test]
fn a_record_counts_what_is_inside() {
    let [mut ours, _] = pair();
    let record = seal(&mut ours, &FORMS[1], b"hello").unwrap();
    assert_eq!(record[..8], [0xfd, 0xff, 0xfe, 0xff, 0, 0, 2 + 1 + 5 + 16, 0]);
    let record = seal(&mut ours, &FORMS[4], b"hello").unwrap();
    assert_eq!(record[..14], [0xfd, 0xff, 0xfe, 0xff, 1, 0, 1 + 5 + 16, 0, 5, b'h', b'e', b'l', b'l', b'o']);
    let record = seal(&mut ours, &FORMS[5], b"hello").unwrap();
    assert_eq!(record[..11], [0xfd, 0xff, 0xfe, 0xff, 4 + 5 + 16, 0, 7, 0, 1, 5, b'h']);
}

#[test]
fn the_headroom_is_that_of_the_longest_head() {
    assert_eq!(FORMS.map(|form| form.head()).into_iter().max(), Some(RecordForm::HEADROOM));
    assert_eq!(FORMS.map(|form| form.head()), [8, 11, 12, 6, 9, 10]);
}

#[test]
fn a_record_opens_once_and_in_its_turn() {
    for form in FORMS {
        let refused =
            if form.binding == Binding::MCTP { OpenError::WrongSequence } else { OpenError::Mismatch };
        let [mut ours, mut theirs] = pair();
        let records = [b"one", b"two"].map(|message| seal(&mut ours, &form, message).unwrap());
        assert_eq!(open(&mut theirs, &form, &records[1]), Err(refused));
        assert_eq!(open(&mut theirs, &form, &records[0]).unwrap(), b"one");
        assert_eq!(open(&mut theirs, &form, &records[0]), Err(refused));
        assert_eq!(open(&mut theirs, &form, &records[1]).unwrap(), b"two");
    }
}

#[test]
fn a_record_of_another_session_is_told_by_its_number() {
    let [mut ours, mut theirs] = pair();
    let mut record = seal(&mut ours, &DOE, b"one").unwrap();
    assert_eq!(theirs.open(&DOE, 7, &mut record), Err(OpenError::WrongSession(SESSION)));
    assert_eq!(theirs.open(&DOE, SESSION, &mut []), Err(OpenError::Short));
    assert_eq!(peek_session_id(&record[..3]), None);
}

#[test]
fn a_record_of_another_protection_does_not_open() {
    let [mut ours, mut theirs] = pair();
    let record = seal(&mut ours, &DOE, b"one").unwrap();
    assert_eq!(open(&mut theirs, &FORMS[3], &record), Err(OpenError::Mismatch));
    let record = seal(&mut theirs, &FORMS[3], b"one").unwrap();
    let [mut ours, _] = pair();
    assert_eq!(open(&mut ours, &DOE, &record), Err(OpenError::Mismatch));
}

#[test]
fn only_data_objects_are_filled_up_with_zeros() {
    for form in FORMS {
        for (filling, few) in [(&[0; 1][..], true), (&[0; 3], true), (&[0; 4], false), (&[0, 1], false)] {
            let [mut ours, mut theirs] = pair();
            let mut record = seal(&mut ours, &form, b"one").unwrap();
            record.extend_from_slice(filling);
            let opened = open(&mut theirs, &form, &record);
            assert_eq!(opened.is_ok(), few && form.binding == Binding::DOE);
            assert!(matches!(opened, Ok(_) | Err(OpenError::Length(_))));
        }
    }
}

/// What a peer with the keys puts inside a record, tag and all.
fn inside(form: &RecordForm, inner: &[u8]) -> Vec<u8> {
    let [ours, _] = pair();
    let mut record = SESSION.to_le_bytes().to_vec();
    record.extend_from_slice(&[0; 2][..form.binding.sequence.size()]);
    record.extend_from_slice(&u16::try_from(inner.len() + TAG_SIZE).unwrap().to_le_bytes());
    record.extend_from_slice(inner);
    let (associated, inner) = form.part(&mut record).unwrap();
    let tag = ours.aead.seal(&ours.nonce(0), associated, inner).unwrap();
    record.extend_from_slice(&tag);
    record
}

fn opened(form: &RecordForm, inner: &[u8]) -> Result<Vec<u8>, OpenError> {
    let [_, mut theirs] = pair();
    open(&mut theirs, form, &inside(form, inner))
}

#[test]
fn random_bytes_are_taken_where_the_transport_has_them() {
    let random = |count: usize| [&[4, 0, 5, b'o', b'n', b'e'][..], &vec![9; count]].concat();
    assert_eq!(opened(&FORMS[1], &random(1)).unwrap(), b"one");
    assert_eq!(opened(&FORMS[1], &random(32)).unwrap(), b"one");
    assert_eq!(opened(&FORMS[1], &random(33)), Err(OpenError::Application(4)));
    assert_eq!(opened(&DOE, &[3, 0, b'o', b'n', b'e']).unwrap(), b"one");
    assert_eq!(opened(&DOE, &[3, 0, b'o', b'n', b'e', 9]), Err(OpenError::Application(3)));
}

#[test]
fn an_application_length_beyond_the_record_is_refused() {
    assert_eq!(opened(&DOE, &[4, 0, b'o', b'n', b'e']), Err(OpenError::Application(4)));
    assert_eq!(opened(&DOE, &[5, 0, b'o', b'n', b'e']), Err(OpenError::Application(5)));
    assert_eq!(opened(&DOE, &[0xff, 0xff]), Err(OpenError::Application(0xffff)));
    assert_eq!(opened(&DOE, &[1]), Err(OpenError::Short));
    assert_eq!(opened(&DOE, &[]), Err(OpenError::Short));
    assert_eq!(opened(&DOE, &[0, 0]).unwrap(), b"");
}

#[test]
fn what_is_no_spdm_message_inside_is_refused() {
    assert_eq!(opened(&FORMS[1], &[2, 0, 1, 7]), Err(OpenError::NotSpdm));
    assert_eq!(opened(&FORMS[1], &[0, 0]), Err(OpenError::NotSpdm));
    assert_eq!(opened(&FORMS[2], &[5, 0, 3, 0, 1, 6, 7]), Err(OpenError::NotSpdm));
    assert_eq!(opened(&FORMS[4], &[]), Err(OpenError::NotSpdm));
    assert_eq!(opened(&FORMS[5], &[4, 0, 1, 5, 7]), Err(OpenError::NotSpdm));
    assert_eq!(opened(&FORMS[5], &[3, 0, 1, 5, 7]).unwrap(), [7]);
}

#[test]
fn a_length_without_room_for_a_tag_is_refused() {
    for form in FORMS {
        for length in 0..16 {
            let mut record = SESSION.to_le_bytes().to_vec();
            record.extend_from_slice(&[0; 2][..form.binding.sequence.size()]);
            record.extend_from_slice(&[length, 0]);
            record.resize(record.len() + usize::from(length), 0);
            let [mut channel, _] = pair();
            assert_eq!(open(&mut channel, &form, &record), Err(OpenError::Length(length.into())));
        }
    }
}

#[test]
fn keys_protect_as_many_messages_as_they_may() {
    let mut ours = channel(&AwsLc, AeadAlgorithm::Aes128Gcm, 2);
    let mut theirs = channel(&AwsLc, AeadAlgorithm::Aes128Gcm, 2);
    let mut record = Vec::new();
    for _ in 0..4 {
        record = seal(&mut ours, &DOE, b"one").unwrap();
        open(&mut theirs, &DOE, &record).unwrap();
    }
    assert_eq!(ours.sequence(), None);
    assert_eq!(seal(&mut ours, &DOE, b"one"), Err(SealError::Exhausted));
    assert_eq!(open(&mut theirs, &DOE, &record), Err(OpenError::Exhausted));
    let whole = 0..record.len();
    assert_eq!(ours.take_back(&DOE, SESSION, &mut record, whole), Some(8..11));
}

#[test]
fn the_last_of_all_sequence_numbers_is_used() {
    for limit in [UNLIMITED, 65, 255] {
        let mut ours = channel(&AwsLc, AeadAlgorithm::Aes128Gcm, limit);
        ours.next = Some(u64::MAX - 1);
        assert!(seal(&mut ours, &DOE, b"one").is_ok() && seal(&mut ours, &DOE, b"one").is_ok());
        assert_eq!(seal(&mut ours, &DOE, b"one"), Err(SealError::Exhausted));
    }
    let mut ours = channel(&AwsLc, AeadAlgorithm::Aes128Gcm, 0);
    assert!(seal(&mut ours, &DOE, b"one").is_ok());
    assert_eq!(ours.sequence(), None);
}

#[test]
fn a_sequence_number_travels_by_its_low_bytes() {
    let [mut ours, mut theirs] = pair();
    (ours.next, theirs.next) = (Some(0x1_0203), Some(0x1_0203));
    let record = seal(&mut ours, &FORMS[1], b"one").unwrap();
    assert_eq!(record[4..6], [3, 2]);
    assert_eq!(open(&mut theirs, &FORMS[1], &record).unwrap(), b"one");
    theirs.next = Some(0x2_0203);
    assert_eq!(open(&mut theirs, &FORMS[1], &record), Err(OpenError::Mismatch));
}

#[test]
fn only_the_last_record_is_taken_back() {
    let [mut ours, _] = pair();
    assert_eq!(ours.take_back(&DOE, SESSION, &mut [0; 40], 0..40), None);
    let mut first = seal(&mut ours, &DOE, b"one").unwrap();
    seal(&mut ours, &DOE, b"two").unwrap();
    let whole = 0..first.len();
    assert_eq!(ours.take_back(&DOE, SESSION, &mut first, whole), None);
    assert_eq!(ours.take_back(&DOE, SESSION, &mut first, 0..99), None);
}

#[test]
fn the_longest_message_fills_the_length_field() {
    for form in FORMS {
        let [mut ours, mut theirs] = pair();
        let mut message = vec![7; form.max_message()];
        let record = seal(&mut ours, &form, &message).unwrap();
        assert_eq!(record.len(), form.outer() + 0xffff);
        assert!(open(&mut theirs, &form, &record).unwrap() == message);
        message.push(7);
        assert_eq!(seal(&mut ours, &form, &message), Err(SealError::TooLong(message.len())));
    }
}

#[test]
fn without_room_nothing_is_sealed() {
    let [mut ours, _] = pair();
    let mut buffer = [0; 64];
    for message in [7..20, 8..49, 70..80, usize::MAX..usize::MAX] {
        assert_eq!(ours.seal(&DOE, SESSION, &mut buffer, message), Err(SealError::NoRoom));
    }
    let (start, end) = (20, 10);
    assert_eq!(ours.seal(&DOE, SESSION, &mut buffer, start..end), Err(SealError::NoRoom));
    assert_eq!(ours.seal(&DOE, SESSION, &mut buffer, 8..48), Ok(0..64));
}

#[test]
fn who_is_to_blame() {
    assert_eq!(SealError::Exhausted.blame(), Blame::Caller);
    assert_eq!(SealError::NoRoom.blame(), Blame::Here);
    assert_eq!(OpenError::Mismatch.blame(), Blame::Peer);
}
