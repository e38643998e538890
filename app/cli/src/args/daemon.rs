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

/// What a daemon does, and how its policy is written.
pub const ABOUT: &str = "\
Be the one owner of all mailboxes, for many users.

Every verb that uses mailboxes goes through the daemon where one runs. It gives each client its turns, claims and \
answers, and puts on record what the privileged do. While it starts it waits two seconds for commands that use mailboxes \
by themselves. SIGTERM ends it when what is under way has ended; SIGHUP makes it read its policy again.

Who may do what stands in /usr/lib/lanewarden/policy.toml, /etc/lanewarden/policy.toml and \
/etc/lanewarden/policy.d/*.toml. A file has a profile, \"production\" or \"debug\" (which opens CXL compliance mode), and \
rules:

    [[rule]]
    who = [\"root\", \"group:lanewarden\"]
    devices = [\"0000:0d:00.0\", \"1b36:0010\", \"class:0502\"]
    protocols = [\"spdm\", \"cdat\", \"1e98:00\"]
    allow = [\"read\", \"exchange\", \"claim\"]

who: users by name or number, groups after \"group:\", or \"anyone\". devices: addresses, vendor:device, \"vendor:1b36\", \
class and subclass as \"class:0502\"; all if it is left out, as are protocols: discovery, spdm, secured-spdm, \
spdm-with-connection, secured-spdm-with-connection, cdat, compliance, or vendor:type. allow: read (what there is and what \
happens), exchange, claim, session (those that the daemon keeps), raw (any object, without a claim), detach, abort, config (writing configuration space), or \
all; deny in its place denies. The first rule that fits decides, the files being asked from the last to the first; what \
none fits is denied.";

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
