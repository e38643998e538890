//! What calls leave on the stack.

use core::hint::black_box;

/// Does the work, then writes zeros over the `BYTES` of the stack below: over what it had there, which may be values that were
/// moved from, and what a library did not wipe, nonces say. `BYTES` is as much as it takes at the deepest, or more.
pub fn with_wiped_stack<const BYTES: usize, T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    wipe::<BYTES>();
    done
}

/// In a frame of its own, which lies where it is wiped.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn wipe<const BYTES: usize>() {
    // Somebody might look at it, as far as the compiler can tell.
    black_box(&mut [0_u8; BYTES]);
}
