//! The binary answers.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use lanewarden_crypto::HashAlgorithm;
use lanewarden_net::{Socket, TransportError, emulator};
use lanewarden_spdm::certificate::{AnchorList, ChainReader, NoRevocations, Rules};
use lanewarden_spdm::message::KeyOperation;
use lanewarden_spdm::requester::{
    Event, MeasurementRequest, Parts, PeerKey, PresharedKey, Requester, RunError, SessionRequest, Settings,
    run,
};
use lanewarden_spdm::session::{RecordForm, Seat, seats};
use lanewarden_time::{Clock, Instant};
use libtest_mimic::Failed;

use crate::image::Image;
use crate::said::Folders;
use crate::spy::{Known, MATERIAL, Spy};
use crate::{LANEWARDEN, check_open, check_over};

const PATIENCE: Duration = Duration::from_secs(30);
const PSK: &[u8] = b"a key that both sides have";

/// Keys are exchanged.
pub fn exchanged() -> Result<(), Failed> {
    let mut meeting = Meeting::new();
    let id = meeting.asker.open(&meeting.folders);
    meeting.keep(id, &[]);
    meeting.end(id, &[]);
    Ok(())
}

/// The key is there from before. The responder goes on needing it, for the next session.
pub fn preshared() -> Result<(), Failed> {
    let mut meeting = Meeting::new();
    let id = meeting.asker.open_with_key();
    meeting.keep(id, &[MATERIAL]);
    meeting.end(id, &[MATERIAL]);
    Ok(())
}

/// Nothing is said in it that could lie over what the handshake left.
pub fn short() -> Result<(), Failed> {
    let mut meeting = Meeting::new();
    let id = meeting.asker.open(&meeting.folders);
    meeting.end(id, &[]);
    Ok(())
}

/// Nobody ends it.
pub fn lost() -> Result<(), Failed> {
    let Meeting { folders, mut device, mut asker, spy } = Meeting::new();
    asker.open(&folders);
    check_open(&device.image(), &spy.known());
    drop(asker);
    device.says("it has left");
    check_over(&device.image(), &spy, &[]);
    folders.check(&[("standard error", device.end())], &spy.known());
    Ok(())
}

/// The binary and our requester.
struct Meeting {
    folders: Folders,
    device: Device,
    asker: Asker,
    spy: Spy,
}

impl Meeting {
    fn new() -> Self {
        let (folders, spy) = (Folders::new(), Spy::default());
        let device = Device::start(&folders);
        let asker = Asker::meet(&device.place, spy.clone());
        Self { folders, device, asker, spy }
    }

    fn known(&self, but: &[&str]) -> Vec<Known> {
        self.spy.known().into_iter().filter(|known| !but.contains(&known.what.as_str())).collect()
    }

    /// Everything is done in it.
    fn keep(&mut self, id: u32, but: &[&str]) {
        let wanted = MeasurementRequest { signed: None, ..MeasurementRequest::all_signed(0) };
        self.asker.requester.within(id).measurements(wanted).unwrap();
        self.asker.drive(drop_event);
        check_open(&self.device.image(), &self.known(but));
        for operation in [KeyOperation::UpdateKey, KeyOperation::UpdateAllKeys, KeyOperation::UpdateAllKeys] {
            self.asker.requester.within(id).update_keys(operation).unwrap();
            self.asker.drive(drop_event);
        }
        check_open(&self.device.image(), &self.known(but));
    }

    fn end(mut self, id: u32, but: &[&str]) {
        self.asker.requester.within(id).end(false).unwrap();
        self.asker.drive(drop_event);
        check_over(&self.device.image(), &self.spy, but);
        let known = self.known(but);
        self.folders.check(&[("standard error", self.device.end())], &known);
    }
}

/// The binary, and what it says.
struct Device {
    process: Child,
    place: String,
    voice: BufReader<ChildStderr>,
    said: Vec<u8>,
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Device {
    fn start(folders: &Folders) -> Self {
        std::fs::write(folders.given("key"), PSK).unwrap();
        let mut command = Command::new(LANEWARDEN);
        command.args(["respond", "-vv", "--json", "--make", "--listen", "127.0.0.1:0", "--heartbeat", "60"]);
        command.arg("--identity").arg(folders.given("identity"));
        command.args(["--psk".into(), format!("hint:{}", folders.given("key").display())]);
        command.arg("--pcap").arg(folders.written("device.pcap")).args(folders.keylog());
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let voice = BufReader::new(process.stderr.take().unwrap());
        let mut device = Self { process, place: String::new(), voice, said: Vec::new() };
        device.place = device.says("listening on ");
        device
    }

    fn image(&self) -> Image {
        Image::of(self.process.id()).unwrap()
    }

    /// Waits for a line that begins so, and gives the rest of it.
    fn says(&mut self, beginning: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.voice.read_line(&mut line).unwrap() > 0, "it does not say: {beginning}");
            self.said.extend_from_slice(line.as_bytes());
            if let Some(rest) = line.trim_end().strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
    }

    /// Ends it; what it has said.
    fn end(mut self) -> Vec<u8> {
        self.process.kill().unwrap();
        self.voice.read_to_end(&mut self.said).unwrap();
        std::mem::take(&mut self.said)
    }
}

/// The time since a start.
pub struct Wall(pub std::time::Instant);

impl Clock for Wall {
    fn now(&self) -> Instant {
        Instant::new(self.0.elapsed())
    }

    fn wait_until(&self, deadline: Instant) {
        std::thread::sleep(deadline - self.now());
    }
}

type Ours = Requester<Parts<Spy, (), [Seat<Spy>; 1]>, Vec<u8>>;

/// Our requester.
struct Asker {
    requester: Ours,
    client: emulator::Client<Socket>,
    clock: Wall,
    spy: Spy,
}

impl Asker {
    fn meet(place: &str, spy: Spy) -> Self {
        let transport = emulator::Transport::Doe;
        let mut client = emulator::Client::connect(place.parse().unwrap(), transport, PATIENCE).unwrap();
        client.hello(PATIENCE).unwrap();
        client.discover(PATIENCE).unwrap();
        let parts = Parts::new(spy.clone()).with_sessions(seats());
        let requester = Requester::new(parts, Settings::default(), vec![0; 0x2000]);
        let mut asker = Self { requester, client, clock: Wall(std::time::Instant::now()), spy };
        asker.requester.connect().unwrap();
        asker.drive(drop_event);
        asker
    }

    fn drive(&mut self, show: impl FnMut(Event<'_>)) {
        let mut answer = vec![0; 0x2000 + RecordForm::AROUND];
        let done: Result<(), RunError<TransportError>> =
            run(&mut self.requester, &mut self.client, &self.clock, &mut answer, show);
        done.unwrap();
    }

    /// A session with the key of slot 0.
    fn open(&mut self, folders: &Folders) -> u32 {
        self.requester.digests().unwrap();
        self.drive(drop_event);
        let identity = lanewarden_identity::Identity::load(&folders.given("identity")).unwrap();
        let (root, algorithm) = ([identity.root()], HashAlgorithm::Sha384);
        let anchors = AnchorList::new(&root, 1).unwrap();
        let rules = Rules::responder(algorithm, None);
        let mut reader =
            ChainReader::new(self.spy.clone(), anchors, NoRevocations, rules, vec![0; 0x2000]).unwrap();
        self.requester.certificate(0).unwrap();
        self.drive(|event| {
            if let Event::Portion(portion) = event {
                reader.push(portion.bytes).unwrap();
            }
        });
        let leaf = reader.finish().unwrap().leaf;
        self.requester.know(0, PeerKey { key: leaf.key().clone(), chain: *leaf.chain_digest() });
        self.requester.key_exchange(SessionRequest::default()).unwrap();
        self.opened()
    }

    /// A session with the key from before.
    fn open_with_key(&mut self) -> u32 {
        self.requester
            .psk_exchange(SessionRequest::default(), PresharedKey { hint: b"hint", key: PSK })
            .unwrap();
        self.opened()
    }

    fn opened(&mut self) -> u32 {
        let mut session = None;
        self.drive(|event| {
            if let Event::Opened(id) = event {
                session = Some(id);
            }
        });
        session.unwrap()
    }
}

fn drop_event(_: Event<'_>) {}
