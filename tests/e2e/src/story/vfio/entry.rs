//! Entry without an eventfd, exit, and closing.

use std::sync::Arc;

use anyhow::Result;
use lanewarden_linux::vfio::{LowPower, Wakeup};

use super::{AWAKE, Subject, identity, word};
use crate::functions::folder;

/// Row V1: the device goes to the deepest state there is: D3hot on this platform, and D0 where the function has no other.
/// Row V2: the calls and answers are the same for both, and nothing but the kernel's own file says which it is.
/// Row V19: a second entry is refused.
/// Row V3: an access wakes the device and is answered.
/// Rows V5, V6: it may then go back to sleep by itself, as nobody asked to be told.
/// Row V7: nobody is told.
pub fn sleeps(subject: &Subject) -> Result<()> {
    let device = Arc::new(subject.open()?);
    let (config, stranger) =
        (std::fs::read(folder(&subject.address.to_string()).join("config"))?, Wakeup::new()?);
    let real = u32::from_le_bytes([config[0], config[1], config[2], config[3]]);
    subject.check("awake while open", AWAKE, &subject.stays(AWAKE));
    subject.check("entry", "done", &word(device.enter_low_power()));
    subject.check("after entry", subject.asleep, &subject.settled(subject.asleep));
    subject.check("second entry", "Engaged", &word(device.enter_low_power()));
    let wakeup = word(device.enter_low_power_with_wakeup(&stranger));
    subject.check("entry with wake-up while engaged", "Engaged", &wakeup);
    subject.check("back to sleep after refusals", subject.asleep, &subject.settled(subject.asleep));
    let seen = identity(&device).map_or_else(|error| error.to_string(), |value| format!("{value:08x}"));
    subject.check("config read through VFIO while asleep", &format!("{real:08x}"), &seen);
    subject.check("back to sleep after it", subject.asleep, &subject.settled(subject.asleep));
    subject.check("eventfd of a refused entry", "0", &stranger.take()?.to_string());
    Ok(())
}

/// Rows V4, V9: exit without an entry does nothing; after one the device stays awake, and a further exit changes
/// nothing.
pub fn leaves(subject: &Subject) -> Result<()> {
    let device = subject.open()?;
    subject.check("exit without entry", "done", &word(device.exit_low_power()));
    subject.check("stays awake", AWAKE, &subject.stays(AWAKE));
    device.enter_low_power()?;
    subject.asleep()?;
    subject.check("exit", "done", &word(device.exit_low_power()));
    subject.check("awake for good", AWAKE, &subject.stays(AWAKE));
    for _ in 0..3 {
        device.exit_low_power()?;
    }
    // Had the exits above counted, the device would not sleep now.
    device.enter_low_power()?;
    subject.check("entry after four exits", subject.asleep, &subject.settled(subject.asleep));
    Ok(())
}

/// Row V20: closing ends low power and leaves nothing behind. The kernel lets a device that nobody has open sleep too, so
/// that it is opened again to see.
pub fn closed(subject: &Subject) -> Result<()> {
    let wakeup = Wakeup::new()?;
    let device = subject.open()?;
    device.enter_low_power_with_wakeup(&wakeup)?;
    subject.asleep()?;
    drop(device);
    subject.check("eventfd after closing asleep", "0", &wakeup.take()?.to_string());
    subject.check("closed: asleep as any that nobody has", subject.asleep, &subject.settled(subject.asleep));
    let device = subject.open()?;
    subject.check("opened again", AWAKE, &subject.stays(AWAKE));
    subject.check("entry after that", "done", &word(device.enter_low_power()));
    subject.check("sleeps after that", subject.asleep, &subject.settled(subject.asleep));
    subject.check("first eventfd is forgotten", "0", &wakeup.take()?.to_string());
    Ok(())
}
