//! Devices that take their time.

use core::time::Duration;

use lanewarden_spdm::message::Operation;
use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest};

use crate::support::*;

const BUSY: u8 = 0x03;
const NOT_READY: u8 = 0x42;

fn error(version: Version, code: u8, extended: &[u8]) -> Vec<u8> {
    [&[version.byte(), 0x7f, code, 0], extended].concat()
}

stories! {
    fn a_signature_that_takes_time_is_called_for_until_it_is_there<Asker, Asked>() {
        for version in Version::ALL {
            for times in [1, 2, 7] {
                let device = Device::new::<Asked>(P256, &[0]).slow(times);
                let mut responder = device.responder::<Asked>(Default::default(), 0x3000);
                let mut calls = 0;
                let mut wire = |message: &[u8]| {
                    calls += u32::from(message[1] == 0xff);
                    responder.say(message)
                };
                let mut client = Client::<Asker>::new(only(version), 0x2000);
                client.meet(&[0], &mut wire).unwrap();
                client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
                let one = MeasurementRequest { operation: Operation::Index(1), signed: None, ..MeasurementRequest::all_signed(0) };
                client.measurements(one, &mut wire).unwrap();
                client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap();
                assert_eq!(calls, 2 * times);
                let least = Duration::from_millis(5) * 2 * times;
                assert!(client.now.since_origin() >= least, "it waits as long as it is told");
            }
        }
    }

    fn a_busy_device_is_asked_again_with_the_same_bytes<Asker, Asked>() {
        for transfer_size in [42, 0x1000] {
            let settings = responder::Settings { transfer_size, ..Default::default() };
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(settings, 0x3000);
            let mut last: Option<Vec<u8>> = None;
            let mut turn = 0;
            let mut wire = |message: &[u8]| {
                assert!(last.as_ref().is_none_or(|last| last == message));
                turn += 1;
                if turn % 3 == 0 {
                    last = None;
                    return responder.say(message);
                }
                last = Some(message.to_vec());
                error(Version::from_byte(message[0]).unwrap(), BUSY, &[])
            };
            let settings = requester::Settings { transfer_size, ..Default::default() };
            let mut client = Client::<Asker>::new(settings, 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
            client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap();
            client.requester.request(&[0x13, 0xe8, 0, 0].repeat(50)).unwrap();
            let refused = client.drive(&mut wire).unwrap_err();
            assert!(matches!(refused.reason, Reason::Refused(_)), "a long request too, which is not supported: {refused}");
        }
    }

    fn the_patience_with_a_busy_device_ends<Asker, Asked>() {
        let mut count = 0;
        let mut wire = |message: &[u8]| {
            count += 1;
            error(Version::from_byte(message[0]).unwrap(), BUSY, &[])
        };
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        let tired = client.connect(&mut wire).unwrap_err();
        assert_eq!((tired.reason, tired.blame()), (Reason::PutOff, Blame::Time));
        assert!(count < 20, "waits get longer: {count}");
        assert!(client.now.since_origin() <= Duration::from_secs(30));
        let _ = Asked::provider();
    }

    fn the_patience_with_a_device_that_is_never_ready_ends<Asker, Asked>() {
        for exponent in [0, 10, 20, 63, 255] {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut count = 0;
            let mut token = 0_u8;
            let mut wire = |message: &[u8]| {
                count += 1;
                match message[1] {
                    0x83 => error(Version::V1_3, NOT_READY, &[exponent, 0x83, token, 1]),
                    0xff => {
                        assert_eq!(message, [0x13, 0xff, 0x83, token]);
                        token = token.wrapping_add(1);
                        error(Version::V1_3, NOT_READY, &[exponent, 0x83, token, 1])
                    }
                    _ => responder.say(message),
                }
            };
            let mut client = Client::<Asker>::new(Default::default(), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            let tired = client.challenge(ChallengeRequest::default(), &mut wire).unwrap_err();
            assert_eq!((tired.reason, tired.blame()), (Reason::PutOff, Blame::Time));
            assert!(count < 80, "{count} messages");
            assert!(client.now.since_origin() <= Duration::from_secs(30));
        }
    }

    fn what_is_not_ready_is_what_was_asked_for<Asker, Asked>() {
        for (extended, at) in [(&[1, 0xe0, 0, 1][..], 0x83), (&[1, 0x84, 0, 1], 0x84), (&[1, 0x83, 0], 0x83)] {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = |message: &[u8]| {
                if message[1] == at {
                    return error(Version::from_byte(message[0]).unwrap(), NOT_READY, extended);
                }
                responder.say(message)
            };
            let mut client = Client::<Asker>::new(Default::default(), 0x2000);
            let refused = match client.meet(&[0], &mut wire) {
                Ok(()) => client.challenge(ChallengeRequest::default(), &mut wire).unwrap_err(),
                Err(error) => error,
            };
            assert_eq!(refused.blame(), Blame::Peer, "{extended:x?}: {refused}");
        }
    }
}
