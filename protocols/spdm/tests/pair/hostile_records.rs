//! Records that are replayed, moved, cut, lengthened or changed, on both sides and over every binding.

use lanewarden_spdm::binding::{Binding, MessageKind};
use lanewarden_spdm::message::ErrorCode;
use lanewarden_spdm::requester::Step;
use lanewarden_spdm::{Instant, session};

use crate::support::*;

const BINDINGS: [Binding; 3] = [Binding::DOE, Binding::MCTP, Binding::TCP];

type Pair = (Talker<AwsLcKit, true>, Caller<AwsLcKit>, [u32; 2]);

/// Two sides with two sessions.
fn two_sessions(binding: Binding, encrypt: bool) -> Pair {
    let mut responder = talker::<AwsLcKit, true>(responder::Settings { binding, encrypt, ..settings() });
    let asked = requester::Settings { binding, encrypt, ..only(Version::V1_2) };
    let mut asker = Caller::<AwsLcKit>::new(asked);
    asker.meet(&mut responder);
    let one = opened(&asker.exchange(&mut responder).unwrap());
    let two = opened(&asker.psk(&mut responder).unwrap());
    (responder, asker, [one, two])
}

/// The record of the requester's next HEARTBEAT; its answer is awaited.
fn heartbeat(asker: &mut Caller<AwsLcKit>, id: u32) -> Vec<u8> {
    asker.requester.within(id).heartbeat().unwrap();
    let Step::Send { kind: MessageKind::Secured, message, .. } =
        asker.requester.poll(Instant::ORIGIN).unwrap()
    else {
        panic!("no record")
    };
    message.to_vec()
}

fn answer(responder: &mut Talker<AwsLcKit, true>, record: &[u8]) -> Option<Vec<u8>> {
    let (kind, answer) = responder.respond(Instant::ORIGIN, MessageKind::Secured, &mut record.to_vec())?;
    assert_eq!(kind, MessageKind::Secured);
    Some(answer.to_vec())
}

fn received(asker: &mut Caller<AwsLcKit>, answer: &[u8]) -> Result<Seen, Error> {
    match asker.requester.receive(Instant::ORIGIN, MessageKind::Secured, &mut answer.to_vec())? {
        requester::Event::Alive(id) => Ok(Seen::Alive(id)),
        other => panic!("{other:?}"),
    }
}

/// The responder has given up the first session and no other, and says so in it; so has the requester then.
fn first_has_ended((mut responder, mut asker, [one, two]): Pair, answered: Option<Vec<u8>>) {
    assert!(responder.session(one).is_none());
    assert_eq!(responder.parts_mut().vendor.ended, [one]);
    let error = received(&mut asker, &answered.expect("the error is sealed")).unwrap_err();
    assert!(matches!(error.reason, Reason::Refused(refusal) if refusal.code == ErrorCode::DECRYPT_ERROR));
    assert_eq!(error.blame(), Blame::PeerCannot);
    assert_eq!(asker.requester.sessions().map(session::Session::id).collect::<Vec<_>>(), [two]);
    asker.echo(two, 30, &mut responder);
}

/// Changes of a record that none survives.
fn changed(record: &[u8], padding: usize) -> Vec<Vec<u8>> {
    let flipped = (4..record.len()).flat_map(|place| (0..8).map(move |bit| (place, bit)));
    let mut all: Vec<Vec<u8>> = flipped
        .map(|(place, bit)| {
            let mut changed = record.to_vec();
            changed[place] ^= 1 << bit;
            changed
        })
        .collect();
    all.extend((4..record.len()).map(|length| record[..length].to_vec()));
    all.push([record, &vec![0; padding + 1]].concat());
    all.push([record, &[1]].concat());
    all
}

fn spread(binding: Binding, encrypt: bool) -> impl Iterator<Item = usize> {
    let (_, mut asker, [one, _]) = two_sessions(binding, encrypt);
    let count = changed(&heartbeat(&mut asker, one), binding.max_padding).len();
    // Every change over DOE, encrypted; some of them elsewhere.
    (0..count).step_by(if binding == Binding::DOE && encrypt { 1 } else { 5 })
}

#[test]
fn a_responder_ends_the_session_of_a_record_that_was_changed() {
    for binding in BINDINGS {
        for encrypt in [true, false] {
            for which in spread(binding, encrypt) {
                let (mut responder, mut asker, [one, two]) = two_sessions(binding, encrypt);
                let record = heartbeat(&mut asker, one);
                let record = &changed(&record, binding.max_padding)[which];
                let answered = answer(&mut responder, record);
                first_has_ended((responder, asker, [one, two]), answered);
            }
        }
    }
}

#[test]
fn a_requester_ends_the_session_of_a_record_that_was_changed() {
    for binding in BINDINGS {
        for encrypt in [true, false] {
            for which in spread(binding, encrypt) {
                let (mut responder, mut asker, [one, two]) = two_sessions(binding, encrypt);
                let record = heartbeat(&mut asker, one);
                let answered = answer(&mut responder, &record).unwrap();
                let error =
                    received(&mut asker, &changed(&answered, binding.max_padding)[which]).unwrap_err();
                assert!(matches!(error.reason, Reason::Open(_)), "{error}");
                assert_eq!(error.blame(), Blame::Peer);
                assert_eq!(asker.requester.sessions().map(session::Session::id).collect::<Vec<_>>(), [two]);
                asker.echo(two, 30, &mut responder);
            }
        }
    }
}

#[test]
fn padding_of_the_transport_is_no_change() {
    for padding in 0..=Binding::DOE.max_padding {
        let (mut responder, mut asker, [one, _]) = two_sessions(Binding::DOE, true);
        let record = [heartbeat(&mut asker, one), vec![0; padding]].concat();
        let answered = [answer(&mut responder, &record).unwrap(), vec![0; padding]].concat();
        assert_eq!(received(&mut asker, &answered), Ok(Seen::Alive(one)));
    }
}

#[test]
fn a_record_that_comes_twice_ends_its_session() {
    for binding in BINDINGS {
        let (mut responder, mut asker, [one, two]) = two_sessions(binding, true);
        let first = heartbeat(&mut asker, one);
        let answered = answer(&mut responder, &first).unwrap();
        assert_eq!(received(&mut asker, &answered), Ok(Seen::Alive(one)));
        heartbeat(&mut asker, one);
        let refused = answer(&mut responder, &first);
        first_has_ended((responder, asker, [one, two]), refused);

        let (mut responder, mut asker, [one, two]) = two_sessions(binding, true);
        let first = heartbeat(&mut asker, one);
        let answered = answer(&mut responder, &first).unwrap();
        received(&mut asker, &answered).unwrap();
        let second = heartbeat(&mut asker, one);
        answer(&mut responder, &second).unwrap();
        let error = received(&mut asker, &answered).unwrap_err();
        assert!(matches!(error.reason, Reason::Open(_)));
        assert!(asker.requester.sessions().all(|session| session.id() == two));
    }
}

#[test]
fn a_record_that_comes_too_early_ends_its_session() {
    for binding in BINDINGS {
        let (mut responder, asker, [one, _]) = two_sessions(binding, true);
        drop(asker);
        let mut leaky = talker::<LeakyKit, true>(responder::Settings { binding, ..settings() });
        let mut tap = Tap::new(&mut leaky, through);
        tap.middle.form.binding = binding;
        let mut asker = Caller::<AwsLcKit>::new(requester::Settings { binding, ..only(Version::V1_2) });
        asker.meet_over(&mut tap);
        asker.begin(true);
        let id = opened(&asker.drive(&mut tap).unwrap());
        let _first = tap.middle.record(id, &[0x12, 0x81, 0, 0]);
        let second = tap.middle.record(id, &[0x12, 0x81, 0, 0]);
        let refused = tap.middle.raw(MessageKind::Secured, &second).unwrap();
        assert_eq!(code(&tap.middle.opened(id, &refused)), ErrorCode::DECRYPT_ERROR);
        assert!(leaky.session(id).is_none());
        assert!(responder.end_session(one));
    }
}

#[test]
fn a_record_is_of_the_session_that_it_was_sealed_in() {
    for binding in BINDINGS {
        for encrypt in [true, false] {
            // Under the number of the other: the other ends, as what comes in it does not open.
            let (mut responder, mut asker, [one, two]) = two_sessions(binding, encrypt);
            let mut record = heartbeat(&mut asker, one);
            record[..4].copy_from_slice(&two.to_le_bytes());
            answer(&mut responder, &record).unwrap();
            assert_eq!(responder.sessions().map(session::Session::id).collect::<Vec<_>>(), [one]);

            // Under a number that nobody has, and too short for one: it is not answered, and nothing ends.
            let (mut responder, mut asker, [one, _]) = two_sessions(binding, encrypt);
            let record = heartbeat(&mut asker, one);
            for bit in 0..32 {
                let mut record = record.clone();
                record[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(answer(&mut responder, &record), None, "{bit}");
            }
            for length in 0..4 {
                assert_eq!(answer(&mut responder, &record[..length]), None);
            }
            assert_eq!(responder.sessions().count(), 2);
            assert_eq!(received(&mut asker, &answer(&mut responder, &record).unwrap()), Ok(Seen::Alive(one)));

            // An answer of the other session, with its own number and with this one's.
            for is_renamed in [false, true] {
                let (mut responder, mut asker, [one, two]) = two_sessions(binding, encrypt);
                let first = heartbeat(&mut asker, two);
                let mut other = answer(&mut responder, &first).unwrap();
                received(&mut asker, &other).unwrap();
                heartbeat(&mut asker, one);
                if is_renamed {
                    other[..4].copy_from_slice(&one.to_le_bytes());
                }
                let error = received(&mut asker, &other).unwrap_err();
                let is_of =
                    matches!(error.reason, Reason::Open(session::OpenError::WrongSession(id)) if id == two);
                assert_eq!(is_of, !is_renamed, "{error}");
                assert_eq!(error.blame(), Blame::Peer);
                assert_eq!(asker.requester.sessions().map(session::Session::id).collect::<Vec<_>>(), [two]);
            }
        }
    }
}

#[test]
fn what_belongs_into_a_session_is_not_taken_without_it() {
    let (mut responder, mut asker, [one, _]) = two_sessions(Binding::DOE, true);
    let record = heartbeat(&mut asker, one);
    // The record as a plain message, and a plain message as a record.
    assert!(responder.told(&record).is_none_or(|answer| answer[1] == 0x7f));
    assert_eq!(answer(&mut responder, &[0x12, 0xe8, 0, 0]), None);
    assert_eq!(responder.sessions().count(), 2);
    let answered = answer(&mut responder, &record).unwrap();
    let mut plain = answered.clone();
    let plain = asker.requester.receive(Instant::ORIGIN, MessageKind::Plain, &mut plain);
    assert_eq!(plain.unwrap_err().blame(), Blame::Peer);
    assert_eq!(asker.requester.sessions().count(), 1);
    asker.requester.digests().unwrap();
    asker.requester.poll(Instant::ORIGIN).unwrap();
    let error =
        asker.requester.receive(Instant::ORIGIN, MessageKind::Secured, &mut answered.clone()).unwrap_err();
    assert_eq!(error.reason, Reason::Violation(Violation::Lane));
}
