//! Key logs by hand: written by programs that are built for it (`--features keylog`), and by no others.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

use support::{run, text};

// Each test takes of it what it needs.
#[allow(dead_code)]
mod support;

/// What is refused, and how.
fn refusal(line: &str) -> (Option<i32>, String) {
    let refused = run(&line.split(' ').collect::<Vec<_>>(), &[]);
    (refused.status.code(), text(&refused.stderr))
}

#[cfg(not(feature = "keylog"))]
#[test]
fn a_program_that_is_not_built_for_it_writes_no_key_log() {
    for verb in ["attest --all --session", "spdm session 0d:00.0", "respond --identity x"] {
        let (code, said) = refusal(&format!("--host sim {verb} --keylog keys"));
        assert!(code == Some(2) && said.contains("unexpected argument '--keylog'"), "{verb}: {said}");
    }
    assert!(!std::path::Path::new("keys").exists());
}

#[test]
fn what_opens_no_session_writes_no_key_log() {
    for verb in ["certs", "measurements", "request --hex 13e80000"] {
        let (code, said) = refusal(&format!("--host sim spdm {verb} --keylog keys 0d:00.0"));
        assert!(code == Some(2) && said.contains("unexpected argument '--keylog'"), "{verb}: {said}");
    }
}

#[cfg(feature = "keylog")]
mod written {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;
    use crate::support::{Folders, respond};

    /// What was said in sessions, with the key log; nothing may be left sealed.
    fn opened(capture: &Path, log: &Path) -> Vec<String> {
        let decoded = run(&["decode", "--json"], &[capture, Path::new("--keylog"), log]);
        assert_eq!(decoded.status.code(), Some(0), "{}", text(&decoded.stderr));
        let document: serde_json::Value = serde_json::from_slice(&decoded.stdout).unwrap();
        let messages = document["messages"].as_array().unwrap();
        for one in messages {
            assert!(one["error"].is_null(), "{one}");
            assert!(one["protocol"] != "secured" || one["fields"]["opened"] == true, "{one}");
        }
        let inside = messages.iter().filter(|one| one["carried_by"] == "secured message");
        inside.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Over each transport: a capture and a key log of either side, and what the requester does.
    fn check(words: &[&str], expected: &[&str]) {
        let folders = Folders::new();
        for transport in ["doe", "mctp", "tcp"] {
            let path = |name: &str| folders.path(&format!("{transport}-{name}"));
            let (device_log, device_capture) = (path("device.keys"), path("device.pcap"));
            let written =
                ["--keylog", device_log.to_str().unwrap(), "--pcap", device_capture.to_str().unwrap()];
            let device = respond(&folders.identity, &[&["--transport", transport], &written[..]].concat());
            let (log, capture, anchors) = (path("keys"), path("pcap"), folders.anchors());
            let arguments = [words, &["--transport", transport, "--connect", &device.place, "--keylog"]];
            let files = [&log, Path::new("--pcap"), &capture, Path::new("--anchors"), &anchors];
            let asked = run(&arguments.concat(), &files);
            assert_eq!(asked.status.code(), Some(0), "{transport}: {}", text(&asked.stderr));
            drop(device);
            for (capture, log) in [(&capture, &log), (&device_capture, &device_log), (&capture, &device_log)]
            {
                assert_eq!(opened(capture, log), expected, "{transport}");
            }
            let mode = std::fs::metadata(&log).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{mode:o}");
        }
    }

    #[test]
    fn an_attestation_in_a_session_is_read_with_the_key_log_of_either_side() {
        let session = ["GET_MEASUREMENTS", "MEASUREMENTS", "END_SESSION", "END_SESSION_ACK"];
        check(&["attest", "--session"], &[&["FINISH", "FINISH_RSP"], &session[..]].concat());
    }

    #[test]
    fn a_session_whose_keys_are_replaced_is_read_with_the_key_log_of_either_side() {
        let update = ["KEY_UPDATE", "KEY_UPDATE_ACK"];
        let expected = [
            ["FINISH", "FINISH_RSP"],
            update,
            update,
            ["GET_DIGESTS", "DIGESTS"],
            ["GET_CERTIFICATE", "CERTIFICATE"],
            ["END_SESSION", "END_SESSION_ACK"],
        ];
        check(&["spdm", "session", "update-keys", "certs"], &expected.concat());
    }

    #[test]
    fn an_attestation_without_a_session_has_no_secret_to_write() {
        let (code, said) = refusal("--host sim attest --all --keylog keys");
        assert!(code == Some(2) && said.contains("--session"), "{said}");
    }
}
