//! Access to one function's configuration space.

/// Why an access did not happen. None of these says that the device answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The function is no longer there (removed, powered off, or its link is down).
    #[error("the device is gone")]
    Gone,
    /// This process may not do that.
    #[error("permission denied")]
    Denied,
    /// The kernel's lockdown mode forbids it, whoever asks.
    #[error("forbidden by kernel lockdown")]
    Lockdown,
    /// Whoever makes the access for us says that we may not have it made.
    #[error("refused by policy")]
    Refused,
    /// Someone else owns the register, as a rule the kernel.
    #[error("in use by the kernel")]
    Claimed,
    /// The offset is not a multiple of four, or lies outside what can be reached. The caller's mistake, or a
    /// function that has no extended configuration space.
    #[error("offset {0:#x} is outside the accessible configuration space")]
    OutOfRange(u16),
    /// The operating system failed in another way; its error number.
    #[error("operating system error {0}")]
    System(i32),
}

/// One function's configuration space, 32 bits at a time.
///
/// Offsets are bytes from the start of the space and must be multiples of four. A read of a function that has
/// disappeared may return all ones instead of [`AccessError::Gone`]: that is what the bus does, and only the caller
/// can know whether all ones is a value the register can have.
pub trait ConfigSpace {
    /// Reads the register at `offset`.
    fn read(&mut self, offset: u16) -> Result<u32, AccessError>;

    /// Writes the register at `offset`.
    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError>;

    /// How many bytes can be reached: 64 (an ordinary user on Linux), 256 or 4096.
    fn size(&self) -> u16;
}

impl<C: ConfigSpace + ?Sized> ConfigSpace for &mut C {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        (**self).read(offset)
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        (**self).write(offset, value)
    }

    fn size(&self) -> u16 {
        (**self).size()
    }
}
