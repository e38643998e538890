//! The user sees no difference.

use super::*;

fn without(arguments: &[&str]) -> Output {
    Command::new(LANEWARDEN).args(["--host", "sim"]).args(arguments).output().unwrap()
}

#[test]
fn every_verb_says_the_same_with_a_daemon_in_between() {
    let daemon = Running::start();
    for line in [
        "list",
        "list --json",
        "show --json",
        "show 0d:00.0 -vv",
        "topology",
        "topology --json",
        "doe discover",
        "doe discover 0f:00.0 --json",
        "doe exchange 0f:00.0 --protocol 0001:00 --hex 00000000",
        "doe exchange 0f:00.0 --protocol 1e98:02 --hex 00000000 --json",
        "doe exchange 0f:00.0 --protocol 1234:56 --hex 00000000",
        "doe exchange 0f:00.0 --protocol 1e98:02 --hex 00 --dry-run",
        "doe exchange fe:00.0 --protocol 1e98:02 --hex 00",
        "cxl cdat 0f:00.0",
        "cxl cdat 0f:00.0 --json",
        "cxl paths --json",
        "attest --all",
        "spdm certs 41:00.0",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let (through, alone) = (daemon.run(&arguments), without(&arguments));
        assert_eq!(said(&through), said(&alone), "{line}");
        assert!(!alone.stdout.is_empty() || !alone.stderr.is_empty(), "{line}");
    }
}

/// Of SPDM, whose answers are new in each run, the outcome is the same.
#[test]
fn a_session_is_held_through_a_daemon() {
    let daemon = Running::start();
    let arguments = ["spdm", "session", "41:00.0", "--json", "certs", "measurements", "heartbeat"];
    let (through, alone) = (said(&daemon.run(&arguments)), said(&without(&arguments)));
    assert_eq!((through.0, &through.2), (alone.0, &alone.2));
    let count = |text: &str| text.lines().count();
    assert_eq!(count(&through.1), count(&alone.1), "{}\n{}", through.1, alone.1);
}

/// Three programs with a connection each, and one more for all of them: none sees that it had to wait for that.
#[test]
fn few_connections_for_one_user_are_enough() {
    let clients_per_user = 4;
    let daemon = Running::under(for_us(), Limits { clients_per_user, ..Limits::default() });
    let scans: Vec<_> =
        (0..3).map(|_| daemon.command(&["doe", "discover", "--json"]).spawn().unwrap()).collect();
    let alone = said(&without(&["doe", "discover", "--json"]));
    for scan in scans {
        let through = said(&scan.wait_with_output().unwrap());
        assert!(through == alone, "{}", through.2);
    }
}
