//! What verbs take that are about a daemon.

use std::path::PathBuf;

use clap::Args;

use super::spdm::TimeArgument;
use super::{DeviceArgument, HexOffset};

/// Which mailbox, and how it is to be had.
#[derive(Debug, Args)]
pub struct Claim {
    /// The function, by its address or a CXL object on it
    pub device: DeviceArgument,
    /// Offset of the mailbox' capability, in hexadecimal, where the function has several
    #[arg(long, value_name = "HEX")]
    pub mailbox: Option<HexOffset>,
    /// How long to keep it, as in 10s; until Ctrl-C if not given
    #[arg(long = "for", value_name = "TIME")]
    pub time: Option<TimeArgument>,
    /// Take it from whoever has it, and let nobody else use it meanwhile. For debugging; needs a daemon, and its leave
    #[arg(long)]
    pub detach: bool,
    /// Show what would be claimed, and leave it alone
    #[arg(long)]
    pub dry_run: bool,
}

/// Which mailbox.
#[derive(Debug, Args)]
pub struct Release {
    /// The function, by its address or a CXL object on it
    pub device: DeviceArgument,
    /// Offset of the mailbox' capability, in hexadecimal, where the function has several
    #[arg(long, value_name = "HEX")]
    pub mailbox: Option<HexOffset>,
    /// Show from whom it would be taken, and leave it alone
    #[arg(long)]
    pub dry_run: bool,
}

/// A daemon to be.
#[derive(Clone, Debug, Args)]
pub struct DaemonArguments {
    /// Who may do what: this file in place of the machine's
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Where to keep what is under way, for the daemon that comes after this one; for emulated machines
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
}
