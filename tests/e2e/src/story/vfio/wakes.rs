//! Who wakes a device, and who is told.

use std::sync::Arc;

use anyhow::Result;
use lanewarden_linux::vfio::{Device, LowPower, Wakeup};
use lanewarden_pci::ConfigSpace;

use super::{AWAKE, Subject, identity, word};
use crate::functions::folder;
use crate::plant::{Plant, plant};
use crate::system::write_line;

type Cause = fn(&Subject, &Arc<Device>) -> Result<()>;

const CAUSES: [(&str, Cause); 7] = [
    ("power/control", |subject, _| {
        write_line(subject.attribute("power/control"), "on")?;
        write_line(subject.attribute("power/control"), "auto")
    }),
    ("sysfs reset", |subject, _| write_line(subject.attribute("reset"), "1")),
    ("config read through VFIO", |_, device| Ok(identity(device).map(drop)?)),
    ("config write through VFIO", |_, device| {
        // The Interrupt Line register, which the kernel keeps for the user.
        let mut config = lanewarden_linux::vfio::Config::new(Arc::clone(device))?;
        let value = config.read(0x3c)?;
        Ok(config.write(0x3c, value)?)
    }),
    ("region info", |_, device| Ok(device.region(0).map(drop)?)),
    ("reset through VFIO", |_, device| Ok(device.reset()?)),
    ("exit", |_, device| Ok(device.exit_low_power()?)),
];

/// Row V5: each of these wakes the device, and the eventfd tells of it.
/// Rows V8, V9: once for each entry; the device then stays awake, and what uses it then tells nobody.
/// Row V10: an exit after that changes nothing.
/// Row V21: what the module's documentation says wakes does.
/// Row V22: the eventfd is all there is.
pub fn causes(subject: &Subject) -> Result<()> {
    for (name, cause) in CAUSES {
        let device = Arc::new(subject.open()?);
        let wakeup = Wakeup::new()?;
        if plant()? == Some(Plant::NoEventfd) {
            device.enter_low_power()?;
        } else {
            device.enter_low_power_with_wakeup(&wakeup)?;
        }
        subject.asleep()?;
        let before = wakeup.take()?;
        cause(subject, &device)?;
        let (first, after) = (wakeup.take()?, subject.stays(AWAKE));
        cause(subject, &device)?;
        let second = wakeup.take()?;
        let exit = word(device.exit_low_power());
        let seen = format!("{before} {first} {second}, {after}, exit {exit}, {}", subject.stays(AWAKE));
        subject.check(
            &format!("{name}: eventfd before, first, second"),
            "0 1 0, active, D0, exit done, active, D0",
            &seen,
        );
    }
    entry(subject)
}

/// Row V19: a further entry wakes a device that sleeps with an eventfd, which ends low power, so that it is a first entry.
fn entry(subject: &Subject) -> Result<()> {
    let device = subject.open()?;
    let (first, second) = (Wakeup::new()?, Wakeup::new()?);
    device.enter_low_power_with_wakeup(&first)?;
    subject.asleep()?;
    let entered = word(device.enter_low_power_with_wakeup(&second));
    let power = subject.settled(subject.asleep);
    let seen = format!("{entered}, eventfds {} {}, {power}", first.take()?, second.take()?);
    subject.check(
        "entry while asleep with an eventfd",
        &format!("done, eventfds 1 0, {}", subject.asleep),
        &seen,
    );
    Ok(())
}

/// Reading configuration space through sysfs wakes nothing that is in D3hot, and nobody is told.
pub fn no_cause(subject: &Subject) -> Result<()> {
    let device = subject.open()?;
    let wakeup = Wakeup::new()?;
    device.enter_low_power_with_wakeup(&wakeup)?;
    subject.asleep()?;
    let config = std::fs::read(folder(&subject.address.to_string()).join("config"))?;
    let seen =
        format!("{} bytes, {}, eventfd {}", config.len(), subject.stays(subject.asleep), wakeup.take()?);
    subject.check("config read through sysfs", &format!("4096 bytes, {}, eventfd 0", subject.asleep), &seen);
    Ok(())
}
