//! Error numbers as access errors.

use std::io;

use lanewarden_pci::AccessError;
use rustix::io::Errno;

/// What an error number of a file of a function, or of the directory of functions, says.
///
/// A function that has been removed takes its files with it: opening one gives ENOENT, using one that is still open
/// gives ENODEV. ENXIO is what a driver in between answers for an absent device.
pub fn access(error: Errno) -> AccessError {
    match error {
        Errno::NODEV | Errno::NOENT | Errno::NXIO => AccessError::Gone,
        Errno::ACCESS | Errno::PERM => AccessError::Denied,
        other => AccessError::System(other.raw_os_error()),
    }
}

/// The same for an error of the standard library.
pub fn of_io(error: &io::Error) -> AccessError {
    access(number(error))
}

/// The number in an error of the standard library; EIO where it has none (a read that was cut short).
pub fn number(error: &io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
