//! A responder with a chain and measurements, with a stub of cryptography.
#![no_std]
#![no_main]

use lanewarden_no_std_link::port::Port;
use lanewarden_no_std_link::program;
use lanewarden_no_std_link::responder::{Slot, small};
use lanewarden_no_std_link::stub::Stub;
use lanewarden_spdm::Instant;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::responder::{Responder, Settings};

program!(run);

fn run() -> bool {
    let measured = [Port.stored(), Port.stored()];
    let identities = Slot { certificates: Port.stored(), signer: Stub };
    let parts = small(Stub, identities, &measured);
    let mut responder = Responder::new(parts, Settings::default(), [0_u8; 4608 + 16]);
    let mut room = [0; 4608];
    loop {
        let message = Port.receive(&mut room);
        if message.is_empty() {
            return true;
        }
        if let Some((_, answer)) = responder.respond(Instant::ORIGIN, MessageKind::Plain, message) {
            Port.send(answer);
        }
    }
}
