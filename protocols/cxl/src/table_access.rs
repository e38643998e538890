//! Table access: reading a CDAT through a DOE mailbox (CXL 3.1, 8.1.11).
//!
//! Each exchange asks for one entry by its handle and is told the handle of the next. Handle 0 is the table header.
//! Both sides are here: [`TableWalk`] asks, [`answer`] is what a device says.
//!
//! Neither touches a mailbox. A payload is what follows the two header double words of the data object, which has
//! vendor [`VENDOR`] and type [`TYPE`].

mod walk;

use alloc::vec::Vec;

pub use walk::{Fault, TableError, TableWalk};

use crate::bytes::array;
use crate::cdat::{HEADER_SIZE, Table};

/// Vendor ID of CXL's data objects.
pub const VENDOR: u16 = 0x1e98;
/// Data object type of table access.
pub const TYPE: u8 = 2;
/// The next-handle field of the last entry.
pub const LAST: u16 = 0xffff;

/// Request code, and response code, of "read entry".
const READ_ENTRY: u8 = 0;
/// Table type "CDAT".
const CDAT: u8 = 0;

/// A request for one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which entry; 0 is the table header.
    pub handle: u16,
}

impl Request {
    /// Its payload.
    #[must_use]
    pub const fn encode(self) -> [u8; 4] {
        encode(self.handle)
    }

    /// Reads a request's payload; `None` for one that is not exactly a request to read an entry of a CDAT.
    #[must_use]
    pub fn decode(payload: &[u8]) -> Option<Self> {
        match *payload {
            [READ_ENTRY, CDAT, low, high] => Some(Self { handle: u16::from_le_bytes([low, high]) }),
            _ => None,
        }
    }
}

/// One entry, and where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// The handle of the next entry; [`LAST`] where there is none.
    pub next: u16,
    /// The entry: the table header, or one structure with its own header.
    pub entry: &'a [u8],
}

impl<'a> Response<'a> {
    /// Its payload.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&encode(self.next), self.entry].concat()
    }

    /// Reads a response's payload; `None` for one that is not a response to a read of a CDAT.
    #[must_use]
    pub fn decode(payload: &'a [u8]) -> Option<Self> {
        match array(payload, 0)? {
            [READ_ENTRY, CDAT, low, high] => {
                Some(Self { next: u16::from_le_bytes([low, high]), entry: payload.get(4..)? })
            }
            _ => None,
        }
    }
}

const fn encode(handle: u16) -> [u8; 4] {
    let [low, high] = handle.to_le_bytes();
    [READ_ENTRY, CDAT, low, high]
}

/// What a device with this table answers: its entries have the handles 1, 2, 3 and so on, in their order.
///
/// `None` where it gives no answer at all: to a malformed request, and to a handle that the table does not have.
#[must_use]
pub fn answer(table: &Table, request: &[u8]) -> Option<Vec<u8>> {
    let handle = Request::decode(request)?.handle;
    let entry = match handle.checked_sub(1) {
        None => table.bytes().get(..HEADER_SIZE)?,
        Some(index) => table.entries().nth(usize::from(index))?.bytes,
    };
    let next = handle.checked_add(1).filter(|next| *next != LAST);
    let next = next.filter(|_| table.entries().nth(usize::from(handle)).is_some()).unwrap_or(LAST);
    Some(Response { next, entry }.encode())
}

#[cfg(test)]
mod tests {
    use std::vec;

    use proptest::prelude::*;

    use super::*;
    use crate::cdat::{Builder, Dsis};

    #[test]
    fn a_device_gives_its_entries_one_by_one() {
        let table = Builder::new().dsis(Dsis::memory(0)).unknown(9, &[]).table().unwrap();
        let bytes = table.bytes();
        let ask = |handle| answer(&table, &Request { handle }.encode());
        assert_eq!(ask(0), Some([&[0, 0, 1, 0], &bytes[..16]].concat()));
        assert_eq!(ask(1), Some([&[0, 0, 2, 0], &bytes[16..24]].concat()));
        assert_eq!(ask(2), Some([&[0, 0, 0xff, 0xff], &bytes[24..]].concat()));
        assert_eq!(ask(3), None);
        assert_eq!(ask(LAST), None);
    }

    #[test]
    fn a_device_is_silent_on_what_is_no_request() {
        let table = Builder::new().table().unwrap();
        for bad in [vec![], vec![0; 3], vec![0; 8], vec![1, 0, 0, 0], vec![0, 1, 0, 0]] {
            assert_eq!(answer(&table, &bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(payload in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Some(request) = Request::decode(&payload) {
                prop_assert_eq!(&request.encode()[..], &payload[..]);
            }
            if let Some(response) = Response::decode(&payload) {
                prop_assert_eq!(response.encode(), payload);
            }
        }
    }
}
