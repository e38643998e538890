//! The command line of `vfio`.

use clap::{Args, Subcommand};

use super::DeviceArgument;
use super::spdm::TimeArgument;

/// Verbs on devices that a process has for itself.
#[derive(Debug, Subcommand)]
pub enum Vfio {
    /// Take a function from its driver and give it to vfio-pci
    Bind(Bind),
    /// Give a function back to the driver that the kernel finds for it
    Unbind(Unbind),
    /// Let a device sleep, and be told when it is woken
    #[command(subcommand)]
    LowPower(LowPower),
}

/// Which function is taken.
#[derive(Debug, Args)]
pub struct Bind {
    /// The function, by its address or a CXL object on it
    pub device: DeviceArgument,
    /// Take it although a mounted file system, swap space or the default route stands on it, or its mailboxes are in use
    #[arg(long)]
    pub force: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Which function is given back.
#[derive(Debug, Args)]
pub struct Unbind {
    /// The function, by its address
    pub device: DeviceArgument,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// What is done about low power. The device has to be bound to vfio-pci, and no other process may have it.
#[derive(Debug, Subcommand)]
pub enum LowPower {
    /// Ask whether the kernel's driver has the features
    Probe {
        /// The function, by its address
        device: DeviceArgument,
    },
    /// Let the device sleep as long as this runs
    Enter(Enter),
    /// Open the device, end low power where it is engaged, and show its state
    ///
    /// Low power ends with the process that has entered it, so that as a rule there is nothing to end.
    Exit {
        /// The function, by its address
        device: DeviceArgument,
        /// Look whether it could be opened, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Let the device sleep, and report each wake-up as it happens
    Watch(Watch),
}

/// How a device is put to sleep.
#[derive(Debug, Args)]
pub struct Enter {
    /// The function, by its address
    pub device: DeviceArgument,
    /// Until it is woken, instead of again after every use
    #[arg(long)]
    pub wakeup: bool,
    /// How long at the most: 500ms, 10s, 2m
    #[arg(long = "for", value_name = "TIME")]
    pub limit: Option<TimeArgument>,
    /// Look whether it could be opened, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How a device is watched.
#[derive(Debug, Args)]
pub struct Watch {
    /// The function, by its address
    pub device: DeviceArgument,
    /// Put it to sleep again after each wake-up
    #[arg(long)]
    pub reenter: bool,
    /// End after so many wake-ups
    #[arg(long, value_name = "N", requires = "reenter", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_wakes: Option<u64>,
    /// How long at the most: 500ms, 10s, 2m
    #[arg(long = "for", value_name = "TIME")]
    pub limit: Option<TimeArgument>,
    /// Look whether it could be opened, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}
