//! Stateful protocols own their mailbox from the first message to the last, within bounds.

use super::*;
use crate::{Busy, Denial, Loss};

/// Rows B13, B19: a stateful protocol is not spoken without a claim, so that no walk or connection is ever mixed with
/// another.
#[test]
fn stateful_protocols_need_a_claim() {
    let (mut stage, device) = stage();
    let user = stage.connect(USER);
    let instance = device.instance(FIRST);
    for protocol in [Protocol::CMA_SPDM, Protocol::SECURED_CMA_SPDM, Protocol::CXL_TABLE_ACCESS] {
        assert_eq!(stage.ask_in(user, instance, protocol), Err(Refusal::Denied(Denial::Unclaimed)));
    }
    stage.claim(user, instance).unwrap();
    assert!(stage.ask_in(user, instance, Protocol::CMA_SPDM).is_ok());
}

/// Rows D3, B12: while one client has the mailbox nobody else is let in between, and the owner can be seen.
#[test]
fn a_claim_keeps_others_out_until_it_is_released() {
    let (mut stage, device) = stage();
    let (owner, other) = (stage.connect(USER), stage.connect(USER));
    let instance = device.instance(FIRST);
    let claim = stage.claim(owner, instance).unwrap();
    let waits = stage.ask(other, instance).unwrap();
    for _ in 0..3 {
        let request = stage.ask_in(owner, instance, Protocol::CXL_TABLE_ACCESS).unwrap();
        assert_eq!(stage.serve().0, [request]);
    }
    assert_eq!(stage.broker.owner(instance), Some(owner));
    let status = &stage.broker.snapshot(stage.now).functions[0].mailboxes[0];
    assert!(status.owner.is_some_and(|owner| owner.contended && !owner.detached) && status.waiting == 1);
    stage.broker.release(owner, claim, stage.now).unwrap();
    assert_eq!(stage.serve().0, [waits]);
    assert_eq!(stage.broker.owner(instance), None);
}

/// Row D3: who will not wait hears at once that it is busy, and whose it is.
#[test]
fn who_does_not_wait_hears_whose_it_is() {
    let (mut stage, device) = stage();
    let (owner, other) = (stage.connect(USER), stage.connect(USER));
    let instance = device.instance(FIRST);
    stage.claim(owner, instance).unwrap();
    stage.serve();
    let ask = Ask::new(instance, Protocol::DISCOVERY, 0, 8).patience(NO_WAIT);
    let request = stage.broker.submit(other, ask, stage.now).unwrap();
    assert_eq!(stage.acts(), [refused(other, request, Refusal::Busy(Busy::Waited(Some(owner))))]);
}

/// Rows B3, B8: a claim on which nothing is said ends by itself, also when nobody else waits.
#[test]
fn a_silent_claim_ends_by_itself() {
    let (mut stage, device) = stage();
    let owner = stage.connect(USER);
    let instance = device.instance(FIRST);
    let claim = stage.claim(owner, instance).unwrap();
    stage.serve();
    let lease = Limits::default().lease;
    for _ in 0..3 {
        stage.pass(lease - seconds(1));
        stage.ask(owner, instance).unwrap();
        stage.serve();
    }
    assert_eq!(stage.broker.owner(instance), Some(owner), "each word renews it");
    stage.pass(lease);
    assert_eq!(stage.acts(), [Act::Ended { client: owner, request: claim, loss: Loss::Silent }]);
    assert_eq!(stage.broker.owner(instance), None);
}

/// A client that has nothing to ask may say that it is still there.
#[test]
fn a_claim_that_is_kept_does_not_end() {
    let (mut stage, device) = stage();
    let owner = stage.connect(USER);
    let instance = device.instance(FIRST);
    let claim = stage.claim(owner, instance).unwrap();
    stage.serve();
    let lease = Limits::default().lease;
    for _ in 0..3 {
        stage.pass(lease - seconds(1));
        assert_eq!(stage.broker.keep(owner, claim, stage.now), Ok(()));
        assert!(stage.acts().is_empty());
    }
    let other = stage.connect(USER);
    let unknown = Err(Refusal::Denied(Denial::Unknown));
    assert_eq!(stage.broker.keep(other, claim, stage.now), unknown, "it is another's");
    stage.pass(lease);
    assert_eq!(stage.broker.keep(owner, claim, stage.now), unknown, "it has ended");
}

/// Rows B8, B15: who talks on while others wait keeps the mailbox for its time and no longer; what it still asks for is
/// told why.
#[test]
fn a_talkative_claim_ends_when_others_wait() {
    let (mut stage, device) = stage();
    let (owner, other) = (stage.connect(USER), stage.connect(USER));
    let instance = device.instance(FIRST);
    let claim = stage.claim(owner, instance).unwrap();
    stage.serve();
    for _ in 0..20 {
        stage.pass(seconds(4));
        stage.ask(owner, instance).unwrap();
        stage.serve();
    }
    assert_eq!(stage.broker.owner(instance), Some(owner), "nobody waits");
    let waits = stage.ask(other, instance).unwrap();
    let mut last = None;
    for _ in 0..7 {
        stage.pass(seconds(4));
        last = Some(stage.ask(owner, instance).unwrap());
        stage.serve();
    }
    let running = stage.ask(owner, instance).unwrap();
    let queued = stage.ask(owner, instance).unwrap();
    assert_eq!(start_of(&stage.acts()).0, running);
    stage.pass(seconds(2));
    let preempted = refused(owner, queued, Refusal::Preempted(Loss::Turn));
    assert_eq!(stage.acts(), [preempted, Act::Ended { client: owner, request: claim, loss: Loss::Turn }]);
    assert!(last.is_some());
    stage.answer(instance, running, payload_of(owner));
    let acts = stage.acts();
    assert_eq!(acts[0], answered(owner, running), "what was under way ends well");
    assert_eq!(start_of(&acts).0, waits);
    assert_eq!(stage.broker.statistics().preempted, 1);
}

/// Rows B8, B15: a reset or a resume goes first: claims end, at once, and their owners are told; an exchange under way is
/// waited for.
#[test]
fn an_urgent_claim_goes_first() {
    let (mut stage, device) = stage();
    let (owner, other, internal) = (stage.connect(USER), stage.connect(USER), stage.connect(Who::Internal));
    let instance = device.instance(FIRST);
    let claim = stage.claim(owner, instance).unwrap();
    let running = stage.ask(owner, instance).unwrap();
    stage.ask(other, instance).unwrap();
    stage.acts();
    let denied = stage.broker.claim(other, instance, Urgency::Urgent, PATIENT, stage.now);
    assert_eq!(denied, Err(Refusal::Denied(Denial::Permission)), "that is the daemon's");
    let urgent = stage.broker.claim(internal, instance, Urgency::Urgent, PATIENT, stage.now).unwrap();
    assert_eq!(stage.acts(), [Act::Ended { client: owner, request: claim, loss: Loss::Urgent }]);
    stage.answer(instance, running, payload_of(owner));
    let acts = stage.acts();
    assert_eq!(acts, [answered(owner, running), Act::Granted { client: internal, request: urgent }]);
}

/// Urgent requests in great number do not starve an exchange.
#[test]
fn urgent_requests_let_one_pass_now_and_then() {
    let (mut stage, device) = stage();
    let (user, internal) = (stage.connect(USER), stage.connect(Who::Internal));
    let instance = device.instance(FIRST);
    stage.ask(internal, instance).unwrap();
    let waits = stage.ask(user, instance).unwrap();
    for _ in 0..40 {
        let urgent = Ask::new(instance, Protocol::DISCOVERY, 0, 8).urgent();
        stage.broker.submit(internal, urgent, stage.now).unwrap();
    }
    let (started, _) = stage.serve();
    let place = started.iter().position(|request| *request == waits);
    assert_eq!(place, Some(1 + usize::from(Limits::default().urgent_in_a_row)));
}

/// Rows D5, D7: an operator takes a mailbox away from everybody, the daemon included, and gives it back; all of it is on
/// record.
#[test]
fn a_detached_mailbox_is_the_operators_alone() {
    let (mut stage, device) = stage();
    let (root, user, internal) = (stage.connect(ROOT), stage.connect(USER), stage.connect(Who::Internal));
    let instance = device.instance(FIRST);
    let claim = stage.claim(internal, instance).unwrap();
    let waits = stage.ask(user, instance).unwrap();
    stage.serve();
    assert_eq!(stage.broker.detach(user, instance, stage.now), Err(Refusal::Denied(Denial::Permission)));
    let detached = stage.broker.detach(root, instance, stage.now).unwrap();
    let busy = Refusal::Busy(Busy::Detached(root));
    assert_eq!(
        stage.serve().1,
        [
            Act::Ended { client: internal, request: claim, loss: Loss::Detached },
            refused(user, waits, busy),
            Act::Granted { client: root, request: detached },
        ]
    );
    assert_eq!(stage.ask(user, instance), Err(busy));
    let urgent = Ask::new(instance, Protocol::DISCOVERY, 0, 8).urgent();
    assert_eq!(stage.broker.submit(internal, urgent, stage.now), Err(busy));
    let raw = Ask::new(instance, Protocol::CMA_SPDM, 7, 8).raw();
    let raw = stage.broker.submit(root, raw, stage.now).unwrap();
    assert_eq!(stage.serve().0, [raw]);
    stage.broker.release(root, detached, stage.now).unwrap();
    let again = stage.ask(user, instance).unwrap();
    assert_eq!(stage.serve().0, [again]);
    let events = stage.events();
    assert!(events.contains(&What::Detached(instance, root, detached)));
    assert!(events.contains(&What::Attached(instance, root, detached, None)));
}

/// Row D5: an operator that is stopped, or dies, does not keep the mailbox.
#[test]
fn a_detachment_ends_with_its_operator() {
    for dies in [false, true] {
        let (mut stage, device) = stage();
        let (root, user) = (stage.connect(ROOT), stage.connect(USER));
        stage.broker.detach(root, device.instance(FIRST), stage.now).unwrap();
        stage.serve();
        if dies {
            stage.broker.disconnect(root, stage.now);
        } else {
            stage.pass(Limits::default().lease);
        }
        assert!(stage.ask(user, device.instance(FIRST)).is_ok(), "{dies}");
    }
}

/// Row D9: two mailboxes of a device are claimed apart; giving up one leaves the other.
#[test]
fn claims_on_two_mailboxes_are_apart() {
    let (mut stage, device) = stage();
    let (one, two) = (stage.connect(USER), stage.connect(USER));
    let first = stage.claim(one, device.instance(FIRST)).unwrap();
    stage.claim(two, device.instance(SECOND)).unwrap();
    stage.serve();
    stage.broker.release(one, first, stage.now).unwrap();
    assert_eq!(stage.broker.owner(device.instance(FIRST)), None);
    assert_eq!(stage.broker.owner(device.instance(SECOND)), Some(two));
}

#[test]
fn a_client_does_not_wait_for_itself() {
    let (mut stage, device) = stage();
    let user = stage.connect(USER);
    stage.claim(user, device.instance(FIRST)).unwrap();
    stage.serve();
    assert_eq!(stage.claim(user, device.instance(FIRST)), Err(Refusal::Denied(Denial::AlreadyHeld)));
}

#[test]
fn a_release_ends_what_was_asked_for_under_it() {
    let (mut stage, device) = stage();
    let user = stage.connect(USER);
    let instance = device.instance(FIRST);
    let claim = stage.claim(user, instance).unwrap();
    stage.serve();
    let running = stage.ask_in(user, instance, Protocol::CMA_SPDM).unwrap();
    let queued = stage.ask_in(user, instance, Protocol::CMA_SPDM).unwrap();
    stage.acts();
    stage.broker.release(user, claim, stage.now).unwrap();
    assert_eq!(stage.acts(), [refused(user, queued, Refusal::Cancelled)]);
    assert_eq!(stage.broker.release(user, claim, stage.now), Err(Refusal::Denied(Denial::Unknown)));
    stage.answer(instance, running, payload_of(user));
    assert_eq!(stage.acts(), [answered(user, running)]);
}

/// Others' names are worth nothing.
#[test]
fn nobody_cancels_or_releases_what_is_anothers() {
    let (mut stage, device) = stage();
    let (user, thief) = (stage.connect(USER), stage.connect(USER));
    let claim = stage.claim(user, device.instance(FIRST)).unwrap();
    stage.serve();
    let request = stage.ask(user, device.instance(FIRST)).unwrap();
    let unknown = Err(Refusal::Denied(Denial::Unknown));
    assert_eq!(stage.broker.release(thief, claim, stage.now), unknown);
    assert_eq!(stage.broker.cancel(thief, request, stage.now), unknown);
    assert_eq!(stage.broker.owner(device.instance(FIRST)), Some(user));
    assert_eq!(stage.broker.cancel(user, request, stage.now), Ok(()));
}
