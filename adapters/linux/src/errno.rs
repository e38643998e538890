//! Error numbers as access errors.

use std::io;

use lanewarden_pci::AccessError;
use rustix::io::Errno;

/// What an error number of a file of a function, or of the directory of functions, says.
///
/// A function that has been removed takes its files with it: opening one gives ENOENT, using one that is still open
/// gives ENODEV. ENXIO is what a driver in between answers for an absent device. EROFS comes of a container whose sysfs may only be read.
pub fn access(error: Errno) -> AccessError {
    match error {
        Errno::NODEV | Errno::NOENT | Errno::NXIO => AccessError::Gone,
        Errno::ACCESS | Errno::PERM | Errno::ROFS => AccessError::Denied,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_function_and_a_refusal_are_told_from_the_rest() {
        for (error, expected) in [
            (Errno::NODEV, AccessError::Gone),
            (Errno::NOENT, AccessError::Gone),
            (Errno::NXIO, AccessError::Gone),
            (Errno::ACCESS, AccessError::Denied),
            (Errno::PERM, AccessError::Denied),
            (Errno::ROFS, AccessError::Denied),
            (Errno::IO, AccessError::System(5)),
        ] {
            assert_eq!(access(error), expected);
            assert_eq!(of_io(&error.into()), expected);
        }
    }

    #[test]
    fn an_error_without_a_number_is_an_input_error() {
        assert_eq!(of_io(&io::ErrorKind::UnexpectedEof.into()), AccessError::System(5));
    }
}
