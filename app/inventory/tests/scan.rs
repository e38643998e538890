//! Scans of emulated machines.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::indexing_slicing, clippy::unreachable)]

use std::time::Duration;

use lanewarden_cxl::cdat::Builder;
use lanewarden_doe::Protocol;
use lanewarden_inventory::{Inventory, MailboxError, Options, TableSource, Work, mailboxes, scan, work};
use lanewarden_pci::{Hierarchy, Machine};
use lanewarden_sim::scenario::{Fault, FaultKind, When};
use lanewarden_sim::{Scenario, Simulator};

fn scanned(scenario: &Scenario) -> (Simulator, Inventory) {
    let machine = Simulator::new(scenario).unwrap();
    let inventory = scan(&machine, Options::default(), &mut |_| ()).unwrap();
    (machine, inventory)
}

/// Rows T1, T11, T25: ports of every kind and endpoints carry mailboxes; what they speak is known after the scan,
/// with nothing running on top, and is what the scenario says; a switch has table access and SPDM on two instances.
#[test]
fn every_kind_of_port_shows_what_it_speaks() {
    let (machine, inventory) = scanned(&Scenario::default());
    let at = |name: &str| machine.address(name).unwrap();
    let spoken = |name: &str| -> Vec<Vec<String>> {
        let of = inventory.mailboxes.iter().filter(|mailbox| mailbox.address() == at(name));
        of.map(|mailbox| mailbox.protocols().map(|p| p.to_string()).collect()).collect()
    };
    let spdm = vec!["0001:00", "0001:01", "0001:02"];
    for port in ["cxl-root", "switch-0", "switch-1", "drive", "accelerator-root"] {
        assert_eq!(spoken(port), vec![spdm.clone()], "{port}");
    }
    assert_eq!(spoken("switch"), [vec!["0001:00", "1e98:02"], spdm.clone()]);
    assert_eq!(spoken("mem0"), [vec!["0001:00", "1e98:02", "1e98:00"], spdm.clone()]);
    assert_eq!(spoken("accelerator"), [spdm, vec!["0001:00", "10de:e0"]]);
}

/// Rows T16, T24: the same walk reads the tables of memories and of the switch between; latencies add up over the
/// whole way and the narrowest hop gives the bandwidth. The figures are the scenario's, added by hand.
#[test]
fn paths_add_up_to_the_scenarios_figures() {
    let (machine, inventory) = scanned(&Scenario::default());
    let paths: Vec<_> = inventory.memories.of(machine.address("mem0").unwrap()).collect();
    let c = paths[0].coordinates();
    // Host 95/105, uplink of 8 lanes 68 B / 32 GB/s = 2.125 ns -> 3, switch 70, link 3, device 140/165.
    assert_eq!(
        (c.read_latency_ns, c.write_latency_ns),
        (Some(95 + 3 + 70 + 3 + 140), Some(105 + 3 + 70 + 3 + 165))
    );
    assert_eq!((c.read_bandwidth_mb_per_s, c.write_bandwidth_mb_per_s), (Some(32_000), Some(32_000)));
    assert!(
        inventory.mailboxes.iter().filter_map(|m| m.table.as_ref()).all(|t| t.source == TableSource::Mailbox)
    );
}

/// Row D11: one dead mailbox among a hundred delays no other. Each is done when it would be without it.
#[test]
fn a_dead_mailbox_delays_no_other() {
    let dead = |at: String| Fault {
        at,
        mailbox: 0,
        when: When::Always,
        protocol: None,
        what: FaultKind::ForeignBusy { for_ms: None, through_abort: true },
    };
    let healthy = Scenario::synthetic(400, 1);
    let (machine, inventory) = scanned(&healthy);
    let chosen: Vec<_> = mailboxes(&inventory.hierarchy).take(100).collect();
    assert_eq!(chosen.len(), 100);
    let slowest = |faults: Vec<Fault>| {
        let machine = Simulator::new(&Scenario { faults, ..healthy.clone() }).unwrap();
        let jobs = chosen.iter().map(|(id, doe)| (*id, *doe, Work::Discovery)).collect();
        let reports = work(&machine, jobs, Options::default(), &mut |_| ());
        let (good, bad): (Vec<_>, Vec<_>) = reports.into_iter().partition(|report| report.error().is_none());
        (good.iter().map(|report| report.elapsed).max().unwrap(), bad)
    };
    let (alone, none) = slowest(Vec::new());
    assert!(none.is_empty());
    // The first mailbox of a function, somewhere in the middle.
    let mut firsts =
        chosen.windows(2).filter(|pair| pair[0].0.address != pair[1].0.address).map(|pair| pair[1].0);
    let victim = firsts.nth(20).unwrap();
    let (beside, bad) = slowest(vec![dead(victim.address.to_string())]);
    assert_eq!((bad.len(), bad[0].id), (1, victim));
    assert!((Duration::from_secs(1)..Duration::from_millis(1100)).contains(&bad[0].elapsed));
    let more = beside.saturating_sub(alone);
    assert!(
        more < Duration::from_millis(8),
        "others took {more:?} longer, the time of a few accesses and one look"
    );
    drop(machine);
}

/// A device that vanishes during the scan is a line in the report and no more.
#[test]
fn a_device_that_vanishes_takes_nothing_with_it() {
    let gone = Fault {
        at: "drive".into(),
        mailbox: 0,
        when: When::Exchange(2),
        protocol: None,
        what: FaultKind::Removed { noticed_after_ms: None },
    };
    let (machine, inventory) = scanned(&Scenario { faults: vec![gone], ..Scenario::default() });
    let failed: Vec<_> = inventory.mailboxes.iter().filter(|mailbox| mailbox.error().is_some()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].address(), machine.address("drive").unwrap());
    assert_eq!(
        failed[0].error().unwrap().to_string(),
        "discovery entry 1: the device is gone waiting for the answer"
    );
    let tables = inventory.mailboxes.iter().filter(|mailbox| mailbox.speaks(Protocol::CXL_TABLE_ACCESS));
    assert_eq!(tables.count(), 3);
}

/// Row D11: a device that answers each of very many entries just in time does not hold a scan: the walk is given up.
#[test]
fn a_walk_that_is_slow_on_purpose_is_given_up() {
    let structures = (0..200).fold(Builder::default(), |table, _| table.unknown(200, &[]));
    let hex: String = structures.build().iter().map(|byte| format!("{byte:02x}")).collect();
    let late = Fault {
        at: "mem0".into(),
        mailbox: 0,
        when: When::Always,
        protocol: None,
        what: FaultKind::LateAnswer { ms: 999 },
    };
    let scenario = Scenario::parse(&memory_with_table(&hex)).unwrap();
    let (_, inventory) = scanned(&Scenario { faults: vec![late], ..scenario });
    let [mailbox] = inventory.mailboxes.as_slice() else { unreachable!() };
    let error = mailbox.error().unwrap();
    assert!(matches!(error, MailboxError::Slow { .. }), "{error}");
    assert!((30..=32).contains(&mailbox.elapsed.as_secs()), "{:?}", mailbox.elapsed);
}

/// A memory whose table is this, in hexadecimal.
fn memory_with_table(hex: &str) -> String {
    format!(
        r#"
        [[bridges]]
        uid = 1
        cxl = true
        [[bridges.ports]]
        link = {{ generation = 5, width = 16 }}
        [[bridges.ports.functions]]
        kind = "memory"
        name = "mem0"
        link = {{ generation = 5, width = 16 }}
        doe = [{{ protocols = ["table_access"] }}]
        cdat = {{ hex = "{hex}" }}
        "#
    )
}

/// A table with a structure longer than answers usually are is read all the same.
#[test]
fn a_long_structure_is_read() {
    let table = Builder::default().unknown(200, &[7; 2000]).build();
    let hex: String = table.iter().map(|byte| format!("{byte:02x}")).collect();
    let toml = memory_with_table(&hex);
    let (_, inventory) = scanned(&Scenario::parse(&toml).unwrap());
    let [mailbox] = inventory.mailboxes.as_slice() else { unreachable!() };
    assert_eq!(mailbox.table.as_ref().unwrap().table.as_ref().unwrap().bytes(), table);
    assert_eq!(mailbox.statistics.aborts, 1, "for the answer that did not fit");
}

/// Ten thousand functions are found, each once.
#[test]
fn a_large_machine_is_scanned_whole() {
    let machine = Simulator::new(&Scenario::synthetic(10_000, 1)).unwrap();
    let functions = machine.functions().unwrap();
    let read =
        functions.iter().map(|address| lanewarden_inventory::read_function(&machine, *address).unwrap());
    let hierarchy = Hierarchy::new(read.collect());
    assert_eq!((functions.len(), hierarchy.len(), hierarchy.disorders().len()), (10_000, 10_000, 0));
    let segments: std::collections::BTreeSet<_> = functions.iter().map(|address| address.segment).collect();
    assert_eq!(segments.len(), 40);
}
