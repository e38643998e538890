//! Attestation of a thousand emulated devices, all mailboxes at once on one thread: how long it takes when the devices
//! make their keys, how long when they have them, and how much of that is the host's part.
#![allow(missing_docs)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // no peer but the emulated

use std::cell::Cell;
use std::rc::Rc;

use lanewarden_attestation::{Attestation, Options, Trust, Verdict, identity};
use lanewarden_aws_lc::AwsLc;
use lanewarden_doe::{Direct, Host, Policy};
use lanewarden_emulation::attach;
use lanewarden_inventory::{Conversation, converse, read_function};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{AccessError, Address, Claim, ConfigSpace, Function, LockError, Machine, MailboxId};
use lanewarden_sim::{Scenario, Simulator};
use lanewarden_spdm::certificate::{AnchorList, NoRevocations};
use lanewarden_time::{Clock, Instant};
use rustix::time::{ClockId, clock_gettime};

const DEVICES: usize = 1000;
const RUNS: usize = 5;
/// The middle of 2026, in Unix seconds.
const NOW: u64 = 1_782_864_000;

fn main() {
    let scenario = Scenario::synthetic(3 * DEVICES, 1);
    let simulator = Simulator::new(&scenario).unwrap();
    let emulation = attach(&simulator, &scenario).unwrap();
    let anchors = emulation.anchors();
    let candidates = candidates(&simulator);
    println!("devices: {}", candidates.len());
    let machine = Watched { simulator, within: Rc::default() };
    println!("                 wall, s  processor, s  host, s  emulated machine, s");
    attest(&machine, &candidates, &anchors).show("first");
    let mut runs: Vec<_> = (0..RUNS).map(|_| attest(&machine, &candidates, &anchors)).collect();
    runs.sort_by(|a, b| a.processor.total_cmp(&b.processor));
    for (name, at) in [("again, least", 0), ("again, median", RUNS / 2), ("again, most", RUNS - 1)] {
        runs[at].show(name);
    }
    let host = runs[RUNS / 2].host();
    println!("host, a device: {:.2} ms", 1e3 * host / candidates.len() as f64);
}

/// So many devices, and the mailbox of each.
fn candidates(simulator: &Simulator) -> Vec<(Function, MailboxId, Doe)> {
    let devices = simulator.spdm_devices().into_iter().take(DEVICES);
    let candidate = |id: MailboxId| {
        let function = read_function(simulator, id.address).unwrap();
        let doe = *function.does.iter().find(|doe| doe.offset == id.offset).unwrap();
        (function, id, doe)
    };
    devices.map(|device| candidate(device.mailbox)).collect()
}

struct Run {
    wall: f64,
    processor: f64,
    machine: f64,
}

impl Run {
    fn host(&self) -> f64 {
        self.processor - self.machine
    }

    fn show(&self, name: &str) {
        let Self { wall, processor, machine } = self;
        println!("{name:15}  {wall:7.2}  {processor:12.2}  {:7.2}  {machine:19.2}", self.host());
    }
}

fn attest(machine: &Watched, candidates: &[(Function, MailboxId, Doe)], anchors: &[Vec<u8>]) -> Run {
    let anchors: Vec<&[u8]> = anchors.iter().map(Vec::as_slice).collect();
    let anchors = AnchorList::new(&anchors, 1).unwrap();
    let trust = Trust::new(&anchors, &NoRevocations, Some(NOW));
    machine.within.set(0.0);
    let (start, began) = (std::time::Instant::now(), processor());
    let talk = |function| {
        Attestation::new(AwsLc, &trust, Options { device: Some(identity(function)), ..Options::default() })
    };
    let mut talks: Vec<_> = candidates.iter().map(|(function, ..)| talk(function)).collect();
    let jobs = candidates.iter().zip(&mut talks);
    let jobs = jobs.map(|((_, id, doe), talk)| (*id, *doe, talk as &mut dyn Conversation)).collect();
    converse(machine, jobs, lanewarden_inventory::Options::default(), &mut |_| ());
    let (wall, processor) = (start.elapsed().as_secs_f64(), processor() - began);
    // Whoever else uses the processor interrupts both parts alike.
    let run = Run { wall, processor, machine: processor * machine.within.get() / wall };
    for talk in &talks {
        assert!(matches!(talk.script().report().verdict(), Verdict::Trusted), "a device is not trusted");
    }
    run
}

fn processor() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// An emulated machine, and the time that this thread spends in it.
struct Watched {
    simulator: Simulator,
    within: Rc<Cell<f64>>,
}

struct WatchedConfig {
    config: <Simulator as Machine>::Config,
    within: Rc<Cell<f64>>,
}

/// By the clock on the wall, which is read much faster than the processor's.
fn timed<T>(within: &Cell<f64>, work: impl FnOnce() -> T) -> T {
    let start = std::time::Instant::now();
    let done = work();
    within.set(within.get() + start.elapsed().as_secs_f64());
    done
}

impl ConfigSpace for WatchedConfig {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        timed(&self.within, || self.config.read(offset))
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        timed(&self.within, || self.config.write(offset, value))
    }

    fn size(&self) -> u16 {
        self.config.size()
    }
}

impl Clock for Watched {
    fn now(&self) -> Instant {
        self.simulator.now()
    }

    fn wait_until(&self, deadline: Instant) {
        timed(&self.within, || self.simulator.wait_until(deadline));
    }
}

impl Machine for Watched {
    type Config = WatchedConfig;
    type Lock = <Simulator as Machine>::Lock;

    fn functions(&self) -> Result<Vec<Address>, AccessError> {
        self.simulator.functions()
    }

    fn open(&self, address: Address) -> Result<WatchedConfig, AccessError> {
        let config = self.simulator.open(address)?;
        Ok(WatchedConfig { config, within: Rc::clone(&self.within) })
    }

    fn try_lock(&self, mailbox: MailboxId) -> Result<Self::Lock, LockError> {
        self.simulator.try_lock(mailbox)
    }

    fn claim(&self, mailbox: MailboxId) -> Option<Claim> {
        self.simulator.claim(mailbox)
    }

    fn driver(&self, address: Address) -> Option<String> {
        self.simulator.driver(address)
    }

    fn cxl_objects(&self, address: Address) -> Vec<String> {
        self.simulator.cxl_objects(address)
    }

    fn kernel_doe_features(&self, address: Address) -> Option<Vec<String>> {
        self.simulator.kernel_doe_features(address)
    }

    fn kernel_cdat(&self, address: Address) -> Option<Vec<u8>> {
        self.simulator.kernel_cdat(address)
    }

    fn host_bridge_uid(&self, segment: u32, bus: u8) -> Option<u32> {
        self.simulator.host_bridge_uid(segment, bus)
    }

    fn acpi_tables(&self, signature: [u8; 4]) -> Result<Vec<Vec<u8>>, AccessError> {
        self.simulator.acpi_tables(signature)
    }
}

impl Host for Watched {
    type Carrier = Direct<Self>;

    fn carrier(
        &self,
        mailbox: MailboxId,
        capability: Doe,
        room: usize,
        policy: Policy,
    ) -> Result<Direct<Self>, AccessError> {
        Direct::new(self, mailbox, capability, room, policy)
    }
}
