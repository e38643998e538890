//! Stories of the whole machine, seen as those see it that use it.
#![allow(clippy::arithmetic_side_effects)]

mod exchange;
mod faults;
mod noise;
mod topology;

use std::time::Duration;

use lanewarden_cxl::cdat::Table;
use lanewarden_cxl::table_access::{TableError, TableWalk};
use lanewarden_doe::{
    Discovery, DiscoveryError, Error, Mailbox, Policy, Protocol, Request, exchange as exchange_with,
};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Address, ConfigSpace, Machine, MailboxId};
use lanewarden_time::{Clock, Instant};

use crate::{Event, FunctionConfig, Incoming, Reply, Scenario, Simulator, What};

/// One memory below one root port, with room for a fault plan after it.
const ONE_MEMORY: &str = r#"
    [[bridges]]
    uid = 1
    cxl = true
    [[bridges.ports]]
    name = "port"
    [[bridges.ports.functions]]
    kind = "memory"
    name = "mem"
    interrupts = { msix = 4 }
    doe = [{ protocols = ["table_access", "1b36:e0", "cma_spdm"], interrupt = 2, answer_us = 2000 }]
    memory = [{ size_mib = 256, read_latency_ns = 150, read_bandwidth_mb_per_s = 30000 }]
"#;

/// A vendor's protocol, whose payloads come back.
const ECHO: Protocol = Protocol::new(0x1b36, 0xe0);

/// SPDM's first request.
const GET_VERSION: [u8; 4] = [0x10, 0x84, 0, 0];
/// What answers it where [`list_versions`] has been, padded to whole DWs: 1.0, 1.1, 1.2 and 1.3.
const VERSION: [u8; 16] = [0x10, 4, 0, 0, 0, 4, 0, 0x10, 0, 0x11, 0, 0x12, 0, 0x13, 0, 0];

/// Lets every mailbox that speaks SPDM answer GET_VERSION, and nothing else.
fn list_versions(simulator: &Simulator) {
    let answer = |incoming: &Incoming<'_>| {
        if incoming.payload == GET_VERSION { Reply::answer(VERSION.to_vec()) } else { Reply::Discard }
    };
    for device in simulator.spdm_devices() {
        device.protocols.iter().for_each(|protocol| {
            simulator.attach(device.mailbox, *protocol, Box::new(answer)).unwrap();
        });
    }
}

/// A host that uses one mailbox.
struct Host {
    simulator: Simulator,
    config: FunctionConfig,
    mailbox: Mailbox<Vec<u8>>,
}

impl Host {
    fn new(simulator: &Simulator, name: &str, nth: usize) -> Self {
        let address = simulator.address(name).unwrap();
        let id = simulator.mailboxes(address)[nth];
        Self::at(simulator, id, Policy::default())
    }

    fn at(simulator: &Simulator, id: MailboxId, policy: Policy) -> Self {
        let mut config = simulator.open(id.address).unwrap();
        let version = (config.read(id.offset).unwrap() >> 16 & 0xf) as u8;
        let capability = Doe::read(&mut config, id.offset, version).unwrap();
        let mailbox = Mailbox::new(capability, vec![0; 4096], policy);
        Self { simulator: simulator.clone(), config, mailbox }
    }

    fn ask(&mut self, protocol: Protocol, payload: &[u8]) -> Result<Vec<u8>, Error> {
        let request = Request::new(protocol, payload);
        exchange_with(&mut self.mailbox, &mut self.config, &self.simulator, &request).map(<[u8]>::to_vec)
    }

    fn echo(&mut self) -> Result<Vec<u8>, Error> {
        self.ask(ECHO, b"fourfive")
    }

    fn discover(&mut self) -> Result<Vec<Protocol>, Result<DiscoveryError, Error>> {
        let mut walk = Discovery::new(self.mailbox.capability().version);
        let mut found = Vec::new();
        while let Some(request) = walk.request() {
            let answer = self.ask(Protocol::DISCOVERY, &request).map_err(Err)?;
            found.extend(walk.answer(&answer).map_err(Ok)?.map(|feature| feature.protocol));
        }
        Ok(found)
    }

    fn table(&mut self) -> Result<Table, Result<TableError, Error>> {
        let mut walk = TableWalk::confirming();
        while let Some(request) = walk.request() {
            let answer = self.ask(Protocol::CXL_TABLE_ACCESS, &request).map_err(Err)?;
            walk.answer(&answer).map_err(Ok)?;
        }
        walk.finish().map_err(Ok)
    }
}

fn machine(text: &str) -> Simulator {
    let simulator = Simulator::new(&Scenario::parse(text).unwrap()).unwrap();
    simulator.keep_events(100_000);
    simulator
}

/// The memory of [`ONE_MEMORY`] with a line in its fault plan.
fn faulty(what: &str, when: &str) -> Simulator {
    machine(&format!("{ONE_MEMORY}\n[[faults]]\nat = \"mem\"\nwhen = {when}\nwhat = {what}"))
}

fn default_machine() -> Simulator {
    Simulator::new(&Scenario::default()).unwrap()
}

/// How often something has happened.
fn count(events: &[Event], is: impl Fn(&What) -> bool) -> usize {
    events.iter().filter(|event| is(&event.what)).count()
}

fn elapsed(clock: &impl Clock) -> Duration {
    clock.now() - Instant::ORIGIN
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}
