//! The whole report, a portion after the other.

use super::GetReport;
use crate::{Error, Malformed, Portion};

/// A whole report. Which structures are in it and where, public sources say by name and length only, so it is not taken
/// apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// Bits of the structures that are valid.
    pub valid: u8,
    /// The structures: registers of the device, one after the other.
    pub structures: &'a [u8],
}

impl<'a> Report<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    pub const fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        match bytes {
            [valid, _, _, _, structures @ ..] => Ok(Self { valid: *valid, structures }),
            _ => Err(Malformed::Short),
        }
    }
}

/// Collects a report. Ask what [`ReportFetch::next`] gives, until it gives nothing, and hand each portion to
/// [`ReportFetch::take`]. Each portion has at least a byte of what the first one says there is, so there is an end.
#[derive(Debug)]
pub struct ReportFetch<'b> {
    buffer: &'b mut [u8],
    /// The longest portion to ask for.
    portion: u16,
    /// Bytes that have come.
    taken: u16,
    /// Bytes of the report, once a portion has come.
    total: Option<u16>,
}

impl<'b> ReportFetch<'b> {
    /// Into this buffer, in portions of at most so many bytes; 0 counts as 1.
    pub fn new(buffer: &'b mut [u8], portion: u16) -> Self {
        Self { buffer, portion: portion.max(1), taken: 0, total: None }
    }

    /// What to ask next; `None` once all has come.
    #[must_use]
    pub fn next(&self) -> Option<GetReport> {
        let left = self.total.map_or(self.portion, |total| total.saturating_sub(self.taken));
        let length = left.min(self.portion);
        (length > 0).then_some(GetReport { offset: self.taken, length })
    }

    /// Takes the answer to it.
    ///
    /// # Errors
    /// [`Error::Portions`], [`Error::ReportTooLong`].
    pub fn take(&mut self, portion: Portion<'_>) -> Result<(), Error> {
        let asked = self.next().ok_or(Error::Portions)?;
        let length = u16::try_from(portion.bytes.len()).map_err(|_| Error::Portions)?;
        if length > asked.length || (length == 0 && portion.remainder > 0) {
            return Err(Error::Portions);
        }
        let end = self.taken.checked_add(length).ok_or(Error::Portions)?;
        let total = end.checked_add(portion.remainder).ok_or(Error::Portions)?;
        if self.total.is_some_and(|known| known != total) {
            return Err(Error::Portions);
        }
        let too_long = Error::ReportTooLong { length: total.into() };
        let report = self.buffer.get_mut(..total.into()).ok_or(too_long)?;
        let place = report.get_mut(self.taken.into()..end.into()).ok_or(Error::Portions)?;
        place.copy_from_slice(portion.bytes);
        (self.taken, self.total) = (end, Some(total));
        Ok(())
    }

    /// The report.
    ///
    /// # Errors
    /// [`Error::Malformed`], also while portions are missing.
    pub fn finish(self) -> Result<Report<'b>, Error> {
        let total = self.total.filter(|total| *total == self.taken).unwrap_or(0);
        let bytes: &'b [u8] = self.buffer;
        Ok(Report::parse(bytes.get(..total.into()).unwrap_or_default())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portion(bytes: &[u8], remainder: u16) -> Portion<'_> {
        Portion { bytes, remainder }
    }

    #[test]
    fn portions_are_asked_for_one_after_the_other() {
        let mut buffer = [0; 20];
        let mut fetch = ReportFetch::new(&mut buffer, 8);
        assert_eq!(fetch.next(), Some(GetReport { offset: 0, length: 8 }));
        fetch.take(portion(&[0; 8], 12)).unwrap();
        assert_eq!(fetch.next(), Some(GetReport { offset: 8, length: 8 }));
        fetch.take(portion(&[0; 7], 5)).unwrap();
        assert_eq!(fetch.next(), Some(GetReport { offset: 15, length: 5 }));
        fetch.take(portion(&[0; 5], 0)).unwrap();
        assert_eq!(fetch.next(), None);
        assert_eq!(fetch.take(portion(&[], 0)), Err(Error::Portions));
        assert_eq!(fetch.finish(), Ok(Report { valid: 0, structures: &[0; 16] }));
    }

    #[test]
    fn a_portion_is_what_was_asked_for() {
        let mut buffer = [0; 64];
        let mut fetch = ReportFetch::new(&mut buffer, 8);
        assert_eq!(fetch.take(portion(&[0; 9], 1)), Err(Error::Portions), "longer than asked for");
        assert_eq!(fetch.take(portion(&[], 1)), Err(Error::Portions), "nothing, and there is more");
        fetch.take(portion(&[0; 8], 12)).unwrap();
        assert_eq!(fetch.take(portion(&[0; 8], 12)), Err(Error::Portions), "more than there was");
        assert_eq!(fetch.take(portion(&[0; 8], 3)), Err(Error::Portions), "less than there was");
    }

    #[test]
    fn a_report_fits_the_buffer() {
        let mut buffer = [0; 20];
        let mut fetch = ReportFetch::new(&mut buffer, 8);
        assert_eq!(fetch.take(portion(&[0; 8], 13)), Err(Error::ReportTooLong { length: 21 }));
        assert_eq!(
            fetch.take(portion(&[0; 8], u16::MAX)),
            Err(Error::Portions),
            "longer than a report can be"
        );
    }

    #[test]
    fn a_report_that_is_not_whole_is_none() {
        let mut buffer = [0; 64];
        let mut fetch = ReportFetch::new(&mut buffer, 32);
        fetch.take(portion(&[0; 20], 1)).unwrap();
        assert_eq!(fetch.finish(), Err(Error::Malformed(Malformed::Short)));
    }
}
