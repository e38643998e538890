//! Devices that tell the truth, that change their mind, and that lie.
#![allow(clippy::arithmetic_side_effects)]

use std::boxed::Box;
use std::vec;

use proptest::prelude::*;

use super::super::answer;
use super::*;
use crate::cdat::{Builder, Dsis, Dslbis};
use crate::coordinates::DataType;

fn table(sequence: u32, latency: u16) -> Table {
    Builder::new()
        .sequence(sequence)
        .dsis(Dsis::memory(0))
        .dslbis(Dslbis::memory(0, DataType::ReadLatency, 10_000, latency))
        .dslbis(Dslbis::memory(0, DataType::WriteLatency, 10_000, 25))
        .table()
        .unwrap()
}

/// Walks until there is no request. The device is given the number of the exchange and the handle.
fn drive(
    mut walk: TableWalk,
    mut device: impl FnMut(usize, u16) -> Vec<u8>,
) -> (Result<Table, TableError>, usize, Option<Fault>) {
    let mut exchanges = 0;
    while let Some(request) = walk.request() {
        let handle = Request::decode(&request).unwrap().handle;
        let answered = walk.answer(&device(exchanges, handle));
        exchanges += 1;
        assert_eq!(answered.is_err(), walk.request().is_none() && walk.clone().finish().is_err());
    }
    let discarded = walk.discarded();
    (walk.finish(), exchanges, discarded)
}

fn of(table: &Table, handle: u16) -> Vec<u8> {
    answer(table, &Request { handle }.encode()).unwrap_or_default()
}

/// A device whose answers `spoil` may change.
fn spoiled(
    table: &Table,
    spoil: impl Fn(usize, u16, &mut Vec<u8>),
) -> (Result<Table, TableError>, usize, Option<Fault>) {
    drive(TableWalk::new(), |exchange, handle| {
        let mut payload = of(table, handle);
        spoil(exchange, handle, &mut payload);
        payload
    })
}

/// Row T24: the walk needs no registration and knows no difference between an endpoint's and a switch's table. It
/// takes one exchange for the header and one for each structure, no more.
#[test]
fn an_honest_device_is_read_in_the_least_number_of_exchanges() {
    let table = table(1, 15);
    let (read, exchanges, discarded) = spoiled(&table, |_, _, _| {});
    assert_eq!(read, Ok(table));
    assert_eq!(exchanges, 4);
    assert_eq!(discarded, None);
}

#[test]
fn a_table_of_nothing_but_its_header_is_read_in_one() {
    let table = Builder::new().table().unwrap();
    let (read, exchanges, _) = spoiled(&table, |_, _, _| {});
    assert_eq!((read, exchanges), (Ok(table), 1));
}

/// Row B14: the table changes after the second of its entries was read. The mixture has a bad checksum; it is
/// discarded, and the second reading gives the new table.
#[test]
fn a_table_that_changes_in_between_is_read_again() {
    let (old, new) = (table(1, 15), table(2, 17));
    let (read, exchanges, discarded) =
        drive(TableWalk::new(), |exchange, handle| of(if exchange < 2 { &old } else { &new }, handle));
    assert_eq!(read, Ok(new));
    assert_eq!(exchanges, 8);
    let bad = Fault::Table { error: ParseError::Checksum { sum: 2 }, sequence: 1 };
    assert_eq!(discarded, Some(bad));
}

/// Row B14: one bad entry is detected; once is a mishap, twice is the verdict.
#[test]
fn a_bad_entry_is_forgiven_once() {
    let table = table(1, 15);
    let (read, ..) = spoiled(&table, |exchange, _, payload| {
        if exchange == 2 {
            payload[20] ^= 0x80;
        }
    });
    assert_eq!(read.as_ref(), Ok(&table));

    let (read, exchanges, _) = spoiled(&table, |_, handle, payload| {
        if handle == 2 {
            payload[20] ^= 0x80;
        }
    });
    let fault = Fault::Table { error: ParseError::Checksum { sum: 0x80 }, sequence: 1 };
    assert_eq!(read, Err(TableError::Device { first: fault, second: fault }));
    assert_eq!(exchanges, 8);
}

/// Row B13: another reader's answer lies in the mailbox instead of ours. Its length or the checksum of the whole
/// gives it away.
#[test]
fn another_readers_answer_is_noticed() {
    let table = table(1, 15);
    let (read, exchanges, discarded) = spoiled(&table, |exchange, _, payload| {
        if exchange == 2 {
            *payload = of(&table, 3);
        }
    });
    assert_eq!((read.as_ref(), exchanges), (Ok(&table), 3 + 4));
    assert_eq!(discarded, Some(Fault::TooShort { have: 48, length: 72 }));
}

#[test]
fn a_change_that_keeps_the_sum_is_seen_only_by_a_walk_that_confirms() {
    let (old, new) = (table(1, 0x0f19), table(2, 0x190f));
    let device = |exchange, handle| of(if exchange < 1 { &old } else { &new }, handle);

    let (read, ..) = drive(TableWalk::new(), device);
    assert_eq!(read.map(|mixture| mixture.header().sequence), Ok(1), "content of 2 under the header of 1");

    let (read, exchanges, discarded) = drive(TableWalk::confirming(), device);
    assert_eq!(read, Ok(new.clone()));
    assert_eq!(exchanges, 5 + 5);
    assert_eq!(discarded, Some(Fault::Changed { before: 1, after: 2 }));
}

#[test]
fn a_confirming_walk_costs_one_exchange() {
    let table = table(1, 15);
    let (read, exchanges, _) = drive(TableWalk::confirming(), |_, handle| of(&table, handle));
    assert_eq!((read, exchanges), (Ok(table), 5));
}

/// Every way to break one answer for good, and what is said of it.
#[test]
fn each_lie_has_its_name() {
    type Spoil = Box<dyn Fn(usize, u16, &mut Vec<u8>)>;
    fn at(target: u16, change: impl Fn(&mut Vec<u8>) + 'static) -> Spoil {
        Box::new(move |_, handle, payload| {
            if handle == target {
                change(payload);
            }
        })
    }
    let cases: Vec<(Spoil, Fault)> = vec![
        (at(0, |p| p.clear()), Fault::Response { handle: 0 }),
        (at(2, |p| p[0] = 1), Fault::Response { handle: 2 }),
        (at(2, |p| p[1] = 1), Fault::Response { handle: 2 }),
        (at(0, |p| p.push(0)), Fault::HeaderSize { have: 17 }),
        (at(0, |p| p.truncate(12)), Fault::HeaderSize { have: 8 }),
        (at(0, |p| p[4] = 15), Fault::Length { length: 15 }),
        (at(0, |p| p[6] = 0x11), Fault::Length { length: 0x11_0048 }),
        (at(1, |p| p.truncate(4)), Fault::EntryLength { handle: 1, have: 0, length: 0 }),
        (at(1, |p| p[6] = 12), Fault::EntryLength { handle: 1, have: 8, length: 12 }),
        (at(1, |p| p.extend([0; 4])), Fault::EntryLength { handle: 1, have: 12, length: 8 }),
        (at(2, |p| p[2] = 1), Fault::Loop { handle: 2, next: 1 }),
        (at(2, |p| p[2] = 2), Fault::Loop { handle: 2, next: 2 }),
        (at(1, |p| p[2] = 0), Fault::Loop { handle: 1, next: 0 }),
        (at(3, |p| p[2..4].fill(9)), Fault::TooLong { handle: 3, length: 72 }),
        (at(0, |p| p[4] = 64), Fault::TooLong { handle: 3, length: 64 }),
        (at(0, |p| p[4] = 71), Fault::TooLong { handle: 3, length: 71 }),
        (at(0, |p| p[4] = 80), Fault::TooShort { have: 72, length: 80 }),
        (at(2, |p| p[2..4].fill(0xff)), Fault::TooShort { have: 48, length: 72 }),
    ];
    let table = table(1, 15);
    for (spoil, fault) in cases {
        let (read, _, discarded) = spoiled(&table, spoil);
        assert_eq!(read, Err(TableError::Device { first: fault, second: fault }));
        assert_eq!(discarded, Some(fault));
    }
}

#[test]
fn misuse_is_the_callers() {
    let walk = TableWalk::new();
    assert_eq!(walk.finish(), Err(TableError::Unfinished));

    let table = Builder::new().table().unwrap();
    let mut walk = TableWalk::new();
    walk.answer(&of(&table, 0)).unwrap();
    assert_eq!(walk.answer(&of(&table, 0)), Err(TableError::Unasked));
    assert_eq!(walk.finish(), Ok(table), "the answer that nobody asked for changes nothing");
}

#[test]
fn what_was_read_of_a_bad_table_can_be_shown() {
    let whole = table(1, 15);
    let mut walk = TableWalk::new();
    for handle in 0..2 {
        walk.answer(&of(&whole, handle)).unwrap();
    }
    assert_eq!(walk.partial(), &whole.bytes()[..24]);

    let mut wrong = whole.clone().into_bytes();
    wrong[60] ^= 1;
    let mut walk = TableWalk::new();
    while let Some(request) = walk.request() {
        let handle = Request::decode(&request).unwrap().handle;
        let mut payload = of(&whole, handle);
        if handle == 3 {
            payload[60 - 48 + 4] ^= 1;
        }
        let _ = walk.answer(&payload);
    }
    assert_eq!(walk.partial(), wrong, "all of it is there, but for its being wrong");
    assert!(walk.finish().is_err());
}

/// The longest walk there is: a device that always has one more entry of the least size.
#[test]
fn a_device_without_end_is_left() {
    let (read, exchanges, _) = drive(TableWalk::new(), |_, handle| {
        let next = (handle % 0xfffe + 1).to_le_bytes();
        let entry = [0x10, 0, 4, 0];
        let mut header = [0; HEADER_SIZE];
        header[..4].copy_from_slice(&(1_u32 << 20).to_le_bytes());
        [&[0, 0][..], &next, if handle == 0 { &header[..] } else { &entry }].concat()
    });
    let fault = Fault::Loop { handle: 0xfffe, next: 1 };
    assert_eq!(read, Err(TableError::Device { first: fault, second: fault }));
    assert_eq!(exchanges, 2 * 0xffff);
}

proptest! {
    /// Whatever a device says, the walk ends, and a table that it gives is intact.
    #[test]
    fn a_walk_ends_for_any_device(
        answers in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..32), 1..8),
        confirm: bool,
    ) {
        let walk = if confirm { TableWalk::confirming() } else { TableWalk::new() };
        let (_, exchanges, _) = drive(walk, |exchange, _| answers[exchange % answers.len()].clone());
        prop_assert!(exchanges <= 2 * 0x1_0000);
    }

    /// A device that is right but for a few flipped bits is read right or not at all, checksum willing: with one bit
    /// flipped in one answer of the first reading the second one is always right.
    #[test]
    fn one_flipped_bit_never_gives_a_wrong_table(exchange in 0_usize..4, byte in 0_usize..28, bit in 0_u32..8) {
        let table = table(1, 15);
        let (read, ..) = spoiled(&table, |number, _, payload| {
            if let Some(byte) = payload.get_mut(byte).filter(|_| number == exchange) {
                *byte ^= 1_u8 << bit;
            }
        });
        prop_assert_eq!(read, Ok(table));
    }
}
