//! Several callers of one device at the same time.

use anyhow::Result;
use lanewarden_pci::low_power::{Feature, FeatureError, LowPower, Operation};

use super::System;

const CALLERS: usize = 4;
const CALLS: usize = 250;

/// Which answers there were that make no sense, and the device's state after an exit and after a further entry.
pub fn at_once<S: System>(system: &S, expected: Option<&str>) -> Result<String> {
    let (opened, wakeup) = (system.open()?, system.wakeup()?);
    let device = &*opened.device;
    let strange: usize = std::thread::scope(|scope| {
        let spawn = |caller| {
            let wakeup = &wakeup;
            scope.spawn(move || (0..CALLS).filter(|call| is_strange(device, wakeup, caller + call)).count())
        };
        let callers: Vec<_> = (0..CALLERS).map(spawn).collect();
        callers.into_iter().map(|caller| caller.join().unwrap_or(CALLS)).sum()
    });
    device.exit_low_power()?;
    // Where the other machine is to be followed its states are the second and the third part.
    let mut parts = expected.into_iter().flat_map(|text| text.split("; ").skip(1));
    let awake = system.settled(parts.next());
    device.enter_low_power()?;
    let asleep = system.settled(parts.next());
    Ok(format!("{strange} strange answers; {awake}; {asleep}"))
}

fn is_strange<D: LowPower>(device: &D, wakeup: &D::Wakeup, call: usize) -> bool {
    match call % 4 {
        0 => !matches!(device.enter_low_power(), Ok(()) | Err(FeatureError::Engaged)),
        1 => !matches!(device.enter_low_power_with_wakeup(wakeup), Ok(()) | Err(FeatureError::Engaged)),
        2 => device.exit_low_power().is_err(),
        _ => device.probe(Feature::LowPowerEntry, Operation::Set) != Ok(true),
    }
}
