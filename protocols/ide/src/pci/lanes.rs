//! What a stream's keys are up to: for each direction and sub-stream, two key sets.

use super::{Direction, KeySet, Slot};
use crate::StreamState;
use crate::table;

/// How far a key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// There is none.
    #[default]
    Empty,
    /// It is programmed.
    Programmed,
    /// It is the one in use.
    InUse,
    /// It is still taken by a port that receives, until its partner goes over to the one in use, the other set's.
    Leaving,
}

/// One direction of one sub-stream.
#[derive(Clone, Copy, Default)]
struct Lane {
    k0: Progress,
    k1: Progress,
}

impl Lane {
    const fn of(&mut self, key_set: KeySet) -> &mut Progress {
        match key_set {
            KeySet::K0 => &mut self.k0,
            KeySet::K1 => &mut self.k1,
        }
    }

    fn has(&self, progress: Progress) -> bool {
        self.k0 == progress || self.k1 == progress
    }
}

/// A stream's six.
#[derive(Default)]
pub(crate) struct Lanes([Lane; 6]);

impl Lanes {
    /// How far the slot's key is.
    pub fn progress(&self, slot: Slot) -> Progress {
        let lane = self.0.get(slot.lane()).copied();
        lane.map_or(Progress::Empty, |mut lane| *lane.of(slot.key_set))
    }

    /// The slot's key is this far.
    pub fn set(&mut self, slot: Slot, progress: Progress) {
        if let Some(lane) = self.0.get_mut(slot.lane()) {
            *lane.of(slot.key_set) = progress;
        }
    }

    /// The slot's key is in use. Returns the slot whose key is out of use for that: a port that transmits changes at
    /// once.
    pub fn go(&mut self, slot: Slot) -> Option<Slot> {
        self.set(slot, Progress::InUse);
        let other = Some(slot.other()).filter(|other| self.progress(*other) == Progress::InUse)?;
        let is_over = slot.direction == Direction::Tx;
        self.set(other, if is_over { Progress::Empty } else { Progress::Leaving });
        is_over.then_some(other)
    }

    /// The slot has no key. A key that was leaving is in use again, for the one that followed it is gone.
    pub fn erase(&mut self, slot: Slot) {
        self.set(slot, Progress::Empty);
        if self.progress(slot.other()) == Progress::Leaving {
            self.set(slot.other(), Progress::InUse);
        }
    }

    /// Secure where every direction and sub-stream has a key in use.
    pub fn state(&self) -> StreamState {
        let is_secure = self.0.iter().all(|lane| lane.has(Progress::InUse));
        if is_secure { StreamState::Secure } else { StreamState::Insecure }
    }
}

impl table::Lanes for Lanes {
    fn is_empty(&self) -> bool {
        self.0.iter().all(|lane| lane.k0 == Progress::Empty && lane.k1 == Progress::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Lanes as _;

    #[test]
    fn a_stream_is_secure_with_the_last_of_its_six_keys() {
        let mut lanes = Lanes::default();
        assert!(lanes.is_empty());
        for slot in Slot::all(0, 0, KeySet::K0) {
            assert_eq!(lanes.state(), StreamState::Insecure);
            lanes.set(slot, Progress::Programmed);
            assert_eq!(lanes.state(), StreamState::Insecure, "programmed is not in use");
            assert_eq!(lanes.go(slot), None);
        }
        assert_eq!(lanes.state(), StreamState::Secure);
        assert!(!lanes.is_empty());
    }

    /// The sets may be mixed while they change.
    #[test]
    fn a_stream_stays_secure_while_its_keys_change() {
        let mut lanes = Lanes::default();
        for slot in Slot::all(0, 0, KeySet::K0) {
            lanes.go(slot);
        }
        for slot in Slot::all(0, 0, KeySet::K1) {
            let retired = lanes.go(slot);
            assert_eq!(lanes.state(), StreamState::Secure);
            let is_over = slot.direction == Direction::Tx;
            assert_eq!(retired, is_over.then_some(slot.other()));
            let left = if is_over { Progress::Empty } else { Progress::Leaving };
            assert_eq!(lanes.progress(slot.other()), left, "{slot}");
        }
    }

    #[test]
    fn a_key_that_was_leaving_is_in_use_again_without_its_successor() {
        let mut lanes = Lanes::default();
        let [rx, ..] = Slot::all(0, 0, KeySet::K0);
        lanes.go(rx);
        lanes.go(rx.other());
        lanes.erase(rx.other());
        assert_eq!((lanes.progress(rx), lanes.progress(rx.other())), (Progress::InUse, Progress::Empty));
        lanes.erase(rx);
        assert!(lanes.is_empty());
    }
}
