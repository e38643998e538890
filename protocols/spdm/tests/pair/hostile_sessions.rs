//! Handshakes in every wrong order, with a peer or somebody between who knows the secrets.

use lanewarden_spdm::requester::SessionRequest;

use crate::support::*;

#[test]
fn a_tap_that_changes_nothing_is_not_seen() {
    for (version, clear) in [(Version::V1_1, false), (Version::V1_2, true), (Version::V1_3, false)] {
        let mut responder = talker::<LeakyKit, true>(responder::Settings { handshake_in_the_clear: clear, ..settings() });
        let mut tap = Tap::new(&mut responder, through);
        let mut asker = Caller::<AwsLcKit>::new(requester::Settings { handshake_in_the_clear: clear, ..only(version) });
        asker.meet_over(&mut tap);
        asker.requester.key_exchange(SessionRequest::default()).unwrap();
        let id = opened(&asker.drive(&mut tap).unwrap());
        asker.requester.within(id).digests().unwrap();
        asker.drive(&mut tap).unwrap();
        for operation in [lanewarden_spdm::message::KeyOperation::UpdateKey, lanewarden_spdm::message::KeyOperation::UpdateAllKeys] {
        asker.requester.within(id).update_keys(operation).unwrap();
        asker.drive(&mut tap).unwrap();
        }
        asker.requester.within(id).heartbeat().unwrap();
        asker.drive(&mut tap).unwrap();
    }
}
