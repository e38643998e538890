//! Lines of sessions.

use std::string::ToString;

use super::*;

#[test]
fn key_exchanges_are_printed() {
    let mut request = KeyExchange {
        summary: SummaryKind::All,
        slot: 2,
        session_id: 0x12,
        policy: SessionPolicy::TERMINATION_POLICY | SessionPolicy::EVENT_ALL,
        random: [0; 32],
        exchange: &[1; 96],
        opaque: b"\x1b[1m",
    };
    let line = "session 0x0012, policy TERMINATION_POLICY EVENT_ALL, slot 2, summary of all, \
                public value 0101010101010101.. (96 bytes), opaque data 1b5b316d";
    assert_eq!(request.to_string(), line);
    request.policy = SessionPolicy::empty();
    request.opaque = &[];
    let line = "session 0x0012, slot 2, summary of all, public value 0101010101010101.. (96 bytes)";
    assert_eq!(request.to_string(), line);
    let answer = KeyExchangeRsp {
        heartbeat: 20,
        session_id: 0xfffe,
        mutual: MutualAuthentication::Direct,
        slot: 3,
        random: [0; 32],
        exchange: &[1; 8],
        summary: &[2; 8],
        opaque: &[3; 8],
        signature: &[4; 8],
        verify_data: &[5; 8],
    };
    let line = "session 0xfffe, heartbeat every 20 s, requester's signature asked for by slot 3, \
                public value 0101010101010101, summary 0202020202020202, opaque data 0303030303030303, \
                signature 0404040404040404, verify data 0505050505050505";
    assert_eq!(answer.to_string(), line);
    let silent = KeyExchangeRsp { heartbeat: 0, summary: &[], opaque: &[], ..answer };
    let line = "session 0xfffe, no heartbeat, \
                requester's signature asked for by encapsulated requests, digests first, \
                public value 0101010101010101, signature 0404040404040404, verify data 0505050505050505";
    let digests = KeyExchangeRsp { mutual: MutualAuthentication::EncapsulatedDigests, ..silent };
    assert_eq!(digests.to_string(), line);
    let line = "session 0xfffe, no heartbeat, public value 0101010101010101, signature 0404040404040404";
    let clear = KeyExchangeRsp { mutual: MutualAuthentication::None, verify_data: &[], ..silent };
    assert_eq!(clear.to_string(), line);
}

#[test]
fn finishes_are_printed() {
    let mut request = Finish { slot: 1, signature: Some(&[6; 64]), verify_data: &[7; 8] };
    let line = "slot 1, signature 0606060606060606.. (64 bytes), verify data 0707070707070707";
    assert_eq!(request.to_string(), line);
    request.signature = None;
    assert_eq!(request.to_string(), "verify data 0707070707070707");
    assert_eq!(FinishRsp { verify_data: &[] }.to_string(), "finished");
    assert_eq!(FinishRsp { verify_data: &[8; 8] }.to_string(), "finished, verify data 0808080808080808");
    assert_eq!(PskFinish { verify_data: &[9; 8] }.to_string(), "verify data 0909090909090909");
    assert_eq!(PskFinishRsp.to_string(), "finished");
}

#[test]
fn exchanges_with_a_shared_key_are_printed() {
    let request = PskExchange {
        summary: SummaryKind::None,
        policy: SessionPolicy::TERMINATION_POLICY,
        session_id: 0x12,
        hint: b"<b>",
        context: &[1; 32],
        opaque: &[2; 2],
    };
    let line = "session 0x0012, policy TERMINATION_POLICY, no summary, hint 3c623e, \
                context 0101010101010101.. (32 bytes), opaque data 0202";
    assert_eq!(request.to_string(), line);
    let answer = PskExchangeRsp {
        heartbeat: 1,
        session_id: 0x34,
        summary: &[],
        context: &[3; 8],
        opaque: &[],
        verify_data: &[4; 8],
    };
    let line = "session 0x0034, heartbeat every 1 s, context 0303030303030303, verify data 0404040404040404";
    assert_eq!(answer.to_string(), line);
}

#[test]
fn what_a_session_lives_on_is_printed() {
    assert_eq!(Heartbeat.to_string(), "alive");
    let line = |operation| KeyUpdate { operation, tag: 7 }.to_string();
    assert_eq!(line(KeyOperation::UpdateKey), "update the requester's key, tag 0x07");
    assert_eq!(line(KeyOperation::UpdateAllKeys), "update all keys, tag 0x07");
    assert_eq!(line(KeyOperation::VerifyNewKey), "verify the new key, tag 0x07");
    assert_eq!(EndSession { clear_state: true }.to_string(), "what was negotiated is forgotten");
    assert_eq!(EndSession { clear_state: false }.to_string(), "what was negotiated is kept");
    assert_eq!(EndSessionAck.to_string(), "ended");
}

#[test]
fn requests_of_the_responder_are_printed() {
    let bytes = [0; 12];
    assert_eq!(GetEncapsulatedRequest.to_string(), "anything to ask");
    assert_eq!(EncapsulatedRequest { id: 3, request: &bytes }.to_string(), "number 3, 12 bytes");
    assert_eq!(DeliverEncapsulatedResponse { id: 3, response: &bytes }.to_string(), "number 3, 12 bytes");
    let line = |payload| EncapsulatedResponseAck { id: 4, ack_id: Some(3), payload }.to_string();
    assert_eq!(line(EncapsulatedPayload::None), "the end");
    assert_eq!(line(EncapsulatedPayload::Request(&bytes)), "number 4, 12 bytes");
    assert_eq!(line(EncapsulatedPayload::Slot(2)), "the end, with slot 2");
}

#[test]
fn opaque_data_is_printed_and_what_does_not_fit_is_counted() {
    let offer = SecuredOffer { versions: SecuredVersions::ALL, aead_limit: 24 };
    assert_eq!(offer.to_string(), "secured messages 1.0 1.1 1.2, 2^24 messages a key");
    let none = SecuredOffer { versions: [].into_iter().collect(), aead_limit: 64 };
    assert_eq!(none.to_string(), "secured messages none");
    let choice = SecuredChoice { version: SecuredVersion::V1_1, aead_limit: 64 };
    assert_eq!(choice.to_string(), "secured messages 1.1");
    let vendor = Registry { body: 3, vendor: &[0x98, 0x1e] };
    let mut buffer = [0; 256];
    let mut writer = Writer::new(&mut buffer);
    OpaqueFormat::General.encode(6, &mut writer).unwrap();
    for byte in 0..6 {
        OpaqueElement { registry: vendor, data: &[byte; 2] }.encode(&mut writer).unwrap();
    }
    let table = OpaqueTable::decode(OpaqueFormat::General, writer.written()).unwrap();
    let line = "PCI-SIG 1e98 0000; PCI-SIG 1e98 0101; PCI-SIG 1e98 0202; PCI-SIG 1e98 0303; and 2 more";
    assert_eq!(table.to_string(), line);
}
