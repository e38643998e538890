//! Portions of a device's report: asked for, given, and put together.

use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

/// A portion of the report; [`crate::ReportFetch`] asks TDISP for all of it, [`crate::tsp::ReportFetch`] asks TSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetReport {
    /// Where it begins, in bytes.
    pub offset: u16,
    /// How long it may be, in bytes.
    pub length: u16,
}

/// A portion of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// How many follow it.
    pub remainder: u16,
}

/// What is wrong with a portion that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It is not what was asked for, or is not of the same report as those before.
    Portion,
    /// The report, of so many bytes, does not fit the caller's buffer.
    TooLong(usize),
}

impl GetReport {
    /// The portion, if it can be an answer to this.
    pub(crate) fn check<'a>(&self, portion: Portion<'a>) -> Result<Portion<'a>, Misfit> {
        let is_longer = portion.bytes.len() > self.length.into();
        let is_stuck = portion.bytes.is_empty() && portion.remainder > 0;
        if is_longer || is_stuck { Err(Misfit::Portion) } else { Ok(portion) }
    }
}

impl<'a> Portion<'a> {
    /// What a device gives of its report, of which `room` bytes fit the answer; `None` where nothing is there, or nothing is
    /// asked for. Fails where more follows than a portion can say.
    pub(crate) fn of(report: &'a [u8], asked: GetReport, room: usize) -> Result<Option<Self>, NoRoom> {
        let rest = report.get(usize::from(asked.offset)..);
        let Some(rest) = rest.filter(|rest| !rest.is_empty() && asked.length > 0) else { return Ok(None) };
        let (bytes, rest) = rest.split_at_checked(room.min(asked.length.into())).unwrap_or((rest, &[]));
        let remainder = u16::try_from(rest.len()).map_err(|_| NoRoom)?;
        Ok(Some(Self { bytes, remainder }))
    }

    pub(crate) fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let (length, remainder) = (reader.u16()?, reader.u16()?);
        Ok(Self { bytes: reader.take(length.into())?, remainder })
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.u16(u16::try_from(self.bytes.len()).map_err(|_| NoRoom)?)?;
        writer.u16(self.remainder)?;
        writer.bytes(self.bytes)
    }
}

/// A report of which portions come. Each has at least a byte of what the first one says there is, so there is an end.
#[derive(Debug)]
pub(crate) struct Portions<'b> {
    buffer: &'b mut [u8],
    /// The longest portion to ask for.
    portion: u16,
    /// Bytes that have come.
    taken: u16,
    /// Bytes of the report, once a portion has come.
    total: Option<u16>,
}

impl<'b> Portions<'b> {
    /// Into this buffer, in portions of at most so many bytes; 0 counts as 1.
    pub(crate) fn new(buffer: &'b mut [u8], portion: u16) -> Self {
        Self { buffer, portion: portion.max(1), taken: 0, total: None }
    }

    /// What to ask next; `None` once all has come.
    pub(crate) fn next(&self) -> Option<GetReport> {
        let left = self.total.map_or(self.portion, |total| total.saturating_sub(self.taken));
        let length = left.min(self.portion);
        (length > 0).then_some(GetReport { offset: self.taken, length })
    }

    /// Takes the answer to it.
    pub(crate) fn take(&mut self, portion: Portion<'_>) -> Result<(), Misfit> {
        let Portion { bytes, remainder } = self.next().ok_or(Misfit::Portion)?.check(portion)?;
        let length = u16::try_from(bytes.len()).map_err(|_| Misfit::Portion)?;
        let end = self.taken.checked_add(length).ok_or(Misfit::Portion)?;
        let total = end.checked_add(remainder).ok_or(Misfit::Portion)?;
        if self.total.is_some_and(|known| known != total) {
            return Err(Misfit::Portion);
        }
        let report = self.buffer.get_mut(..total.into()).ok_or(Misfit::TooLong(total.into()))?;
        let place = report.get_mut(self.taken.into()..end.into()).ok_or(Misfit::Portion)?;
        place.copy_from_slice(bytes);
        (self.taken, self.total) = (end, Some(total));
        Ok(())
    }

    /// The report; nothing while portions are missing.
    pub(crate) fn finish(self) -> &'b [u8] {
        let total = self.total.filter(|total| *total == self.taken).unwrap_or(0);
        let bytes: &'b [u8] = self.buffer;
        bytes.get(..total.into()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    fn portion(bytes: &[u8], remainder: u16) -> Portion<'_> {
        Portion { bytes, remainder }
    }

    #[test]
    fn portions_are_asked_for_one_after_the_other() {
        let mut buffer = [0xee; 24];
        let mut portions = Portions::new(&mut buffer, 8);
        assert_eq!(portions.next(), Some(GetReport { offset: 0, length: 8 }));
        portions.take(portion(&[1; 8], 12)).unwrap();
        assert_eq!(portions.next(), Some(GetReport { offset: 8, length: 8 }));
        portions.take(portion(&[2; 7], 5)).unwrap();
        assert_eq!(portions.next(), Some(GetReport { offset: 15, length: 5 }));
        portions.take(portion(&[3; 5], 0)).unwrap();
        assert_eq!(portions.next(), None);
        assert_eq!(portions.take(portion(&[], 0)), Err(Misfit::Portion));
        assert_eq!(portions.finish(), [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3]);
    }

    #[test]
    fn a_portion_of_no_bytes_is_asked_for_as_one_byte() {
        assert_eq!(Portions::new(&mut [], 0).next(), Some(GetReport { offset: 0, length: 1 }));
    }

    #[test]
    fn a_portion_is_what_was_asked_for() {
        let mut buffer = [0; 64];
        let mut portions = Portions::new(&mut buffer, 8);
        assert_eq!(portions.take(portion(&[0; 9], 1)), Err(Misfit::Portion), "longer than asked for");
        assert_eq!(portions.take(portion(&[], 1)), Err(Misfit::Portion), "nothing, and there is more");
        portions.take(portion(&[0; 8], 12)).unwrap();
        assert_eq!(portions.take(portion(&[0; 8], 12)), Err(Misfit::Portion), "more than there was");
        assert_eq!(portions.take(portion(&[0; 8], 3)), Err(Misfit::Portion), "less than there was");
    }

    #[test]
    fn a_report_fits_the_buffer() {
        let mut buffer = [0; 20];
        let mut portions = Portions::new(&mut buffer, 8);
        assert_eq!(portions.take(portion(&[0; 8], 13)), Err(Misfit::TooLong(21)));
        let longest = portions.take(portion(&[0; 8], u16::MAX));
        assert_eq!(longest, Err(Misfit::Portion), "longer than a report can be");
    }

    #[test]
    fn a_report_that_is_not_whole_is_none() {
        let mut buffer = [0; 64];
        let mut portions = Portions::new(&mut buffer, 32);
        portions.take(portion(&[0; 20], 1)).unwrap();
        assert!(portions.finish().is_empty());
    }

    #[test]
    fn a_device_gives_what_is_there_and_fits() {
        let report = [0, 1, 2, 3, 4, 5, 6, 7];
        let of = |offset, length, room| Portion::of(&report, GetReport { offset, length }, room);
        assert_eq!(of(2, 3, 9), Ok(Some(portion(&[2, 3, 4], 3))));
        assert_eq!(of(2, 3, 2), Ok(Some(portion(&[2, 3], 4))), "no more than fits");
        assert_eq!(of(6, 9, 9), Ok(Some(portion(&[6, 7], 0))), "no more than there is");
        assert_eq!([of(8, 1, 9), of(9, 1, 9), of(0, 0, 9)], [Ok(None); 3]);
        let endless = vec![0; 0x1_0002];
        let of = |length| Portion::of(&endless, GetReport { offset: 0, length }, 9);
        assert_eq!(of(2), Err(NoRoom), "65,536 follow");
        assert!(of(3).unwrap().is_some_and(|portion| portion.remainder == u16::MAX));
    }
}
