//! Who may do what, which devices are let in, and whether the firmware has a mailbox: three questions that are answered
//! outside of the broker.

use lanewarden_doe::Protocol;
use lanewarden_pci::{Address, MailboxId};
use lanewarden_time::Instant;

use crate::Device;

/// Who a client is, as whoever accepted its connection has found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// The daemon itself.
    Internal,
    /// A process of this machine.
    User {
        /// Its user id.
        user: u32,
        /// Its process id.
        process: u32,
    },
}

/// What somebody wants to do with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Exchange objects of a protocol that is offered as such.
    Exchange(Protocol),
    /// Exchange objects of any kind, past the calls for protocols (row B19).
    Raw(Protocol),
    /// Own a mailbox for a while.
    Claim,
    /// Go before all others and end their claims.
    Urgent,
    /// Take a mailbox away from everybody else.
    Detach,
    /// End everybody's exchanges on a mailbox.
    Abort,
    /// Have configuration space alone.
    Config,
}

/// Who may do what. Asked for each request, with what is known of the device then, so that a rule holds for devices that
/// are plugged in later too.
pub trait Permission {
    /// Whether this client may do this with the function at this address.
    fn permits(&self, who: Who, device: Address, action: Action) -> bool;
}

/// Which devices are let in. The place of the trust gate.
pub trait Gate {
    /// Whether this may be done with this device at present. Asked when a request comes and again when its turn has
    /// come.
    fn admits(&self, device: Device, action: Action) -> bool;
}

/// Mailboxes that the firmware has. The specification has no method to negotiate that; this is the place for one.
pub trait Firmware {
    /// `None`: the mailbox is the host's. Otherwise nothing is begun on it, and the question is put again at the time
    /// that is returned, or on [`crate::Broker::reconsider`].
    fn holds(&self, mailbox: MailboxId, now: Instant) -> Option<Instant>;
}

/// Everybody may do everything with every device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllowAll;

impl Permission for AllowAll {
    fn permits(&self, _: Who, _: Address, _: Action) -> bool {
        true
    }
}

impl Gate for AllowAll {
    fn admits(&self, _: Device, _: Action) -> bool {
        true
    }
}

/// The firmware has no mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoFirmware;

impl Firmware for NoFirmware {
    fn holds(&self, _: MailboxId, _: Instant) -> Option<Instant> {
        None
    }
}

/// Permission by what a machine is for.
///
/// Everybody may exchange objects and claim mailboxes; user 0 may also do what disturbs others; only the daemon itself is
/// urgent. CXL compliance mode, with which a device can be told to misbehave, is closed to all in production.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// A machine at work.
    #[default]
    Production,
    /// A machine on which devices are brought up.
    Debug,
}

impl Permission for Profile {
    fn permits(&self, who: Who, _: Address, action: Action) -> bool {
        let closed = Action::Exchange(Protocol::CXL_COMPLIANCE) == action
            || Action::Raw(Protocol::CXL_COMPLIANCE) == action;
        let is_open = !closed || *self == Self::Debug;
        let is_operator = matches!(who, Who::Internal | Who::User { user: 0, .. });
        is_open
            && match action {
                Action::Exchange(_) | Action::Claim => true,
                Action::Raw(_) | Action::Detach | Action::Abort | Action::Config => is_operator,
                Action::Urgent => who == Who::Internal,
            }
    }
}

/// The three together, as the broker wants them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules<P = Profile, G = AllowAll, F = NoFirmware> {
    /// Who may do what.
    pub permission: P,
    /// Which devices are let in.
    pub gate: G,
    /// What the firmware has.
    pub firmware: F,
}

impl<P: Permission, G, F> Permission for Rules<P, G, F> {
    fn permits(&self, who: Who, device: Address, action: Action) -> bool {
        self.permission.permits(who, device, action)
    }
}

impl<P, G: Gate, F> Gate for Rules<P, G, F> {
    fn admits(&self, device: Device, action: Action) -> bool {
        self.gate.admits(device, action)
    }
}

impl<P, G, F: Firmware> Firmware for Rules<P, G, F> {
    fn holds(&self, mailbox: MailboxId, now: Instant) -> Option<Instant> {
        self.firmware.holds(mailbox, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Who = Who::User { user: 0, process: 1 };
    const USER: Who = Who::User { user: 1000, process: 2 };

    fn permits(profile: Profile, who: Who, action: Action) -> bool {
        profile.permits(who, Address::default(), action)
    }

    /// Row D6: the compliance type is closed to all in production, raw or not, and open where devices are brought up.
    #[test]
    fn compliance_is_for_debugging_only() {
        let compliance = Protocol::CXL_COMPLIANCE;
        for who in [Who::Internal, ROOT] {
            for action in [Action::Exchange(compliance), Action::Raw(compliance)] {
                assert!(!permits(Profile::Production, who, action));
                assert!(permits(Profile::Debug, who, action));
            }
        }
        assert!(permits(Profile::Production, USER, Action::Exchange(Protocol::CXL_TABLE_ACCESS)));
    }

    /// Row B19: protocols are for everybody, the raw mailbox and raw configuration space for the privileged.
    #[test]
    fn what_disturbs_others_is_for_the_privileged() {
        let raw = Action::Raw(Protocol::CMA_SPDM);
        for profile in [Profile::Production, Profile::Debug] {
            for action in [raw, Action::Detach, Action::Abort, Action::Config] {
                assert!(permits(profile, ROOT, action) && permits(profile, Who::Internal, action));
                assert!(!permits(profile, USER, action), "{action:?}");
            }
            assert!(permits(profile, USER, Action::Claim));
            assert!(
                permits(profile, Who::Internal, Action::Urgent) && !permits(profile, ROOT, Action::Urgent)
            );
        }
    }
}
