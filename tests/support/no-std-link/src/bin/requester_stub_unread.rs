//! The same, but the chain is not read: somebody else knows the key. With a stub of cryptography.
#![no_std]
#![no_main]

use lanewarden_no_std_link::port::{Port, Waiting};
use lanewarden_no_std_link::program;
use lanewarden_no_std_link::requester::Driven;
use lanewarden_no_std_link::stub::Stub;
use lanewarden_spdm::requester::{MIN_BUFFER, Parts, PeerKey, Requester, Settings};

program!(run);

fn run() -> bool {
    let mut requester = Requester::new(Parts::new(Stub), Settings::default(), [0; MIN_BUFFER]);
    let (mut transport, clock) = (Port, Waiting::default());
    let mut driven = Driven {
        requester: &mut requester,
        transport: &mut transport,
        clock: &clock,
        answer: &mut [0; 4608],
    };
    if driven.meet().is_err() || driven.skip_chain().is_err() {
        return false;
    }
    let Some(chain) = driven.requester.digest(0).copied() else { return false };
    driven.requester.know(0, PeerKey { key: Stub, chain });
    driven.challenge().is_ok() && driven.measurements().is_ok()
}
