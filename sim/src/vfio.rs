//! A device that its user has through VFIO, as the kernel's driver treats it: low power, wakes, and who is told.
//!
//! [`Model`] is the core, and is driven. Around it stands what a process sees of it: [`Host`] is the kernel with one function
//! of a [`Simulator`](crate::Simulator) that is bound to vfio-pci, [`Process`] holds descriptors, and [`Device`] is the open
//! device, with the same [`LowPower`](lanewarden_pci::low_power::LowPower) and
//! [`ConfigSpace`](lanewarden_pci::ConfigSpace) as a real one.
//!
//! Written from the interface (`include/uapi/linux/vfio.h`) and what it does; the run on a real kernel drives both with the
//! same calls and compares.
//!
//! ```
//! use std::sync::Arc;
//!
//! use lanewarden_pci::ConfigSpace;
//! use lanewarden_pci::low_power::{LowPower, Signal};
//! use lanewarden_sim::vfio::{Config, Depth, Host, Process};
//! use lanewarden_sim::{Scenario, Simulator};
//!
//! let machine = Simulator::new(&Scenario::default())?;
//! let drive = machine.address("drive").expect("the scenario names one");
//! let host = Host::new(&machine, drive, Depth::D3cold)?;
//! let process = Process::new();
//! let device = Arc::new(host.open(&process)?);
//!
//! let wakeup = process.wakeup();
//! device.enter_low_power_with_wakeup(&wakeup)?;
//! host.idle();
//! assert_eq!(host.depth(), Depth::D3cold);
//! Config::new(Arc::clone(&device)).read(0)?;
//! assert_eq!((host.depth(), wakeup.signals()?), (Depth::D0, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod device;
mod host;
mod model;
mod process;

pub use device::{Config, Device};
pub use host::Host;
pub use model::{AlreadyOpen, Depth, Descriptor, Line, Model};
pub use process::{File, Process, Wakeup};
