//! What a stream's keys are up to: for each direction, one that waits and one in use.

use super::{Direction, Mode, Slot};
use crate::{StreamState, table};

/// One direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lane {
    /// A key is programmed.
    pub waits: bool,
    /// A key is in use, in this mode.
    pub in_use: Option<Mode>,
}

/// A stream's two.
#[derive(Default)]
pub(crate) struct Lanes {
    rx: Lane,
    tx: Lane,
}

impl Lanes {
    pub const fn get(&self, slot: Slot) -> Lane {
        match slot.direction {
            Direction::Rx => self.rx,
            Direction::Tx => self.tx,
        }
    }

    pub const fn get_mut(&mut self, slot: Slot) -> &mut Lane {
        match slot.direction {
            Direction::Rx => &mut self.rx,
            Direction::Tx => &mut self.tx,
        }
    }

    /// Secure where both directions have a key in use.
    pub const fn state(&self) -> StreamState {
        match (self.rx.in_use, self.tx.in_use) {
            (Some(_), Some(_)) => StreamState::Secure,
            _ => StreamState::Insecure,
        }
    }
}

impl table::Lanes for Lanes {
    fn is_empty(&self) -> bool {
        (self.rx, self.tx) == (Lane::default(), Lane::default())
    }
}
