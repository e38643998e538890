//! What there is and where.

use lanewarden_cxl::acpi::{Cedt, HostMap};
use lanewarden_cxl::cdat::Structure;
use lanewarden_doe::Step;
use lanewarden_pci::registers::dsn;
use lanewarden_pci::{AccessError, Claim, LockError};

use super::*;

/// Row T1: root port, upstream port, two downstream ports and endpoints, each with the mailboxes it was given.
#[test]
fn every_kind_of_port_carries_mailboxes_and_says_what_they_speak() {
    let simulator = default_machine();
    let spdm = vec!["0001:00", "0001:01", "0001:02"];
    let table = vec!["0001:00", "1e98:02"];
    let both = vec!["0001:00", "1e98:02", "1e98:00"];
    let expected = [
        ("0000:0c:00.0", "cxl-root", vec![spdm.clone()]),
        ("0000:0d:00.0", "switch", vec![table, spdm.clone()]),
        ("0000:0e:00.0", "switch-0", vec![spdm.clone()]),
        ("0000:0f:00.0", "mem0", vec![both.clone(), spdm.clone()]),
        ("0000:0e:01.0", "switch-1", vec![spdm.clone()]),
        ("0000:10:00.0", "mem1", vec![both, spdm.clone()]),
        ("0000:40:01.0", "nvme-root", vec![]),
        ("0000:41:00.0", "drive", vec![spdm.clone()]),
        ("0000:40:03.0", "accelerator-root", vec![spdm.clone()]),
        ("0000:42:00.0", "accelerator", vec![spdm, vec!["0001:00", "10de:e0"]]),
    ];
    let mut all: Vec<_> = expected.iter().map(|(at, ..)| address(at)).collect();
    all.sort_unstable();
    assert_eq!(simulator.functions(), Ok(all));
    for (at, name, protocols) in expected {
        assert_eq!(simulator.address(name), Some(address(at)), "{name}");
        let found: Vec<Vec<_>> = (0..simulator.mailboxes(address(at)).len())
            .map(|nth| Host::new(&simulator, name, nth).discover().unwrap())
            .map(|found| found.iter().map(ToString::to_string).collect())
            .collect();
        assert_eq!(found, protocols, "{name}");
    }
}

/// Row T25: the table of the upstream port is read again and again from one mailbox while SPDM's versions are asked for
/// on the other. Exchanges run on both at the same time, each is answered rightly, and none is lost.
#[test]
fn both_mailboxes_of_a_switch_work_at_once() {
    const TIMES: usize = 10;
    let alone = Host::new(&default_machine(), "switch", 0).table().unwrap();
    let simulator = default_machine();
    list_versions(&simulator);
    let mut table = Host::new(&simulator, "switch", 0);
    let mut spdm = Host::new(&simulator, "switch", 1);
    simulator.keep_events(10_000);
    let (mut walk, mut tables, mut versions) = (TableWalk::confirming(), 0, 0);
    table.mailbox.send(&Request::new(Protocol::CXL_TABLE_ACCESS, &walk.request().unwrap())).unwrap();
    spdm.mailbox.send(&Request::new(Protocol::CMA_SPDM, &GET_VERSION)).unwrap();
    let mut due = [Some(simulator.now()); 2];
    while let Some(at) = due.iter().flatten().min() {
        simulator.wait_until(*at);
        if due[0].is_some_and(|at| at <= simulator.now()) {
            due[0] = table.drive(Protocol::CXL_TABLE_ACCESS, |answer| {
                walk.answer(answer).unwrap();
                if walk.request().is_none() {
                    let whole = std::mem::replace(&mut walk, TableWalk::confirming()).finish();
                    assert_eq!(whole.as_ref(), Ok(&alone));
                    tables += 1;
                }
                walk.request().filter(|_| versions < TIMES).map(|request| request.to_vec())
            });
        }
        if due[1].is_some_and(|at| at <= simulator.now()) {
            due[1] = spdm.drive(Protocol::CMA_SPDM, |answer| {
                assert_eq!(answer, VERSION);
                versions += 1;
                (versions < TIMES).then(|| GET_VERSION.to_vec())
            });
        }
    }
    assert!(tables >= TIMES, "{tables} tables in the time of {versions} versions");

    let events = simulator.take_events();
    assert_eq!(count(&events, |what| matches!(what, What::Dropped | What::Failed | What::Abort)), 0);
    let [tables, versions] = [&table, &spdm].map(|host| at_work(&events, host.mailbox.capability().offset));
    let at_once = |version: &(Instant, Instant)| tables.iter().any(|t| t.0 < version.1 && version.0 < t.1);
    assert_eq!(versions.len(), TIMES);
    assert!(versions.iter().all(at_once), "{versions:?} beside {tables:?}");
}

/// From when to when a mailbox was at work on each of its objects.
fn at_work(events: &[Event], mailbox: u16) -> Vec<(Instant, Instant)> {
    let answers = events.iter().filter(|event| event.mailbox == Some(mailbox));
    answers
        .filter_map(|event| match event.what {
            What::Answered { ready, .. } => Some((event.time, ready)),
            _ => None,
        })
        .collect()
}

impl Host {
    /// Goes on with an exchange that was begun, and with those that `next` makes of each answer, as far as it goes
    /// without waiting. Says when to come back, if there is more to come.
    fn drive(
        &mut self,
        protocol: Protocol,
        mut next: impl FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<Instant> {
        loop {
            match self.mailbox.advance(&mut self.config, self.simulator.now()).unwrap() {
                Step::Wait(at) => return Some(at),
                Step::Answered => {
                    let payload = next(self.mailbox.answer())?;
                    self.mailbox.send(&Request::new(protocol, &payload)).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_memory_tells_its_figures_in_its_table() {
    let table = Host::new(&default_machine(), "mem1", 0).table().unwrap();
    let lines: Vec<_> = table
        .structures()
        .filter_map(|structure| match structure.unwrap() {
            Structure::Dsmas(s) => Some(format!("range {} {:#x}+{:#x}", s.handle, s.dpa_base, s.dpa_length)),
            Structure::Dslbis(s) => Some(format!("{} {} {:?}", s.handle, s.data_type, s.value())),
            _ => None,
        })
        .collect();
    let expected = [
        "range 0 0x0+0x1000000000",
        "0 1 Some(140)",
        "0 2 Some(165)",
        "0 4 Some(36000)",
        "0 5 Some(33000)",
        "range 1 0x1000000000+0x1000000000",
        "1 1 Some(310)",
        "1 2 Some(620)",
        "1 4 Some(14000)",
        "1 5 Some(6500)",
    ];
    assert_eq!(lines, expected);
}

/// Row T16: a switch states the way from its upstream port to each downstream port, by their port numbers.
#[test]
fn a_switch_tells_the_way_through_it() {
    let table = Host::new(&default_machine(), "switch", 0).table().unwrap();
    let mut lines = Vec::new();
    for structure in table.structures() {
        if let Structure::Sslbis(sslbis) = structure.unwrap() {
            for entry in sslbis.entries() {
                let (x, y) = (entry.x.to_wire(), entry.y.to_wire());
                lines.push((sslbis.data_type, x, y, sslbis.value(entry)));
            }
        }
    }
    let latency = [(0, 0x100, 0, Some(70)), (0, 0x100, 1, Some(70))];
    let bandwidth = [(3, 0x100, 0, Some(64_000)), (3, 0x100, 1, Some(64_000))];
    assert_eq!(lines, [latency, bandwidth].concat());
}

#[test]
fn firmware_states_the_way_to_the_host_bridge() {
    let simulator = default_machine();
    assert_eq!(simulator.host_bridge_uid(0, 0x0c), Some(12));
    assert_eq!(simulator.host_bridge_uid(0, 0x40), Some(64));
    assert_eq!((simulator.host_bridge_uid(0, 0x0d), simulator.host_bridge_uid(1, 0x0c)), (None, None));
    let table = |signature: &[u8; 4]| simulator.acpi_tables(*signature).unwrap().pop().unwrap();
    let host = HostMap::from_tables(Some(&table(b"SRAT")), Some(&table(b"HMAT"))).unwrap();
    let figures = host.by_uid(12).unwrap().cpu;
    assert_eq!((figures.read_latency_ns, figures.write_latency_ns), (Some(95), Some(105)));
    assert_eq!(figures.read_bandwidth_mb_per_s, Some(60_000));
    assert_eq!(host.by_uid(64), None);
    let cedt = Cedt::parse(&table(b"CEDT")).unwrap();
    assert_eq!(cedt.host_bridges.iter().map(|bridge| bridge.uid).collect::<Vec<_>>(), [12]);
    assert_eq!((cedt.windows[0].size, &cedt.windows[0].targets[..]), (256 << 30, &[12][..]));
    assert_eq!(simulator.acpi_tables(*b"DSDT"), Ok(vec![]));
}

#[test]
fn a_machine_without_coordinates_has_no_tables_for_them() {
    let simulator = machine("[[bridges]]\nuid = 1");
    for signature in [b"SRAT", b"HMAT", b"CEDT"] {
        assert_eq!(simulator.acpi_tables(*signature), Ok(vec![]));
    }
}

/// Row D3: of those who ask for a mailbox's lock one gets it, until it lets go.
#[test]
fn a_mailbox_lock_has_one_holder() {
    let simulator = default_machine();
    let [id, other] = [0, 1].map(|nth| simulator.mailboxes(simulator.address("mem0").unwrap())[nth]);
    let lock = simulator.try_lock(id).unwrap();
    assert_eq!(simulator.clone().try_lock(id).unwrap_err(), LockError::Held(None));
    assert!(simulator.try_lock(other).is_ok());
    drop(lock);
    assert!(simulator.try_lock(id).is_ok());
}

#[test]
fn drivers_and_their_claims_are_what_the_scenario_says() {
    let text = ONE_MEMORY
        .replace("name = \"mem\"", "name = \"mem\"\ndriver = \"cxl_pci\"")
        .replace("answer_us = 2000", "claimed_by = \"cxl_pci\"");
    let simulator = machine(&text);
    let address = simulator.address("mem").unwrap();
    let id = simulator.mailboxes(address)[0];
    assert_eq!(simulator.driver(address).as_deref(), Some("cxl_pci"));
    assert_eq!(simulator.claim(id), Some(Claim::Driver("cxl_pci".to_owned())));
    assert_eq!(default_machine().claim(id), None);
    assert_eq!(simulator.kernel_doe_features(address), None);
}

/// Row T22: what lies below a port that is pulled out goes with it; what lies elsewhere stays.
#[test]
fn a_removed_port_takes_along_what_is_below_it() {
    let simulator = default_machine();
    let [switch, memory, drive] = ["switch", "mem1", "drive"].map(|name| simulator.address(name).unwrap());
    let mut config = simulator.open(memory).unwrap();
    simulator.keep_events(100);
    simulator.remove(switch, Some(Duration::from_millis(5))).unwrap();
    assert_eq!(count(&simulator.take_events(), |what| *what == What::Removed), 5);

    assert_eq!((config.read(0), config.write(4, 0)), (Ok(u32::MAX), Ok(())), "all ones until it is noticed");
    assert!(simulator.functions().unwrap().contains(&memory));
    simulator.wait_until(Instant::from_millis(6));
    assert_eq!((config.read(0), config.write(4, 0)), (Err(AccessError::Gone), Err(AccessError::Gone)));
    assert_eq!(simulator.open(memory).unwrap_err(), AccessError::Gone);
    assert_eq!(simulator.functions().unwrap().len(), 5);
    assert!(simulator.open(drive).is_ok());
}

/// A bus reset takes the configuration and the exchanges of all below the port, a function level reset those of
/// the function; neither takes more.
#[test]
fn resets_bring_functions_back_to_before_firmware() {
    let simulator = default_machine();
    let mut memory = Host::new(&simulator, "mem0", 0);
    let mut neighbour = Host::new(&simulator, "mem1", 0);
    let register = memory.mailbox.capability().offset + 0x0c;
    for host in [&mut memory, &mut neighbour] {
        host.mailbox.send(&Request::new(Protocol::CXL_TABLE_ACCESS, &[0; 4])).unwrap();
        let _ = host.mailbox.advance(&mut host.config, simulator.now()).unwrap();
        assert_eq!(host.config.read(register), Ok(1), "at work");
    }
    let region = neighbour.config.read(0x14);
    let mut above = simulator.open(simulator.address("switch-0").unwrap()).unwrap();
    let control = above.read(0x3c).unwrap();
    above.write(0x3c, control | 1 << 22).unwrap();
    assert_eq!(memory.config.read(register), Ok(0), "the exchange is lost");
    assert_eq!(memory.config.read(0x04), Ok(0x0010_0000));
    assert_eq!((memory.config.read(0x10), memory.config.read(0x14)), (Ok(0xc), Ok(0)));
    assert_ne!(above.read(0x18), Ok(0), "the port itself is not reset");

    assert_eq!((neighbour.config.read(register), neighbour.config.read(0x14)), (Ok(1), region));
    let pcie = 0x54;
    assert_eq!(neighbour.config.read(pcie).unwrap() & 0xff, 0x10);
    let control = neighbour.config.read(pcie + 8).unwrap();
    assert_eq!(control, 0x2930);
    neighbour.config.write(pcie + 8, control | 0x8000).unwrap();
    assert_eq!((neighbour.config.read(register), neighbour.config.read(0x14)), (Ok(0), Ok(0)));
    assert_eq!(neighbour.config.read(pcie + 8), Ok(0x2810), "and the bit reads as zero");
}

#[test]
fn functions_that_never_were_are_gone() {
    let simulator = default_machine();
    let nowhere = address("0000:ff:00.0");
    assert_eq!(simulator.open(nowhere).unwrap_err(), AccessError::Gone);
    assert_eq!(simulator.remove(nowhere, None), Err(AccessError::Gone));
    assert_eq!(simulator.allocate_vectors(nowhere), Err(AccessError::Gone));
    assert_eq!((simulator.mailboxes(nowhere), simulator.address("nobody")), (vec![], None));
}

#[test]
fn numbers_are_given_out_depth_first_and_integrated_endpoints_sit_on_the_root_bus() {
    let text = r#"
        [[bridges]]
        segment = 3
        uid = 1
        root_bus = 0x80
        functions = [{ kind = "endpoint", name = "integrated" }]
        [[bridges.ports]]
        [bridges.ports.switch]
        [[bridges.ports.switch.ports]]
        [bridges.ports.switch.ports.switch]
        ports = [{ functions = [{ kind = "nic" }, { kind = "nic", name = "second" }] }, {}]
        [[bridges.ports]]
        functions = [{ kind = "nvme", name = "last" }]
        [[bridges]]
        segment = 3
        uid = 2
        ports = [{ functions = [{ kind = "nvme", name = "other" }] }]
    "#;
    let simulator = machine(text);
    let at = |name| simulator.address(name).unwrap().to_string();
    assert_eq!(at("integrated"), "0003:80:02.0");
    assert_eq!(at("second"), "0003:85:00.1");
    assert_eq!(at("last"), "0003:87:00.0");
    assert_eq!(at("other"), "0003:01:00.0", "the second bridge gets the free half");
    let mut second = simulator.open(simulator.address("second").unwrap()).unwrap();
    assert_eq!(second.read(0x0c).unwrap() >> 16 & 0xff, 0x80, "one of several functions");
    let mut integrated = simulator.open(simulator.address("integrated").unwrap()).unwrap();
    assert_eq!(integrated.read(0x34).map(|at| at != 0), Ok(true));
}

#[test]
fn ten_thousand_functions_take_forty_segments_and_next_to_no_memory() {
    let simulator = Simulator::new(&Scenario::synthetic(10_000, 1)).unwrap();
    let functions = simulator.functions().unwrap();
    assert_eq!(functions.len(), 10_000);
    assert_eq!(functions.last().unwrap().segment, 39);
    assert!(simulator.bytes_per_function() < 1024, "{}", simulator.bytes_per_function());
    // Every one of them answers, and no two devices have the same serial number.
    let mut serials = std::collections::HashSet::new();
    for address in functions {
        let mut config = simulator.open(address).unwrap();
        assert_ne!(config.read(0), Ok(u32::MAX));
        if config.read(0x148).unwrap() & 0xffff == u32::from(dsn::ID) {
            let serial = (config.read(0x14c).unwrap(), config.read(0x150).unwrap());
            assert!(serials.insert(serial), "{address}");
        }
    }
    assert!(serials.len() > 3000, "{}", serials.len());
}

#[test]
fn synthetic_machines_have_just_the_functions_asked_for() {
    for count in [0, 1, 2, 9, 249, 250, 251, 1000] {
        let simulator = Simulator::new(&Scenario::synthetic(count, 1)).unwrap();
        assert_eq!(simulator.functions().unwrap().len(), count);
    }
}
