//! Sessions that the daemon keeps, and those that a program opens through it.

use super::*;

const DEVICE: &str = "0f:00.0";
/// HEARTBEAT in SPDM 1.3.
const REQUEST: &str = "13e80000";

fn answers(text: &str) -> serde_json::Value {
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    let results = document.get("results").or_else(|| document["sessions"][0].get("results"));
    results.unwrap()[0]["message_hex"].clone()
}

/// Row T2: a session that the daemon sets up and one that a program sets up outside of it behave alike.
#[test]
fn both_ways_to_a_session_behave_alike() {
    let daemon = Running::start();
    let (code, outside, error) =
        said(&daemon.run(&["--json", "spdm", "session", DEVICE, "request", REQUEST]));
    assert_eq!(code, Some(0), "{error}");

    let (code, kept, error) = said(&daemon.run(&["--json", "spdm", "keep", DEVICE]));
    assert_eq!(code, Some(0), "{error}");
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let key = kept["sessions"][0]["key"].to_string();
    let (code, inside, error) = said(&daemon.run(&["--json", "spdm", "kept", &key, "request", REQUEST]));
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(answers(&inside), "13680000");
    assert_eq!(answers(&outside), answers(&inside));

    let of = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let agreed = &of(&outside)["sessions"][0];
    for field in ["secured_version", "key_exchange_group", "cipher", "encrypted", "heartbeat_s"] {
        assert_eq!(agreed[field], kept["sessions"][0][field], "{field}");
    }
}

#[test]
fn sessions_are_listed_used_and_ended_by_their_keys() {
    let daemon = Running::start();
    let (code, text, error) = said(&daemon.run(&["spdm", "kept"]));
    assert_eq!((code, text.as_str(), error.as_str()), (Some(0), "", "no session is kept\n"));
    let (code, text, _) = said(&daemon.run(&["spdm", "keep", DEVICE]));
    assert_eq!(code, Some(0));
    assert_eq!(said(&daemon.run(&["spdm", "kept"])).1, text);
    let (code, text, error) =
        said(&daemon.run(&["spdm", "kept", "1", "update-keys", "request", REQUEST, "end"]));
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(text, "keys replaced\nanswer of 4 bytes\n000: 13 68 00 00\nended\n");
    let (code, _, error) = said(&daemon.run(&["spdm", "kept", "1", "request", REQUEST]));
    assert_eq!(code, Some(3));
    assert!(error.contains("there is no such session any more"), "{error}");
}

/// A device that is not trusted gets no session, and it is said why.
#[test]
fn whom_the_daemon_does_not_trust_it_keeps_no_session_with() {
    let daemon = Running::start();
    let (code, text, error) = said(&daemon.run(&["spdm", "keep", "10:00.0"]));
    assert_eq!((code, text.as_str()), (Some(5), ""));
    assert!(error.contains("its certificate is not for this device"), "{error}");
}
