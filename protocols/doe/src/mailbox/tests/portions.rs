//! Requests that are longer than what is written in one step.

use super::*;

/// Three portions, the last of them short.
const LONG: usize = 4 * 10_000;

/// A rig and a mailbox that take such a request, and the request.
fn long() -> (Rig, Mailbox<Vec<u8>>, Vec<u8>) {
    let rig = Rig::holding(8 + LONG);
    let mailbox = Mailbox::new(capability(), vec![0; LONG], Policy::default());
    let payload = (0..=250).cycle().take(LONG).collect();
    (rig, mailbox, payload)
}

/// A long request is written a portion at a time: between two of them another mailbox completes a whole exchange.
#[test]
fn a_long_request_lets_others_have_their_turn() {
    let (rig, mut mailbox, payload) = long();
    let other = Rig::new();
    let mut neighbour = other.mailbox(Policy::default());
    mailbox.send(&Request::new(TYPE, &payload)).unwrap();
    for written in [4096, 8192] {
        assert_eq!(mailbox.advance(&mut &rig, rig.now()), Ok(Step::Wait(rig.now())), "at once");
        assert_eq!((rig.written().len(), mailbox.statistics().sent), (written, 0));
        assert_eq!(other.exchange(&mut neighbour, &[1, 2, 3, 4]), Ok(vec![4, 3, 2, 1]));
    }
    while mailbox.advance(&mut &rig, rig.now()) != Ok(Step::Answered) {}
    let reversed: Vec<u8> = payload.iter().rev().copied().collect();
    assert_eq!((rig.written().len(), mailbox.answer() == reversed), (10_002, true));
    assert_eq!(mailbox.statistics(), Statistics { sent: 1, answered: 1, ..Statistics::default() });
}

/// The bar of n + 1 + 2m + 3 accesses holds for objects in portions too, and whatever length the last one has.
#[test]
fn portions_cost_no_access() {
    for payload in [4 * 4093, 4 * 4094, 4 * 4094 + 1, 4 * 8190, LONG] {
        let (rig, mut mailbox, bytes) = long();
        rig.exchange(&mut mailbox, &bytes[..payload]).unwrap();
        let dwords = 2 + payload.div_ceil(4);
        let accesses = rig.log.borrow();
        let polls = accesses.iter().filter(|a| **a == Access::Read(0x0c)).count() - 3;
        assert_eq!((accesses.len() - polls, polls), (dwords + 1 + 2 * dwords + 3, 1), "{payload} bytes");
    }
}

/// A device has its second from GO on (PCIe 6.x, 6.30.2), however long the request took to write.
#[test]
fn the_second_for_the_answer_begins_after_go() {
    let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
    for length in [4 * 4000, LONG] {
        for (millis, in_time) in [(999, true), (1000, true), (1001, false)] {
            let (rig, mut mailbox, payload) = long();
            let payload = &payload[..length];
            rig.cost_of_a_write.set(Duration::from_micros(500));
            rig.delay.set(Duration::from_millis(millis));
            let expected = if in_time { Ok(reversed(payload)) } else { Err(Error::Timeout) };
            assert!(rig.exchange(&mut mailbox, payload) == expected, "{length} bytes, {millis} ms");
        }
    }
}

/// Looks are rare where an interrupt is expected, but not the first: the second is late by that one interval.
#[test]
fn the_second_is_late_by_the_first_interval_at_most() {
    for vectors in [false, true] {
        let rig = Rig::new();
        rig.delay.set(Duration::from_secs(10));
        let mut mailbox = rig.mailbox(Policy::default());
        mailbox.set_vectors(vectors);
        mailbox.send(&Request::new(TYPE, &[])).unwrap();
        while rig.aborts() == 0 {
            let Ok(Step::Wait(until)) = mailbox.advance(&mut &rig, rig.now()) else {
                panic!("still in work")
            };
            if rig.aborts() == 0 {
                rig.wait_until(until);
            }
        }
        assert_eq!(rig.now().since_origin(), ANSWER_TIME + FIRST_POLL_INTERVAL);
    }
}

/// Row B10: a request that is cancelled half written is aborted, and the device never sees it.
#[test]
fn a_cancel_in_the_middle_of_a_request_aborts() {
    let (rig, mut mailbox, payload) = long();
    mailbox.send(&Request::new(TYPE, &payload)).unwrap();
    assert_eq!(mailbox.advance(&mut &rig, rig.now()), Ok(Step::Wait(rig.now())));
    mailbox.cancel();
    assert!(matches!(mailbox.advance(&mut &rig, rig.now()), Ok(Step::Wait(at)) if at > rig.now()));
    assert_eq!((rig.written().len(), rig.aborts()), (4096, 1));
    rig.wait_until(rig.now() + POLL_INTERVAL);
    assert_eq!(mailbox.advance(&mut &rig, rig.now()), Err(Error::Cancelled));
    assert_eq!(mailbox.statistics(), Statistics { aborts: 1, ..Statistics::default() }, "nothing was sent");
    assert_eq!(rig.exchange(&mut mailbox, &[5, 0, 0, 0]), Ok(vec![0, 0, 0, 5]), "and no trace is left");
}

/// Row T22: a device that vanishes half way is noticed by the mailbox, whose next exchange clears what was begun.
#[test]
fn a_request_that_broke_off_is_cleared_before_the_next() {
    let (rig, mut mailbox, payload) = long();
    mailbox.send(&Request::new(TYPE, &payload)).unwrap();
    assert_eq!(mailbox.advance(&mut &rig, rig.now()), Ok(Step::Wait(rig.now())));
    rig.refuses_writes.set(true);
    let gone = Error::Access { phase: Phase::Write, source: AccessError::Gone };
    assert_eq!(mailbox.advance(&mut &rig, rig.now()), Err(gone));
    rig.refuses_writes.set(false);
    assert_eq!(rig.exchange(&mut mailbox, &[5, 0, 0, 0]), Ok(vec![0, 0, 0, 5]));
    assert_eq!(rig.aborts(), 1);
}
