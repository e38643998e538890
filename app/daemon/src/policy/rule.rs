//! One rule.

use lanewarden_broker::{Address, Protocol};

use super::{Ids, Subject};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Everybody.
    Anyone,
    /// This user.
    User(u32),
    /// Whoever is in this group.
    Group(u32),
}

/// Which devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Devices {
    /// All, those that are plugged in later too.
    All,
    /// The one that is at this address.
    At(Address),
    /// Those with this vendor and device ID.
    Ids(u16, u16),
    /// Those with this vendor ID.
    Vendor(u16),
    /// Those of this base class and subclass.
    Class(u16),
}

/// Which protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocols {
    /// All.
    All,
    /// This one.
    One(Protocol),
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To see what there is and what happens.
    Read,
    /// To exchange objects of a protocol.
    Exchange,
    /// To own a mailbox for a while.
    Claim,
    /// To open and to use sessions that the daemon keeps.
    Session,
    /// To exchange objects past the calls for protocols.
    Raw,
    /// To take a mailbox away from everybody else.
    Detach,
    /// To end everybody's exchanges.
    Abort,
    /// To write configuration space.
    Config,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Read,
        Self::Exchange,
        Self::Claim,
        Self::Session,
        Self::Raw,
        Self::Detach,
        Self::Abort,
        Self::Config,
    ];

    /// Whether it is about a protocol.
    const fn has_protocol(self) -> bool {
        matches!(self, Self::Exchange | Self::Raw)
    }
}

/// One rule. Empty lists fit nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Who asks.
    pub callers: Vec<Caller>,
    /// Which devices.
    pub devices: Vec<Devices>,
    /// Which protocols, where it is about one.
    pub protocols: Vec<Protocols>,
    /// What for.
    pub verbs: Vec<Verb>,
    /// Whether it allows what it fits, or denies it.
    pub allows: bool,
}

impl Rule {
    /// A rule that allows somebody everything.
    #[must_use]
    pub fn everything(caller: Caller) -> Self {
        Self {
            callers: vec![caller],
            devices: vec![Devices::All],
            protocols: vec![Protocols::All],
            verbs: Verb::ALL.to_vec(),
            allows: true,
        }
    }

    /// Whether it is about this.
    pub fn fits(
        &self,
        subject: &Subject,
        device: Option<(Address, Ids)>,
        verb: Verb,
        protocol: Option<Protocol>,
    ) -> bool {
        self.verbs.contains(&verb)
            && self.callers.iter().any(|caller| caller.is(subject))
            && device.is_none_or(|(address, ids)| self.devices.iter().any(|one| one.has(address, ids)))
            && (!verb.has_protocol() || self.protocols.iter().any(|one| one.has(protocol)))
    }
}

impl Caller {
    fn is(self, subject: &Subject) -> bool {
        match self {
            Self::Anyone => true,
            Self::User(user) => subject.user == user,
            Self::Group(group) => subject.groups.contains(&group),
        }
    }
}

impl Devices {
    fn has(self, address: Address, ids: Ids) -> bool {
        match self {
            Self::All => true,
            Self::At(at) => at == address,
            Self::Ids(vendor, device) => (ids.vendor, ids.device) == (vendor, device),
            Self::Vendor(vendor) => ids.vendor == vendor,
            Self::Class(class) => ids.class == class,
        }
    }
}

impl Protocols {
    fn has(self, protocol: Option<Protocol>) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => protocol == Some(one),
        }
    }
}
