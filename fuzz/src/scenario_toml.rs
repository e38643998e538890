//! Scenarios: any text, and the machine that a sound one describes, with whatever faults it plans.

use std::time::Duration;

use lanewarden_doe::{Discovery, Mailbox, Policy, Protocol, Request, exchange};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Address, Counting, Function, Machine};
use lanewarden_sim::{Scenario, Simulator};
use lanewarden_time::Clock;

/// Functions that are looked at: enough for whatever a text of a fuzzer's length says.
const FUNCTIONS: usize = 16;

/// Longer texts only take longer.
const LONGEST: usize = 8192;

/// Reads a scenario, builds the machine, and scans it.
pub fn scenario_toml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > LONGEST {
        return;
    }
    match Scenario::parse(text) {
        Ok(scenario) => {
            scan(&Simulator::new(&scenario).expect("what was read can be built"), scenario.access_ns)
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn scan(machine: &Simulator, access_ns: u32) {
    let functions = machine.functions().expect("an emulated machine knows its functions");
    assert!(functions.is_sorted(), "functions come in ascending order");
    for address in functions.into_iter().take(FUNCTIONS) {
        let Ok(mut config) = machine.open(address) else { continue };
        let Ok(function) = Function::read(address, &mut config) else { continue };
        for doe in function.does.iter().take(2) {
            discover(machine, address, *doe, access_ns);
        }
    }
}

/// Whatever goes wrong, an exchange ends in bounded time, and an answer that is taken for one to discovery is one.
fn discover(machine: &Simulator, address: Address, doe: Doe, access_ns: u32) {
    let Ok(config) = machine.open(address) else { return };
    let mut config = Counting::new(config);
    let mut mailbox = Mailbox::new(doe, [0; 64], Policy::default());
    let mut walk = Discovery::new(doe.version);
    while let Some(request) = walk.request() {
        let (start, before) = (machine.now(), config.reads + config.writes);
        let request = Request::new(Protocol::DISCOVERY, &request);
        let answer = exchange(&mut mailbox, &mut config, machine, &request).map(<[u8]>::to_vec);
        let accesses = config.reads + config.writes - before;
        let at_the_registers = Duration::from_nanos(accesses * u64::from(access_ns));
        assert!(
            machine.now().since(start) <= LONGEST_EXCHANGE + at_the_registers,
            "an exchange ends in time"
        );
        match answer {
            Ok(payload) if walk.answer(&payload).is_ok() => {}
            _ => return,
        }
    }
}

/// An abort, the wait for somebody else, the answer, and an abort again, with a little for the polls between.
const LONGEST_EXCHANGE: Duration = Duration::from_millis(4100);
