//! A device behind a socket, attested by another process.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::Path;

use support::{Folders, anchors, respond, run, text};

mod support;

/// What was said, without the bytes that are new in each run: numbers, directions and names.
fn conversation(capture: &Path) -> Vec<String> {
    let decoded = run(&["decode"], &[capture]);
    assert!(decoded.status.success(), "{}", String::from_utf8_lossy(&decoded.stderr));
    let text = String::from_utf8(decoded.stdout).unwrap();
    let names =
        text.lines().map(|line| line.split_whitespace().skip(2).take(2).collect::<Vec<_>>().join(" "));
    names.collect()
}

/// Row T4: the same requester says the same over each transport.
#[test]
fn the_same_is_said_over_each_transport() {
    let folder = tempfile::tempdir().unwrap();
    let identity = folder.path().join("identity");
    let mut said = Vec::new();
    for transport in ["doe", "mctp", "tcp", "none"] {
        let device = respond(&identity, &["--transport", transport]);
        let anchors = anchors(folder.path(), &identity);
        let capture = folder.path().join(format!("{transport}.pcap"));
        let arguments = ["attest", "--transport", transport, "--connect", &device.place, "--json", "--pcap"];
        let attested = run(&arguments, &[&capture, Path::new("--anchors"), &anchors]);
        assert!(attested.status.success(), "{transport}: {}", String::from_utf8_lossy(&attested.stderr));
        let document: serde_json::Value = serde_json::from_slice(&attested.stdout).unwrap();
        assert_eq!(document["devices"][0]["verdict"], "trusted", "{transport}");
        said.push(conversation(&capture));
    }
    assert!(said[0].contains(&"<- CHALLENGE_AUTH".to_owned()), "{:?}", said[0]);
    assert!(said.iter().all(|conversation| *conversation == said[0]), "{said:#?}");
}

#[test]
fn evidence_of_a_device_is_verified_without_it_and_for_the_nonce_it_was_made_for() {
    let folder = tempfile::tempdir().unwrap();
    let (identity, evidence) = (folder.path().join("identity"), folder.path().join("evidence"));
    let device = respond(&identity, &[]);
    let anchors = anchors(folder.path(), &identity);
    let nonce = "5a".repeat(32);
    let arguments = ["attest", "--connect", &device.place, "--nonce", &nonce, "--evidence"];
    let attested = run(&arguments, &[&evidence, Path::new("--anchors"), &anchors]);
    assert_eq!(attested.status.code(), Some(0), "{}", String::from_utf8_lossy(&attested.stderr));
    drop(device);
    let verify =
        |nonce: &str| run(&["verify", "--nonce", nonce, "--anchors"], &[&anchors, &evidence]).status.code();
    assert_eq!(verify(&nonce), Some(0));
    assert_eq!(verify(&"5b".repeat(32)), Some(5));
}

#[test]
fn a_device_that_signs_wrongly_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let identity = folder.path().join("identity");
    let device = respond(&identity, &["--wrong-signature"]);
    let anchors = anchors(folder.path(), &identity);
    let refused = run(&["attest", "--connect", &device.place, "--anchors"], &[&anchors]);
    assert_eq!(refused.status.code(), Some(5));
    let text = String::from_utf8(refused.stdout).unwrap();
    assert!(text.contains("CHALLENGE: the signature does not fit"), "{text}");
}

#[test]
fn nobody_behind_a_socket_is_a_device_that_does_not_answer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    drop(listener);
    let refused = run(&["attest", "--connect", &place], &[]);
    assert_eq!(refused.status.code(), Some(7), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn a_responders_capture_is_whole_though_a_signal_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let (identity, capture) = (folder.path().join("identity"), folder.path().join("device.pcap"));
    let device = respond(&identity, &["--pcap", capture.to_str().unwrap()]);
    let attested =
        run(&["attest", "--connect", &device.place, "--anchors"], &[&anchors(folder.path(), &identity)]);
    assert!(attested.status.success(), "{}", String::from_utf8_lossy(&attested.stderr));
    drop(device);
    assert_eq!(conversation(&capture).last().map(String::as_str), Some("<- MEASUREMENTS"));
}

/// Row D8: what is said in a session is not to be read by those who watch, whatever carries it.
#[test]
fn a_session_does_over_each_transport_what_is_asked_for() {
    let folders = Folders::new();
    for transport in ["doe", "mctp", "tcp"] {
        let device = respond(&folders.identity, &["--transport", transport, "--heartbeat", "5"]);
        let capture = folders.path(transport);
        let arguments = ["spdm", "session", "--json", "--transport", transport, "--connect", &device.place];
        let commands = ["certs", "measurements", "update-keys", "heartbeat", "measurements", "--pcap"];
        let opened = run(
            &[&arguments[..], &commands[..]].concat(),
            &[&capture, Path::new("--anchors"), &folders.anchors()],
        );
        assert_eq!(opened.status.code(), Some(0), "{transport}: {}", text(&opened.stderr));
        let document: serde_json::Value = serde_json::from_slice(&opened.stdout).unwrap();
        let session = &document["sessions"][0];
        assert_eq!(document["schema"], "lanewarden.session/1");
        assert_eq!((&session["opened"], &session["ended"]), (&true.into(), &true.into()), "{session}");
        assert_eq!((&session["encrypted"], &session["trusted"]), (&true.into(), &true.into()));
        assert_eq!(session["results"].as_array().unwrap().len(), 5);
        assert_eq!(session["results"][1]["signed"], true);
        assert_eq!(session["results"][1]["measurements"], session["results"][4]["measurements"]);
        let said = conversation(&capture);
        assert!(said.iter().filter(|line| line.contains("secured")).count() > 10, "{said:?}");
        assert!(!said.iter().any(|line| line.contains("MEASUREMENTS")), "{said:?}");
    }
}

#[test]
fn a_pre_shared_key_opens_a_session_and_a_wrong_one_does_not() {
    let folders = Folders::new();
    let (key, wrong) = (folders.write("key", b"a key that both have"), folders.write("wrong", b"another"));
    let psk = |hint: &str, file: &Path| format!("{hint}:{}", file.display());
    let device = respond(&folders.identity, &["--heartbeat", "5", "--psk", &psk("drive", &key)]);
    let open = |psk: &str| {
        let opened = run(&["spdm", "session", "--connect", &device.place, "--psk", psk, "heartbeat"], &[]);
        (opened.status.code(), text(&opened.stdout), text(&opened.stderr))
    };
    let (code, said, _) = open(&psk("0x6472697665", &key));
    assert!(code == Some(0) && said.contains("a pre-shared key") && said.contains("ended"), "{said}");
    let (code, _, error) = open(&psk("drive", &wrong));
    assert!(code == Some(5) && error.contains("verify data") && error.contains("hint: "), "{error}");
    let (code, _, error) = open(&psk("other", &key));
    assert!(code == Some(5) && error.contains("refuses"), "{error}");
}

#[test]
fn a_device_that_wants_to_know_its_requesters_opens_no_session_with_others() {
    use lanewarden_identity::{Identity, IdentitySpec, Role, Seed};
    let folders = Folders::new();
    let mut spec = IdentitySpec::default();
    spec.leaf.role = Role::Requester;
    let save = |number, name: &str| {
        let identity = Identity::generate(&Seed::new([number; 32]), &spec).unwrap();
        identity.save(&folders.path(name)).unwrap();
    };
    save(1, "host");
    save(2, "stranger");
    std::fs::create_dir(folders.path("hosts")).unwrap();
    std::fs::copy(folders.path("host/root.pem"), folders.path("hosts/root.pem")).unwrap();
    let device = respond(&folders.identity, &["--mutual", folders.path("hosts").to_str().unwrap()]);
    let anchors = folders.anchors();
    let open = |more: &[&str]| {
        let arguments =
            ["spdm", "session", "--connect", &device.place, "--anchors", anchors.to_str().unwrap()];
        let opened = run(&[&arguments, more].concat(), &[]);
        (opened.status.code(), text(&opened.stdout), text(&opened.stderr))
    };
    let identity = |name: &str| folders.path(name).to_str().unwrap().to_owned();
    let (code, said, error) = open(&["--identity", &identity("host"), "measurements"]);
    assert!(code == Some(0) && said.contains(", mutual\n"), "{said}{error}");
    let (code, _, error) = open(&["--identity", &identity("stranger")]);
    assert_eq!(code, Some(5), "{error}");
    let (code, _, error) = open(&[]);
    assert!(code == Some(5) && error.contains("KEY_EXCHANGE: the device refuses"), "{error}");
}

#[test]
fn no_session_is_opened_with_a_device_that_nobody_vouches_for_unless_that_is_wanted() {
    let folders = Folders::new();
    let device = respond(&folders.identity, &[]);
    let open = |more: &[&str]| run(&[&["spdm", "session", "--connect", &device.place], more].concat(), &[]);
    let refused = open(&[]);
    assert!(refused.status.code() == Some(5) && refused.stdout.is_empty(), "{}", text(&refused.stdout));
    assert!(text(&refused.stderr).contains("--untrusted"), "{}", text(&refused.stderr));
    let opened = open(&["--untrusted"]);
    assert_eq!(opened.status.code(), Some(0), "{}", text(&opened.stderr));
    assert!(text(&opened.stdout).contains("not trusted"), "{}", text(&opened.stdout));
}

#[test]
fn a_command_that_is_refused_ends_the_session_in_good_order() {
    let folders = Folders::new();
    let device = respond(&folders.identity, &[]);
    let anchors = folders.anchors();
    let arguments = ["spdm", "session", "--connect", &device.place, "--json", "request", "13fd0000", "certs"];
    let refused = run(&arguments, &[Path::new("--anchors"), &anchors]);
    assert_eq!(refused.status.code(), Some(5), "{}", text(&refused.stderr));
    let document: serde_json::Value = serde_json::from_slice(&refused.stdout).unwrap();
    let session = &document["sessions"][0];
    assert_eq!(session["ended"], true, "{session}");
    assert_eq!(session["results"], serde_json::json!([]));
    assert!(session["reason"].as_str().unwrap().contains("refuses"), "{session}");
}

/// What was said in a session is evidence like what was said outside of one.
#[test]
fn an_attestation_in_a_session_leaves_evidence_that_is_verified_without_the_device() {
    let folders = Folders::new();
    let device = respond(&folders.identity, &[]);
    let (anchors, evidence) = (folders.anchors(), folders.path("evidence"));
    let arguments = ["attest", "--session", "--json", "--connect", &device.place, "--evidence"];
    let attested = run(&arguments, &[&evidence, Path::new("--anchors"), &anchors]);
    assert_eq!(attested.status.code(), Some(0), "{}", text(&attested.stderr));
    let document: serde_json::Value = serde_json::from_slice(&attested.stdout).unwrap();
    let session = &document["devices"][0]["session"];
    assert_eq!((&session["encrypted"], &session["ended"]), (&true.into(), &true.into()), "{document}");
    assert_eq!(document["devices"][0]["measurements_fit_summary"], true);
    drop(device);
    let verified = run(&["verify", "--anchors"], &[&anchors, &evidence]);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stderr));
}
