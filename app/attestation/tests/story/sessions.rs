//! Sessions through mailboxes: what goes in which type of data object, and what stays apart.

use std::collections::BTreeMap;

use lanewarden_attestation::session::SessionReport;
use lanewarden_attestation::{Dialogue, message_kind, secured};
use lanewarden_doe::Protocol;
use lanewarden_inventory::{Conversation, MailboxError, Turn};
use lanewarden_spdm::Reason;
use lanewarden_spdm::message::MutualAuthentication;
use lanewarden_spdm::session::{Seat, seats};

use super::*;

type Serving = Responder<Parts<AwsLc, Key, Firmware, (), (), [Seat<AwsLc>; 2]>, Vec<u8>>;
type Talk<'t> = Dialogue<AwsLc, Attestation<'t, AwsLc>>;

/// Where a responder is: which mailbox, and which connection of it.
type Place = (u8, u16);

/// Whatever is said, in objects.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    protocol: Protocol,
    connection: u16,
    payload: Vec<u8>,
}

/// Mailboxes, each with a responder for each connection.
struct Mailboxes(BTreeMap<Place, Serving>);

impl Mailboxes {
    fn new(places: impl IntoIterator<Item = Place>) -> Self {
        let serving = |place| {
            let identity = identity();
            let identities = Key { chain: identity.chain_der(), key: AwsLc::key(identity.key()) };
            let parts = Parts::new(AwsLc).with_identities(identities).with_sessions(seats());
            let parts = parts.with_measurements(Firmware(&[b"1"], std::cell::Cell::new(0)));
            (place, Responder::new(parts, Settings::default(), vec![0; 0x4000]))
        };
        Self(places.into_iter().map(serving).collect())
    }

    /// What the responder of a connection answers to an object; nothing where it drops it.
    fn exchange(&mut self, mailbox: u8, object: &Object) -> Option<Object> {
        let kind = message_kind(object.protocol)?;
        let serving = self.0.get_mut(&(mailbox, object.connection))?;
        let (kind, payload) = serving.respond(Instant::ORIGIN, kind, &mut object.payload.clone())?;
        let plain = if object.protocol.has_connection() {
            Protocol::CMA_SPDM_WITH_CONNECTION
        } else {
            Protocol::CMA_SPDM
        };
        let protocol = if kind == MessageKind::Secured { secured(plain) } else { plain };
        Some(Object { protocol, connection: object.connection, payload: payload.to_vec() })
    }
}

fn talk<'t>(trust: &'t Trust<'t, AwsLc>, plain: Protocol, connection: u16) -> Talk<'t> {
    let options = Options { session: true, ..options() };
    Attestation::new(AwsLc, trust, options).in_objects(plain, connection)
}

/// The next object, and what its answer may be of beside.
fn say(talk: &mut Talk<'_>) -> Option<(Object, Option<Protocol>)> {
    match talk.turn(Instant::ORIGIN) {
        Turn::Say { protocol, alternative, connection, payload, .. } => {
            Some((Object { protocol, connection, payload: payload.to_vec() }, alternative))
        }
        Turn::Wait(_) => panic!("nothing takes time here"),
        Turn::Over => None,
    }
}

/// One exchange of a dialogue; what was said, or nothing at its end.
fn step(talk: &mut Talk<'_>, mailboxes: &mut Mailboxes, mailbox: u8) -> Option<Object> {
    let (object, alternative) = say(talk)?;
    let answer = mailboxes.exchange(mailbox, &object).unwrap();
    assert!(answer.protocol == object.protocol || Some(answer.protocol) == alternative);
    talk.answer(Instant::ORIGIN, answer.protocol, &answer.payload);
    Some(object)
}

fn session(talk: &Talk<'_>) -> SessionReport {
    talk.script().report().session.unwrap()
}

/// Until the session of this dialogue is open.
fn open(talk: &mut Talk<'_>, mailboxes: &mut Mailboxes, mailbox: u8) {
    while !talk.script().report().session.is_some_and(|session| session.is_open) {
        step(talk, mailboxes, mailbox).unwrap();
    }
}

fn assert_trusted(talk: &Talk<'_>) {
    let report = talk.script().report();
    assert_eq!(report.verdict(), Verdict::Trusted);
    assert!(report.measurements.as_ref().unwrap().is_signed && session(talk).is_ended);
}

/// Row D8: from the exchange of keys on, what is said goes in the type of object that is for secured messages, with the
/// connection ID where there is one.
#[test]
fn a_session_goes_in_the_objects_that_belong_to_it() {
    for (plain, connection) in [(Protocol::CMA_SPDM, 0), (Protocol::CMA_SPDM_WITH_CONNECTION, 7)] {
        with_trust(identity().root(), |trust| {
            let mut mailboxes = Mailboxes::new([(0, connection)]);
            let mut talk = talk(trust, plain, connection);
            let mut said = Vec::new();
            while let Some(object) = step(&mut talk, &mut mailboxes, 0) {
                assert_eq!(object.connection, connection);
                said.push(object.protocol);
            }
            assert_trusted(&talk);
            // FINISH, GET_MEASUREMENTS, END_SESSION.
            let first = said.iter().position(|protocol| *protocol == secured(plain)).unwrap();
            assert_eq!(said[first..], [secured(plain); 3]);
            assert!(said[..first].iter().all(|protocol| *protocol == plain));
            let session = session(&talk);
            assert!(session.is_encrypted && session.group.is_some() && session.version.is_some());
            assert_eq!(session.mutual, MutualAuthentication::None);
        });
    }
}

/// Two places: on two mailboxes, and on two connections of one.
const TWO: [(Protocol, [Place; 2]); 2] =
    [(Protocol::CMA_SPDM, [(0, 0), (1, 0)]), (Protocol::CMA_SPDM_WITH_CONNECTION, [(0, 1), (0, 2)])];

/// Row D9: two sessions, on two mailboxes or on two connections of one, are open at the same time, and each comes to its
/// end.
#[test]
fn sessions_on_two_mailboxes_and_on_two_connections_stay_apart() {
    for (plain, places) in TWO {
        with_trust(identity().root(), |trust| {
            let mut mailboxes = Mailboxes::new(places);
            let mut talks = places.map(|(mailbox, connection)| (talk(trust, plain, connection), mailbox));
            talks.iter_mut().for_each(|(talk, mailbox)| open(talk, &mut mailboxes, *mailbox));
            let [(here, _), (there, _)] = &talks;
            assert_eq!(session(here).id, session(there).id, "not told apart by their numbers");
            let mut said = [Vec::new(), Vec::new()];
            for _ in 0..2 {
                for ((talk, mailbox), said) in talks.iter_mut().zip(&mut said) {
                    said.push(step(talk, &mut mailboxes, *mailbox).unwrap());
                }
            }
            assert!(talks.iter_mut().all(|(talk, mailbox)| step(talk, &mut mailboxes, *mailbox).is_none()));
            talks.iter().for_each(|(talk, _)| assert_trusted(talk));
            let [here, there] = said.map(|said| said.into_iter().map(|object| object.payload));
            assert!(here.zip(there).all(|(here, there)| here != there), "other keys");
        });
    }
}

/// Row D9: a record of one session is nothing to the device on the other connection, and its answer nothing to whoever
/// made the record.
#[test]
fn nothing_crosses_from_one_session_to_the_other() {
    for (plain, places) in TWO {
        with_trust(identity().root(), |trust| {
            let mut mailboxes = Mailboxes::new(places);
            let [(first, one), (second, two)] = places;
            let (mut here, mut there) = (talk(trust, plain, one), talk(trust, plain, two));
            open(&mut here, &mut mailboxes, first);
            open(&mut there, &mut mailboxes, second);
            let (record, _) = say(&mut here).unwrap();
            let astray = Object { connection: two, ..record };
            let answer = mailboxes.exchange(second, &astray).unwrap();
            here.answer(Instant::ORIGIN, answer.protocol, &answer.payload);
            while say(&mut here).is_some() {}
            let report = here.script().report();
            assert!(report.measurements.is_none() && !session(&here).is_ended);
            assert_eq!(report.class(), Class::Protocol, "{:?}", report.failure);
        });
    }
}

/// Row D9: a session that is lost on one, be it that the device says so outside of it or says nothing, takes none on the
/// other along.
#[test]
fn a_session_that_is_lost_takes_no_other_along() {
    // ERROR, InvalidSession.
    let told = Some(vec![0x13, 0x7f, 0x02, 0]);
    for answer in [told, None] {
        for (plain, places) in TWO {
            with_trust(identity().root(), |trust| {
                let mut mailboxes = Mailboxes::new(places);
                let [(first, one), (second, two)] = places;
                let (mut here, mut there) = (talk(trust, plain, one), talk(trust, plain, two));
                open(&mut here, &mut mailboxes, first);
                open(&mut there, &mut mailboxes, second);
                mailboxes.0.get_mut(&(first, one)).unwrap().reset();
                let (record, alternative) = say(&mut here).unwrap();
                assert_eq!(mailboxes.exchange(first, &record), None, "it knows of no session");
                assert_eq!(alternative, Some(plain));
                let asked = lanewarden_inventory::Step::Request;
                let timeout = MailboxError::Exchange { step: asked, source: lanewarden_doe::Error::Timeout };
                match &answer {
                    Some(told) => here.answer(Instant::ORIGIN, plain, told),
                    None => here.failed(&timeout),
                }
                while say(&mut here).is_some() {}
                let is_lost = match here.script().report().failure.as_ref().unwrap() {
                    Failure::Spdm(error) => matches!(error.reason, Reason::SessionLost(_)),
                    failure => *failure == Failure::Mailbox(timeout),
                };
                assert!(is_lost && !session(&here).is_ended);
                while step(&mut there, &mut mailboxes, second).is_some() {}
                assert_trusted(&there);
            });
        }
    }
}

/// What was signed in a session is judged elsewhere like what was signed outside of one.
#[test]
fn evidence_from_a_session_is_verified_without_the_device() {
    let folder = tempfile::tempdir().unwrap();
    with_trust(identity().root(), |trust| {
        let mut mailboxes = Mailboxes::new([(0, 0)]);
        let options = Options { session: true, read_chain: true, ..options() };
        let mut talk = Attestation::new(AwsLc, trust, options);
        while step(&mut talk, &mut mailboxes, 0).is_some() {}
        assert_trusted(&talk);
        let folder = folder.path().join("evidence");
        let report = talk.script().report();
        evidence::write(&AwsLc, &folder, talk.said(), report, Circumstances::default()).unwrap();
        let verified = evidence::verify(&AwsLc, &folder, trust).unwrap();
        assert!(verified.is_trusted() && verified.fits_summary == Some(true));
        assert_eq!(verified.facts.measurements().len(), 1);
    });
}
