//! What devices take that are known and not used. Each size runs in a process of its own, so that its memory is its own.

use std::process::Command;

use lanewarden_broker::Limits;
use lanewarden_pci::Machine;
use lanewarden_sim::{Scenario, Simulator};

use crate::stage;

const SIZE: &str = "LANEWARDEN_BENCH_FUNCTIONS";

/// Whether this process is one of a size.
pub fn is_wanted() -> bool {
    std::env::var_os(SIZE).is_some()
}

pub fn measure() {
    println!("functions  devices  mailboxes  idle, bytes a device  after an exchange on every mailbox");
    for size in [1_000, 10_000, 13_300] {
        let own = std::env::current_exe().unwrap();
        assert!(Command::new(own).env(SIZE, size.to_string()).status().unwrap().success());
    }
    println!();
}

pub fn one_size() {
    let functions: usize = std::env::var(SIZE).unwrap().parse().unwrap();
    let machine = Simulator::new(&Scenario::synthetic(functions, 1)).unwrap();
    let mailboxes = stage::mailboxes(&machine);
    let addresses = machine.functions().unwrap();
    let devices = addresses.iter().filter(|address| !machine.mailboxes(**address).is_empty()).count();
    let before = resident();
    let mut engine = stage::engine(machine, Limits::default());
    let idle = resident() - before;
    let client = stage::client(&mut engine, 1);
    for mailbox in &mailboxes {
        let instance = stage::instance(&engine, *mailbox);
        drop(stage::exchange(&mut engine, client, instance));
    }
    let used = resident() - before;
    println!(
        "{functions:9}  {devices:7}  {:9}  {:20}  {:34}",
        mailboxes.len(),
        idle / devices,
        used / devices
    );
}

/// This process' memory, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}
