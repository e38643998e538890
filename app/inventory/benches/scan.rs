//! How much a scan costs: configuration accesses against the least there can be, and wall time and memory from a
//! hundred functions to ten thousand. Each size runs in a process of its own, so that its memory is its own.
#![allow(missing_docs)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)] // no peer but the emulated

use std::process::Command;
use std::time::{Duration, Instant};

use lanewarden_cxl::table_access::TableWalk;
use lanewarden_doe::{Discovery, Mailbox, Policy, Protocol, Request, exchange};
use lanewarden_inventory::{Options, read_function, scan};
use lanewarden_pci::{Counting, Function, Machine};
use lanewarden_sim::{Scenario, Simulator};

const SIZE: &str = "LANEWARDEN_BENCH_FUNCTIONS";
const RUNS: usize = 7;
const TOTAL: usize = 10_000;

fn main() {
    match std::env::var(SIZE) {
        Ok(size) => one_size(size.parse().unwrap()),
        Err(_) => {
            accesses();
            println!(
                "\nfunctions  mailboxes  a scan         a function, min/median/max  memory       a function"
            );
            for size in [100, 1_000, 10_000] {
                let status =
                    Command::new(std::env::current_exe().unwrap()).env(SIZE, size.to_string()).status();
                assert!(status.unwrap().success());
            }
        }
    }
}

/// Ten thousand functions in all and their inventories kept, so that no size has the processor's caches to itself.
fn one_size(functions: usize) {
    let machine = |seed| Simulator::new(&Scenario::synthetic(functions, seed)).unwrap();
    let count = u64::try_from(TOTAL / functions).unwrap();
    let machines: Vec<_> = (0..count).map(machine).collect();
    let built = peak_kib();
    let first = scan(&machines[0], Options::default(), &mut |_| ()).unwrap();
    let grown = peak_kib() - built;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        let inventory = |machine| scan(machine, Options::default(), &mut |_| ()).unwrap();
        let inventories: Vec<_> = machines.iter().map(inventory).collect();
        times.push(start.elapsed());
        drop(inventories);
    }
    times.sort();
    let mailboxes: usize = all_mailboxes(&machines);
    let [min, median, max] =
        [times[0], times[RUNS / 2], times[RUNS - 1]].map(|t| t.as_secs_f64() * 1e6 / TOTAL as f64);
    println!(
        "{:9}  {:9}  {:10.2} ms  {min:6.2}/{median:6.2}/{max:6.2} us  {:7.1} MiB  {:9.2} KiB",
        first.hierarchy.len(),
        mailboxes / machines.len(),
        median * functions as f64 / 1e3,
        grown as f64 / 1024.0,
        grown as f64 / functions as f64,
    );
}

fn all_mailboxes(machines: &[Simulator]) -> usize {
    let of = |machine: &Simulator| -> usize {
        machine.functions().unwrap().iter().map(|address| machine.mailboxes(*address).len()).sum()
    };
    machines.iter().map(of).sum()
}

/// The most memory this process has had at once, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Discovery and a table, counted at the configuration space of a memory that answers at once: one look while waiting
/// for each answer, which the bar leaves out.
fn accesses() {
    let scenario = Scenario::parse(include_str!("prompt.toml")).unwrap();
    let simulator = Simulator::new(&scenario).unwrap();
    let functions = simulator.functions().unwrap().into_iter();
    let mut functions = functions.map(|address| read_function(&simulator, address).unwrap());
    let memory = functions.find(Function::is_cxl_memory).unwrap();
    let mut config = Counting::new(simulator.open(memory.address).unwrap());
    let mut mailbox = Mailbox::new(memory.does[0], vec![0; 4096], Policy::default());
    let mut ask = |protocol, request: [u8; 4]| {
        let answer =
            exchange(&mut mailbox, &mut config, &simulator, &Request::new(protocol, &request)).unwrap();
        let made = config.reads + config.writes;
        (config.reads, config.writes) = (0, 0);
        (answer.to_vec(), made)
    };

    println!("walk       exchanges  accesses made  least there can be");
    let mut discovery = Tally::default();
    let mut walk = Discovery::new(memory.does[0].version);
    while let Some(request) = walk.request() {
        let (answer, made) = ask(Protocol::DISCOVERY, request);
        walk.answer(&answer).unwrap();
        discovery.add(answer.len(), made);
    }
    discovery.print("discovery");
    let mut table = Tally::default();
    let mut walk = TableWalk::new();
    while let Some(request) = walk.request() {
        let (answer, made) = ask(Protocol::CXL_TABLE_ACCESS, request);
        walk.answer(&answer).unwrap();
        table.add(answer.len(), made);
    }
    table.print("table");
}

/// n + 1 + 2m + 3 for each exchange of n DWs out and m DWs in, headers included.
#[derive(Default)]
struct Tally {
    exchanges: u64,
    least: u64,
    made: u64,
}

impl Tally {
    fn add(&mut self, answer: usize, made: u64) {
        let (out, back) = (2 + 1, 2 + answer.div_ceil(4) as u64);
        self.exchanges += 1;
        self.least += out + 1 + 2 * back + 3;
        self.made += made - 1;
    }

    fn print(&self, name: &str) {
        println!("{name:9}  {:9}  {:13}  {:18}", self.exchanges, self.made, self.least);
    }
}
