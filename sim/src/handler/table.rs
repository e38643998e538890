//! Table access, from the device's side (CXL 3.1, 8.1.11).

use std::sync::Arc;

use super::Reply;

/// Handle of the entry after the last.
const LAST: u16 = 0xffff;
/// Bytes of the table header.
const HEADER: usize = 16;

/// A table as it is, well formed or not, cut into what one exchange each gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tables {
    bytes: Arc<[u8]>,
}

impl Tables {
    pub const fn new(bytes: Arc<[u8]>) -> Self {
        Self { bytes }
    }

    /// Length in bytes of the longest entry.
    pub fn longest(&self) -> usize {
        self.entries().map(<[u8]>::len).max().unwrap_or(0)
    }

    /// Answers a request payload. An entry that is not there, and what is no request, get no answer.
    pub fn answer(&self, payload: &[u8]) -> Reply {
        let [0, 0, low, high] = *payload else { return Reply::Discard };
        let handle = u16::from_le_bytes([low, high]);
        let mut entries = self.entries();
        let Some(entry) = entries.nth(usize::from(handle)) else { return Reply::Discard };
        let next = entries.next().and_then(|_| handle.checked_add(1)).unwrap_or(LAST);
        let [low, high] = next.to_le_bytes();
        Reply::answer([&[0, 0, low, high], entry].concat())
    }

    /// The table that comes after this one: the next sequence number, and another value in its last structure that
    /// has values, or else another reserved byte in its header.
    pub fn changed(&self) -> Self {
        let mut bytes = self.bytes.to_vec();
        let sequence =
            bytes.get(12..16).and_then(|field| field.try_into().ok()).map_or(0, u32::from_le_bytes);
        if let Some(field) = bytes.get_mut(12..16) {
            field.copy_from_slice(&sequence.wrapping_add(1).to_le_bytes());
        }
        let at = self.last_value().unwrap_or(6);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = byte.wrapping_add(1);
        }
        let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        if let Some(checksum) = bytes.get_mut(5) {
            *checksum = checksum.wrapping_sub(sum);
        }
        Self { bytes: bytes.into() }
    }

    /// Offset of the first value of the last DSLBIS or SSLBIS.
    fn last_value(&self) -> Option<usize> {
        let mut offset = 0_usize;
        let mut found = None;
        for entry in self.entries() {
            let within = match entry.first() {
                _ if offset == 0 => None,
                Some(1) if entry.len() >= 24 => Some(16),
                Some(5) if entry.len() >= 24 => Some(20),
                _ => None,
            };
            found = within.map(|within: usize| offset.saturating_add(within)).or(found);
            offset = offset.saturating_add(entry.len());
        }
        found
    }

    /// The header, then the structures by their own lengths. From one whose length cannot be on, the rest is one
    /// entry.
    fn entries(&self) -> impl Iterator<Item = &[u8]> {
        let (header, mut rest) = self.bytes.split_at_checked(HEADER).unwrap_or((&self.bytes, &[]));
        let structures = std::iter::from_fn(move || {
            let length = match *rest {
                [] => return None,
                [_, _, low, high, ..] => usize::from(u16::from_le_bytes([low, high])),
                _ => rest.len(),
            };
            let valid = (4..=rest.len()).contains(&length);
            let (entry, after) = rest.split_at_checked(if valid { length } else { rest.len() })?;
            rest = after;
            Some(entry)
        });
        std::iter::once(header).chain(structures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(structures: &[u8]) -> Tables {
        let mut bytes = vec![0; 16];
        bytes.extend(structures);
        bytes[0] = u8::try_from(bytes.len()).unwrap();
        Tables::new(bytes.into())
    }

    fn sum(tables: &Tables) -> u8 {
        tables.bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
    }

    #[test]
    fn entries_come_one_by_one_and_the_last_says_so() {
        let tables = table(&[3, 0, 8, 0, 1, 0, 0, 0, 9, 0, 4, 0]);
        assert_eq!(tables.answer(&[0, 0, 1, 0]), Reply::answer(vec![0, 0, 2, 0, 3, 0, 8, 0, 1, 0, 0, 0]));
        assert_eq!(tables.answer(&[0, 0, 2, 0]), Reply::answer(vec![0, 0, 0xff, 0xff, 9, 0, 4, 0]));
        for silent in [&[0, 0, 3, 0][..], &[1, 0, 0, 0], &[0, 1, 0, 0], &[0, 0], &[0, 0, 0, 0, 0]] {
            assert_eq!(tables.answer(silent), Reply::Discard);
        }
    }

    #[test]
    fn a_broken_table_is_given_as_it_is() {
        assert_eq!(table(&[3, 0, 2, 0, 7]).longest(), 16);
        assert_eq!(
            table(&[3, 0, 2, 0, 7]).answer(&[0, 0, 1, 0]),
            Reply::answer(vec![0, 0, 255, 255, 3, 0, 2, 0, 7])
        );
        let short = Tables::new(Arc::new([1, 2]));
        assert_eq!(short.answer(&[0, 0, 0, 0]), Reply::answer(vec![0, 0, 0xff, 0xff, 1, 2]));
        assert_eq!(short.changed().bytes.len(), 2);
    }

    /// Row B14: the content, the sequence number and the checksum of the next table are all others.
    #[test]
    fn a_changed_table_is_intact_and_another_one() {
        let dslbis = [1, 0, 24, 0, 0, 0, 1, 0, 0xe8, 3, 0, 0, 0, 0, 0, 0, 140, 0, 0, 0, 0, 0, 0, 0];
        let tables = table(&dslbis);
        let next = tables.changed();
        assert_eq!(sum(&next), 0);
        assert_eq!((next.bytes[12], next.bytes[32]), (1, 141));
        assert_eq!(next.changed().bytes[32], 142);
    }
}
