//! What is said in a session, and what is said beside it, do not mix; and a session is there when it has begun.

use lanewarden_crypto::{Digest, HashAlgorithm};
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::message::{ErrorCode, Operation};
use lanewarden_spdm::requester::{MeasurementRequest, SessionRequest, Step};

use crate::support::*;

type Exchange = (Vec<u8>, Vec<u8>);

/// Hears what is said outside of sessions.
struct Ear<'r, K: Kit> {
    responder: &'r mut Talker<K, true>,
    said: Vec<Exchange>,
    /// Said outside by somebody before the first message in a session.
    between: Option<Vec<u8>>,
}

impl<K: Kit> Wire for Ear<'_, K> {
    fn exchange(&mut self, message: &[u8]) -> Vec<u8> {
        let (_, answer) = Line(&mut *self.responder).carry(Instant::ORIGIN, MessageKind::Plain, message);
        self.said.push((message.to_vec(), answer.clone()));
        answer
    }

    fn carry(&mut self, now: Instant, kind: MessageKind, message: &[u8]) -> (MessageKind, Vec<u8>) {
        if kind == MessageKind::Plain {
            return (kind, self.exchange(message));
        }
        if let Some(between) = self.between.take() {
            self.exchange(&between);
        }
        Line(&mut *self.responder).carry(now, kind, message)
    }
}

impl<K: Kit> Ear<'_, K> {
    /// The digest over the negotiation, from 1.2 on, and the last measurements, so many; the signature is not signed.
    fn transcript(&self, version: Version, measurements: usize) -> Digest {
        let last = &self.said[self.said.len() - measurements..];
        assert!(last.iter().all(|(ask, _)| ask[1] == 0xe0));
        let connection = if version >= Version::V1_2 { &self.said[..3] } else { &[] };
        let said = connection.iter().chain(last);
        let mut bytes: Vec<u8> =
            said.flat_map(|(ask, answer)| [ask.clone(), answer.clone()].concat()).collect();
        bytes.truncate(bytes.len() - 64);
        digest_of(HashAlgorithm::Sha384, &bytes)
    }
}

fn one(index: u8) -> MeasurementRequest {
    MeasurementRequest {
        operation: Operation::Index(index),
        signed: None,
        ..MeasurementRequest::all_signed(0)
    }
}

impl<K: Kit> Caller<K> {
    fn measure(
        &mut self,
        lane: Option<u32>,
        request: MeasurementRequest,
        line: &mut impl Wire,
    ) -> Option<Digest> {
        match lane {
            Some(id) => self.requester.within(id).measurements(request).unwrap(),
            None => self.requester.measurements(request).unwrap(),
        }
        match &self.drive(line).unwrap()[..] {
            [Seen::Measured { transcript, .. }] => *transcript,
            other => panic!("{other:?}"),
        }
    }
}

stories! {
    /// Neither measurements in a session, nor what ends their transcript there, nor its end, touch those outside.
    fn measurements_outside_of_a_session_add_up_beside_it<A, B>() {
        for version in [Version::V1_1, Version::V1_2, Version::V1_3] {
            let mut responder = talker::<B, true>(settings());
            let mut asker = Caller::<A>::new(only(version));
            let mut ear = Ear { responder: &mut responder, said: Vec::new(), between: None };
            asker.requester.connect().unwrap();
            asker.drive(&mut ear).unwrap();
            asker.requester.digests().unwrap();
            asker.drive(&mut ear).unwrap();
            asker.trust_device();
            asker.requester.key_exchange(SessionRequest::default()).unwrap();
            let id = opened(&asker.drive(&mut ear).unwrap());
            let signed = MeasurementRequest::all_signed(0);
            assert_eq!(asker.measure(None, one(1), &mut ear), None);
            assert_eq!(asker.measure(Some(id), one(2), &mut ear), None);
            assert_eq!(asker.measure(None, one(2), &mut ear), None);
            assert!(asker.measure(Some(id), signed, &mut ear).is_some());
            asker.requester.within(id).digests().unwrap();
            asker.drive(&mut ear).unwrap();
            assert_eq!(asker.measure(Some(id), one(1), &mut ear), None);
            asker.requester.within(id).end(false).unwrap();
            assert_eq!(asker.drive(&mut ear).unwrap(), [Seen::Ended(id)]);
            let transcript = asker.measure(None, signed, &mut ear);
            assert_eq!(transcript, Some(ear.transcript(version, 3)), "{version}");
            assert_eq!(asker.measure(None, signed, &mut ear), Some(ear.transcript(version, 1)), "{version}");
        }
    }

    /// Nor does a handshake: what is asked outside while it goes on counts there.
    fn measurements_outside_of_a_handshake_add_up_beside_it<A, B>() {
        for between in [None, Some([&[0x12, 0xe0, 0, 1][..]].concat())] {
            let mut responder = talker::<B, true>(settings());
            let mut asker = Caller::<A>::new(only(Version::V1_2));
            let mut ear = Ear { responder: &mut responder, said: Vec::new(), between: between.clone() };
            asker.requester.connect().unwrap();
            asker.drive(&mut ear).unwrap();
            asker.requester.digests().unwrap();
            asker.drive(&mut ear).unwrap();
            asker.trust_device();
            asker.requester.key_exchange(SessionRequest::default()).unwrap();
            opened(&asker.drive(&mut ear).unwrap());
            asker.requester.measurements(MeasurementRequest::all_signed(0)).unwrap();
            // The requester knows nothing of what somebody else has asked, and the device signs that too.
            let fits = asker.drive(&mut ear).map_err(|error| error.reason);
            assert_eq!(fits.is_ok(), between.is_none());
            assert!(fits.is_ok() || fits == Err(Reason::WrongSignature));
        }
    }

    /// Until its signature is there, a session is none: it has no number, and opens no record.
    fn a_session_is_there_when_its_signature_is<A, B>() {
        let mut responder = slow_talker::<B, true>(settings(), 1);
        let mut asker = Caller::<A>::new(only(Version::V1_2));
        asker.meet(&mut responder);
        asker.requester.key_exchange(SessionRequest::default()).unwrap();
        let Step::Send { message, .. } = asker.requester.poll(asker.now).unwrap() else { panic!() };
        let message = message.to_vec();
        let (_, mut put_off) = Line(&mut responder).carry(asker.now, MessageKind::Plain, &message);
        assert_eq!(code(&put_off), ErrorCode::RESPONSE_NOT_READY);
        assert_eq!(responder.sessions().count(), 0);
        let id = u32::from(message[4]) | u32::from(message[5]) << 8 | 1 << 16;
        assert!(responder.session(id).is_none() && responder.policy(id).is_none());
        let mut record = [&id.to_le_bytes()[..], &[18, 0], &[7; 18]].concat();
        assert!(responder.respond(asker.now, MessageKind::Secured, &mut record).is_none());
        asker.requester.receive(asker.now, MessageKind::Plain, &mut put_off).unwrap();
        assert_eq!(opened(&asker.drive(&mut Line(&mut responder)).unwrap()), id);
        assert!(responder.session(id).is_some());
    }

    /// An exchange whose signature is not called for leaves its place to the next.
    fn an_exchange_that_is_not_gone_on_with_takes_no_place<A, B>() {
        let mut responder = slow_talker::<B, true>(settings(), 10);
        let mut asker = Caller::<A>::new(only(Version::V1_2));
        asker.meet(&mut responder);
        asker.requester.key_exchange(SessionRequest::default()).unwrap();
        let Step::Send { message, .. } = asker.requester.poll(asker.now).unwrap() else { panic!() };
        let message = message.to_vec();
        for _ in 0..5 {
            let (_, put_off) = Line(&mut responder).carry(asker.now, MessageKind::Plain, &message);
            assert_eq!(code(&put_off), ErrorCode::RESPONSE_NOT_READY, "there is room");
        }
        assert_eq!(responder.sessions().count(), 0);
    }
}
