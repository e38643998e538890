//! The kernel and the emulated machine, driven with the same calls by the same client.

use std::sync::Arc;

use anyhow::Result;
use lanewarden_pci::ConfigSpace;
use lanewarden_pci::low_power::LowPower;

use super::Subject;
use crate::report;

mod act;
mod bench;
mod callers;
mod emulated;
mod kernel;
mod random;
mod script;
#[cfg(test)]
mod tests;

use act::Line;
use bench::Bench;
use emulated::Emulated;
use kernel::Kernel;

/// A machine with one function that is bound to vfio-pci.
trait System {
    type Device: LowPower<Wakeup = Self::Wakeup> + Send + Sync;
    type Wakeup: lanewarden_pci::low_power::Signal + Send + Sync;
    type Config: ConfigSpace;
    /// Memory of the device that is mapped.
    type Mapping;

    /// Opens the device. The device then answers for its memory.
    fn open(&self) -> Result<Opened<Self>>;
    fn wakeup(&self) -> Result<Self::Wakeup>;
    /// The number of a descriptor that is open and is no eventfd.
    fn file(&self) -> i32;
    fn answers(&self, opened: &Opened<Self>) -> Result<bool>;
    fn reset(&self, device: &Self::Device) -> Result<()>;
    /// A line that is set up is given up before it is set up anew; one that is not is not given up.
    fn set_line(&self, device: &Self::Device, line: Line) -> Result<()>;
    fn interrupt_count(&self, device: &Self::Device) -> Result<u32>;

    /// The host uses the device for a moment.
    fn host_use(&self) -> Result<()>;
    /// The host keeps the device awake, or does so no more.
    fn hold(&self, held: bool) -> Result<()>;
    fn host_reset(&self) -> Result<()>;
    /// The host reads configuration space.
    fn host_read(&self) -> Result<()>;
    /// Whether the line that is set up is masked.
    fn is_masked(&self) -> Result<bool>;

    /// What the device's state comes to when nothing more is done: `asleep D3hot`. A kernel takes its time, and is looked at
    /// until it is what is `expected`, for some seconds at most.
    fn settled(&self, expected: Option<&str>) -> String;
}

/// An open device.
struct Opened<S: System + ?Sized> {
    device: Arc<S::Device>,
    config: S::Config,
    #[cfg_attr(test, allow(dead_code))] // the emulated machine has no memory
    mapping: S::Mapping,
}

/// What the device can do, of what not every one can.
#[derive(Clone, Copy, Debug)]
struct Abilities {
    power_management: bool,
    line: bool,
}

/// The script, scene by scene.
pub fn script(subject: &Subject) -> Result<()> {
    let abilities = kernel::abilities(subject)?;
    report::progress(&format!("the script on {}", subject.name));
    for scene in script::scenes(abilities) {
        let mut model = Bench::new(Emulated::like(subject.asleep)?, abilities)?;
        let mut kernel = Bench::new(Kernel::new(subject), abilities)?;
        let (mut expected, mut seen) = (Vec::new(), Vec::new());
        for act in scene.acts {
            let on_model = model.act(act, None)?;
            seen.push(kernel.act(act, Some(&on_model))?.to_string());
            expected.push(on_model.to_string());
        }
        subject.check(&format!("model and kernel, {}", scene.name), &expected.join("; "), &seen.join("; "));
    }
    Ok(())
}

/// Row V4: so many random sequences of calls, sensible and not, have the same results, wakes, states and faults.
/// Rows V12, V15, V19: in all of them.
pub fn random(subject: &Subject, sequences: u64) -> Result<()> {
    let abilities = kernel::abilities(subject)?;
    let mut model = Bench::new(Emulated::like(subject.asleep)?, abilities)?;
    let mut kernel = Bench::new(Kernel::new(subject), abilities)?;
    let mut random = random::Random::new(abilities);
    report::progress(&format!("{sequences} random sequences on {}", subject.name));
    let (mut calls, mut differences) = (0_u64, Vec::new());
    for sequence in 0..sequences {
        for act in random.sequence() {
            let expected = model.act(act, None)?;
            let seen = kernel.act(act, Some(&expected))?;
            calls += 1;
            if expected != seen {
                differences.push(format!(", sequence {sequence}: {act}: model {expected}, kernel {seen}"));
            }
        }
        if differences.len() > 3 {
            break;
        }
    }
    let seen = format!("{} calls alike{}", calls - differences.len() as u64, differences.concat());
    subject.check(
        &format!("model and kernel, {sequences} random sequences"),
        &format!("{calls} calls alike"),
        &seen,
    );
    Ok(())
}

/// Rows V4, V9: callers in several threads get answers that make sense, and leave the count as it was.
pub fn callers(subject: &Subject) -> Result<()> {
    let expected = callers::at_once(&Emulated::like(subject.asleep)?, None)?;
    let seen = callers::at_once(&Kernel::new(subject), Some(&expected))?;
    subject.check("model and kernel, four callers at once", &expected, &seen);
    Ok(())
}
