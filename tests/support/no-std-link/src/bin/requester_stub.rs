//! A requester that authenticates a device and reads its measurements, with a stub of cryptography.
#![no_std]
#![no_main]

use lanewarden_no_std_link::port::{Port, Waiting};
use lanewarden_no_std_link::program;
use lanewarden_no_std_link::requester::{Driven, Judge};
use lanewarden_no_std_link::stub::Stub;
use lanewarden_spdm::certificate::{AnchorList, NoRevocations};
use lanewarden_spdm::requester::{MIN_BUFFER, Parts, Requester, Settings};

program!(run);

fn run() -> bool {
    let provider = Stub;
    let anchor = [Port.stored()];
    let Ok(anchors) = AnchorList::new(&anchor, 1) else { return false };
    let judge = Judge { provider, anchors, revocations: NoRevocations, now: None };
    let mut requester = Requester::new(Parts::new(provider), Settings::default(), [0; MIN_BUFFER]);
    let (mut transport, clock) = (Port, Waiting::default());
    let mut driven = Driven {
        requester: &mut requester,
        transport: &mut transport,
        clock: &clock,
        answer: &mut [0; 4608],
    };
    driven.authenticate(judge, &mut [0; 1024], |_| ()).is_ok() && driven.measurements().is_ok()
}
