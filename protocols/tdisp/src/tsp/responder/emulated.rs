//! Hardware that is not there.

use super::{Completion, Hardware};
use crate::NoRoom;
use crate::tsp::{
    Algorithms, Capabilities, Configuration, ConfigurationSupport, EncryptionSupport, ErrorCode, MemoryRange,
    Ranges, Secondary, TeFeatures,
};

/// Bytes of a report that there is room for.
const REPORT: usize = 512;
/// Bytes of a report that says nothing.
const EMPTY_REPORT: usize = 4;
/// Ranges of a trusted domain's that there is room for.
const TRUSTED: usize = 64;

/// An emulated device that does what spdm-emu's sample claims, but for secondary sessions: it has none. Its memory is a list
/// of what is a trusted domain's, with room for 64 ranges; beyond them a change is refused.
#[derive(Clone, Debug)]
pub struct Emulated {
    memory: u64,
    trusted: Trusted,
    report: [u8; REPORT],
    report_length: usize,
    later: Option<u32>,
    /// What will be once it is done.
    waiting: Option<Trusted>,
}

/// Ranges that do not overlap, each not empty.
#[derive(Clone, Debug)]
struct Trusted([Option<MemoryRange>; TRUSTED]);

impl Trusted {
    fn add(&mut self, start: u64, end: u64) -> Result<(), ErrorCode> {
        if start < end {
            let slot = self.0.iter_mut().find(|slot| slot.is_none()).ok_or(ErrorCode::UNSPECIFIED)?;
            *slot = Some(MemoryRange { start, length: end.saturating_sub(start) });
        }
        Ok(())
    }

    fn remove(&mut self, start: u64, end: u64) -> Result<(), ErrorCode> {
        let before = self.0;
        for range in before.iter().flatten() {
            let (first, last) = (range.start, range.end().unwrap_or(range.start));
            if first < end && start < last {
                self.0.iter_mut().filter(|slot| **slot == Some(*range)).for_each(|slot| *slot = None);
                self.add(first, start)?;
                self.add(end, last)?;
            }
        }
        Ok(())
    }
}

impl Emulated {
    /// With so many bytes of memory, and a report that says nothing.
    #[must_use]
    pub const fn new(memory: u64) -> Self {
        Self {
            memory,
            trusted: Trusted([None; TRUSTED]),
            report: [0; REPORT],
            report_length: EMPTY_REPORT,
            later: None,
            waiting: None,
        }
    }

    /// With this report, of at most 512 bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn with_report(mut self, report: &[u8]) -> Result<Self, NoRoom> {
        self.report.get_mut(..report.len()).ok_or(NoRoom)?.copy_from_slice(report);
        self.report_length = report.len();
        Ok(self)
    }

    /// What is asked next, a change of memory's state or whether it is done, will not be done at once, and says this
    /// number.
    pub fn put_off(&mut self, time: u32) {
        self.later = Some(time);
    }

    /// Whether a byte of memory is a trusted domain's.
    #[must_use]
    pub fn is_trusted(&self, address: u64) -> bool {
        let mut ranges = self.trusted.0.iter().flatten();
        ranges.any(|range| range.start <= address && range.end().is_some_and(|end| address < end))
    }
}

impl Hardware for Emulated {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            encryption: EncryptionSupport::ENCRYPTION,
            algorithms: Algorithms::AES_XTS_256,
            te: TeFeatures::READ_ACCESS_CONTROL
                | TeFeatures::IMPLICIT_CHANGE
                | TeFeatures::EXPLICIT_IN_BAND_CHANGE,
            in_band_granularity: 1,
            configuration: ConfigurationSupport::LOCKED_FIRMWARE_UPDATE,
            ..Capabilities::default()
        }
    }

    fn configure(&mut self, _: &Configuration, _: &Secondary<'_>) -> Result<(), ErrorCode> {
        Ok(())
    }

    fn unconfigure(&mut self) {}

    fn lock(&mut self) -> Result<(), ErrorCode> {
        Ok(())
    }

    fn report(&self) -> &[u8] {
        self.report.get(..self.report_length).unwrap_or_default()
    }

    fn set_te_state(&mut self, is_trusted: bool, ranges: &Ranges<'_>) -> Result<Completion, ErrorCode> {
        let mut trusted = self.trusted.clone();
        for range in ranges.iter() {
            let end = range.end().filter(|end| *end <= self.memory).ok_or(ErrorCode::INVALID_REQUEST)?;
            trusted.remove(range.start, end)?;
            if is_trusted {
                trusted.add(range.start, end)?;
            }
        }
        if let Some(time) = self.later.take() {
            self.waiting = Some(trusted);
            return Ok(Completion::Later(time));
        }
        self.trusted = trusted;
        Ok(Completion::Done)
    }

    fn check(&mut self) -> Result<Completion, ErrorCode> {
        if let Some(time) = self.later.take() {
            return Ok(Completion::Later(time));
        }
        if let Some(trusted) = self.waiting.take() {
            self.trusted = trusted;
        }
        Ok(Completion::Done)
    }

    fn broken(&mut self) {
        (self.later, self.waiting) = (None, None);
    }
}
