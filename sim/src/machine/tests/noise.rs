//! Whatever anyone does, and whatever the plan is.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::scenario::{Fault, When};
use crate::{FaultKind, all_faults};

const BUSY: u32 = 1;
const ERROR: u32 = 4;
const READY: u32 = 0x8000_0000;
/// Bits of the status register that have a meaning here: asynchronous messages do not happen.
const DEFINED: u32 = READY | ERROR | BUSY | 2;

/// One access: which function, which register, and what is written, if anything.
type Access = (usize, u16, Option<u32>);

/// Offsets anywhere, registers anywhere, and the mailbox registers of the one memory above all.
fn access() -> impl Strategy<Value = Access> {
    let value = prop_oneof![
        any::<u32>(),
        Just(0),
        Just(1),
        Just(READY),
        Just(READY | 2),
        Just(0x00e0_1b36),
        Just(0x0002_1e98),
        Just(3)
    ];
    let offset = prop_oneof![
        1 => any::<u16>(),
        2 => (0_u16..1024).prop_map(|register| register * 4),
        6 => (0_u16..8).prop_map(|register| 0x2000 + register * 4)
    ];
    (0_usize..12, offset, proptest::option::of(value))
}

fn fault() -> impl Strategy<Value = Fault> {
    let when = prop_oneof![
        Just(When::Always),
        (1_u32..6).prop_map(When::Exchange),
        (0_u64..3000).prop_map(When::AfterMs),
        (0_u8..=100).prop_map(When::Percent)
    ];
    let kind = proptest::sample::select(all_faults());
    (when, kind).prop_map(|(when, what)| Fault {
        at: "mem".to_owned(),
        mailbox: 0,
        when,
        protocol: None,
        what,
    })
}

fn with_faults(faults: Vec<Fault>, seed: u64) -> Simulator {
    let scenario = Scenario { faults, seed, ..Scenario::parse(ONE_MEMORY).unwrap() };
    Simulator::new(&scenario).unwrap()
}

/// What must hold of a mailbox' registers at any time. Reads them without letting time pass for anything else.
fn check_mailbox(config: &mut FunctionConfig, offset: u16) -> Result<(), TestCaseError> {
    let status = config.read(offset + 0x0c).unwrap_or(u32::MAX);
    if status == u32::MAX {
        return Ok(());
    }
    prop_assert_eq!(status & !DEFINED, 0, "undefined bits");
    let exclusive = [BUSY, ERROR, READY].iter().filter(|bit| status & **bit != 0).count();
    prop_assert!(exclusive <= 1, "busy, ready and error exclude one another: {:#x}", status);
    let control = config.read(offset + 0x08).unwrap_or(0);
    prop_assert_eq!(control & !2, 0, "abort and GO read as zero");
    prop_assert_eq!(config.read(offset + 0x10), Ok(0), "the write mailbox cannot be read");
    if status & READY == 0 {
        let late = config.read(offset + 0x14).unwrap_or(0);
        let status = config.read(offset + 0x0c).unwrap_or(0);
        prop_assert!(late == 0 || status & READY != 0, "nothing to read unless ready");
    }
    Ok(())
}

proptest! {
    /// Row D12: no sequence of accesses to any function breaks anything, and what cannot change does not.
    #[test]
    fn any_accesses_leave_the_machine_in_order(
        accesses in vec(access(), 1..200),
        faults in vec(fault(), 0..3),
        seed: u64,
    ) {
        let mut scenario = Scenario { seed, ..Scenario::default() };
        scenario.faults = faults.into_iter().map(|fault| Fault { at: "mem0".to_owned(), ..fault }).collect();
        let simulator = Simulator::new(&scenario).unwrap();
        let memory = simulator.address("mem0").unwrap();
        let mailbox = simulator.mailboxes(memory)[0];
        let mut functions: Vec<_> =
            simulator.functions().unwrap().iter().map(|at| simulator.open(*at).unwrap()).collect();
        let ids: Vec<_> = functions.iter_mut().map(|config| config.read(0)).collect();
        let mut memory = simulator.open(memory).unwrap();
        for (function, offset, value) in accesses {
            let offset = if offset & 0xffc0 == 0x2000 { mailbox.offset + offset % 0x2000 } else { offset };
            let config = functions.get_mut(function).unwrap_or(&mut memory);
            let done = match value {
                Some(value) => config.write(offset, value),
                None => config.read(offset).map(drop),
            };
            let exists = offset.is_multiple_of(4) && offset < 4096;
            prop_assert!(exists || done.is_err());
            check_mailbox(&mut memory, mailbox.offset)?;
            simulator.wait_until(simulator.now() + Duration::from_micros(u64::from(offset)));
        }
        for (config, id) in functions.iter_mut().zip(ids) {
            let now = config.read(0);
            prop_assert!(now == id || now == Ok(u32::MAX) || now.is_err());
        }
    }

    /// Row D11: any fault plan ends each exchange in bounded virtual time, with the right answer or an error, and the
    /// mailbox is usable again once the plan is through, or is known to be dead or gone.
    #[test]
    fn any_fault_plan_ends_well(faults in vec(fault(), 0..4), seed: u64) {
        let simulator = with_faults(faults, seed);
        let mut host = Host::new(&simulator, "mem", 0);
        for _ in 0..8 {
            let before = simulator.now();
            match host.echo() {
                Ok(answer) => prop_assert_eq!(answer, b"fourfive"),
                Err(error) => prop_assert!(!matches!(error, Error::Misuse(_)), "{}", error),
            }
            prop_assert!(simulator.now() - before < Duration::from_millis(3100));
        }
    }

    /// Row B14: whatever the plan, a table that passes the walk's checks is one the device has had.
    #[test]
    fn any_fault_plan_gives_the_right_table_or_none(faults in vec(fault(), 0..3), seed: u64) {
        let right = Host::new(&machine(ONE_MEMORY), "mem", 0).table().unwrap();
        let changes = faults.iter().any(|fault| fault.what == FaultKind::ChangingTable);
        let simulator = with_faults(faults, seed);
        let mut host = Host::new(&simulator, "mem", 0);
        for _ in 0..2 {
            if let Ok(table) = host.table() {
                let sequence = table.header().sequence;
                prop_assert!(table == right || changes && sequence > 0, "{:?}", table);
            }
        }
    }
}
