//! What is under a responder: ports, their registers, and places for keys.

use super::{Material, Slot};
use crate::{Fault, PortInfo, StreamState};

/// Ports that encrypt. It obeys: which request is in order, the [`super::Responder`] knows.
pub trait Hardware {
    /// Where a port is; `None` where there is no such port.
    fn port(&self, port: u8) -> Option<PortInfo>;

    /// A register of the port's IDE extended capability, counted in DWs from offset 0x04; `None` after the last. There
    /// are two at least, capability and control.
    fn register(&self, port: u8, index: usize) -> Option<u32>;

    /// Keeps a key for later. What the slot held is gone, and out of use if it was in use.
    ///
    /// # Errors
    /// Why it cannot. [`Self::erase`] follows.
    fn install(&mut self, slot: Slot, material: &Material) -> Result<(), Fault>;

    /// Uses the slot's key from now on. Called once for each key that was installed, so the counter of its
    /// initialization vector never starts again. A port that receives takes the other key set's key as well, until that
    /// one is erased or replaced: its partner may not have changed yet.
    ///
    /// # Errors
    /// Why it cannot. [`Self::erase`] follows.
    fn go(&mut self, slot: Slot) -> Result<(), Fault>;

    /// Wipes the slot's key, which is out of use from now on. The slot may be empty.
    fn erase(&mut self, slot: Slot);

    /// The stream is in this state now. Before keys of a stream that was secure are erased, it is insecure.
    fn enter(&mut self, port: u8, stream: u8, state: StreamState);
}
