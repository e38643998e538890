//! Raw access to configuration space.

use super::*;
use crate::{Busy, Denial, Loss};

/// Rows B5, D4: the lock is given when all mailboxes of the function are idle and nobody's; nothing is begun until it
/// ends, and then the mailboxes are not believed.
#[test]
fn a_lock_waits_for_idle_mailboxes_and_keeps_them_so() {
    let (mut stage, device) = stage();
    let (root, user) = (stage.connect(ROOT), stage.connect(USER));
    let running = stage.ask(user, device.instance(FIRST)).unwrap();
    stage.acts();
    let lock = stage.broker.lock_config(root, device, PATIENT, stage.now).unwrap();
    let waits = stage.ask(user, device.instance(SECOND)).unwrap();
    assert_eq!(stage.acts(), [], "the other mailbox is idle, and stays so");
    assert!(!stage.broker.has_config(root, device, stage.now));
    stage.answer(device.instance(FIRST), running, payload_of(user));
    assert_eq!(stage.acts(), [answered(user, running), Act::Granted { client: root, request: lock }]);
    assert!(stage.broker.has_config(root, device, stage.now));
    assert!(!stage.broker.has_config(user, device, stage.now));
    stage.broker.release(root, lock, stage.now).unwrap();
    assert_eq!(start_of(&stage.acts()), (waits, Condition::Touched));
    let events = stage.events();
    assert!(events.contains(&What::Locked(device, root, lock)));
    assert!(events.contains(&What::Unlocked(device, root, lock, None)));
}

/// Row B5: the trying form is refused at once.
#[test]
fn a_lock_may_be_tried() {
    let (mut stage, device) = stage();
    let (root, user) = (stage.connect(ROOT), stage.connect(USER));
    stage.ask(user, device.instance(FIRST)).unwrap();
    stage.acts();
    let lock = stage.broker.lock_config(root, device, NO_WAIT, stage.now).unwrap();
    assert_eq!(stage.acts(), [refused(root, lock, Refusal::Busy(Busy::Waited(Some(user))))]);
    let denied = stage.broker.lock_config(user, device, PATIENT, stage.now);
    assert_eq!(denied, Err(Refusal::Denied(Denial::Permission)));
}

/// Rows B5, B8: the lock is bounded, whatever its client does, and the bound holds before anybody notices.
#[test]
fn a_lock_ends_by_itself() {
    let (mut stage, device) = stage();
    let (root, user) = (stage.connect(ROOT), stage.connect(USER));
    let lock = stage.broker.lock_config(root, device, PATIENT, stage.now).unwrap();
    let waits = stage.ask(user, device.instance(FIRST)).unwrap();
    stage.acts();
    let over = stage.now + Limits::default().config;
    assert!(!stage.broker.has_config(root, device, over));
    stage.pass(Limits::default().config);
    let acts = stage.acts();
    assert_eq!(acts[0], Act::Ended { client: root, request: lock, loss: Loss::Turn });
    assert_eq!(start_of(&acts).0, waits);
}

/// Row D4: a claimed mailbox is not written to behind its owner's back: the lock waits for the claim.
#[test]
fn a_lock_waits_for_claims() {
    let (mut stage, device) = stage();
    let (root, owner) = (stage.connect(ROOT), stage.connect(USER));
    let claim = stage.claim(owner, device.instance(SECOND)).unwrap();
    stage.serve();
    let lock = stage.broker.lock_config(root, device, PATIENT, stage.now).unwrap();
    let request = stage.ask(owner, device.instance(SECOND)).unwrap();
    assert_eq!(stage.serve().0, [request], "the owner goes on meanwhile");
    assert!(!stage.broker.has_config(root, device, stage.now));
    stage.broker.release(owner, claim, stage.now).unwrap();
    assert_eq!(stage.acts(), [Act::Granted { client: root, request: lock }]);
}

/// Locks one after the other do not starve a mailbox.
#[test]
fn locks_in_a_row_let_others_pass() {
    let (mut stage, device) = stage();
    let (one, two, user) = (stage.connect(ROOT), stage.connect(ROOT), stage.connect(USER));
    let first = stage.broker.lock_config(one, device, PATIENT, stage.now).unwrap();
    let second = stage.broker.lock_config(two, device, PATIENT, stage.now).unwrap();
    let waits = stage.ask(user, device.instance(FIRST)).unwrap();
    stage.acts();
    stage.broker.release(one, first, stage.now).unwrap();
    let (started, told) = stage.serve();
    assert_eq!(started, [waits]);
    assert_eq!(told.last(), Some(&Act::Granted { client: two, request: second }));
}

/// Row B8: a reset does not wait for somebody's lock.
#[test]
fn an_urgent_request_ends_a_lock() {
    let (mut stage, device) = stage();
    let (root, internal) = (stage.connect(ROOT), stage.connect(Who::Internal));
    let lock = stage.broker.lock_config(root, device, PATIENT, stage.now).unwrap();
    stage.acts();
    let urgent = Ask::new(device.instance(FIRST), Protocol::DISCOVERY, 0, 8).urgent();
    let urgent = stage.broker.submit(internal, urgent, stage.now).unwrap();
    let acts = stage.acts();
    assert_eq!(acts[0], Act::Ended { client: root, request: lock, loss: Loss::Urgent });
    assert_eq!(start_of(&acts), (urgent, Condition::Touched));
}
