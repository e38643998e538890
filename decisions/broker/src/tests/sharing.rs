//! One mailbox, many users: who gets what, and who does not.

use lanewarden_doe::{AccessError, Error, Holder, Phase};

use super::*;
use crate::{Busy, Denial, Loss};

/// Row B12: an exchange is begun when the one before it has been reported, and not before.
#[test]
fn exchanges_on_a_mailbox_never_overlap() {
    let (mut stage, device) = stage();
    let (one, two) = (stage.connect(USER), stage.connect(USER));
    let first = stage.ask(one, device.instance(FIRST)).unwrap();
    let second = stage.ask(two, device.instance(FIRST)).unwrap();
    assert_eq!(start_of(&stage.acts()).0, first);
    stage.answer(device.instance(FIRST), first, payload_of(one));
    let acts = stage.acts();
    assert_eq!(acts[0], answered(one, first));
    assert_eq!(start_of(&acts).0, second);
}

/// Row B17: the mailboxes of a device work side by side.
#[test]
fn mailboxes_are_used_side_by_side() {
    let (mut stage, device) = stage();
    let user = stage.connect(USER);
    stage.ask(user, device.instance(FIRST)).unwrap();
    stage.ask(user, device.instance(SECOND)).unwrap();
    assert_eq!(stage.acts().len(), 2);
}

/// Row B7: an answer of another protocol reaches nobody; the one who asked gets an error, and who waits is served.
#[test]
fn a_wrong_answer_is_an_error_for_the_one_who_asked() {
    let (mut stage, device) = stage();
    let (one, two) = (stage.connect(USER), stage.connect(USER));
    let first = stage.ask(one, device.instance(FIRST)).unwrap();
    let second = stage.ask(two, device.instance(FIRST)).unwrap();
    stage.acts();
    let wrong = Error::WrongProtocol { expected: Protocol::DISCOVERY, seen: Protocol::CMA_SPDM };
    stage.broker.completed(device.instance(FIRST).mailbox, first, Outcome::Failed(wrong), stage.now).unwrap();
    let acts = stage.acts();
    assert_eq!(acts[0], refused(one, first, Refusal::Failed(wrong)));
    assert_eq!(start_of(&acts).0, second);
}

/// Rows B3, B8: a client that neither collects nor speaks loses what it waits for and what it holds. The mailbox goes on
/// to the next in bounded time, and the client may come back.
#[test]
fn a_stopped_client_loses_its_turn_and_not_the_mailbox() {
    let (mut stage, device) = stage();
    let (stopped, internal) = (stage.connect(USER), stage.connect(Who::Internal));
    let claim = stage.claim(stopped, device.instance(FIRST)).unwrap();
    assert_eq!(stage.acts(), [Act::Granted { client: stopped, request: claim }]);
    let waits = stage.ask(internal, device.instance(FIRST)).unwrap();
    stage.pass(Limits::default().collect);
    let acts = stage.acts();
    assert!(acts.iter().any(|act| matches!(act, Act::Ended { client, .. } if *client == stopped)));
    assert_eq!(start_of(&acts).0, waits);
    assert_eq!(stage.ask(stopped, device.instance(FIRST)), Err(Refusal::Busy(Busy::Uncollected)));
    stage.broker.collected(stopped, claim, stage.now);
    assert!(stage.ask(stopped, device.instance(FIRST)).is_ok());
}

/// Row B3: what a client that does not collect still waits for is given up; an exchange that is under way for it ends
/// well, for nobody's loss.
#[test]
fn who_does_not_collect_is_passed_over() {
    let (mut stage, device) = stage();
    let (lazy, other) = (stage.connect(USER), stage.connect(USER));
    let instance = device.instance(FIRST);
    let requests: Vec<_> = (0..3).map(|_| stage.ask(lazy, instance).unwrap()).collect();
    stage.acts();
    stage.answer(instance, requests[0], payload_of(lazy));
    assert_eq!(start_of(&stage.acts()).0, requests[1]);
    stage.ask(other, instance).unwrap();
    stage.pass(Limits::default().collect);
    let why = Refusal::Preempted(Loss::Uncollected);
    let given_up = stage.acts();
    assert!(given_up.contains(&refused(lazy, requests[2], why)), "{given_up:?}");
    stage.answer(instance, requests[1], payload_of(lazy));
    assert_eq!(stage.acts()[0], answered(lazy, requests[1]));
    let what = stage.events();
    assert!(what.contains(&What::Stalled(lazy)), "{what:?}");
}

/// Row B10: an abort ends what is under way and what waits, each once; the answer that comes all the same reaches nobody.
#[test]
fn an_abort_cancels_everybody_once() {
    let (mut stage, device) = stage();
    let (one, two, root) = (stage.connect(USER), stage.connect(USER), stage.connect(ROOT));
    let instance = device.instance(FIRST);
    let (first, second) = (stage.ask(one, instance).unwrap(), stage.ask(two, instance).unwrap());
    stage.acts();
    assert_eq!(stage.broker.abort(one, instance, stage.now), Err(Refusal::Denied(Denial::Permission)));
    stage.broker.abort(root, instance, stage.now).unwrap();
    let cancelled = |client, request| refused(client, request, Refusal::Cancelled);
    let stop = Act::Stop { instance, request: first };
    assert_eq!(stage.acts(), [cancelled(one, first), stop, cancelled(two, second)]);
    let third = stage.ask(two, instance).unwrap();
    assert_eq!(stage.acts(), [], "it has not stopped yet");
    stage.answer(instance, first, payload_of(one));
    assert_eq!(start_of(&stage.acts()), (third, Condition::Clean), "it has been aborted already");
    assert!(stage.events().contains(&What::Aborted(instance, root)));
}

/// Row B6: an abort of an idle mailbox is done by the next exchange, once.
#[test]
fn an_idle_mailbox_is_aborted_by_the_next_exchange() {
    let (mut stage, device) = stage();
    let root = stage.connect(ROOT);
    let instance = device.instance(FIRST);
    stage.broker.abort(root, instance, stage.now).unwrap();
    stage.ask(root, instance).unwrap();
    stage.ask(root, instance).unwrap();
    let (first, condition) = start_of(&stage.acts());
    assert_eq!(condition, Condition::Touched);
    stage.answer(instance, first, 0);
    assert_eq!(start_of(&stage.acts()).1, Condition::Clean);
}

/// Rows B1, B4: after a restart a mailbox may be a stranger's: every exchange is begun with care until one has gone well,
/// the one who asked hears that it is busy, and it is on record once.
#[test]
fn a_strangers_mailbox_is_busy_and_left_alone() {
    let (mut stage, _) = stage();
    let (user, root) = (stage.connect(USER), stage.connect(ROOT));
    let instance = stage.broker.arrive(address(2), &[FIRST], Condition::Strangers, stage.now).instance(FIRST);
    stage.broker.abort(root, instance, stage.now).unwrap();
    stage.events();
    for _ in 0..3 {
        let request = stage.ask(user, instance).unwrap();
        assert_eq!(start_of(&stage.acts()), (request, Condition::Strangers), "an abort does not change that");
        let blocked = Outcome::Failed(Error::Blocked(Holder::UnreadAnswer));
        stage.broker.completed(instance.mailbox, request, blocked, stage.now).unwrap();
        let busy = Refusal::Busy(Busy::OtherAgent(Holder::UnreadAnswer));
        assert_eq!(stage.acts(), [refused(user, request, busy)]);
        stage.broker.collected(user, request, stage.now);
    }
    let blocked = What::Blocked(instance, Holder::UnreadAnswer);
    assert_eq!(stage.events().iter().filter(|what| **what == blocked).count(), 1);
    let request = stage.ask(user, instance).unwrap();
    stage.ask(user, instance).unwrap();
    stage.acts();
    stage.answer(instance, request, 0);
    assert_eq!(start_of(&stage.acts()).1, Condition::Clean);
}

/// Row B11: whoever does the exchange is told to stop when its time is over; if it does not, the mailbox is dead and
/// everybody there is told.
#[test]
fn an_exchange_that_does_not_end_leaves_a_dead_mailbox() {
    let (mut stage, device) = stage();
    let (one, two) = (stage.connect(USER), stage.connect(USER));
    let instance = device.instance(FIRST);
    let (first, second) = (stage.ask(one, instance).unwrap(), stage.ask(two, instance).unwrap());
    stage.acts();
    stage.pass(Limits::default().exchange);
    assert_eq!(stage.acts(), [Act::Stop { instance, request: first }]);
    stage.pass(Limits::default().stop);
    let dead = |client, request| refused(client, request, Refusal::Dead);
    assert_eq!(stage.acts(), [dead(one, first), dead(two, second)]);
    assert_eq!(stage.ask(one, instance), Err(Refusal::Dead));
    assert!(stage.ask(one, device.instance(SECOND)).is_ok(), "no other mailbox is");
    stage.answer(instance, first, 0);
    assert!(!stage.acts().contains(&answered(one, first)), "too late");
}

/// Row B11: an exchange that stops when it is told to has timed out, and nothing is dead.
#[test]
fn an_exchange_that_stops_has_timed_out() {
    let (mut stage, device) = stage();
    let user = stage.connect(USER);
    let instance = device.instance(FIRST);
    let request = stage.ask(user, instance).unwrap();
    stage.pass(Limits::default().exchange);
    stage.acts();
    let cancelled = Outcome::Failed(Error::Cancelled);
    stage.broker.completed(instance.mailbox, request, cancelled, stage.now).unwrap();
    assert_eq!(stage.acts(), [refused(user, request, Refusal::Failed(Error::Timeout))]);
    assert!(stage.ask(user, instance).is_ok());
}

/// Row D3: a client that dies lets go of everything, and its answer goes to nobody.
#[test]
fn a_client_that_dies_lets_go() {
    let (mut stage, device) = stage();
    let (dies, lives) = (stage.connect(USER), stage.connect(USER));
    let claim = stage.claim(dies, device.instance(FIRST)).unwrap();
    let running = stage.ask(dies, device.instance(FIRST)).unwrap();
    stage.ask(dies, device.instance(FIRST)).unwrap();
    let waits = stage.claim(lives, device.instance(FIRST)).unwrap();
    stage.acts();
    stage.broker.disconnect(dies, stage.now);
    assert_eq!(stage.acts(), [], "the dead client's exchange is still under way");
    stage.answer(device.instance(FIRST), running, 0);
    let granted = Act::Granted { client: lives, request: waits };
    assert_eq!(stage.acts(), [granted], "nobody is told but who is next");
    assert_eq!(stage.broker.release(dies, claim, stage.now), Err(Refusal::Denied(Denial::Unknown)));
}

#[test]
fn a_client_has_no_more_under_way_than_it_may() {
    let limits = Limits { requests: 2, bytes: 100, ..Limits::default() };
    let (mut stage, device) = stage();
    stage.broker = Broker::new(limits, Rules::default());
    let device = stage.broker.arrive(device.address, &[FIRST], Condition::Clean, stage.now);
    let instance = device.instance(FIRST);
    let (user, other) = (stage.connect(USER), stage.connect(USER));
    let of = |bytes| Ask::new(instance, Protocol::DISCOVERY, 1, bytes);
    assert_eq!(stage.broker.submit(user, of(101), stage.now), Err(Refusal::Busy(Busy::Bytes)));
    let first = stage.broker.submit(user, of(60), stage.now).unwrap();
    assert_eq!(stage.broker.submit(user, of(41), stage.now), Err(Refusal::Busy(Busy::Bytes)));
    stage.broker.submit(user, of(40), stage.now).unwrap();
    assert_eq!(stage.broker.submit(user, of(0), stage.now), Err(Refusal::Busy(Busy::Requests)));
    assert!(stage.broker.submit(other, of(60), stage.now).is_ok(), "another's account is another");
    stage.answer(instance, first, 1);
    assert_eq!(
        stage.broker.submit(user, of(0), stage.now),
        Err(Refusal::Busy(Busy::Requests)),
        "not collected"
    );
    stage.broker.collected(user, first, stage.now);
    assert!(stage.broker.submit(user, of(60), stage.now).is_ok());
}

/// Row B8: users cannot keep the daemon itself from a place.
#[test]
fn there_is_always_a_place_for_the_daemon() {
    let mut broker =
        Broker::<(), (), Rules>::new(Limits { clients: 1, ..Limits::default() }, Rules::default());
    assert!(broker.connect(USER, Instant::ORIGIN).is_ok());
    assert_eq!(broker.connect(USER, Instant::ORIGIN), Err(Refusal::Denied(Denial::Clients)));
    assert!(broker.connect(Who::Internal, Instant::ORIGIN).is_ok());
}

/// Row B8: a user does not get more turns by more connections than it may have.
#[test]
fn a_user_has_a_bounded_number_of_clients() {
    let (mut stage, _) = stage();
    let user = |user| Who::User { user, process: 7, role: 0 };
    for _ in 0..Limits::default().clients_per_user {
        stage.connect(user(1000));
    }
    assert_eq!(stage.broker.connect(user(1000), stage.now), Err(Refusal::Denied(Denial::Clients)));
    stage.connect(user(1001));
}

/// Row T22: an exchange that finds its device gone is the news for all who wait for any of its mailboxes.
#[test]
fn a_device_found_gone_is_gone_for_all() {
    let (mut stage, device) = stage();
    let (one, two) = (stage.connect(USER), stage.connect(USER));
    let first = stage.ask(one, device.instance(FIRST)).unwrap();
    let other = stage.ask(two, device.instance(SECOND)).unwrap();
    stage.acts();
    let gone = Error::Access { phase: Phase::Await, source: AccessError::Gone };
    stage.broker.completed(device.instance(FIRST).mailbox, first, Outcome::Failed(gone), stage.now).unwrap();
    let stop = Act::Stop { instance: device.instance(SECOND), request: other };
    assert_eq!(stage.acts(), [refused(one, first, Refusal::Gone), refused(two, other, Refusal::Gone), stop]);
    assert_eq!(stage.broker.device(device.address), None);
}
