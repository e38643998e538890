//! Mailboxes that do not work: every fault, and what a host makes of it.

use std::fmt::Write;

use lanewarden_doe::{Holder, Phase};
use lanewarden_pci::AccessError;

use super::*;
use crate::scenario::{Fault, When};
use crate::{FaultKind, all_faults};

fn with_fault(kind: FaultKind, when: When) -> Simulator {
    let mut scenario = Scenario::parse(ONE_MEMORY).unwrap();
    scenario.faults = vec![Fault { at: "mem".to_owned(), mailbox: 0, when, protocol: None, what: kind }];
    let simulator = Simulator::new(&scenario).unwrap();
    simulator.keep_events(100_000);
    simulator
}

fn aborts(simulator: &Simulator) -> usize {
    count(&simulator.take_events(), |what| *what == What::Abort)
}

/// Row B1: busy at the start belongs to someone. The host waits, writes nothing and aborts nothing.
#[test]
fn a_foreign_agent_that_stays_is_left_alone() {
    let simulator = faulty("{ foreign_busy = {} }", "\"always\"");
    let mut host = Host::new(&simulator, "mem", 0);
    assert_eq!(host.echo(), Err(Error::Blocked(Holder::Busy)));
    let events = simulator.take_events();
    assert_eq!(count(&events, |what| matches!(what, What::Write { .. })), 0);
    assert_eq!(count(&events, |what| *what == What::Fault { kind: "foreign_busy" }), 1);
}

/// Row B1: released within the host's patience, the exchange goes on.
#[test]
fn a_foreign_agent_that_leaves_in_time_costs_only_time() {
    let simulator = faulty("{ foreign_busy = { for_ms = 300 } }", "{ exchange = 1 }");
    let mut host = Host::new(&simulator, "mem", 0);
    assert_eq!(host.echo().unwrap(), b"fourfive");
    assert!(elapsed(&simulator) > Duration::from_millis(300));
    let before = simulator.now();
    assert_eq!(host.echo().unwrap(), b"fourfive");
    assert!(simulator.now() - before < Duration::from_millis(20), "only the first exchange was held up");
    assert_eq!(aborts(&simulator), 0);
}

#[test]
fn a_foreign_agent_comes_at_its_time_and_goes_at_its_time() {
    let simulator = faulty("{ foreign_busy = { for_ms = 200 } }", "{ after_ms = 500 }");
    let mut host = Host::new(&simulator, "mem", 0);
    host.echo().unwrap();
    assert!(elapsed(&simulator) < Duration::from_millis(10));
    simulator.wait_until(Instant::from_millis(650));
    host.echo().unwrap();
    let now = elapsed(&simulator);
    assert!(now > Duration::from_millis(700) && now < Duration::from_millis(720), "{now:?}");
}

#[test]
fn an_abort_drives_a_foreign_agent_out_unless_it_is_stubborn() {
    let single = Policy { single_agent: true, ..Policy::default() };
    for (through_abort, outcome) in [(false, Ok(b"fourfive".to_vec())), (true, Err(Error::Dead))] {
        let kind = FaultKind::ForeignBusy { for_ms: None, through_abort };
        let simulator = with_fault(kind, When::Exchange(1));
        let id = simulator.mailboxes(simulator.address("mem").unwrap())[0];
        let mut host = Host::at(&simulator, id, single);
        assert_eq!(host.echo(), outcome);
        assert_eq!(host.mailbox.is_dead(), through_abort);
    }
}

/// Rows B7, B20: an answer nobody here asked for is its owner's; when it has been collected the way is free.
#[test]
fn a_strangers_answer_is_left_alone_or_collected_by_its_owner() {
    let stays = faulty("{ unread_answer = { protocol = \"cma_spdm\" } }", "\"always\"");
    assert_eq!(Host::new(&stays, "mem", 0).echo(), Err(Error::Blocked(Holder::UnreadAnswer)));
    let writes = |what: &What| matches!(what, What::Write { .. });
    assert_eq!(count(&stays.take_events(), writes), 0);

    let text = "{ unread_answer = { protocol = \"cma_spdm\", collected_after_ms = 250 } }";
    let collected = faulty(text, "{ exchange = 1 }");
    assert_eq!(Host::new(&collected, "mem", 0).echo().unwrap(), b"fourfive");
    assert!(elapsed(&collected) > Duration::from_millis(250));
}

/// Row B20: where this host is the only agent, a leftover answer is aborted, once and counted.
#[test]
fn a_leftover_answer_is_cleared_once_by_a_sole_agent() {
    let simulator = faulty("{ unread_answer = { protocol = \"cma_spdm\" } }", "{ exchange = 1 }");
    let id = simulator.mailboxes(simulator.address("mem").unwrap())[0];
    let mut host = Host::at(&simulator, id, Policy { single_agent: true, ..Policy::default() });
    assert_eq!(host.echo().unwrap(), b"fourfive");
    assert_eq!(host.echo().unwrap(), b"fourfive");
    assert_eq!((host.mailbox.statistics().unread_answers, aborts(&simulator)), (1, 1));
}

/// Rows B6, B9: a mailbox that nobody else touches is never aborted; one that is aborted before each use costs an abort
/// each time.
#[test]
fn aborting_before_each_use_costs_what_an_abort_takes() {
    let slow = ONE_MEMORY.replace("answer_us = 2000", "answer_us = 2000, abort_us = 400000");
    for (abort_first, times, expected) in [(false, 1000, 0), (true, 5, 5)] {
        let simulator = machine(&slow);
        let id = simulator.mailboxes(simulator.address("mem").unwrap())[0];
        let mut host = Host::at(&simulator, id, Policy { abort_first, ..Policy::default() });
        (0..times).for_each(|_| drop(host.echo().unwrap()));
        assert_eq!(aborts(&simulator), expected);
        let each = elapsed(&simulator) / times;
        assert_eq!(each > Duration::from_millis(400), abort_first, "{each:?}");
    }
}

/// The second before which an answer must be there, from both sides.
#[test]
fn an_answer_in_time_is_one_and_after_it_is_none() {
    let mut host = Host::new(&faulty("{ late_answer = { ms = 999 } }", "\"always\""), "mem", 0);
    assert_eq!(host.echo().unwrap(), b"fourfive");
    let simulator = faulty("{ late_answer = { ms = 1001 } }", "{ exchange = 1 }");
    let mut host = Host::new(&simulator, "mem", 0);
    assert_eq!(host.echo(), Err(Error::Timeout));
    assert_eq!(aborts(&simulator), 1, "so that the late answer cannot be taken for the next one");
    assert_eq!(host.echo().unwrap(), b"fourfive");
}

/// Row B11: an abort of 999 ms passes, one of 1001 ms leaves the mailbox dead.
#[test]
fn an_abort_in_time_saves_the_mailbox_and_after_it_does_not() {
    for (ms, dead) in [(999, false), (1001, true)] {
        let mut scenario = Scenario::parse(ONE_MEMORY).unwrap();
        let fault =
            |what| Fault { at: "mem".to_owned(), mailbox: 0, when: When::Exchange(1), protocol: None, what };
        scenario.faults = vec![fault(FaultKind::SlowAbort { ms }), fault(FaultKind::Discarded)];
        let simulator = Simulator::new(&scenario).unwrap();
        let mut host = Host::new(&simulator, "mem", 0);
        assert_eq!(host.echo(), Err(Error::Timeout));
        assert_eq!(host.mailbox.is_dead(), dead, "{ms} ms");
        assert_eq!(host.echo().is_ok(), !dead);
    }
}

/// Row T22: a device that vanishes ends the exchange at once, whether the host sees all ones or its hot-plug driver.
#[test]
fn a_device_that_vanishes_ends_the_exchange() {
    for what in [
        "{ removed = {} }",
        "{ removed = { noticed_after_ms = 0 } }",
        "{ removed_while_reading = { after_dwords = 1 } }",
        "{ removed_while_reading = { after_dwords = 3, noticed_after_ms = 0 } }",
    ] {
        let simulator = faulty(what, "{ exchange = 2 }");
        let mut host = Host::new(&simulator, "mem", 0);
        host.echo().unwrap();
        let error = host.echo().unwrap_err();
        let gone = matches!(error, Error::Access { source: AccessError::Gone, .. });
        assert!(gone, "{what}: {error}");
        assert!(elapsed(&simulator) < Duration::from_millis(10), "{what}");
    }
}

#[test]
fn a_fault_counts_the_exchanges_of_its_protocol_only() {
    let text = format!(
        "{ONE_MEMORY}\n[[faults]]\nat = \"0000:01:00.0\"\nprotocol = \"table_access\"\n\
         when = {{ exchange = 2 }}\nwhat = \"error_instead_of_answer\""
    );
    let mut host = Host::new(&machine(&text), "mem", 0);
    host.discover().unwrap();
    assert!(host.ask(Protocol::CXL_TABLE_ACCESS, &[0; 4]).is_ok());
    assert!(host.echo().is_ok());
    assert_eq!(host.ask(Protocol::CXL_TABLE_ACCESS, &[0; 4]), Err(Error::Faulted(Phase::Await)));
    assert!(host.ask(Protocol::CXL_TABLE_ACCESS, &[0; 4]).is_ok());
}

/// Row B14: a table that changes in the middle of a walk is noticed and read once more; one that never stays the same
/// is given up.
#[test]
fn a_table_that_changes_in_between_is_not_taken_for_one() {
    let simulator = faulty("\"changing_table\"", "{ exchange = 3 }");
    let mut host = Host::new(&simulator, "mem", 0);
    let table = host.table().unwrap();
    assert_eq!(table.header().sequence, 1, "the table from before the change is gone");
    let events = simulator.take_events();
    assert!(count(&events, |what| matches!(what, What::Received { .. })) > 6, "read twice");
    assert_eq!(host.table().unwrap(), table, "and it stays as it is");

    let restless = faulty("\"changing_table\"", "\"always\"");
    assert!(Host::new(&restless, "mem", 0).table().is_err());
}

/// The machine for a row of the matrix: the fault befalls the second exchange, or every table access. One of an abort
/// needs a reason for an abort.
fn for_row(kind: FaultKind) -> Simulator {
    let fault = |when, what| Fault { at: "mem".to_owned(), mailbox: 0, when, protocol: None, what };
    let mut scenario = Scenario::parse(ONE_MEMORY).unwrap();
    let when = match kind {
        FaultKind::BadChecksum
        | FaultKind::ChangingTable
        | FaultKind::OtherEntry
        | FaultKind::ShortTable
        | FaultKind::HandleLoop => When::Always,
        _ => When::Exchange(2),
    };
    scenario.faults.push(fault(when, kind));
    if matches!(kind, FaultKind::SlowAbort { .. } | FaultKind::EndlessAbort) {
        scenario.faults.push(fault(when, FaultKind::Discarded));
    }
    Simulator::new(&scenario).unwrap()
}

/// What an operation comes to, and what the mailbox is good for afterwards.
fn cell(kind: FaultKind, operation: impl Fn(&mut Host) -> Result<(), String>) -> String {
    let simulator = for_row(kind);
    let mut host = Host::new(&simulator, "mem", 0);
    assert_eq!(host.echo().unwrap(), b"fourfive", "the first exchange is untouched");
    let outcome = operation(&mut host).map_or_else(|error| error, |()| "ok".to_owned());
    let took = elapsed(&simulator);
    assert!(took < Duration::from_secs(5), "{kind:?} took {took:?}");
    let after = match host.echo() {
        Ok(answer) => {
            assert_eq!(answer, b"fourfive", "{kind:?}");
            "usable"
        }
        Err(Error::Dead) => "dead",
        Err(Error::Access { .. }) => "gone",
        Err(Error::Blocked(_)) => "still blocked",
        Err(error) => panic!("{kind:?} leaves the mailbox in no good order: {error}"),
    };
    format!("{outcome} -> {after}")
}

/// One line where all three operations come to the same.
fn row(kind: FaultKind) -> String {
    let echo = cell(kind, |host| host.echo().map(drop).map_err(|error| error.to_string()));
    let discovery = cell(kind, |host| host.discover().map(drop).map_err(said));
    let table = cell(kind, |host| host.table().map(drop).map_err(said));
    if echo == discovery && echo == table {
        return format!("    all        {echo}\n");
    }
    format!("    echo       {echo}\n    discovery  {discovery}\n    table      {table}\n")
}

fn said<E: ToString>(error: Result<E, Error>) -> String {
    match error {
        Ok(error) => error.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Rows D11, B4: every fault at the second exchange of a mailbox, which is an echo, the start of a discovery, or that of
/// a table walk. Each ends in bounded time with an answer or an error that says why, and leaves the mailbox usable, or
/// known to be dead, gone, or in the hands of another agent.
#[test]
fn every_fault_ends_every_operation_in_good_order() {
    let mut matrix = String::new();
    for kind in all_faults() {
        let parameters = format!("{kind:?}").replace("ProtocolName(Protocol { vendor: 1, kind: 1 })", "SPDM");
        write!(matrix, "{parameters}\n{}", row(kind)).unwrap();
    }
    insta::assert_snapshot!(matrix);
}
