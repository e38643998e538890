//! Who may do what with which device: the daemon's policy.
//!
//! A policy is a profile and rules, from files that belong to the daemon alone. The first rule that fits who asks, which
//! device, which protocol and what for decides; where none does, it is denied. See [`files`] for how they are written.

mod accounts;
pub mod files;
mod rule;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use lanewarden_broker::{Action, Address, Permission, Profile, Protocol, Who};
use lanewarden_pci::Function;

pub use accounts::Accounts;
pub use rule::{Caller, Devices, Protocols, Rule, Verb};

/// What a device says that it is, as rules may name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Vendor ID.
    pub vendor: u16,
    /// Device ID.
    pub device: u16,
    /// Base class and subclass, as `0502`.
    pub class: u16,
}

impl Ids {
    /// Those of a function.
    #[must_use]
    pub fn of(function: &Function) -> Self {
        let header = &function.header;
        Self { vendor: header.vendor, device: header.device, class: header.class.device_class() }
    }
}

/// Whoever is at the other end of a connection, as the kernel says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Its user id.
    pub user: u32,
    /// Its groups, in ascending order.
    pub groups: Vec<u32>,
}

/// Who may do what.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    profile: Profile,
    rules: Vec<Rule>,
    devices: BTreeMap<Address, Ids>,
    /// Those who have been seen, by their role.
    subjects: Vec<Subject>,
}

impl Policy {
    /// A policy of these rules, of which the first that fits decides.
    #[must_use]
    pub fn new(profile: Profile, rules: Vec<Rule>) -> Self {
        Self { profile, rules, ..Self::default() }
    }

    /// A policy under which one user may do everything, and nobody else anything.
    #[must_use]
    pub fn of_one(user: u32) -> Self {
        Self::new(Profile::Production, vec![Rule::everything(Caller::User(user))])
    }

    /// Other rules from now on, for those who are here already too.
    pub fn replace(&mut self, other: Self) {
        (self.profile, self.rules) = (other.profile, other.rules);
    }

    /// What whoever is at the other end of a connection goes by in questions.
    pub fn admit(&mut self, subject: Subject) -> u32 {
        let known = self.subjects.iter().position(|known| *known == subject);
        let place = known.unwrap_or_else(|| {
            self.subjects.push(subject);
            self.subjects.len().saturating_sub(1)
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// What is known of the function at an address.
    pub fn learn(&mut self, address: Address, ids: Ids) {
        self.devices.insert(address, ids);
    }

    /// Nothing is any more.
    pub fn unlearn(&mut self, address: Address) {
        self.devices.remove(&address);
    }

    /// Whether somebody may see what there is and what happens: of one device, or at all.
    #[must_use]
    pub fn may_read(&self, who: Who, device: Option<Address>) -> bool {
        self.allows(who, device, Verb::Read, None)
    }

    /// Whether somebody may open and use sessions with a device.
    #[must_use]
    pub fn may_keep_sessions(&self, who: Who, device: Address) -> bool {
        self.allows(who, Some(device), Verb::Session, None)
    }

    fn allows(&self, who: Who, device: Option<Address>, verb: Verb, protocol: Option<Protocol>) -> bool {
        let Who::User { role, .. } = who else { return true };
        let subject = usize::try_from(role).ok().and_then(|role| self.subjects.get(role));
        let Some(subject) = subject else { return false };
        let ids = device.map(|address| (address, self.devices.get(&address).copied().unwrap_or_default()));
        let decides = self.rules.iter().find(|rule| rule.fits(subject, ids, verb, protocol));
        decides.is_some_and(|rule| rule.allows)
    }
}

impl Permission for Policy {
    fn permits(&self, who: Who, device: Address, action: Action) -> bool {
        let (verb, protocol) = match action {
            Action::Exchange(protocol) => (Verb::Exchange, Some(protocol)),
            Action::Raw(protocol) => (Verb::Raw, Some(protocol)),
            Action::Claim => (Verb::Claim, None),
            Action::Detach => (Verb::Detach, None),
            Action::Abort => (Verb::Abort, None),
            Action::Config => (Verb::Config, None),
            // Nobody but the daemon goes before all others.
            Action::Urgent => return who == Who::Internal,
        };
        let closed = self.profile == Profile::Production && protocol == Some(Protocol::CXL_COMPLIANCE);
        !closed && self.allows(who, Some(device), verb, protocol)
    }
}
