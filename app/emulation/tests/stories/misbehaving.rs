//! Devices that something is wrong with, and what a host says of each.

use lanewarden_doe::Error as MailboxError;
use lanewarden_sim::scenario::Misbehaviour;
use lanewarden_spdm::certificate::{Distrust, IdentityError, IdentityField, Place};
use lanewarden_spdm::message::Request;
use lanewarden_spdm::{Blame, Error, Reason, Version, Violation};

use crate::support::{Refused, World};

fn refused(spdm: &str) -> Refused {
    World::one(spdm).attest("drive").map(|_| ()).unwrap_err()
}

fn spdm(step: Request, reason: Reason) -> Refused {
    Refused::Spdm(Error { step, reason })
}

#[test]
fn a_signature_that_does_not_fit() {
    let expected = spdm(Request::Challenge, Reason::WrongSignature);
    assert_eq!(refused("{ misbehave = \"wrong_signature\" }"), expected);
    assert_eq!(refused("{ misbehave = \"wrong_signature\", algorithm = \"Ed25519\" }"), expected);
}

#[test]
fn a_certificate_out_of_date() {
    // It was valid on the first day of 2024.
    let expired = Distrust::Expired { place: Place::Chain(2), not_after: 1_704_153_600 };
    assert_eq!(refused("{ misbehave = \"expired_chain\" }"), Refused::Distrust(vec![expired]));
}

#[test]
fn a_certificate_from_nobody() {
    let expected = Refused::Distrust(vec![Distrust::NoAnchor { named: false }]);
    assert_eq!(refused("{ misbehave = \"unknown_anchor\" }"), expected);
}

#[test]
fn measurements_other_than_those_that_were_summed_up() {
    assert_eq!(refused("{ misbehave = \"changed_measurement\" }"), Refused::Summary);
    let digest = "5a".repeat(48);
    let given = format!(
        "measurements = [{{ index = 9, kind = \"immutable_rom\", digest = \"{digest}\", tcb = false }}]"
    );
    assert_eq!(refused(&format!("{{ misbehave = \"changed_measurement\", {given} }}")), Refused::Summary);
}

/// What was taken away is found when the device signs what it said.
#[test]
fn somebody_between_who_takes_versions_away() {
    let world = World::one("{ misbehave = \"downgrade\", versions = [\"1.1\", \"1.2\", \"1.3\"] }");
    assert_eq!(world.host("drive").connect().unwrap().version, Version::V1_1);
    assert_eq!(world.attest("drive").unwrap_err(), spdm(Request::Challenge, Reason::WrongSignature));
}

#[test]
fn somebody_between_who_takes_capabilities_away() {
    let world = World::one("{ misbehave = \"downgrade\", versions = [\"1.2\"] }");
    let mut host = world.host("drive");
    host.connect().unwrap();
    host.chain(&world.emulation.anchors()).unwrap();
    host.requester.challenge(lanewarden_spdm::requester::ChallengeRequest::default()).unwrap();
    assert_eq!(host.run(|_| {}).unwrap_err(), spdm(Request::Challenge, Reason::WrongSignature));
}

#[test]
fn an_answer_to_another_challenge() {
    let world = World::one("{ misbehave = \"replay\" }");
    let mut host = world.host("drive");
    let mut answers = Vec::new();
    for _ in 0..3 {
        let refused = host.attest(&world.emulation.anchors()).unwrap_err();
        assert_eq!(refused, spdm(Request::Challenge, Reason::WrongSignature));
        answers.push(host.wire.heard.last().unwrap().clone());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "it is the same each time");
    let other = World::one("{}");
    let mut honest = other.host("drive");
    honest.connect().unwrap();
    honest.chain(&other.emulation.anchors()).unwrap();
    honest.challenge().unwrap();
    assert_eq!(honest.wire.heard.last().unwrap().len(), answers[0].len(), "and looks like any other");
}

#[test]
fn bytes_without_sense() {
    let Refused::Spdm(error) = refused("{ misbehave = \"garbage\" }") else { panic!("over SPDM") };
    assert_eq!((error.step, error.blame()), (Request::GetVersion, Blame::Peer), "{error}");
}

#[test]
fn a_signature_that_never_comes() {
    assert_eq!(refused("{ misbehave = \"endless_not_ready\" }"), spdm(Request::Challenge, Reason::PutOff));
}

#[test]
fn chunks_that_are_too_long() {
    let Refused::Spdm(error) = refused("{ misbehave = \"oversized_chunk\" }") else { panic!("over SPDM") };
    assert!(matches!(error.reason, Reason::Violation(Violation::Chunk(_))), "{error}");
    assert_eq!(error.step, Request::GetCertificate, "the first answer that is longer than its messages");
}

#[test]
fn no_answer_at_all() {
    assert_eq!(refused("{ misbehave = \"silent\" }"), Refused::Mailbox(MailboxError::Timeout));
}

#[test]
fn the_certificate_of_another_device() {
    let expected = Refused::Identity(IdentityError::Differs(IdentityField::Serial));
    assert_eq!(refused("{ misbehave = \"other_certificate\" }"), expected);
}

#[test]
fn nobody_who_misbehaves_is_taken_for_honest() {
    for what in Misbehaviour::ALL {
        let world = World::with_sessions(&format!("{{ misbehave = \"{}\" }}", what.name()));
        for time in ["", "once more"] {
            let mut host = world.host("drive");
            let attested = host.attest(&world.emulation.anchors());
            assert_eq!(attested.is_ok(), what.is_of_sessions(), "{what:?} {time}");
            if what.is_of_sessions() {
                assert!(host.open(&world.emulation.anchors()).is_err(), "{what:?} {time}");
            }
        }
    }
}

fn refused_session(misbehaviour: &str) -> Refused {
    let world = World::with_sessions(&format!("{{ misbehave = \"{misbehaviour}\" }}"));
    world.host("drive").open(&world.emulation.anchors()).unwrap_err()
}

#[test]
fn a_secret_that_is_not_the_one_agreed_on() {
    let expected = spdm(Request::KeyExchange, Reason::WrongVerifyData);
    assert_eq!(refused_session("wrong_verify_data"), expected);
}

#[test]
fn somebody_between_who_changes_what_is_said_in_sessions() {
    let Refused::Spdm(error) = refused_session("spoiled_records") else { panic!("over SPDM") };
    assert!(matches!(error.reason, Reason::Open(_)), "{error}");
    assert_eq!(error.step, Request::Finish, "the first answer that is a record");
}

#[test]
fn measurements_that_change_change_in_sessions_too() {
    let world = World::with_sessions("{ misbehave = \"changed_measurement\" }");
    let mut host = world.host("drive");
    let id = host.open(&world.emulation.anchors()).unwrap();
    let changed = host.measure_in(id).unwrap();
    let honest = World::with_sessions("{}");
    let mut host = honest.host("drive");
    let id = host.open(&honest.emulation.anchors()).unwrap();
    assert_ne!(host.measure_in(id).unwrap(), changed);
}
