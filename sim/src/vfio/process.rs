//! A process' descriptors.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lanewarden_pci::low_power::{FeatureError, Signal};

use super::model::Descriptor;

/// The first number given out: standard input, output and error have those before it.
const FIRST: i32 = 3;

/// What a descriptor's number stands for.
#[derive(Clone, Copy, Debug)]
enum Open {
    File,
    Eventfd(u32),
}

#[derive(Debug, Default)]
struct Table {
    open: BTreeMap<i32, Open>,
    /// The counter of each eventfd that is open. A number is used again, an eventfd is not.
    counters: BTreeMap<u32, u64>,
    eventfds: u32,
}

impl Table {
    /// The lowest number that is free.
    fn give(&mut self, open: Open) -> i32 {
        let number = (FIRST..i32::MAX).find(|number| !self.open.contains_key(number)).unwrap_or(i32::MAX);
        self.open.insert(number, open);
        number
    }
}

/// A process: its descriptors and its eventfds. Clones are handles to the same one.
#[derive(Clone, Debug, Default)]
pub struct Process(Arc<Mutex<Table>>);

impl Process {
    /// One that has nothing open.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An eventfd that has not been signalled.
    #[must_use]
    pub fn wakeup(&self) -> Wakeup {
        let mut table = self.lock();
        table.eventfds = table.eventfds.wrapping_add(1);
        let eventfd = table.eventfds;
        table.counters.insert(eventfd, 0);
        let number = table.give(Open::Eventfd(eventfd));
        Wakeup { process: self.clone(), eventfd, number }
    }

    /// A file that is no eventfd.
    #[must_use]
    pub fn file(&self) -> File {
        let number = self.lock().give(Open::File);
        File { process: self.clone(), number }
    }

    pub(super) fn descriptor(&self, number: i32) -> Descriptor {
        match self.lock().open.get(&number) {
            _ if number < 0 => Descriptor::Negative,
            Some(Open::Eventfd(eventfd)) => Descriptor::Eventfd(*eventfd),
            Some(Open::File) => Descriptor::Other,
            // Standard input, output and error.
            None if number < FIRST => Descriptor::Other,
            None => Descriptor::Closed,
        }
    }

    /// Signals that reach an eventfd which is closed reach nobody.
    pub(super) fn signal(&self, signals: BTreeMap<u32, u64>) {
        let mut table = self.lock();
        for (eventfd, count) in signals {
            if let Some(counter) = table.counters.get_mut(&eventfd) {
                *counter = counter.saturating_add(count);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An eventfd. Dropping it closes it.
#[derive(Debug)]
pub struct Wakeup {
    process: Process,
    eventfd: u32,
    number: i32,
}

impl Signal for Wakeup {
    fn number(&self) -> i32 {
        self.number
    }

    fn signals(&self) -> Result<u64, FeatureError> {
        let mut table = self.process.lock();
        Ok(table.counters.get_mut(&self.eventfd).map(std::mem::take).unwrap_or_default())
    }
}

impl Drop for Wakeup {
    fn drop(&mut self) {
        let mut table = self.process.lock();
        table.open.remove(&self.number);
        table.counters.remove(&self.eventfd);
    }
}

/// A file that is no eventfd. Dropping it closes it.
#[derive(Debug)]
pub struct File {
    process: Process,
    number: i32,
}

impl File {
    /// The number of its descriptor.
    #[must_use]
    pub fn number(&self) -> i32 {
        self.number
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.process.lock().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_closed_stands_for_whatever_is_opened_next() {
        let process = Process::new();
        let wakeup = process.wakeup();
        let number = wakeup.number();
        assert_eq!(process.descriptor(number), Descriptor::Eventfd(1));
        drop(wakeup);
        assert_eq!(process.descriptor(number), Descriptor::Closed);
        process.signal([(1, 1)].into());
        let file = process.file();
        assert_eq!((file.number(), process.descriptor(number)), (number, Descriptor::Other));
        let second = process.wakeup();
        assert_eq!(process.descriptor(second.number()), Descriptor::Eventfd(2));
        assert_eq!(second.signals(), Ok(0));
        process.signal([(2, 3)].into());
        assert_eq!((second.signals(), second.signals()), (Ok(3), Ok(0)));
    }

    #[test]
    fn numbers_below_zero_and_standard_ones_are_no_eventfds() {
        let process = Process::new();
        let seen = [i32::MIN, -1, 0, 2, 3].map(|number| process.descriptor(number));
        let expected = [Descriptor::Negative, Descriptor::Negative, Descriptor::Other, Descriptor::Other];
        assert_eq!(seen[..4], expected);
        assert_eq!(seen[4], Descriptor::Closed);
    }
}
