//! Keeping a process' memory to itself.

use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// Keeps this process' memory out of swap, as it is and as it grows.
///
/// # Errors
/// As the operating system says: EPERM or ENOMEM where the limit of locked memory is too low.
pub fn lock_memory() -> io::Result<()> {
    Ok(mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)?)
}

/// Keeps this process' memory out of core dumps, and from other processes of the same user.
///
/// # Errors
/// As the operating system says.
pub fn refuse_dumps() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}
