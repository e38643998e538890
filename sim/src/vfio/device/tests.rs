use std::time::Duration;

use lanewarden_pci::Machine;
use lanewarden_pci::low_power::{Feature, Operation, Signal};
use lanewarden_time::Clock;

use super::super::{AlreadyOpen, Depth};
use super::*;
use crate::{Scenario, Simulator};

/// Control and status of the drive's power management.
const CONTROL: u16 = 0x44;
const COMMAND: u16 = 0x04;

fn machine() -> Simulator {
    Simulator::new(&Scenario::default()).unwrap()
}

fn host(machine: &Simulator, platform: Depth) -> Host {
    let host = Host::new(machine, machine.address("drive").unwrap(), platform).unwrap();
    host.idle();
    assert!(host.is_asleep(), "as any that nobody has opened");
    host
}

fn opened(platform: Depth) -> (Host, Process, Arc<Device>, Config) {
    let host = host(&machine(), platform);
    let process = Process::new();
    let device = Arc::new(host.open(&process).unwrap());
    let mut config = Config::new(Arc::clone(&device));
    config.write(COMMAND, 2).unwrap();
    (host, process, device, config)
}

/// Row V1: the device's own register reaches D3hot and no more; entry reaches what the platform has.
#[test]
fn a_user_alone_reaches_d3hot_and_with_the_kernel_d3cold() {
    let (host, _process, device, mut config) = opened(Depth::D3cold);
    let control = config.read(CONTROL).unwrap();
    config.write(CONTROL, control | 3).unwrap();
    host.idle();
    assert_eq!((host.depth(), config.read(CONTROL).unwrap() & 3), (Depth::D3hot, 3));
    assert!(!device.answers());
    config.write(CONTROL, control).unwrap();
    assert_eq!((host.depth(), device.answers()), (Depth::D0, true));
    device.enter_low_power().unwrap();
    host.idle();
    assert_eq!(host.depth(), Depth::D3cold);
}

/// Row V3: a read through the device's file wakes it, and is answered as ever.
#[test]
fn configuration_space_answers_from_any_state() {
    let (host, _process, device, mut config) = opened(Depth::D3cold);
    let identity = config.read(0).unwrap();
    device.enter_low_power().unwrap();
    host.idle();
    assert!(host.is_asleep());
    assert_eq!(config.read(0).unwrap(), identity);
    assert!(!host.is_asleep());
    assert_ne!(identity, u32::MAX);
}

/// Row V14: a fault is answered at once, although a wake would take a second.
#[test]
fn a_fault_does_not_wait_for_a_resume() {
    let machine = machine();
    let host = host(&machine, Depth::D3cold);
    host.set_resume_time(Duration::from_secs(1));
    let device = host.open(&Process::new()).unwrap();
    device.enter_low_power().unwrap();
    host.idle();
    let start = machine.now();
    assert!(!device.answers() && host.is_asleep());
    assert_eq!(machine.now().since(start), Duration::ZERO);
    device.exit_low_power().unwrap();
    assert_eq!(machine.now().since(start), Duration::from_secs(1));
}

/// Row V20: a closed device is anybody's again, and its eventfd hears no more of it.
#[test]
fn one_process_at_a_time_has_a_device() {
    let (host, process, device, config) = opened(Depth::D3hot);
    assert_eq!(host.open(&Process::new()).unwrap_err(), AlreadyOpen);
    let wakeup = process.wakeup();
    device.enter_low_power_with_wakeup(&wakeup).unwrap();
    host.idle();
    drop((device, config));
    assert!(!host.is_asleep());
    host.idle();
    let other = Process::new();
    let device = host.open(&other).unwrap();
    device.enter_low_power().unwrap();
    host.idle();
    host.use_device().unwrap();
    assert_eq!(wakeup.signals(), Ok(0));
}

/// Row V12: a device that does not wake is an input/output error, for every kind of access.
#[test]
fn every_access_to_a_device_that_does_not_wake_is_an_error() {
    let (host, _process, device, mut config) = opened(Depth::D3hot);
    device.enter_low_power().unwrap();
    host.idle();
    host.stick();
    assert_eq!(config.read(0), Err(AccessError::System(5)));
    assert_eq!(config.write(COMMAND, 2), Err(AccessError::System(5)));
    assert_eq!(device.exit_low_power(), Err(FeatureError::NoWake));
    assert_eq!(device.probe(Feature::LowPowerExit, Operation::Set), Err(FeatureError::NoWake));
    assert_eq!(device.interrupt_count(), Err(FeatureError::NoWake));
}

/// Virtual functions keep their physical function awake and in D0.
#[test]
fn a_function_with_virtual_ones_stays_awake() {
    let (host, process, device, mut config) = opened(Depth::D3hot);
    host.set_functions(true);
    let wakeup = process.wakeup();
    device.enter_low_power_with_wakeup(&wakeup).unwrap();
    host.idle();
    let control = config.read(CONTROL).unwrap();
    config.write(CONTROL, control | 3).unwrap();
    assert_eq!((host.depth(), config.read(CONTROL).unwrap()), (Depth::D0, control));
    assert_eq!(wakeup.signals(), Ok(0));
    host.set_functions(false);
    host.idle();
    assert_eq!((host.depth(), wakeup.signals()), (Depth::D3hot, Ok(0)));
}

/// Row V22: none of the interrupts announces a wake.
#[test]
fn there_are_the_interrupts_of_pci_and_two_more() {
    let (_host, _process, device, _config) = opened(Depth::D3hot);
    assert_eq!(device.interrupt_count(), Ok(5));
}

/// Row V6: which device it is plays no part in how it is treated, here and with the real kernel.
#[test]
fn no_code_of_low_power_asks_who_made_the_device() {
    for source in [
        include_str!("../model.rs"),
        include_str!("../host.rs"),
        include_str!("../device.rs"),
        include_str!("../../../../adapters/linux/src/vfio/low_power.rs"),
        include_str!("../../../../adapters/linux/src/vfio/device.rs"),
        include_str!("../../../../protocols/pci/src/low_power.rs"),
    ] {
        let lower = source.to_lowercase();
        assert!(!lower.contains("vendor") && !lower.contains("0x10de") && !lower.contains("nvidia"));
    }
}

/// Rows V4, V12: users in several threads leave the count as it was: awake after an exit, asleep after an entry.
#[test]
fn concurrent_callers_leave_the_count_balanced() {
    let (host, process, device, _config) = opened(Depth::D3hot);
    let wakeup = process.wakeup();
    std::thread::scope(|scope| {
        for caller in 0..4_u32 {
            let (host, device, wakeup) = (&host, &device, &wakeup);
            scope.spawn(move || {
                for call in 0..1000 {
                    match (caller + call) % 4 {
                        0 => device.enter_low_power().unwrap_or_default(),
                        1 => device.enter_low_power_with_wakeup(wakeup).unwrap_or_default(),
                        2 => device.exit_low_power().unwrap(),
                        _ => host.idle(),
                    }
                }
            });
        }
    });
    device.exit_low_power().unwrap();
    host.idle();
    assert!(!host.is_asleep());
    device.enter_low_power().unwrap();
    host.idle();
    assert!(host.is_asleep());
}

/// The emulated machine's mailboxes are reached through a device that is owned, from sleep too.
#[test]
fn a_mailbox_is_reached_through_an_owned_device() {
    let machine = machine();
    let drive = machine.address("drive").unwrap();
    let offset = machine.mailboxes(drive)[0].offset;
    let host = Host::new(&machine, drive, Depth::D3cold).unwrap();
    let device = Arc::new(host.open(&Process::new()).unwrap());
    let header = machine.open(drive).unwrap().read(offset).unwrap();
    device.enter_low_power().unwrap();
    host.idle();
    assert_eq!(Config::new(device).read(offset), Ok(header));
    assert_eq!(header & 0xffff, 0x002e);
}

/// Row V21: what the documents say wakes does, and what they say faults does and wakes nothing.
#[test]
fn the_documents_say_what_wakes_and_what_faults() {
    let documents = include_str!("../../../../adapters/linux/src/vfio.rs");
    let line = |start: &str| documents.lines().find(|line| line.contains(start)).unwrap();
    assert!(line("| a read or write of a region or of configuration space").contains("| wakes the device"));
    assert!(line("| a load or store in mapped memory").contains("| faults (SIGBUS) and wakes nothing |"));
    assert!(line("| the kernel's own or another process' use").contains("| wakes the device"));
    let (host, _process, device, mut config) = opened(Depth::D3hot);
    let wakes = |act: &mut dyn FnMut()| {
        device.enter_low_power().unwrap();
        host.idle();
        act();
        let woken = !host.is_asleep();
        device.exit_low_power().unwrap();
        woken
    };
    assert!(wakes(&mut || assert!(config.read(0).is_ok())));
    assert!(wakes(&mut || host.use_device().unwrap()));
    assert!(!wakes(&mut || assert!(!device.answers())));
}
