//! A device behind a socket, attested by another process.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const LANEWARDEN: &str = env!("CARGO_BIN_EXE_lanewarden");

/// A responder that is ended with the test.
struct Device {
    process: Child,
    place: String,
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn respond(identity: &Path, more: &[&str]) -> Device {
    let mut process = Command::new(LANEWARDEN)
        .args(["respond", "--make", "--listen", "127.0.0.1:0", "--identity"])
        .arg(identity)
        .args(more)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut said = said.filter_map(|line| line.strip_prefix("listening on ").map(ToOwned::to_owned));
    let place = said.next().expect("it says where it listens");
    // What it says further is read, so that it is never held up by a full pipe.
    std::thread::spawn(move || said.for_each(drop));
    Device { process, place }
}

fn run(arguments: &[&str], paths: &[&Path]) -> Output {
    Command::new(LANEWARDEN).args(arguments).args(paths).output().unwrap()
}

fn anchors(folder: &Path, identity: &Path) -> std::path::PathBuf {
    let anchors = folder.join("anchors");
    std::fs::create_dir_all(&anchors).unwrap();
    std::fs::copy(identity.join("root.pem"), anchors.join("root.pem")).unwrap();
    anchors
}

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
