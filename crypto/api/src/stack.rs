//! What calls leave on the stack.

use core::hint::black_box;

/// Writes zeros over the next `BYTES` of the stack, where what was called before had its variables: values that were
/// moved from, and what a library did not wipe, nonces say. Whoever has had secrets worked with calls it from where that
/// was called, with as much as the deepest call took.
#[inline(never)]
pub fn wipe_stack<const BYTES: usize>() {
    // Somebody might look at it, as far as the compiler can tell.
    black_box(&mut [0_u8; BYTES]);
}
