//! A responder with a chain and measurements, with cryptography.
#![no_std]
#![no_main]

use lanewarden_no_std_link::port::Port;
use lanewarden_no_std_link::program;
use lanewarden_no_std_link::responder::{Firmware, Slot};
use lanewarden_rustcrypto::{PrivateKey, RustCrypto};
use lanewarden_spdm::responder::{Parts, Responder, Settings};

program!(run);

fn run() -> bool {
    let Ok(signer) = PrivateKey::from_pkcs8(Port.stored()) else { return false };
    let measured = [Port.stored(), Port.stored()];
    let identities = Slot { certificates: Port.stored(), signer };
    let parts = Parts { identities, measurements: Firmware(&measured), vendor: () };
    let mut responder = Responder::new(RustCrypto::new(Port), Settings::default(), parts, [0_u8; 4608 + 16]);
    let mut room = [0; 4608];
    loop {
        let message = Port.receive(&mut room);
        if message.is_empty() {
            return true;
        }
        if let Some(answer) = responder.respond(message) {
            Port.send(answer);
        }
    }
}
