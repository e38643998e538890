//! The two lists of capabilities: the conventional one from 0x34 and the extended one from 0x100.
//!
//! Both walks are iterators that end on any bytes: every place is visited at most once, so there are at most 48 and
//! 960 steps. What is wrong with a list comes out as an [`Anomaly`] between its entries; only a failed access is an
//! error, after which the iterator is exhausted. Each step reads one register, the entry's header.

mod name;

use core::fmt;

use crate::registers::field::{bit, bits8, bits16, low_half};
use crate::registers::header;
use crate::{AccessError, ConfigSpace};

/// First byte behind the predefined header, where the conventional list may have its entries.
pub const CONVENTIONAL_START: u16 = 0x40;
/// First byte of the extended configuration space and place of the first extended capability.
pub const EXTENDED_START: u16 = 0x100;

const EXTENDED_END: u16 = 0x1000;

/// An entry of the conventional list (PCIe 6.x, 7.5.1.1.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// Capability ID.
    pub id: u8,
    /// Offset of the entry, 0x40-0xfc.
    pub offset: u8,
}

/// An entry of the extended list (PCIe 6.x, 7.6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedCapability {
    /// Extended capability ID.
    pub id: u16,
    /// Version of the capability's layout, 0-15.
    pub version: u8,
    /// Offset of the entry, 0x100-0xffc.
    pub offset: u16,
}

/// Something about a function's lists or registers that is not as it should be. None stops the reading of the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anomaly {
    /// The entry at `at` points back to one that was seen before; the list ends here.
    Loop {
        /// Offset of the entry (or of the Capabilities Pointer) that holds the pointer.
        at: u16,
        /// Where it points.
        to: u16,
    },
    /// The entry at `at` points to a place where none of its list can be; the list ends here.
    Misplaced {
        /// Offset of the entry (or of the Capabilities Pointer) that holds the pointer.
        at: u16,
        /// Where it points.
        to: u16,
    },
    /// The entry at `at` holds a pointer whose two low bits are not zero; they were ignored, as the clause asks.
    Unaligned {
        /// Offset of the entry (or of the Capabilities Pointer) that holds the pointer.
        at: u16,
        /// The pointer as it stands.
        pointer: u16,
    },
    /// The entry at this offset reads as all ones; the list ends here.
    AllOnes(u16),
    /// The list leads to this offset, where there is nothing but zeros; it ends here.
    Empty(u16),
    /// The list goes on where this process cannot read.
    OutOfReach {
        /// Where it goes on.
        to: u16,
        /// How many bytes can be read.
        size: u16,
    },
    /// The header's layout is not one of those defined (0, 1, 2).
    HeaderLayout(u8),
    /// The registers of the capability at this offset do not fit into the space it lies in, or into the length it
    /// states.
    Cut(u16),
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loop { at, to } => write!(f, "capability list runs in a loop ({at:#x} points to {to:#x})"),
            Self::Misplaced { at, to } => {
                write!(f, "capability list leaves its space ({at:#x} points to {to:#x})")
            }
            Self::Unaligned { at, pointer } => {
                write!(f, "capability pointer {pointer:#x} at {at:#x} is not aligned")
            }
            Self::AllOnes(at) => write!(f, "capability at {at:#x} reads as all ones"),
            Self::Empty(at) => write!(f, "capability list leads to nothing at {at:#x}"),
            Self::OutOfReach { to, size } => {
                write!(f, "capability list goes on at {to:#x}, but only {size} bytes can be read")
            }
            Self::HeaderLayout(layout) => write!(f, "header layout {layout:#x} is not defined"),
            Self::Cut(at) => write!(f, "capability at {at:#x} does not fit where it is"),
        }
    }
}

/// What a walk comes upon: an entry, or something that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<T> {
    /// An entry of the list.
    Entry(T),
    /// Something wrong with the list.
    Anomaly(Anomaly),
}

/// Walks the conventional list. Reads the Command and Status, the Header Type and the Capabilities Pointer register,
/// then one register for each entry.
pub fn conventional<C: ConfigSpace>(config: &mut C) -> Result<Conventional<'_, C>, AccessError> {
    let mut steps = Steps::new(config.size().min(EXTENDED_START), CONVENTIONAL_START);
    if bit(config.read(header::COMMAND)?, header::STATUS_CAPABILITIES_LIST) {
        let layout = header::layout(config.read(header::CACHE_LINE)?);
        match header::capabilities_pointer(layout) {
            Some(at) => steps.follow(at, u16::from(bits8(config.read(at)?, 0, 8))),
            None => steps.anomalies = [Some(Anomaly::HeaderLayout(layout)), None],
        }
    }
    Ok(Conventional { config, steps })
}

/// Walks the extended list. Reads one register for each entry; nothing at all where only 256 bytes can be reached.
///
/// A first header of all zeros, or of all ones (behind a bridge to conventional PCI), says that there is no list.
pub fn extended<C: ConfigSpace>(config: &mut C) -> Extended<'_, C> {
    let mut steps = Steps::new(config.size().min(EXTENDED_END), EXTENDED_START);
    if config.size() > EXTENDED_START {
        steps.follow(0, EXTENDED_START);
    }
    Extended { config, steps }
}

/// Iterator over the conventional list; see [`conventional`].
pub struct Conventional<'a, C> {
    config: &'a mut C,
    steps: Steps,
}

impl<C: ConfigSpace> Conventional<'_, C> {
    fn step(&mut self, offset: u16) -> Result<Option<Found<Capability>>, AccessError> {
        let value = self.config.read(offset)?;
        // An ID of all ones is what an absent device gives; the register's upper half may be anything.
        if low_half(value) == u16::MAX {
            return Ok(Some(Found::Anomaly(Anomaly::AllOnes(offset))));
        }
        self.steps.follow(offset, u16::from(bits8(value, 8, 8)));
        Ok(Some(Found::Entry(Capability { id: bits8(value, 0, 8), offset: bits8(u32::from(offset), 0, 8) })))
    }
}

impl<C: ConfigSpace> Iterator for Conventional<'_, C> {
    type Item = Result<Found<Capability>, AccessError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(anomaly) = self.steps.anomaly() {
            return Some(Ok(Found::Anomaly(anomaly)));
        }
        let offset = self.steps.next.take()?;
        self.step(offset).transpose()
    }
}

/// Iterator over the extended list; see [`extended`].
pub struct Extended<'a, C> {
    config: &'a mut C,
    steps: Steps,
}

impl<C: ConfigSpace> Extended<'_, C> {
    fn step(&mut self, offset: u16) -> Result<Option<Found<ExtendedCapability>>, AccessError> {
        let value = self.config.read(offset)?;
        let first = offset == EXTENDED_START;
        match value {
            0 | u32::MAX if first => return Ok(None),
            0 => return Ok(Some(Found::Anomaly(Anomaly::Empty(offset)))),
            u32::MAX => return Ok(Some(Found::Anomaly(Anomaly::AllOnes(offset)))),
            _ => {}
        }
        self.steps.follow(offset, bits16(value, 20, 12));
        let (id, version) = (low_half(value), bits8(value, 16, 4));
        Ok(Some(Found::Entry(ExtendedCapability { id, version, offset })))
    }
}

impl<C: ConfigSpace> Iterator for Extended<'_, C> {
    type Item = Result<Found<ExtendedCapability>, AccessError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(anomaly) = self.steps.anomaly() {
            return Some(Ok(Found::Anomaly(anomaly)));
        }
        let offset = self.steps.next.take()?;
        self.step(offset).transpose()
    }
}

/// Where a walk is, where it has been, and what it has to report.
struct Steps {
    next: Option<u16>,
    /// At most two can come of one pointer: that it is not aligned, and that it leads nowhere.
    anomalies: [Option<Anomaly>; 2],
    size: u16,
    start: u16,
    seen: Seen,
}

impl Steps {
    const fn new(size: u16, start: u16) -> Self {
        Self { next: None, anomalies: [None, None], size, start, seen: Seen::new() }
    }

    fn anomaly(&mut self) -> Option<Anomaly> {
        self.anomalies.iter_mut().find_map(Option::take)
    }

    /// Takes up the pointer that the register at `at` holds.
    fn follow(&mut self, at: u16, pointer: u16) {
        let to = pointer & !3;
        if to != pointer {
            self.anomalies[0] = Some(Anomaly::Unaligned { at, pointer });
        }
        if to == 0 {
            return;
        }
        self.anomalies[1] = self.refusal(at, to);
        self.next = self.anomalies[1].is_none().then_some(to);
    }

    fn refusal(&mut self, at: u16, to: u16) -> Option<Anomaly> {
        if to < self.start {
            return Some(Anomaly::Misplaced { at, to });
        }
        if to.saturating_add(4) > self.size {
            return Some(Anomaly::OutOfReach { to, size: self.size });
        }
        self.seen.add(to).then_some(Anomaly::Loop { at, to })
    }
}

/// The set of registers visited, one bit for each of the 1024.
pub(crate) struct Seen([u32; 32]);

impl Seen {
    pub(crate) const fn new() -> Self {
        Self([0; 32])
    }

    /// Adds a register; whether it was there before. Offsets from 4096 up count as seen.
    pub(crate) fn add(&mut self, offset: u16) -> bool {
        let Some(word) = self.0.get_mut(usize::from(offset >> 7)) else { return true };
        let before = *word & mask(offset) != 0;
        *word |= mask(offset);
        before
    }

    pub(crate) fn has(&self, offset: u16) -> bool {
        self.0.get(usize::from(offset >> 7)).is_some_and(|word| word & mask(offset) != 0)
    }

    pub(crate) fn remove(&mut self, offset: u16) {
        if let Some(word) = self.0.get_mut(usize::from(offset >> 7)) {
            *word &= !mask(offset);
        }
    }
}

/// The bit of a register in its word.
const fn mask(offset: u16) -> u32 {
    1_u32.wrapping_shl((offset >> 2) as u32)
}

#[cfg(test)]
mod tests;
