//! The binary asks.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use lanewarden_aws_lc::PrivateKey;
use lanewarden_crypto::Signer;
use lanewarden_identity::{Identity, IdentitySpec, Seed};
use lanewarden_net::emulator::{ServerOptions, Transport, serve};
use lanewarden_net::{MessageKind, Responder as Answers, Stop, TransportError, tcp};
use lanewarden_spdm::Identities;
use lanewarden_spdm::binding::Binding;
use lanewarden_spdm::message::ValueType;
use lanewarden_spdm::responder::{
    Measurement, MeasurementSource, Parts, PresharedKeys, Responder, Settings, Value,
};
use lanewarden_spdm::session::{Seat, seats};
use lanewarden_time::Clock;
use libtest_mimic::Failed;

use crate::image::Image;
use crate::responding::Wall;
use crate::said::Folders;
use crate::spy::Spy;
use crate::{LANEWARDEN, check_open, check_over};

/// The code of that request.
const KEY_EXCHANGE: u8 = 0xe4;
const PSK: &[u8] = b"another key that both sides have";

/// Keys are exchanged. In the session: FINISH, measurements, two messages for each update, a heartbeat.
pub fn exchanged() -> Result<(), Failed> {
    let words = ["spdm", "session", "measurements", "update-keys", "update-own-keys", "heartbeat"];
    run(&words, &[], Binding::DOE, 7);
    Ok(())
}

/// In the session: FINISH alone.
pub fn short() -> Result<(), Failed> {
    run(&["spdm", "session"], &[], Binding::DOE, 1);
    Ok(())
}

/// The key is there from before, and goes too.
pub fn preshared() -> Result<(), Failed> {
    let folders = Folders::new();
    std::fs::write(folders.given("key"), PSK).unwrap();
    let psk = format!("hint:{}", folders.given("key").display());
    run_in(&folders, &["spdm", "session", "update-keys", "heartbeat", "--psk", &psk], &[], Binding::MCTP, 4);
    Ok(())
}

/// With evidence. In the session: FINISH, measurements.
pub fn attested() -> Result<(), Failed> {
    run(&["attest", "--session"], &["--evidence"], Binding::TCP, 2);
    Ok(())
}

fn run(words: &[&str], writes: &[&str], binding: Binding, last: usize) {
    run_in(&Folders::new(), words, writes, binding, last);
}

/// Lets the binary do this with a responder of ours. An image is taken when the last message in its session but that which
/// ends it has come, and another after it, when it is held up by somebody who does not take what it prints.
fn run_in(folders: &Folders, words: &[&str], writes: &[&str], binding: Binding, last: usize) {
    let identity = Identity::generate(&Seed::new([7; 32]), &IdentitySpec::default()).unwrap();
    std::fs::create_dir(folders.given("anchors")).unwrap();
    identity.save(&folders.given("identity")).unwrap();
    std::fs::copy(folders.given("identity/root.pem"), folders.given("anchors/root.pem")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let mut command = Command::new(LANEWARDEN);
    command.args(["-vv", "--json"]).args(words).args(["--connect", &place, "--pcap"]);
    command.arg(folders.written("ours.pcap")).args(folders.keylog());
    command.args(["--transport", name(binding)]);
    if !words.contains(&"--psk") {
        command.arg("--anchors").arg(folders.given("anchors"));
    }
    for option in writes {
        command.arg(option).arg(folders.written("evidence"));
    }
    let (child, output) = held_up(&mut command);
    let spy = Spy::default();
    let server = Server::new(identity, spy.clone(), binding, child, last);
    let child = server.serve(&listener, binding);
    let said = finish(child, output);
    folders.check(&said, &spy.known());
    assert!(Path::new(&folders.written("evidence")).exists() != writes.is_empty());
}

fn name(binding: Binding) -> &'static str {
    match binding {
        Binding::MCTP => "mctp",
        Binding::TCP => "tcp",
        _ => "doe",
    }
}

/// Starts a program whose standard output is full from the first, so that it waits in the end.
fn held_up(command: &mut Command) -> (Child, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let full = loop {
        if let Err(error) = (&near).write(&[b'\n'; 4096]) {
            break error.kind();
        }
    };
    assert_eq!(full, ErrorKind::WouldBlock);
    near.set_nonblocking(false).unwrap();
    let child = command.stdout(OwnedFd::from(near)).stderr(Stdio::piped()).spawn().unwrap();
    // The command would keep it open.
    command.stdout(Stdio::null());
    (child, far)
}

/// Takes what it says.
fn finish(mut child: Child, mut output: UnixStream) -> [(&'static str, Vec<u8>); 2] {
    let (mut printed, mut said) = (Vec::new(), Vec::new());
    output.read_to_end(&mut printed).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}: {}", String::from_utf8_lossy(&said));
    [("standard output", printed), ("standard error", said)]
}

/// Who our responder is.
struct Who {
    certificates: Vec<u8>,
    key: PrivateKey,
}

impl Identities for Who {
    fn provisioned(&self) -> u8 {
        1
    }

    fn certificates(&self, slot: u8) -> Option<&[u8]> {
        (slot == 0).then_some(&self.certificates)
    }

    fn signer(&mut self, slot: u8) -> Option<&mut dyn Signer> {
        (slot == 0).then_some(&mut self.key as &mut dyn Signer)
    }
}

struct Firmware;

impl MeasurementSource for Firmware {
    fn count(&self) -> u8 {
        1
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        let value = Value::Measured(b"firmware");
        (place == 0).then_some(Measurement {
            index: 1,
            kind: ValueType::MUTABLE_FIRMWARE,
            is_tcb: true,
            value,
        })
    }
}

struct Key;

impl PresharedKeys for Key {
    fn key(&self, hint: &[u8]) -> Option<&[u8]> {
        (hint == b"hint").then_some(PSK)
    }
}

type Ours = Parts<Spy, Who, Firmware, (), (), [Seat<Spy>; 1], Key>;

/// Our responder, and the binary that it looks at.
struct Server {
    responder: Responder<Ours, Vec<u8>>,
    spy: Spy,
    clock: Wall,
    child: Child,
    last: usize,
    secured: usize,
    /// When its half of a key exchange waited for the other.
    exchanging: Option<Image>,
    stop: Stop,
}

impl Server {
    fn new(identity: Identity, spy: Spy, binding: Binding, child: Child, last: usize) -> Self {
        let key = PrivateKey::from_pkcs8(identity.key()).unwrap();
        let who = Who { certificates: identity.chain_der(), key };
        let parts = Parts::new(spy.clone()).with_identities(who).with_measurements(Firmware);
        let parts = parts.with_sessions(seats()).with_psk(Key);
        let settings = Settings { binding, heartbeat: 60, ..Settings::default() };
        let (responder, clock) =
            (Responder::new(parts, settings, vec![0; 0x4000]), Wall(std::time::Instant::now()));
        Self { responder, spy, clock, child, last, secured: 0, exchanging: None, stop: Stop::new().unwrap() }
    }

    /// Serves the binary to its end.
    fn serve(mut self, listener: &TcpListener, binding: Binding) -> Child {
        let stop = self.stop.clone();
        match binding {
            Binding::TCP => tcp::serve(listener, &tcp::ServerOptions::default(), &stop, &mut self),
            Binding::MCTP => serve(listener, &ServerOptions::new(Transport::Mctp), &stop, &mut self),
            _ => serve(listener, &ServerOptions::new(Transport::Doe), &stop, &mut self),
        }
        .unwrap();
        assert_eq!(self.secured, self.last + 1, "messages in the session");
        let is_there = |image: &Image| !image.find_private(&self.spy.public()).is_empty();
        assert!(self.exchanging.as_ref().is_none_or(is_there), "a private value is in use and not found");
        self.child
    }
}

impl Answers for Server {
    fn respond(
        &mut self,
        kind: MessageKind,
        request: &mut [u8],
        answer: &mut Vec<u8>,
    ) -> Option<MessageKind> {
        let image = || Image::of(self.child.id()).unwrap();
        self.secured += usize::from(kind == MessageKind::Secured);
        if kind == MessageKind::Secured && self.secured == self.last {
            check_open(&image(), &self.spy.known());
        }
        if request.get(1) == Some(&KEY_EXCHANGE) {
            self.exchanging = Some(image());
        }
        let (kind, said) = self.responder.respond(self.clock.now(), kind, request)?;
        answer.extend(said);
        Some(kind)
    }

    fn disconnected(&mut self, why: Result<(), TransportError>) {
        self.stop.stop();
        why.unwrap();
        check_over(&Image::of(self.child.id()).unwrap(), &self.spy, &[]);
    }
}
