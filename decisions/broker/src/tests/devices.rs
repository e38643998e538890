//! Devices that go, come back, and are others than before.

use super::*;
use crate::Loss;

/// Rows T21, T22: whoever waits for a device that goes, or has something of it, is told at once; the exchange under way is
/// stopped, and what it still brings reaches nobody.
#[test]
fn all_who_wait_for_a_device_hear_that_it_is_gone() {
    let (mut stage, device) = stage();
    let (owner, other, root) = (stage.connect(USER), stage.connect(USER), stage.connect(ROOT));
    let (first, second) = (device.instance(FIRST), device.instance(SECOND));
    let claim = stage.claim(owner, first).unwrap();
    let running = stage.ask(owner, first).unwrap();
    let queued = stage.ask(other, first).unwrap();
    let beside = stage.ask(other, second).unwrap();
    let lock = stage.broker.lock_config(root, device, PATIENT, stage.now).unwrap();
    stage.acts();
    stage.broker.vanish(device.address, stage.now);
    let gone = |client, request| refused(client, request, Refusal::Gone);
    assert_eq!(
        stage.acts(),
        [
            gone(root, lock),
            gone(owner, running),
            Act::Ended { client: owner, request: claim, loss: Loss::Gone },
            gone(other, queued),
            Act::Stop { instance: first, request: running },
            gone(other, beside),
            Act::Stop { instance: second, request: beside },
        ]
    );
    assert_eq!(stage.ask(other, first), Err(Refusal::Gone));
    stage.answer(first, running, 0);
    stage.answer(second, beside, 0);
    assert_eq!(stage.acts(), []);
    assert!(stage.broker.functions.is_empty(), "nothing of it stays behind");
}

/// Row T21: a device that takes another's place is another: old names are worth nothing, and no old answer is delivered.
#[test]
fn a_device_in_anothers_place_is_another() {
    let (mut stage, old) = stage();
    let user = stage.connect(USER);
    let running = stage.ask(user, old.instance(FIRST)).unwrap();
    stage.acts();
    let new = stage.broker.arrive(old.address, &[FIRST], Condition::Clean, stage.now);
    assert_ne!(new.generation, old.generation);
    assert_eq!(stage.acts()[0], refused(user, running, Refusal::Gone));
    assert_eq!(stage.ask(user, old.instance(FIRST)), Err(Refusal::Gone));
    let request = stage.ask(user, new.instance(FIRST)).unwrap();
    assert_eq!(stage.acts(), [], "somebody may still write to this address");
    stage.answer(old.instance(FIRST), running, payload_of(user));
    assert_eq!(start_of(&stage.acts()).0, request);
    assert_eq!(
        stage.broker.snapshot(stage.now).functions[0].mailboxes.len(),
        1,
        "the old second one is no more"
    );
}

/// Row T21: if whoever does the exchanges does not let go of the old device, the new one's mailbox is not used.
#[test]
fn a_new_device_does_not_wait_for_the_old_one_for_ever() {
    let (mut stage, old) = stage();
    let user = stage.connect(USER);
    stage.ask(user, old.instance(FIRST)).unwrap();
    let new = stage.broker.arrive(old.address, &[FIRST, SECOND], Condition::Clean, stage.now);
    let request = stage.ask(user, new.instance(FIRST)).unwrap();
    stage.acts();
    stage.pass(Limits::default().stop);
    assert_eq!(stage.acts(), [refused(user, request, Refusal::Dead)]);
    let beside = stage.ask(user, new.instance(SECOND)).unwrap();
    assert_eq!(start_of(&stage.acts()).0, beside);
}

/// A report that comes twice, or of what was never begun, comes to nothing and is on record.
#[test]
fn a_report_is_taken_once() {
    let (mut stage, device) = stage();
    let user = stage.connect(USER);
    let instance = device.instance(FIRST);
    let request = stage.ask(user, instance).unwrap();
    stage.acts();
    stage.answer(instance, request, 0);
    stage.acts();
    let again = Outcome::Answered(Reply { payload: 1, bytes: 1 });
    let stale = stage.broker.completed(instance.mailbox, request, again, stage.now);
    assert_eq!(stale, Err(crate::Stale(request, instance.mailbox)));
    assert_eq!(stage.acts(), []);
    assert!(stage.events().contains(&What::Stale(instance.mailbox, request)));
}

/// Row T15: the port's services are detached cleanly: what is under way on one function leaves another alone.
#[test]
fn a_device_that_goes_takes_no_other_along() {
    let (mut stage, device) = stage();
    let other = stage.broker.arrive(address(2), &[FIRST], Condition::Clean, stage.now);
    let user = stage.connect(USER);
    stage.ask(user, device.instance(FIRST)).unwrap();
    let stays = stage.ask(user, other.instance(FIRST)).unwrap();
    stage.acts();
    stage.broker.vanish(device.address, stage.now);
    stage.acts();
    stage.answer(other.instance(FIRST), stays, payload_of(user));
    assert_eq!(stage.acts(), [answered(user, stays)]);
}

/// Timers neither pile up nor go missing over many exchanges.
#[test]
fn timers_do_not_pile_up() {
    let (mut stage, device) = stage();
    let user = stage.connect(USER);
    for _ in 0..10_000 {
        stage.ask(user, device.instance(FIRST)).unwrap();
        stage.serve();
        stage.pass(Duration::from_millis(10));
    }
    assert!(stage.broker.desk.timers.len() < 16, "{}", stage.broker.desk.timers.len());
    stage.pass(seconds(120));
    assert_eq!(stage.broker.deadline(), None);
}
