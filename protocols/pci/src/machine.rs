//! A whole machine, as those see it that look for functions and talk to them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use lanewarden_time::Clock;

use crate::{AccessError, Address, ConfigSpace};

/// Which mailbox of which function: what locks and claims are keyed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxId {
    /// The function that has the mailbox.
    pub address: Address,
    /// Offset of the DOE extended capability in its configuration space.
    pub offset: u16,
}

impl fmt::Display for MailboxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{:03x}]", self.address, self.offset)
    }
}

/// Who besides us uses a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The function's own kernel driver runs protocols on it.
    Driver(String),
    /// A CXL core object (a port or an endpoint, by name) hangs on the function.
    CxlObject(String),
    /// The kernel's TSM layer is connected to the device.
    Tsm,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(name) => write!(f, "kernel driver {name}"),
            Self::CxlObject(name) => write!(f, "CXL core ({name})"),
            Self::Tsm => f.write_str("TSM connection"),
        }
    }
}

/// Why a mailbox's lock was not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another process holds it; its process id where that is known.
    #[error("locked by another process{}", Holder(*.0))]
    Held(Option<u32>),
    /// This process may not lock mailboxes.
    #[error("permission to lock mailboxes denied")]
    Denied,
    /// The place of the locks belongs to someone else or is open to others, so a lock there would mean nothing.
    #[error("the place of the locks is not the owner's alone")]
    Unsafe,
    /// The operating system failed in another way; its error number.
    #[error("operating system error {0}")]
    System(i32),
}

struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => write!(f, " (process {pid})"),
            None => Ok(()),
        }
    }
}

/// A machine: its functions, its firmware tables, what its kernel says of them, and its clock.
///
/// Every method that asks the kernel about a function answers "nothing known" where the machine has no such notion.
pub trait Machine: Clock {
    /// Access to one function.
    type Config: ConfigSpace;
    /// Held while a mailbox is used; dropping it lets go.
    type Lock;

    /// The addresses of all functions, in ascending order.
    fn functions(&self) -> Result<Vec<Address>, AccessError>;

    /// Opens a function's configuration space.
    fn open(&self, address: Address) -> Result<Self::Config, AccessError>;

    /// Tries to become the one user, among those who use this call, of a mailbox. Never waits. Excludes neither the
    /// kernel nor firmware.
    fn try_lock(&self, mailbox: MailboxId) -> Result<Self::Lock, LockError>;

    /// Who besides us uses this mailbox at this moment.
    fn claim(&self, mailbox: MailboxId) -> Option<Claim>;

    /// The name of the kernel driver bound to a function.
    fn driver(&self, address: Address) -> Option<String>;

    /// The names of the CXL core's objects that hang on a function (`mem0`, `endpoint3`, `port2`), sorted.
    fn cxl_objects(&self, address: Address) -> Vec<String>;

    /// What the kernel itself lists in `doe_features` (`0001:01`, ...), sorted; `None` where it has no such list.
    fn kernel_doe_features(&self, address: Address) -> Option<Vec<String>>;

    /// The CDAT that the kernel has read from a function's mailbox itself and publishes, as it stands; `None` where it
    /// publishes none.
    fn kernel_cdat(&self, address: Address) -> Option<Vec<u8>>;

    /// The ACPI `_UID` of the host bridge whose root bus this is, where it is a number.
    fn host_bridge_uid(&self, segment: u32, bus: u8) -> Option<u32>;

    /// All firmware tables with this ACPI signature, whole (header included). Empty where there are none.
    fn acpi_tables(&self, signature: [u8; 4]) -> Result<Vec<Vec<u8>>, AccessError>;
}
