//! The host's side: from handle 0 to the last, and a verdict on the whole.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{LAST, Request, Response};
use crate::bytes::u16_at;
use crate::cdat::{HEADER_SIZE, Header, MAX_SIZE, ParseError, STRUCTURE_HEADER_SIZE, Table};

/// What was wrong with one reading of a table. Always the device's fault, or that of someone who used the mailbox in
/// between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The answer is not one to table access.
    #[error("handle {handle}: the answer is not a table access response")]
    Response {
        /// What was asked for.
        handle: u16,
    },
    /// Handle 0 gives the table header and nothing else.
    #[error("handle 0: {have} bytes instead of the 16 of a table header")]
    HeaderSize {
        /// Bytes that came.
        have: usize,
    },
    /// No table is that long, or that short.
    #[error("the header says {length} bytes, from 16 to 1048576 are possible")]
    Length {
        /// What the header says.
        length: u32,
    },
    /// An entry's own length field disagrees with the bytes that came.
    #[error("handle {handle}: {have} bytes came, the entry's own length is {length}")]
    EntryLength {
        /// What was asked for.
        handle: u16,
        /// Bytes that came.
        have: usize,
        /// What the entry says; 0 where it is too short to say anything.
        length: u16,
    },
    /// The next handle is one that has been read already.
    #[error("handle {handle} leads back to handle {next}")]
    Loop {
        /// What was asked for.
        handle: u16,
        /// Where it leads.
        next: u16,
    },
    /// There are more entries than the length in the header has room for.
    #[error("handle {handle}: the entries go on after the {length} bytes of the header")]
    TooLong {
        /// The last that was asked for.
        handle: u16,
        /// What the header says.
        length: u32,
    },
    /// The last entry has been read, and the table is shorter than its header says.
    #[error("the last entry came after {have} of the {length} bytes of the header")]
    TooShort {
        /// Bytes that came, header included.
        have: usize,
        /// What the header says.
        length: u32,
    },
    /// All of it came and it does not fit together; as a rule a bad checksum.
    #[error("{error} (sequence {sequence})")]
    Table {
        /// What is wrong.
        error: ParseError,
        /// The sequence number in the header.
        sequence: u32,
    },
    /// The header has changed while the entries were read.
    #[error("the table changed while it was read: sequence {before}, then {after}")]
    Changed {
        /// Sequence number at the start.
        before: u32,
        /// Sequence number at the end.
        after: u32,
    },
}

/// Why a walk gives no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The device's fault: the table was wrong, was read once more, and was wrong again.
    #[error("read twice and wrong twice: {first}; then: {second}")]
    Device {
        /// What was wrong the first time.
        first: Fault,
        /// What was wrong the second time.
        second: Fault,
    },
    /// The caller's mistake: the walk has a request that was not answered yet.
    #[error("the walk is not over")]
    Unfinished,
    /// The caller's mistake: an answer came in after the walk was over.
    #[error("the walk is over, it asked for nothing")]
    Unasked,
}

/// Reads a whole table, one exchange at a time.
///
/// Ask for [`request`](Self::request), carry it out as one exchange on a mailbox that nobody else uses until the
/// walk is over, hand the payload of the response to [`answer`](Self::answer), and again, until there is no request;
/// then [`finish`](Self::finish). An exchange that fails ends the walk from outside: drop it.
///
/// A reading that does not fit together (checksum, lengths, order of handles) is discarded, and the table is read
/// **once** more from its header: it may have changed in between, or another agent's answer was mixed in. If the
/// second reading is wrong as well, that is the result.
///
/// A table of `n` structures takes `n + 1` exchanges. The header is not read again at the end: it came first, so its
/// checksum is that of the old content, and a mixture of old and new entries betrays itself there unless the change
/// happens to keep the sum of all bytes (one in 256 of random changes). [`TableWalk::confirming`] pays one more
/// exchange and compares the header, sequence number included.
///
/// It ends for every device: after at most two readings of at most 65,535 entries or 2^18 double words each.
#[derive(Clone, Debug)]
pub struct TableWalk {
    state: State,
    reading: Reading,
    confirm: bool,
    first: Option<Fault>,
}

/// What has come in since handle 0.
#[derive(Clone, Debug, Default)]
struct Reading {
    bytes: Vec<u8>,
    length: u32,
    seen: BTreeSet<u16>,
}

#[derive(Clone, Debug)]
enum State {
    /// The header is asked for.
    Header,
    /// This entry is asked for.
    Entry(u16),
    /// The header is asked for again, to see that it is still the same.
    Confirm(Table),
    Done(Table),
    Failed(TableError),
}

impl Default for TableWalk {
    fn default() -> Self {
        Self::new()
    }
}

impl TableWalk {
    /// A walk in the least number of exchanges.
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Header, reading: Reading::default(), confirm: false, first: None }
    }

    /// A walk that reads the header again at the end and takes a change for a fault.
    #[must_use]
    pub fn confirming() -> Self {
        Self { confirm: true, ..Self::new() }
    }

    /// The payload of the next request; `None` once the walk is over. The same until it is answered.
    #[must_use]
    pub fn request(&self) -> Option<[u8; 4]> {
        let handle = match self.state {
            State::Header | State::Confirm(_) => 0,
            State::Entry(handle) => handle,
            State::Done(_) | State::Failed(_) => return None,
        };
        Some(Request { handle }.encode())
    }

    /// Takes the payload of the response to the request. An error is final, and `finish` gives it again.
    pub fn answer(&mut self, payload: &[u8]) -> Result<(), TableError> {
        match self.step(payload) {
            Ok(Ok(next)) => self.state = next,
            Ok(Err(fault)) => return self.discard(fault),
            Err(misuse) => return Err(misuse),
        }
        Ok(())
    }

    /// The table, once there is no further request.
    pub fn finish(self) -> Result<Table, TableError> {
        match self.state {
            State::Done(table) => Ok(table),
            State::Failed(error) => Err(error),
            State::Header | State::Entry(_) | State::Confirm(_) => Err(TableError::Unfinished),
        }
    }

    /// Why the table had to be read a second time, if it had to.
    #[must_use]
    pub const fn discarded(&self) -> Option<Fault> {
        self.first
    }

    /// What has been read since the last header: for showing what there is of a table that gives no whole one.
    #[must_use]
    pub fn partial(&self) -> &[u8] {
        match &self.state {
            State::Confirm(table) | State::Done(table) => table.bytes(),
            _ => &self.reading.bytes,
        }
    }

    fn step(&mut self, payload: &[u8]) -> Result<Result<State, Fault>, TableError> {
        Ok(match &self.state {
            State::Header => self.header(payload),
            State::Entry(handle) => self.entry(*handle, payload),
            State::Confirm(table) => confirmed(table, payload),
            State::Done(_) | State::Failed(_) => return Err(TableError::Unasked),
        })
    }

    /// Throws this reading away; starts the second one, or fails for good.
    fn discard(&mut self, second: Fault) -> Result<(), TableError> {
        let Some(first) = self.first else {
            self.first = Some(second);
            self.state = State::Header;
            return Ok(());
        };
        let error = TableError::Device { first, second };
        self.state = State::Failed(error);
        Err(error)
    }

    fn header(&mut self, payload: &[u8]) -> Result<State, Fault> {
        let (next, header, bytes) = header_of(payload)?;
        let length = header.length;
        let possible = usize::try_from(length).is_ok_and(|size| (HEADER_SIZE..=MAX_SIZE).contains(&size));
        if !possible {
            return Err(Fault::Length { length });
        }
        self.reading = Reading { bytes: bytes.to_vec(), length, seen: BTreeSet::from([0]) };
        self.go_on(0, next)
    }

    fn entry(&mut self, handle: u16, payload: &[u8]) -> Result<State, Fault> {
        let Response { next, entry } = Response::decode(payload).ok_or(Fault::Response { handle })?;
        let have = entry.len();
        let length = u16_at(entry, 2).unwrap_or(0);
        if have < STRUCTURE_HEADER_SIZE || usize::from(length) != have {
            return Err(Fault::EntryLength { handle, have, length });
        }
        if have > self.reading.room() {
            return Err(Fault::TooLong { handle, length: self.reading.length });
        }
        self.reading.bytes.extend(entry);
        self.go_on(handle, next)
    }

    /// After the entry of `handle`, which names `next`.
    fn go_on(&mut self, handle: u16, next: u16) -> Result<State, Fault> {
        if next == LAST {
            return self.whole();
        }
        if self.reading.room() == 0 {
            return Err(Fault::TooLong { handle, length: self.reading.length });
        }
        if !self.reading.seen.insert(next) {
            return Err(Fault::Loop { handle, next });
        }
        Ok(State::Entry(next))
    }

    fn whole(&self) -> Result<State, Fault> {
        let (have, length) = (self.reading.bytes.len(), self.reading.length);
        if self.reading.room() > 0 {
            return Err(Fault::TooShort { have, length });
        }
        let sequence = Header::decode(&self.reading.bytes).map_or(0, |header| header.sequence);
        // A copy, because of a table that is no table the bytes themselves can still be shown.
        let table = Table::parse(self.reading.bytes.as_slice());
        let table = table.map_err(|error| Fault::Table { error, sequence })?;
        Ok(if self.confirm { State::Confirm(table) } else { State::Done(table) })
    }
}

impl Reading {
    /// Bytes that are still missing.
    fn room(&self) -> usize {
        usize::try_from(self.length).unwrap_or(0).saturating_sub(self.bytes.len())
    }
}

/// The table header in the answer to handle 0.
fn header_of(payload: &[u8]) -> Result<(u16, Header, &[u8]), Fault> {
    let Response { next, entry } = Response::decode(payload).ok_or(Fault::Response { handle: 0 })?;
    let have = entry.len();
    let header = Header::decode(entry).filter(|_| have == HEADER_SIZE).ok_or(Fault::HeaderSize { have })?;
    Ok((next, header, entry))
}

fn confirmed(table: &Table, payload: &[u8]) -> Result<State, Fault> {
    let (_, now, bytes) = header_of(payload)?;
    if !table.bytes().starts_with(bytes) {
        return Err(Fault::Changed { before: table.header().sequence, after: now.sequence });
    }
    Ok(State::Done(table.clone()))
}

#[cfg(test)]
mod tests;
