//! Every fault against every operation, as a matrix that a person can review, and any plan of faults as a property.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::fmt::Write;

use lanewarden_cxl::cdat::{StructureKind, Table};
use lanewarden_doe::Protocol;
use lanewarden_inventory::{MailboxReport, Options, Work, read_function, work};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Machine, MailboxId};
use lanewarden_sim::scenario::{Fault, FaultKind, When, all_faults};
use lanewarden_sim::{Scenario, Simulator};
use lanewarden_time::Clock;
use proptest::prelude::*;

const MEMORY: &str = r#"
[[bridges]]
uid = 1
cxl = true
[[bridges.ports]]
link = { generation = 5, width = 16 }
[[bridges.ports.functions]]
kind = "memory"
name = "mem0"
link = { generation = 5, width = 16 }
doe = [{ protocols = ["table_access"], answer_us = 100 }]
memory = [
    { size_mib = 256, read_latency_ns = 150, write_latency_ns = 250, read_bandwidth_mb_per_s = 16000, write_bandwidth_mb_per_s = 16000 },
]
"#;

/// Discovery of two entries, a table of six, and a request like the first of discovery's.
fn operations() -> [(&'static str, Work); 3] {
    let request =
        Work::Request { protocol: Protocol::DISCOVERY, connection: 0, payload: vec![0; 4], most: 64 };
    [("discovery", Work::Discovery), ("table", Work::Table), ("request", request)]
}

fn simulator(faults: Vec<Fault>, seed: u64) -> Simulator {
    let scenario = Scenario { faults, seed, ..Scenario::parse(MEMORY).unwrap() };
    Simulator::new(&scenario).unwrap()
}

fn fault(what: FaultKind, when: When) -> Fault {
    Fault { at: "mem0".into(), mailbox: 0, when, protocol: None, what }
}

fn mailbox() -> (MailboxId, Doe) {
    let machine = simulator(Vec::new(), 1);
    let address = machine.address("mem0").unwrap();
    let doe = read_function(&machine, address).unwrap().does[0];
    (MailboxId { address, offset: doe.offset }, doe)
}

fn run(machine: &Simulator, what: &Work) -> MailboxReport {
    let (id, doe) = mailbox();
    work(machine, vec![(id, doe, what.clone())], Options::default(), &mut |_| ()).remove(0)
}

/// What the operation came to, without the figures.
fn outcome(report: &MailboxReport) -> String {
    match report.error() {
        Some(error) => error.to_string(),
        None => "right".into(),
    }
}

/// What a mailbox without faults gives.
fn truth(what: &Work) -> MailboxReport {
    let report = run(&simulator(Vec::new(), 1), what);
    assert!(report.error().is_none(), "{:?}", report.error());
    report
}

fn same(left: &MailboxReport, right: &MailboxReport) -> bool {
    let table = |report: &MailboxReport| {
        report.table.as_ref().and_then(|t| t.table.as_ref().ok()).map(as_first_published)
    };
    left.features == right.features && left.answer == right.answer && table(left) == table(right)
}

/// A table of the emulated memory as it was before it changed `sequence` times: each change adds one to the last
/// value. A mixture of two of its tables is not any of them.
fn as_first_published(table: &Table) -> Vec<u8> {
    let value =
        table.entries().filter(|entry| entry.kind() == StructureKind::DSLBIS).last().unwrap().offset + 16;
    let mut bytes = table.bytes().to_vec();
    bytes[value] = bytes[value].wrapping_sub(table.header().sequence.to_le_bytes()[0]);
    bytes[12..16].fill(0);
    bytes[5] = 0;
    bytes[5] = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
    bytes
}

/// Row D11, and the matrix of faults: each at the second exchange of the mailbox (the first of a request), each
/// operation, what it comes to, how long that takes in virtual time, and what the mailbox is good for afterwards.
#[test]
fn every_fault_meets_every_operation() {
    let mut matrix = String::new();
    for (name, what) in operations() {
        writeln!(matrix, "{name}").unwrap();
        for kind in all_faults() {
            let exchange = if name == "request" { 1 } else { 2 };
            let mut faults = vec![fault(kind, When::Exchange(exchange))];
            // How an abort goes shows where there is one.
            let of_abort = matches!(kind, FaultKind::SlowAbort { .. } | FaultKind::EndlessAbort);
            faults.extend(of_abort.then(|| fault(FaultKind::LengthOne, When::Exchange(exchange))));
            let machine = simulator(faults, 1);
            let report = run(&machine, &what);
            let took = report.elapsed.as_millis();
            let after =
                if report.dead { "dead".into() } else { format!("then {}", outcome(&run(&machine, &what))) };
            writeln!(matrix, "  {:60} {:62} {took:4} ms, {after}", label(kind), outcome(&report)).unwrap();
        }
    }
    insta::assert_snapshot!(matrix);
}

fn label(kind: FaultKind) -> String {
    let text = format!("{kind:?}");
    text.replace("ProtocolName(Protocol { vendor: 1, kind: 1 })", "0001:01")
}

fn any_fault() -> impl Strategy<Value = Fault> {
    let when = prop_oneof![
        Just(When::Always),
        (1_u32..12).prop_map(When::Exchange),
        (0_u64..3000).prop_map(When::AfterMs),
        (1_u8..100).prop_map(When::Percent),
    ];
    (prop::sample::select(all_faults()), when).prop_map(|(what, when)| fault(what, when))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Rows D11, D12: any plan of faults ends in bounded virtual time with the right answer or a typed error, never
    /// with a wrong answer; afterwards the mailbox is usable, held by another agent, or reported dead.
    #[test]
    fn any_plan_of_faults_ends_right_or_typed(
        faults in prop::collection::vec(any_fault(), 1..4),
        seed: u64,
        operation in 0_usize..3,
    ) {
        let (_, what) = operations()[operation].clone();
        let machine = simulator(faults.clone(), seed);
        let report = run(&machine, &what);
        let exchanges = u64::from(report.statistics.sent) + 1;
        let bound = 3100 * exchanges + 1000;
        prop_assert!(report.elapsed.as_millis() <= u128::from(bound), "{:?}", report.elapsed);
        let told = report.error().is_some() || same(&report, &truth(&what));
        prop_assert!(told || is_whole_lie(&faults, &what), "wrong: {report:?}");
    }
}

/// Whether faults agree with each other: an answer is cut short, and its length field says so. That is a whole object,
/// and only what runs over the mailbox can see through it; a raw exchange takes it.
fn is_whole_lie(faults: &[Fault], what: &Work) -> bool {
    let has = |is: fn(&FaultKind) -> bool| faults.iter().any(|fault| is(&fault.what));
    matches!(what, Work::Request { .. })
        && has(|kind| matches!(kind, FaultKind::Truncated { .. }))
        && has(|kind| matches!(kind, FaultKind::WrongLength { by } if *by < 0))
}

/// Row B14: a table that changes while it is read does not fit its checksum, is discarded and read once more.
#[test]
fn a_table_that_changes_is_read_again() {
    let machine = simulator(vec![fault(FaultKind::ChangingTable, When::Exchange(3))], 1);
    let report = run(&machine, &Work::Table);
    assert_eq!(outcome(&report), "right");
    let table = report.table.unwrap().table.unwrap();
    assert_eq!(table.header().sequence, 1, "the new one");
    let undisturbed = truth(&Work::Table).statistics.sent;
    assert!(report.statistics.sent > undisturbed, "and it took more exchanges");
}

/// Row B12: who holds a mailbox holds it for the whole walk; another waits, then works.
#[test]
fn a_walk_is_not_interrupted_by_another() {
    let machine = simulator(Vec::new(), 1);
    let (id, doe) = mailbox();
    let twice = vec![(id, doe, Work::Table), (id, doe, Work::Table)];
    let reports = work(&machine, twice, Options::default(), &mut |_| ());
    let expected = truth(&Work::Table);
    assert!(reports.iter().all(|report| same(report, &expected)));
    assert!(reports[1].elapsed >= reports[0].elapsed + expected.elapsed, "one after the other");

    let lock = machine.try_lock(id).unwrap();
    let before = machine.now();
    let report = run(&machine, &Work::Table);
    assert_eq!(outcome(&report), "locked by another process");
    assert_eq!((machine.now() - before).as_secs(), Options::default().lock_wait.as_secs(), "bounded");
    assert_eq!(report.statistics.sent, 0);
    drop(lock);
}
