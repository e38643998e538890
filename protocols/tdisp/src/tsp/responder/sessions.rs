//! Which session may do what.

use crate::tsp::SECONDARY_SESSIONS;

/// What a session may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Configure and lock, and all that a secondary one may.
    Primary,
    /// See the configuration, and give memory to trusted domains.
    Secondary,
    /// See what the device can do.
    Other,
}

#[derive(Debug, Default)]
enum Primary {
    /// The first that asks for the version.
    #[default]
    Open,
    Session(u32),
    /// It is over, and what it has locked is not.
    Over,
}

#[derive(Debug, Default)]
pub(super) struct Sessions {
    primary: Primary,
    /// Bit n: secondary session n has a key.
    expected: u16,
    secondary: [Option<u32>; SECONDARY_SESSIONS],
}

impl Sessions {
    pub(super) fn role(&self, session: u32) -> Role {
        if matches!(self.primary, Primary::Session(primary) if primary == session) {
            Role::Primary
        } else if self.secondary.contains(&Some(session)) {
            Role::Secondary
        } else {
            Role::Other
        }
    }

    /// A session asks for the version: the first one is primary.
    pub(super) fn meet(&mut self, session: u32) {
        if matches!(self.primary, Primary::Open) {
            self.primary = Primary::Session(session);
        }
    }

    /// These have keys now, and the sessions with the last keys are not secondary any more.
    pub(super) fn expect_secondary(&mut self, valid: u16) {
        self.expected = valid;
        self.secondary = [None; SECONDARY_SESSIONS];
    }

    pub(super) fn join(&mut self, session: u32, place: usize) -> bool {
        let bit = u32::try_from(place).ok().and_then(|place| 1_u16.checked_shl(place));
        let is_expected = bit.is_some_and(|bit| self.expected & bit != 0);
        let slot = self.secondary.get_mut(place).filter(|_| is_expected);
        slot.map(|slot| *slot = Some(session)).is_some()
    }

    pub(super) fn end(&mut self, session: u32, is_kept: bool) {
        if self.role(session) == Role::Primary {
            self.primary = if is_kept { Primary::Over } else { Primary::Open };
            if !is_kept {
                self.expect_secondary(0);
            }
        }
        self.secondary.iter_mut().filter(|slot| **slot == Some(session)).for_each(|slot| *slot = None);
    }
}
