//! What the tests of both families do alike.

use std::vec::Vec;

use proptest::prelude::*;

use crate::{Error, Key, NoRoom, Place, Refused};

/// 0x40, 0x41 and so on.
pub(crate) fn key() -> Key {
    let mut bytes = [0; Key::SIZE];
    bytes.iter_mut().zip(0x40..).for_each(|(byte, value)| *byte = value);
    Key::new(bytes)
}

/// The payload, and that nothing is written after it.
pub(crate) fn written(encode: impl FnOnce(&mut [u8]) -> Result<usize, NoRoom>) -> Vec<u8> {
    let mut out = [0xee; 80];
    let length = encode(&mut out).unwrap();
    assert!(out[length..].iter().all(|byte| *byte == 0xee), "nothing is written after the payload");
    out[..length].to_vec()
}

/// That a payload of this length is refused wherever there is less room.
pub(crate) fn needs(length: usize, encode: impl Fn(&mut [u8]) -> Result<usize, NoRoom>) {
    for room in 0..length {
        let refused = encode(&mut [0; 80][..room]);
        assert_eq!(refused.map_err(|short| short.room), Err(room));
    }
}

pub(crate) fn places() -> impl Strategy<Value = Place> {
    any::<(u8, u8, u8)>().prop_map(|(port, stream, key)| Place { port, stream, key })
}

/// Bytes, those of an object below `objects` more often than not.
pub(crate) fn payloads(objects: u8) -> impl Strategy<Value = Vec<u8>> {
    (proptest::collection::vec(any::<u8>(), 0..80), 0..objects, 0..8_u8).prop_map(
        |(mut bytes, object, any)| {
            if let (1.., [protocol, kind, ..]) = (any, &mut bytes[..]) {
                (*protocol, *kind) = (0, object);
            }
            bytes
        },
    )
}

/// What `request` encodes is asked of a device; its answer goes to `check`.
pub(crate) fn ask<T>(
    request: impl FnOnce(&mut [u8]) -> Result<usize, NoRoom>,
    respond: impl FnOnce(&[u8], &mut [u8]) -> Result<usize, Refused>,
    check: impl FnOnce(&[u8]) -> Result<T, Error>,
) -> Result<Result<T, Error>, Refused> {
    let mut answer = [0xee; 128];
    let length = respond(&written(request), &mut answer)?;
    Ok(check(&answer[..length]))
}
