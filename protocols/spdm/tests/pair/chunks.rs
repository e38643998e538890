//! Messages longer than what the other side takes at once.

use lanewarden_spdm::message::{ErrorCode, Registry, SummaryKind, ValueType, VendorMessage};
use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest};
use lanewarden_spdm::responder::{Context, Parts, Responder, VendorHandler};

use crate::support::*;

/// Answers with the request, so many times over.
struct Echo(usize);

impl VendorHandler for Echo {
    fn handle(
        &mut self,
        _: Context,
        _: Registry<'_>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        let whole = request.repeat(self.0);
        let room = answer.get_mut(..whole.len()).ok_or(ErrorCode::RESPONSE_TOO_LARGE)?;
        room.copy_from_slice(&whole);
        Ok(whole.len())
    }
}

fn device<K: Kit>(
    transfer_size: u32,
    echo: usize,
    slow: u32,
) -> Responder<Parts<K::Provider, Device, Firmware, Echo>, Vec<u8>> {
    let parts =
        made(K::provider(), Device::new::<K>(P256, &[0, 1]).slow(slow), Firmware::default(), Echo(echo));
    let settings = responder::Settings { transfer_size, ..Default::default() };
    Responder::new(parts, settings, vec![0; 0x3000])
}

/// No message is longer than 42 bytes, on either side, and everything comes through.
fn through_42_bytes<Asker: Kit, Asked: Kit>(version: Version, slow: u32) {
    let mut responder = device::<Asked>(42, 3, slow);
    let mut kinds = std::collections::BTreeSet::new();
    let mut wire = |message: &[u8]| {
        let answer = responder.say(message);
        assert!(message.len() <= 42 && answer.len() <= 42, "{message:02x?} {answer:02x?}");
        kinds.insert(message[1]);
        answer
    };
    let settings = requester::Settings { transfer_size: 42, ..only(version) };
    let mut client = Client::<Asker>::new(settings, 0x2000);
    client.meet(&[0, 1], &mut wire).unwrap();
    client.challenge(ChallengeRequest { slot: 1, ..Default::default() }, &mut wire).unwrap();
    client.measurements(MeasurementRequest::all_signed(1), &mut wire).unwrap();
    client.digests(&mut wire).unwrap();
    client.trust(0);
    client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
    for length in [0, 1, 20, 26, 29, 30, 100, 1000] {
        let payload: Vec<u8> = (0..length).map(|byte| u8::try_from(byte % 251).unwrap()).collect();
        let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &payload };
        client.requester.vendor(&message).unwrap();
        assert_eq!(client.drive(&mut wire).unwrap(), [Seen::Vendor(payload.repeat(3))]);
    }
    assert!(kinds.contains(&0x85) && kinds.contains(&0x86));
}

stories! {
    fn everything_goes_through_messages_of_42_bytes<Asker, Asked>() {
        for version in [Version::V1_2, Version::V1_3] {
            through_42_bytes::<Asker, Asked>(version, 0);
            through_42_bytes::<Asker, Asked>(version, 2);
        }
    }

    fn a_long_request_and_its_long_answer_go_in_chunks_of_every_size<Asker, Asked>() {
        for transfer_size in [42, 43, 64, 77, 512, 1030] {
            for length in [200_usize, 1000, 1024] {
                let mut responder = device::<Asked>(transfer_size, 2, 0);
                let mut wire = |message: &[u8]| responder.say(message);
                let settings = requester::Settings { transfer_size: 1600 - transfer_size, ..Default::default() };
                let mut client = Client::<Asker>::new(settings, 0x2000);
                client.connect(&mut wire).unwrap();
                let payload = vec![0x5a; length];
                let message = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &payload };
                client.requester.vendor(&message).unwrap();
                assert_eq!(client.drive(&mut wire).unwrap(), [Seen::Vendor(vec![0x5a; 2 * length])]);
            }
        }
    }

    fn many_measurements_come_in_chunks_and_are_signed_as_a_whole<Asker, Asked>() {
        let mut responder = device::<Asked>(256, 1, 1);
        responder.parts_mut().measurements =
            Firmware((1..=250).map(|index| (index, ValueType::MUTABLE_FIRMWARE, true, vec![index])).collect());
        let mut wire = |message: &[u8]| responder.say(message);
        let settings = requester::Settings { transfer_size: 256, ..Default::default() };
        let mut client = Client::<Asker>::new(settings, 0x4000);
        client.meet(&[0], &mut wire).unwrap();
        let refused = client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap_err();
        let Reason::Refused(refusal) = refused.reason else { panic!("{refused}") };
        assert_eq!(refusal.code, ErrorCode::RESPONSE_TOO_LARGE, "250 digests do not fit its buffer");
        let raw = MeasurementRequest { raw: true, ..MeasurementRequest::all_signed(0) };
        let seen = client.measurements(raw, &mut wire).unwrap();
        let Seen::Measured { blocks, .. } = seen else { panic!("{seen:?}") };
        assert_eq!(blocks.len(), 250);
    }

    fn who_takes_no_chunks_gets_none<Asker, Asked>() {
        let mut responder = device::<Asked>(100, 1, 0);
        let mut wire = |message: &[u8]| responder.say(message);
        let settings = requester::Settings { transfer_size: 170, ..Default::default() };
        let mut client = Client::<Asker>::new(settings, requester::MIN_BUFFER);
        client.meet(&[0], &mut wire).unwrap();
        let refused = client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap_err();
        let Reason::Refused(refusal) = refused.reason else { panic!("{refused}") };
        assert_eq!(refusal.code, ErrorCode::RESPONSE_TOO_LARGE);
        let long = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &[0; 120] };
        client.requester.vendor(&long).unwrap();
        let refused = client.drive(&mut wire).unwrap_err();
        assert_eq!((refused.reason, refused.blame()), (Reason::PeerTakesLess { length: 131 }, Blame::PeerCannot));
        let huge = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &[0; 160] };
        let refused = client.requester.vendor(&huge).unwrap_err();
        assert_eq!((refused.reason, refused.blame()), (Reason::NoRoom, Blame::Here));
    }

    /// The transcript goes on: digests and certificates still count.
    fn a_proof_that_is_too_long_to_be_sent_was_not_given<Asker, Asked>() {
        let mut responder = device::<Asked>(170, 1, 0);
        let mut wire = |message: &[u8]| responder.say(message);
        let settings = requester::Settings { transfer_size: 170, ..Default::default() };
        let mut client = Client::<Asker>::new(settings, requester::MIN_BUFFER);
        client.meet(&[0], &mut wire).unwrap();
        let with_summary = ChallengeRequest { summary: SummaryKind::All, ..Default::default() };
        let refused = client.challenge(with_summary, &mut wire).unwrap_err();
        assert!(matches!(refused.reason, Reason::Refused(_)), "{refused}");
        client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
    }

    /// Four algorithm structures make it longer than 42 bytes, before anything was agreed on.
    fn algorithms_are_negotiated_in_chunks<Asker, Asked>() {
        let mut responder = device::<Asked>(42, 1, 0);
        let mut say = |message: &[u8]| responder.say(message);
        say(&[0x10, 0x84, 0, 0]);
        say(&[0x12, 0xe1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 42, 0, 0, 0, 0, 4, 0, 0]);
        let mut offer = vec![0x12, 0xe3, 4, 0, 48, 0, 1, 2, 0x90, 0, 0, 0, 3, 0, 0, 0];
        offer.resize(32, 0);
        offer.extend([2, 0x20, 0x18, 0, 3, 0x20, 7, 0, 4, 0x20, 0x90, 0, 5, 0x20, 1, 0]);
        let (first, second) = offer.split_at(26);
        let answer = say(&[&[0x12, 0x85, 0, 9, 0, 0, 0, 0, 26, 0, 0, 0, 48, 0, 0, 0], first].concat());
        assert_eq!(answer, [0x12, 5, 0, 9, 0, 0]);
        let answer = say(&[&[0x12, 0x85, 1, 9, 1, 0, 0, 0, 22, 0, 0, 0], second].concat());
        assert_eq!(answer[..8], [0x12, 5, 0, 9, 1, 0, 0x12, 0x63]);
        assert_eq!(answer.len(), 42);
        assert_eq!(responder.connection().unwrap().hash, HashAlgorithm::Sha384);

        // The other way: the requester fetches ALGORITHMS.
        let mut responder = device::<Asked>(42, 1, 0);
        let mut held = Vec::new();
        let mut wire = |message: &[u8]| match message[1] {
            0xe3 => {
                held = responder.say(message);
                vec![0x13, 0x7f, 0x0f, 0, 5]
            }
            0x86 if message[3] == 5 => {
                let last = message[4];
                let head: &[u8] = if last == 0 { &[26, 0, 0, 0, 36, 0, 0, 0] } else { &[10, 0, 0, 0] };
                let data = if last == 0 { &held[..26] } else { &held[26..] };
                [&[0x13, 6, last, 5, last, 0, 0, 0], head, data].concat()
            }
            _ => responder.say(message),
        };
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.meet(&[0], &mut wire).unwrap();
        client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
    }

    fn a_transfer_that_is_abandoned_ends_the_connection<Asker, Asked>() {
        let mut responder = device::<Asked>(64, 1, 0);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.connect(&mut wire).unwrap();
        let long = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &[7; 300] };
        client.requester.vendor(&long).unwrap();
        client.requester.poll(client.now).unwrap();
        client.requester.abandon();
        assert_eq!(client.requester.connection(), None);
        client.connect(&mut wire).unwrap();
        client.requester.vendor(&long).unwrap();
        assert_eq!(client.drive(&mut wire).unwrap(), [Seen::Vendor(vec![7; 300])]);
    }
}
