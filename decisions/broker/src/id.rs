//! Names of what the broker speaks of. All are given out by it and never twice.

use core::fmt;

use lanewarden_pci::{Address, MailboxId};

/// A client, from its connection to its end. A client that comes back is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub(crate) u64);

impl ClientId {
    /// The number in its name.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

/// A request, from its acceptance to its one answer. What a request has brought (a claim, a detachment, a lock) goes by
/// the same name until it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

impl RequestId {
    /// The number in its name.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}", self.0)
    }
}

/// Which of the devices that an address has had. Hotplug, a reset and renumbering each make a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub(crate) u64);

impl Generation {
    /// The number in its name.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "generation {}", self.0)
    }
}

/// A function of a device, which is more than its address: a function that was replaced is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Device {
    /// Where it is.
    pub address: Address,
    /// Which of those that have been there.
    pub generation: Generation,
}

impl Device {
    /// Its mailbox whose capability is at `offset`.
    #[must_use]
    pub const fn instance(self, offset: u16) -> Instance {
        Instance { mailbox: MailboxId { address: self.address, offset }, generation: self.generation }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.address, self.generation)
    }
}

/// A mailbox (DOE instance) of a device, as opposed to one at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance {
    /// Where it is.
    pub mailbox: MailboxId,
    /// Of which of the devices that have been there.
    pub generation: Generation,
}

impl Instance {
    /// The function that has it.
    #[must_use]
    pub const fn device(self) -> Device {
        Device { address: self.mailbox.address, generation: self.generation }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.mailbox, self.generation)
    }
}
