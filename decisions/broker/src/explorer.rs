//! The state space, all of it: see [`world`] for what may happen and what must hold.
//!
//! States are told apart by what matters in them ([`encode`]), so there are finitely many, and each is looked at once.
//! The crate stateright does such searches too; for these few lines it would bring some forty packages, among them a web
//! server, and puts equal clients in order only when it goes depth first, where a way to a bug is not a short one.

#![allow(clippy::arithmetic_side_effects)]

mod checks;
mod encode;
mod obey;
mod search;
mod world;

use core::time::Duration;
use std::println;
use std::time::Instant;

use crate::Limits;
use search::{Found, explore};
use world::{Report, Scope, Told, World};

/// Bugs that are put in on purpose, to see that they are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// An exchange that nobody waits for any more does not count as under way.
    StartWhileRunning,
    /// The client that has just been served keeps its place.
    SameClientAgain,
    /// An answer that nobody waits for goes to whoever waits next.
    AnswerToTheNext,
    /// A claim stays when its client dies.
    ClaimOutlivesClient,
    /// After a release nobody looks who waits.
    ReleaseWakesNobody,
}

const fn limits() -> Limits {
    Limits {
        clients: 8,
        clients_per_user: 8,
        requests: 8,
        bytes: 1 << 20,
        patience: Duration::from_millis(4),
        exchange: Duration::from_millis(2),
        stop: Duration::from_millis(1),
        lease: Duration::from_millis(1),
        turn: Duration::from_millis(2),
        config: Duration::from_millis(1),
        collect: Duration::from_millis(2),
        urgent_in_a_row: 2,
        events: 64,
    }
}

/// One mailbox on each of two functions.
const APART: &[&[u16]] = &[&[0x100], &[0x100]];
/// Two mailboxes on one function.
const TOGETHER: &[&[u16]] = &[&[0x100, 0x200]];

const ONE: &[&[u16]] = &[&[0x100]];

const NOTHING: Scope = Scope {
    clients: 2,
    functions: APART,
    requests: 1,
    claims: false,
    urgent: false,
    locks: false,
    operator: false,
    collecting: false,
    crashes: false,
    cancels: false,
    hotplug: 0,
    errors: &[],
    strangers: false,
    firmware: false,
    limits: limits(),
};

/// More than any of these has; a scope that grows beyond it has to be cut, or it takes too long.
const MOST: usize = 400_000;

fn run(name: &str, scope: Scope) -> Found {
    let start = Instant::now();
    let found = explore(World::new(scope, None), MOST);
    println!("{name}: {} in {:.1?}", found.story(), start.elapsed());
    found
}

/// Everything that can be reached keeps the rules, and all of `expected` is among what happens on the way.
#[track_caller]
fn holds(name: &str, scope: Scope, expected: &[Told]) {
    let found = run(name, scope);
    assert!(found.broken.is_none(), "{}", found.story());
    assert!(found.complete, "{name} has more than {MOST} states");
    for told in expected {
        assert!(found.told.contains(told), "{told:?} never happens: {:?}", found.told);
    }
}

/// Rows B12, T22: two clients, each with a mailbox of its own kind to want: nobody overlaps, nobody gets another's answer
/// or one of a device that is gone, whoever dies, gives up, is late or is unplugged, and whenever that is.
#[test]
fn two_clients_do_not_meet() {
    let scope =
        Scope { claims: true, crashes: true, cancels: true, errors: &[Report::Dead], hotplug: 1, ..NOTHING };
    let gone = [Told::Refusal("gone"), Told::Lost("gone"), Told::Refusal("dead"), Told::Lost("dead")];
    holds("two clients, two mailboxes", scope, &gone);
    let late =
        [Told::Overdue, Told::Orphaned, Told::Lost("silent"), Told::Lost("turn"), Told::Refusal("busy")];
    holds("several requests of each", Scope { requests: 2, functions: ONE, hotplug: 0, ..scope }, &late);
    holds("and two mailboxes", Scope { requests: 2, ..NOTHING }, &[Told::Answer]);
}

/// Rows B1, B7: an exchange that fails fails for the one who asked, and what may be a stranger's is left alone until an
/// exchange has gone well.
#[test]
fn failures_and_strangers_concern_nobody_else() {
    let errors = &[Report::TimedOut, Report::Blocked, Report::Dead];
    let scope = Scope { errors, strangers: true, hotplug: 1, cancels: true, ..NOTHING };
    holds(
        "errors and strangers",
        scope,
        &[Told::Refusal("failed"), Told::Refusal("busy"), Told::Refusal("cancelled")],
    );
}

/// Rows B5, B12: a lock over configuration space, two mailboxes under it: all are idle while it is held, and it neither
/// starves nor is starved.
#[test]
fn a_lock_has_the_function_alone() {
    let scope =
        Scope { functions: TOGETHER, claims: true, locks: true, crashes: true, hotplug: 1, ..NOTHING };
    holds("locks", scope, &[Told::Lost("turn"), Told::Refusal("busy"), Told::Refusal("gone")]);
}

/// Rows B3, B8: clients that stop collecting, at any point, and that do or do not come back.
#[test]
fn who_does_not_collect_loses_turns_and_nothing_else_is_lost() {
    let uncollected = [Told::Stalled, Told::Recovered, Told::Preempted("uncollected")];
    holds("collecting, two mailboxes", Scope { collecting: true, ..NOTHING }, &uncollected);
    let scope = Scope { functions: ONE, claims: true, collecting: true, crashes: true, ..NOTHING };
    holds("collecting with claims", scope, &[Told::Lost("uncollected")]);
}

/// Rows B8, B10, B15, D5: urgent requests, aborts and an operator who takes mailboxes away.
#[test]
fn who_has_to_yield_is_told() {
    let scope = Scope { claims: true, urgent: true, operator: true, ..NOTHING };
    let yielding = [Told::Lost("urgent"), Told::Lost("detached"), Told::Preempted("detached")];
    holds("urgent, aborts, detaching", scope, &yielding);
    let scope = Scope { functions: ONE, locks: true, hotplug: 1, crashes: true, cancels: true, ..scope };
    holds("with locks and hotplug", scope, &yielding);
    let scope = Scope { functions: ONE, requests: 2, claims: true, urgent: true, ..NOTHING };
    holds("urgent, several requests", scope, &[Told::Preempted("urgent")]);
}

/// Row B2: the firmware takes a mailbox and gives it back at any point.
#[test]
fn nothing_is_begun_on_what_the_firmware_has() {
    holds(
        "firmware",
        Scope { claims: true, firmware: true, cancels: true, ..NOTHING },
        &[Told::Refusal("busy")],
    );
}

/// Row B12: three clients; fairness is bounded by who there is, not by what they ask for.
#[test]
fn three_clients_have_their_turns() {
    let three = Scope { clients: 3, ..NOTHING };
    let hotplug = Scope { crashes: true, cancels: true, hotplug: 1, errors: &[Report::Dead], ..three };
    holds("three clients, two mailboxes", hotplug, &[Told::Refusal("gone"), Told::Refusal("dead")]);
    let claims = Scope { claims: true, crashes: true, cancels: true, functions: ONE, ..three };
    holds("three clients with claims", claims, &[Told::Lost("turn"), Told::Lost("silent")]);
    holds("several requests of each", Scope { requests: 2, functions: ONE, ..three }, &[Told::Answer]);
    holds(
        "one of them urgent",
        Scope { claims: true, urgent: true, functions: ONE, ..three },
        &[Told::Lost("urgent")],
    );
    holds("with locks", Scope { locks: true, functions: TOGETHER, ..three }, &[Told::Lost("turn")]);
}

/// What the explorer says of a bug that was put in on purpose.
#[track_caller]
fn finds(plant: Plant, scope: Scope, what: &str) {
    let found = explore(World::new(scope, Some(plant)), MOST);
    println!("{plant:?}: {}", found.story());
    let (broken, _) = found.broken.expect("the bug is found");
    assert!(broken.contains(what), "{broken}");
}

#[test]
fn planted_bugs_are_found() {
    let scope = Scope { claims: true, crashes: true, cancels: true, ..NOTHING };
    finds(Plant::StartWhileRunning, scope, "overlaps");
    finds(Plant::AnswerToTheNext, scope, "got the answer to");
    finds(Plant::ClaimOutlivesClient, scope, "is no more");
    finds(Plant::ReleaseWakesNobody, scope, "waits for an idle mailbox");
    finds(Plant::SameClientAgain, Scope { requests: 3, functions: ONE, ..NOTHING }, "was passed by");
}
