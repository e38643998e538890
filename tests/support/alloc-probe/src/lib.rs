//! Counts what some work takes from the allocator, or refuses it anything.
//!
//! It stands in for the C library's allocator, which Rust's uses too, so that what a library in C takes is counted as well.
//! Only with glibc: elsewhere there is nothing here.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use core::cell::Cell;
use core::ffi::{c_int, c_void};

thread_local! {
    static TAKEN: Cell<u64> = const { Cell::new(0) };
    static REFUSES: Cell<bool> = const { Cell::new(false) };
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(old: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
}

/// How often this thread takes memory during some work; growing what it has counts too.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = TAKEN.get();
    let done = work();
    (done, TAKEN.get().wrapping_sub(before))
}

/// Does some work, and gives this thread no memory meanwhile: whoever asks for it gets null, which ends a program in Rust.
pub fn refused<T>(work: impl FnOnce() -> T) -> T {
    REFUSES.set(true);
    let done = work();
    REFUSES.set(false);
    done
}

/// Counts a call, and says whether it is let through.
fn is_given() -> bool {
    TAKEN.set(TAKEN.get().wrapping_add(1));
    !REFUSES.get()
}

/// The C library's.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: the caller's.
    if is_given() { unsafe { __libc_malloc(size) } } else { core::ptr::null_mut() }
}

/// The C library's.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: the caller's.
    if is_given() { unsafe { __libc_calloc(count, size) } } else { core::ptr::null_mut() }
}

/// The C library's.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the caller's.
    if is_given() { unsafe { __libc_realloc(old, size) } } else { core::ptr::null_mut() }
}

/// The C library's.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: the caller's.
    if is_given() { unsafe { __libc_memalign(alignment, size) } } else { core::ptr::null_mut() }
}

/// The C library's.
///
/// # Safety
/// As there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    const ENOMEM: c_int = 12;
    if !is_given() {
        return ENOMEM;
    }
    // SAFETY: the caller's; `out` is to be written to.
    let given = unsafe { __libc_memalign(alignment, size) };
    if given.is_null() {
        return ENOMEM;
    }
    // SAFETY: as above.
    unsafe { out.write(given) };
    0
}
