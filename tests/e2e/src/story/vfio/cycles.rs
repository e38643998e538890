//! Many entries and wakes in a row.

use std::sync::Arc;

use anyhow::Result;
use lanewarden_linux::vfio::{LowPower, Wakeup};

use super::{AWAKE, Subject, identity};

const CYCLES: u64 = 1000;

/// Rows V8, V9, V10: of a thousand sleeps each wake is told once, leaving after it changes nothing, and no reference is left
/// over.
pub fn settled(subject: &Subject) -> Result<()> {
    let device = Arc::new(subject.open()?);
    let wakeup = Wakeup::new()?;
    let (mut told, mut asleep) = (0, 0);
    for _ in 0..CYCLES {
        device.enter_low_power_with_wakeup(&wakeup)?;
        asleep += u64::from(subject.settled(subject.asleep) == subject.asleep);
        identity(&device)?;
        let signals = wakeup.take()?;
        device.exit_low_power()?;
        told += u64::from((signals, wakeup.take()?) == (1, 0));
    }
    let seen = format!("{asleep} asleep, {told} told, {}", subject.stays(AWAKE));
    subject.check("1000 cycles", "1000 asleep, 1000 told, active, D0", &seen);
    device.enter_low_power()?;
    subject.check("sleeps after them", subject.asleep, &subject.settled(subject.asleep));
    device.exit_low_power()?;
    subject.check("awake after exit", AWAKE, &subject.stays(AWAKE));
    Ok(())
}

/// Row V19: a use that comes at any moment after the entry either finds the device asleep and is told, or finds it awake and
/// is not; then the next use is told, which finds it asleep.
pub fn at_once(subject: &Subject) -> Result<()> {
    let device = Arc::new(subject.open()?);
    let (mut told, mut untold, mut wrong) = (0_u64, 0_u64, 0_u64);
    for round in 0..CYCLES {
        let wakeup = Wakeup::new()?;
        device.enter_low_power_with_wakeup(&wakeup)?;
        let pause = std::time::Instant::now() + std::time::Duration::from_micros(round % 50 * 20);
        while std::time::Instant::now() < pause {
            std::hint::spin_loop();
        }
        identity(&device)?;
        let mut signals = vec![wakeup.take()?];
        if signals == [0] {
            subject.asleep()?;
            identity(&device)?;
            signals.push(wakeup.take()?);
        }
        device.exit_low_power()?;
        signals.push(wakeup.take()?);
        match signals.as_slice() {
            [1, 0] => told += 1,
            [0, 1, 0] => untold += 1,
            _ => wrong += 1,
        }
    }
    let seen = format!("{} rounds, {wrong} wrong, {}", told + untold, subject.stays(AWAKE));
    subject.check("use right after entry", "1000 rounds, 0 wrong, active, D0", &seen);
    crate::report::progress(&format!("use right after entry: {told} of 1000 found the device asleep"));
    device.enter_low_power()?;
    subject.check("sleeps after them", subject.asleep, &subject.settled(subject.asleep));
    Ok(())
}
