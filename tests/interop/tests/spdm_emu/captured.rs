//! What they capture of sessions with ours.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{AeadAlgorithm, Group};
use lanewarden_decode::capture::{CaptureReader, Direction};
use lanewarden_decode::keylog::{KeyLog, Phase, write_secrets};
use lanewarden_decode::{Dissector, Message, Protocol, dissected};
use lanewarden_interop::plan::Side;
use lanewarden_interop::scratch::Scratch;
use lanewarden_interop::sessions::{Secret, SessionRun, answer_in, ask_in};
use lanewarden_net::emulator::Transport;
use lanewarden_spdm::message::MutualAuthentication;
use lanewarden_spdm::{Part, Record, Version};
use libtest_mimic::Failed;

const CAPTURE: &str = "session.pcap";

/// Writes a key log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn read(&self) -> Result<KeyLog> {
        Ok(KeyLog::read(self.0.lock().unwrap().as_slice())?)
    }
}

impl Record for Log {
    fn request(&mut self, _: Part, _: &[u8]) {}
    fn response(&mut self, _: Part, _: &[u8]) {}
    fn signature(&mut self, _: Part, _: &[u8]) {}
    fn reset(&mut self, _: Part) {}

    fn secrets(&mut self, session: u32, is_established: bool, requester: &[u8], responder: &[u8]) {
        let phase = if is_established { Phase::Application } else { Phase::Handshake };
        write_secrets(&mut *self.0.lock().unwrap(), session, phase, requester, responder).unwrap();
    }
}

/// Their responder captures sessions that ours opens, over both transports of which it writes captures.
pub fn sessions(emulators: &Path) -> Result<(), Failed> {
    everywhere(emulators, Side::Asking)
}

/// Their requester captures the sessions that it opens with ours.
pub fn their_sessions(emulators: &Path) -> Result<(), Failed> {
    everywhere(emulators, Side::Answering)
}

fn everywhere(emulators: &Path, side: Side) -> Result<(), Failed> {
    for transport in [Transport::Doe, Transport::Mctp] {
        for secret in [Secret::Exchange(Group::Secp384r1), Secret::Preshared { with_context: true }] {
            for encrypts in [true, false] {
                session(emulators, side, transport, secret, encrypts)?;
            }
        }
    }
    Ok(())
}

fn session(emulators: &Path, side: Side, transport: Transport, secret: Secret, encrypts: bool) -> Result<()> {
    let run = SessionRun {
        side,
        transport,
        version: Version::V1_2,
        secret,
        cipher: AeadAlgorithm::Aes256Gcm,
        encrypts,
        in_the_clear: false,
        mutual: MutualAuthentication::None,
    };
    let scratch = Scratch::new(emulators)?;
    let log = Log::default();
    let capturing = ["--pcap", CAPTURE].map(str::to_owned);
    match side {
        Side::Asking => ask_in(&scratch, &run, log.clone(), &capturing)?,
        Side::Answering => answer_in(&scratch, &run, log.clone(), &capturing)?,
    };
    let capture = fs::read(scratch.path().join(CAPTURE))?;
    let dissector = Dissector::with_keys(AwsLc, log.read()?);
    let messages: Vec<_> = dissected(dissector, CaptureReader::new(capture.as_slice())?).collect();
    check(&messages, &run)
}

/// Everything opened, and what is done in a session is there, in both directions.
fn check(messages: &[Message], run: &SessionRun) -> Result<()> {
    let sealed = messages.iter().filter(|message| message.protocol == Protocol::Secured);
    for one in sealed {
        ensure!(one.gist.contains(", opened with the "), "{}: {}", one.number, one.gist);
    }
    let wrong = messages.iter().find(|message| message.error.is_some());
    ensure!(wrong.is_none(), "{wrong:?}");
    let inside = |name: &str, direction| {
        messages.iter().any(|message| {
            message.carried_by.is_some()
                && message.session.is_some()
                && message.name == name
                && message.direction == Some(direction)
        })
    };
    // Over PCI_DOE it is our responder who asks theirs for new keys (`lanewarden_interop::sessions`).
    let update = match (run.side, run.transport) {
        (Side::Answering, Transport::Doe) => ("DELIVER_ENCAPSULATED_RESPONSE", "ENCAPSULATED_RESPONSE_ACK"),
        _ => ("KEY_UPDATE", "KEY_UPDATE_ACK"),
    };
    for (request, response) in [
        update,
        ("HEARTBEAT", "HEARTBEAT_ACK"),
        ("GET_MEASUREMENTS", "MEASUREMENTS"),
        ("END_SESSION", "END_SESSION_ACK"),
    ] {
        ensure!(inside(request, Direction::ToResponder), "no {request} in the session");
        ensure!(inside(response, Direction::ToRequester), "no {response} in the session");
    }
    Ok(())
}
