//! Who has a mailbox, and what those are told who have not.

use std::io::{BufRead, BufReader};
use std::process::Child;

use super::*;

const DEVICE: &str = "0f:00.0";
/// The first of its two mailboxes.
const MAILBOX: &str = "1d0";

/// A `doe claim` that has the mailbox.
struct Holder(Child);

impl Drop for Holder {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn hold(daemon: &Running, more: &[&str]) -> Holder {
    let mut child =
        daemon.command(&[&["doe", "claim", DEVICE, "--mailbox", MAILBOX], more].concat()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains(&format!("by process {}", child.id())), "{line}");
    Holder(child)
}

fn owner(daemon: &Running) -> serde_json::Value {
    let (code, status, error) = said(&daemon.run(&["status", "--json"]));
    assert_eq!(code, Some(0), "{error}");
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["schema"], "lanewarden.status/1");
    let device =
        status["devices"].as_array().unwrap().iter().find(|device| device["address"] == "0000:0f:00.0");
    device.unwrap()["mailboxes"][0]["owner"].clone()
}

#[test]
fn a_mailbox_that_is_claimed_is_busy_for_others_until_it_is_given_back() {
    let daemon = Running::start();
    assert!(owner(&daemon).is_null());
    let (code, _, error) = said(&daemon.run(&["doe", "claim", DEVICE]));
    assert!(
        code == Some(2) && error.contains("there are some at 1d0, 1e8"),
        "which of two is not guessed: {error}"
    );
    let holder = hold(&daemon, &[]);
    assert_eq!(owner(&daemon)["detached"], false);
    let exchange =
        ["doe", "exchange", DEVICE, "--mailbox", MAILBOX, "--protocol", "0001:00", "--hex", "00000000"];
    let (code, _, error) = said(&daemon.run(&exchange));
    assert_eq!(code, Some(8), "{error}");
    assert!(error.contains(&format!("(process {})", holder.0.id())) && error.contains("hint: "), "{error}");
    drop(holder);
    let (code, _, error) = said(&daemon.run(&exchange));
    assert_eq!(code, Some(0), "{error}");
}

#[test]
fn a_claim_ends_with_its_time() {
    let daemon = Running::start();
    let (code, out, error) =
        said(&daemon.run(&["doe", "claim", DEVICE, "--mailbox", MAILBOX, "--for", "1ms", "--json"]));
    assert_eq!(code, Some(0), "{error}");
    let claims: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&claims["schema"], &claims["claims"][0]["detached"]),
        (&"lanewarden.claims/1".into(), &false.into())
    );
    assert!(error.contains("is given back"), "{error}");
}

#[test]
fn an_operator_takes_a_mailbox_from_whoever_has_it() {
    let daemon = Running::start();
    let mut holder = hold(&daemon, &[]);
    let (code, _, error) = said(&daemon.run(&["doe", "release", DEVICE, "--mailbox", MAILBOX, "--dry-run"]));
    assert!(code == Some(0) && error.contains(&format!("(process {})", holder.0.id())), "{error}");
    assert!(!owner(&daemon).is_null());
    let (code, _, error) = said(&daemon.run(&["doe", "release", DEVICE, "--mailbox", MAILBOX]));
    assert!(code == Some(0) && error.contains("is taken from"), "{error}");
    assert!(owner(&daemon).is_null());
    // The one who had it is told when it says again that it wants it.
    let error = std::io::read_to_string(holder.0.stderr.take().unwrap()).unwrap();
    assert_eq!(holder.0.wait().unwrap().code(), Some(8), "{error}");
    assert!(error.contains("an operator took the mailbox away") && error.contains("hint: "), "{error}");
}

#[test]
fn who_detaches_a_mailbox_has_it_at_once() {
    let daemon = Running::start();
    let _loser = hold(&daemon, &[]);
    let _holder = hold(&daemon, &["--detach"]);
    assert_eq!(owner(&daemon)["detached"], true);
    let (code, _, error) = said(&daemon.run(&["doe", "discover", DEVICE]));
    assert!(code == Some(8) && error.contains("has detached the mailbox"), "{error}");
    let (_, status, _) = said(&daemon.run(&["status"]));
    assert!(status.contains("(detached)"), "{status}");
}

#[test]
fn who_may_nothing_is_refused_by_policy() {
    let daemon = Running::under(Policy::default(), Limits::default());
    for arguments in [&["status"][..], &["monitor"], &["list"], &["doe", "discover"], &["show", "0d:00.0"]] {
        let (code, out, error) = said(&daemon.run(arguments));
        assert_eq!((code, out), (Some(6), String::new()), "{error}");
        assert!(error.contains("refused by policy") && error.contains("hint: "), "{error}");
    }
}

#[test]
fn a_named_socket_that_nobody_listens_on_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("none");
    let list = |socket: &std::path::Path| {
        said(&Command::new(LANEWARDEN).arg("--socket").arg(socket).arg("list").output().unwrap())
    };
    let (code, out, error) = list(&socket);
    assert_eq!((code, out), (Some(3), String::new()));
    assert!(error.contains("no daemon at ") && error.contains("hint: "), "{error}");
    let daemon = Running::start();
    let here =
        Command::new(LANEWARDEN).env("LANEWARDEN_SOCKET", &daemon.socket).arg("list").output().unwrap();
    assert_eq!(said(&here), said(&daemon.run(&["list"])), "the environment names it too");
    std::fs::write(daemon.folder.path().join("file"), "").unwrap();
    assert_eq!(list(&daemon.folder.path().join("file")).0, Some(3), "nobody listens on a file");
}

/// What happens is told as it happens, an object in each line.
#[test]
fn a_monitor_tells_of_a_claim() {
    let daemon = Running::start();
    let mut monitor = Holder(daemon.command(&["monitor", "--json"]).spawn().unwrap());
    let lines = BufReader::new(monitor.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut events = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap());
    let (stop, claims) = (
        std::sync::atomic::AtomicBool::new(false),
        ["doe", "claim", DEVICE, "--mailbox", MAILBOX, "--for", "1ms"],
    );
    std::thread::scope(|scope| {
        // Until it is seen: the monitor may not listen yet when the first comes.
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                daemon.run(&claims);
            }
        });
        let claimed = events.find(|event| event["event"] == "claimed").unwrap();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(
            (&claimed["schema"], &claimed["address"]),
            (&"lanewarden.event/1".into(), &"0000:0f:00.0".into())
        );
        let released = events.find(|event| event["request"] == claimed["request"]).unwrap();
        assert_eq!(released["event"], "released", "{released}");
    });
}
