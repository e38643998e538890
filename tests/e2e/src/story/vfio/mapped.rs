//! Mapped memory of a device that sleeps.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use lanewarden_linux::vfio::{Config, Device, LowPower, Mapping, Region, Wakeup};
use lanewarden_pci::ConfigSpace;

use super::{Subject, identity};
use crate::report;

/// Bit 1 of the Command register: the device answers for its memory.
pub const MEMORY_SPACE: u32 = 2;

/// Rows V3, V13: mapped memory faults as long as low power is engaged, with an eventfd and without; that wakes nothing and
/// tells nobody.
/// Row V14: nothing is resumed for it; how long it takes is said.
/// Row V18: it does so from the entry on, before the device sleeps.
/// Row V21: as the module's documentation says.
pub fn faults(subject: &Subject) -> Result<()> {
    let device = Arc::new(subject.open()?);
    let mut config = Config::new(Arc::clone(&device))?;
    let command = config.read(4)? & 0xffff;
    config.write(4, command | MEMORY_SPACE)?;
    let mapping = device.map(&mappable(&device)?)?;
    subject.check("mapped memory, awake", "answers", word(&mapping)?);
    device.enter_low_power()?;
    subject.check("mapped memory, right after entry", "faults", word(&mapping)?);
    subject.asleep()?;
    let start = Instant::now();
    let seen = word(&mapping)?;
    let took = start.elapsed();
    subject.check(
        "mapped memory, asleep",
        &format!("faults, {}", subject.asleep),
        &format!("{seen}, {}", subject.stays(subject.asleep)),
    );
    identity(&device)?;
    subject.check("mapped memory, after a wake without eventfd", "faults", word(&mapping)?);
    device.exit_low_power()?;
    subject.check("mapped memory, after exit", "answers", word(&mapping)?);
    let wakeup = Wakeup::new()?;
    device.enter_low_power_with_wakeup(&wakeup)?;
    subject.asleep()?;
    let seen = format!("{}, {}, eventfd {}", word(&mapping)?, subject.stays(subject.asleep), wakeup.take()?);
    subject.check(
        "mapped memory, asleep with eventfd",
        &format!("faults, {}, eventfd 0", subject.asleep),
        &seen,
    );
    identity(&device)?;
    subject.check("mapped memory, after a wake that was told", "answers", word(&mapping)?);
    report::progress(&format!("{}: the fault took {} us", subject.name, took.as_micros()));
    Ok(())
}

fn word(mapping: &Mapping) -> Result<&'static str> {
    Ok(if mapping.answers(0)? { "answers" } else { "faults" })
}

/// The first region that can be mapped.
pub fn mappable(device: &Device) -> Result<Region> {
    for index in 0..6 {
        let region = device.region(index)?;
        if region.mappable && region.size > 0 {
            return Ok(region);
        }
    }
    None.context("a device without a region to map")
}
