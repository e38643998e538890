//! What stands behind a responder.

use crate::tsp::{Capabilities, Configuration, ErrorCode, Ranges, Secondary};

/// Whether the hardware is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It is.
    Done,
    /// It is not; the number goes into the answer, in a unit that no public source names.
    Later(u32),
}

/// What stands behind a responder. When a method is called, the rules of the protocol have been looked at already.
pub trait Hardware {
    /// What it can do; does not change. [`Capabilities::check`] must be content with it.
    fn capabilities(&self) -> Capabilities;

    /// Takes a configuration that it can do, and the keys of secondary sessions.
    ///
    /// # Errors
    /// INVALID_SECURITY_CONFIGURATION, BUSY and the like; nothing has changed then.
    fn configure(
        &mut self,
        configuration: &Configuration,
        secondary: &Secondary<'_>,
    ) -> Result<(), ErrorCode>;

    /// Forgets configuration and keys: the session that gave them is over before a lock.
    fn unconfigure(&mut self);

    /// Fixes the configuration until the device is reset.
    ///
    /// # Errors
    /// INVALID_SECURITY_CONFIGURATION, BUSY and the like; nothing has been fixed then.
    fn lock(&mut self) -> Result<(), ErrorCode>;

    /// The report on its registers, at most 65,535 bytes.
    fn report(&self) -> &[u8];

    /// Makes memory a trusted domain's, or not. No range is empty or goes past the last address. All of them change, or
    /// none.
    ///
    /// # Errors
    /// INVALID_REQUEST, BUSY and the like.
    fn set_te_state(&mut self, is_trusted: bool, ranges: &Ranges<'_>) -> Result<Completion, ErrorCode>;

    /// Whether it is done with what it was not done with.
    ///
    /// # Errors
    /// What went wrong with it; it is over then.
    fn check(&mut self) -> Result<Completion, ErrorCode>;

    /// Its protection has been broken: it must show nothing of trusted domains from now on.
    fn broken(&mut self);
}
