//! Messages of other MCTP types, which a session protects beside SPDM's own (DSP0276 1.2, 7).

use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::{Binding, Content, MessageKind};
use lanewarden_spdm::message::ErrorCode;
use lanewarden_spdm::requester::MeasurementRequest;
use lanewarden_spdm::session::{OpenError, RecordForm, SealError};
use lanewarden_spdm::{Misuse, Reason, Violation};

use crate::support::*;

const PLDM: u8 = 1;
/// Room for a record's head.
const START: usize = RecordForm::HEADROOM;

/// A requester and a responder over this transport, in a session.
fn met<A: Kit, B: Kit>(binding: Binding) -> (Caller<A>, Talker<B, true>, u32) {
    let mut responder = talker::<B, true>(responder::Settings { binding, ..settings() });
    let mut asker = Caller::<A>::new(requester::Settings { binding, ..only(Version::V1_2) });
    asker.meet(&mut responder);
    let id = opened(&asker.exchange(&mut responder).unwrap());
    (asker, responder, id)
}

/// The record of a message of this type.
fn record<A: Kit>(asker: &mut Caller<A>, id: u32, kind: u8, message: &[u8]) -> Vec<u8> {
    let mut buffer = [&[0; START][..], message, &[0; RecordForm::TAIL]].concat();
    let place = START..START + message.len();
    let record = asker.requester.within(id).seal(kind, &mut buffer, place).unwrap();
    buffer[record].to_vec()
}

/// What the responder says to a record.
fn answer<B: Kit>(responder: &mut Talker<B, true>, now: Instant, mut record: Vec<u8>) -> Option<Vec<u8>> {
    let (kind, answer) = responder.respond(now, MessageKind::Secured, &mut record)?;
    assert_eq!(kind, MessageKind::Secured);
    Some(answer.to_vec())
}

stories! {
    fn another_message_is_answered_between_those_of_spdm<A, B>() {
        let (mut asker, mut responder, id) = met::<A, B>(Binding::MCTP);
        for message in [&b"who are you"[..], b"", b"and now"] {
            let asked = record(&mut asker, id, PLDM, message);
            assert!(message.is_empty() || asked.windows(message.len()).all(|window| window != message));
            let mut said = answer(&mut responder, asker.now, asked).unwrap();
            assert_eq!(asker.requester.within(id).open(asker.now, &mut said).unwrap(), (PLDM, message));
            asker.requester.within(id).measurements(MeasurementRequest::all_signed(0)).unwrap();
            asker.drive(&mut Line(&mut responder)).unwrap();
        }
        let here = responder::Context { session: Some(id), mutual: false };
        assert_eq!(responder.parts_mut().vendor.heard, [here; 3]);
    }

    fn a_type_that_nobody_answers_leaves_the_session_as_it_is<A, B>() {
        let (mut asker, mut responder, id) = met::<A, B>(Binding::MCTP);
        let asked = record(&mut asker, id, 4, b"NVMe");
        assert_eq!(answer(&mut responder, asker.now, asked), None);
        asker.echo(id, 10, &mut responder);
    }

    fn a_record_is_answered_once<A, B>() {
        let (mut asker, mut responder, id) = met::<A, B>(Binding::MCTP);
        let asked = record(&mut asker, id, PLDM, b"again");
        let said = answer(&mut responder, asker.now, asked.clone()).unwrap();
        assert_eq!(asker.requester.within(id).open(asker.now, &mut said.clone()).unwrap(), (PLDM, &b"again"[..]));
        let again = asker.requester.within(id).open(asker.now, &mut said.clone()).unwrap_err();
        assert_eq!(again, Reason::Open(OpenError::WrongSequence));
        assert!(asker.requester.sessions().next().is_none());
        answer(&mut responder, asker.now, asked);
        assert!(responder.session(id).is_none());
    }

    fn during_an_operation_nothing_else_is_said<A, B>() {
        let (mut asker, _, id) = met::<A, B>(Binding::MCTP);
        asker.requester.within(id).heartbeat().unwrap();
        let mut buffer = [0; START + 1 + RecordForm::TAIL];
        let refused = asker.requester.within(id).seal(PLDM, &mut buffer, START..START + 1).unwrap_err();
        assert_eq!(refused, Misuse::InWork.into());
        assert_eq!(asker.requester.within(id).open(asker.now, &mut buffer).unwrap_err(), Misuse::InWork.into());
    }

    fn other_transports_carry_spdm_alone<A, B>() {
        for binding in [Binding::DOE, Binding::TCP] {
            let (mut asker, _, id) = met::<A, B>(binding);
            let mut buffer = [0; START + 1 + RecordForm::TAIL];
            let refused = asker.requester.within(id).seal(PLDM, &mut buffer, START..START + 1).unwrap_err();
            assert_eq!(refused, Reason::Seal(SealError::NotCarried));
            asker.requester.within(id).digests().unwrap();
        }
    }

    fn nothing_is_carried_without_a_session<A, B>() {
        let (mut asker, mut responder, id) = met::<A, B>(Binding::MCTP);
        asker.requester.within(id).end(false).unwrap();
        asker.drive(&mut Line(&mut responder)).unwrap();
        let mut buffer = [0; START + 1 + RecordForm::TAIL];
        let refused = asker.requester.within(id).seal(PLDM, &mut buffer, START..START + 1).unwrap_err();
        assert_eq!(refused, Misuse::NoSession.into());
    }
}

#[test]
fn what_spdm_says_unasked_ends_the_session() {
    let mut responder = talker::<LeakyKit, true>(settings());
    let (mut asker, mut tap, id) = tapped(&mut responder, only(Version::V1_2));
    let form = tap.middle.form;
    let mut said = tap.middle.session(id).down.sealed(&form, id, &[0x12, 0x68, 0, 0]);
    assert_eq!(asker.requester.within(id).open(asker.now, &mut said).unwrap_err(), Violation::Unasked.into());
    assert!(asker.requester.sessions().next().is_none());
}

#[test]
fn nothing_else_is_said_before_the_handshake_is_over() {
    let own = responder::Settings { binding: Binding::MCTP, ..settings() };
    let asked = requester::Settings { binding: Binding::MCTP, ..only(Version::V1_2) };
    in_handshake(own, asked, false, |middle, lane, _| {
        let id = lane.unwrap();
        let form = middle.form;
        let record = middle.session(id).up.sealed_as(Content::Mctp(PLDM), &form, id, b"too early");
        let answer = middle.raw(MessageKind::Secured, &record).unwrap();
        assert_eq!(code(&middle.opened(id, &answer)), ErrorCode::DECRYPT_ERROR);
        assert!(middle.responder.session(id).is_none());
        assert!(middle.responder.parts_mut().vendor.heard.is_empty());
    });
}
