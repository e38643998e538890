//! The whole report, a portion after the other.

use crate::portion::Portions;
use crate::{Error, GetReport, Portion, Report};

/// Collects a report. Ask what [`ReportFetch::next`] gives, until it gives nothing, and hand each portion to
/// [`ReportFetch::take`]. Each portion has at least a byte of what the first one says there is, so there is an end.
#[derive(Debug)]
pub struct ReportFetch<'b>(Portions<'b>);

impl<'b> ReportFetch<'b> {
    /// Into this buffer, in portions of at most so many bytes; 0 counts as 1.
    pub fn new(buffer: &'b mut [u8], portion: u16) -> Self {
        Self(Portions::new(buffer, portion))
    }

    /// What to ask next; `None` once all has come.
    #[must_use]
    pub fn next(&self) -> Option<GetReport> {
        self.0.next()
    }

    /// Takes the answer to it.
    ///
    /// # Errors
    /// [`Error::Portions`], [`Error::ReportTooLong`].
    pub fn take(&mut self, portion: Portion<'_>) -> Result<(), Error> {
        Ok(self.0.take(portion)?)
    }

    /// The report.
    ///
    /// # Errors
    /// [`Error::Malformed`], also while portions are missing.
    pub fn finish(self) -> Result<Report<'b>, Error> {
        Ok(Report::parse(self.0.finish())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_taken_apart_once_it_is_whole() {
        let mut buffer = [0; 20];
        let mut fetch = ReportFetch::new(&mut buffer, 16);
        fetch.take(Portion { bytes: &[0; 16], remainder: 4 }).unwrap();
        assert_eq!(fetch.next(), Some(GetReport { offset: 16, length: 4 }));
        fetch.take(Portion { bytes: &[0; 4], remainder: 0 }).unwrap();
        assert_eq!(fetch.next(), None);
        assert_eq!(fetch.finish().unwrap().device_info(), []);
    }

    #[test]
    fn a_report_that_is_not_whole_is_none() {
        let mut buffer = [0; 64];
        let mut fetch = ReportFetch::new(&mut buffer, 32);
        fetch.take(Portion { bytes: &[0; 20], remainder: 1 }).unwrap();
        assert_eq!(fetch.finish(), Err(Error::Malformed(crate::Malformed::Short)));
    }

    #[test]
    fn portions_that_do_not_fit_are_errors() {
        let mut buffer = [0; 20];
        let mut fetch = ReportFetch::new(&mut buffer, 8);
        let too_long = fetch.take(Portion { bytes: &[0; 8], remainder: 13 });
        assert_eq!(too_long, Err(Error::ReportTooLong { length: 21 }));
        assert_eq!(fetch.take(Portion { bytes: &[0; 9], remainder: 0 }), Err(Error::Portions));
    }
}
