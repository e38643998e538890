//! Their requester asks our responder.

use std::net::TcpListener;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use lanewarden_aws_lc::AwsLc;
use lanewarden_net::emulator::{ServerOptions, serve};
use lanewarden_net::{Ended, MessageKind, Responder as Answers, Stop, TransportError};
use lanewarden_spdm::message::{MIN_TRANSFER_SIZE, ValueType};
use lanewarden_spdm::responder::{Measurement, MeasurementSource, Parts, Responder, Settings, Value};

use lanewarden_time::Clock;

use crate::asking::{PATIENCE, Wall, options};
use crate::identities::{Chains, SLOTS};
use crate::names;
use crate::plan::{Combination, Measuring, Sizes};
use crate::program::{End, Program};
use crate::scratch::Scratch;
use crate::seen::Seen;

/// Room for the longest answer, and twice that, for chunks.
const BUFFER: usize = 0x4000;

/// What our responder measures: of each form something, and a manifest that is long.
const MEASUREMENTS: [(u8, ValueType, Value<'static>); 5] = [
    (1, ValueType::IMMUTABLE_ROM, Value::Measured(b"the code in the ROM")),
    (2, ValueType::MUTABLE_FIRMWARE, Value::Measured(b"the firmware")),
    (3, ValueType::HARDWARE_CONFIGURATION, Value::Plain(b"fuses")),
    (0x10, ValueType::SECURITY_VERSION, Value::Plain(&[7, 0, 0, 0, 0, 0, 0, 0])),
    (0xfd, ValueType::MANIFEST, Value::Plain(&[0x5a; 300])),
];

pub(crate) struct Source;

impl MeasurementSource for Source {
    fn count(&self) -> u8 {
        MEASUREMENTS.len().try_into().unwrap_or_default()
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        let (index, kind, value) = *MEASUREMENTS.get(usize::from(place))?;
        Some(Measurement { index, kind, is_tcb: index < 3, value })
    }
}

/// Our responder, and what it was asked and has answered.
struct Server {
    responder: Responder<Parts<AwsLc, Chains, Source>, Vec<u8>>,
    clock: Wall,
    seen: Seen,
}

impl Answers for Server {
    fn respond(
        &mut self,
        kind: MessageKind,
        request: &mut [u8],
        answer: &mut Vec<u8>,
    ) -> Option<MessageKind> {
        let (kind, said) = self.responder.respond(self.clock.now(), kind, request)?;
        self.seen.note(said);
        answer.extend(said);
        Some(kind)
    }

    fn connected(&mut self) {
        self.responder.reset();
    }

    fn disconnected(&mut self, why: Result<(), TransportError>) {
        self.seen.failed(why);
    }
}

/// Lets their requester ask our responder everything. Returns how many requests came.
///
/// # Errors
/// What either side has against the other.
pub fn run(emulators: &Path, one: &Combination) -> Result<usize> {
    let (scratch, chains) = (Scratch::new(emulators)?, Chains::new(one.signature)?);
    introduce(&scratch, one, &chains)?;
    let (end, seen) = attempt(&scratch, one, chains)?;
    end.check().with_context(|| format!("{seen:?}"))?;
    seen.check(one).with_context(|| format!("{seen:?}"))?;
    Ok(seen.requests)
}

/// Puts the roots of our chains in place of those that their requester trusts.
///
/// # Errors
/// Those of the file system.
pub fn introduce(scratch: &Scratch, one: &Combination, chains: &Chains) -> Result<()> {
    let folder = names::folder(one.signature);
    SLOTS.into_iter().try_for_each(|slot| scratch.replace(folder, names::root(slot), chains.root(slot)))
}

/// Lets their requester ask, whatever comes of it.
///
/// # Errors
/// Where there is no outcome.
pub fn attempt(scratch: &Scratch, one: &Combination, chains: Chains) -> Result<(End, Seen)> {
    let settings = match one.sizes {
        Sizes::Usual => Settings::default(),
        Sizes::Least => Settings { transfer_size: MIN_TRANSFER_SIZE, ..Settings::default() },
    };
    let parts = Parts::new(AwsLc).with_identities(chains).with_measurements(Source);
    let responder = Responder::new(parts, settings, vec![0; BUFFER]);
    let mut server = Server { responder, clock: Wall(std::time::Instant::now()), seen: Seen::default() };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let stop = Stop::new()?;
    let options = ServerOptions::new(one.transport);
    let end = std::thread::scope(|scope| {
        let served = scope.spawn(|| serve(&listener, &options, &stop, &mut server));
        let end = Program::start(scratch, "spdm_requester_emu", &arguments(one, port))
            .and_then(|program| program.end(PATIENCE));
        stop.stop();
        let ended: Ended = served.join().map_err(|_| anyhow!("our responder panicked"))??;
        end.map(|end| (end, ended))
    })?;
    Ok((end.0, server.seen))
}

fn arguments(one: &Combination, port: u16) -> Vec<String> {
    let (port, slot) = (port.to_string(), one.slot.to_string());
    let measuring = match one.measuring {
        Measuring::All => "ALL",
        Measuring::OneByOne => "ONE_BY_ONE",
    };
    let own = [
        ["--ip", "127.0.0.1"],
        ["--port", &port],
        ["--exe_conn", "DIGEST,CERT,CHAL,MEAS"],
        ["--exe_session", "NO_END"],
        ["--meas_op", measuring],
        ["--slot_id", &slot],
    ];
    own.into_iter().flatten().map(str::to_owned).chain(options(one)).collect()
}
