use super::*;

/// What a daemon says with one client that has a mailbox, one that waits for it, and a dead mailbox.
fn report() -> Report {
    let text = r#"{
        "version": "0.1.0", "process": 4711, "uptime_ms": 3723004, "findings": ["0000:0e:00.0 \u001b[2J: claimed"],
        "clients": [
            {"client": 1, "user": null, "process": null, "requests": 0, "uncollected": 0, "bytes": 0, "stalled": false},
            {"client": 3, "user": 1000, "process": 42, "requests": 1, "uncollected": 0, "bytes": 64, "stalled": false},
            {"client": 4, "user": 0, "process": 43, "requests": 1, "uncollected": 7, "bytes": 90, "stalled": true}
        ],
        "devices": [
            {"address": "0000:0d:00.0", "generation": 2, "lock": null, "waiting_for_lock": 0, "mailboxes": [
                {"mailbox": 400, "state": "busy", "condition": "clean", "running": {"request": 9, "client": 3},
                 "owner": {"client": 3, "claim": 8, "detached": false, "silent_ms": 15, "contended": true}, "waiting": 1},
                {"mailbox": 432, "state": "idle", "condition": "strangers", "running": null, "owner": null, "waiting": 0}
            ]},
            {"address": "0000:0e:00.0", "generation": 1, "lock": null, "waiting_for_lock": 0, "mailboxes": [
                {"mailbox": 400, "state": "dead", "condition": "touched", "running": null, "owner": null, "waiting": 0}
            ]},
            {"address": "0000:0f:00.0", "generation": 1, "lock": {"client": 4, "remaining_ms": 700},
             "waiting_for_lock": 2, "mailboxes": [
                {"mailbox": 400, "state": "idle", "condition": "clean", "running": null, "owner": null, "waiting": 0}
            ]}
        ],
        "statistics": {"started": 10, "answered": 8, "lost": 1, "busy": 2, "preempted": 1, "cancelled": 0, "dead": 0,
                       "denied": 0, "gone": 0, "failed": 1}
    }"#;
    serde_json::from_str(text).unwrap()
}

#[test]
fn who_uses_what_is_seen_at_a_glance() {
    insta::assert_snapshot!(text(&report(), 0));
}

#[test]
fn idle_mailboxes_are_listed_where_more_is_asked_for() {
    let (some, all) = (text(&report(), 0), text(&report(), 1));
    assert!(some.contains("1 mailbox is idle") && !some.contains("[1b0]"), "{some}");
    assert!(!all.contains("is idle") && all.contains("0000:0d:00.0 [1b0]  2           idle"), "{all}");
}

#[test]
fn what_programs_get_has_a_frozen_shape() {
    let json = Json { schema: "lanewarden.status/1", report: &report() };
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn times_have_the_units_that_suit_them() {
    let times = [0, 999, 1000, 59_999, 60_000, 3_723_004, 86_400_000, 200_000_000].map(time);
    assert_eq!(times, ["0 ms", "999 ms", "1 s", "59 s", "1 min 0 s", "1 h 2 min", "1 d 0 h", "2 d 7 h"]);
}
