//! What is under a responder: ports, their registers, and places for keys.

use super::{Capabilities, Iv, Material, Mode, Slot};
use crate::{Fault, PortInfo, StreamState};

/// Ports that encrypt. It obeys: which request is in order, the [`super::Responder`] knows.
pub trait Hardware {
    /// Where a port is; `None` where there is no such port.
    fn port(&self, port: u8) -> Option<PortInfo>;

    /// A register of the port's CXL IDE capability, counted in DWs from the capability register; `None` after the last.
    fn register(&self, port: u8, index: usize) -> Option<u32>;

    /// What can be asked of a port.
    fn capabilities(&self, port: u8) -> Capabilities;

    /// Makes a key and a vector, those of the two that the capabilities promise.
    ///
    /// # Errors
    /// Why it cannot.
    fn generate(&mut self, slot: Slot) -> Result<Material, Fault>;

    /// Keeps a key for later, in the place of one that waits already. The one in use stays in use.
    ///
    /// # Errors
    /// Why it cannot. [`Self::discard`] follows.
    fn install(&mut self, slot: Slot, material: &Material, iv: Iv) -> Result<(), Fault>;

    /// Uses the key that waits, in the place of the one in use. Called once for each key that was installed.
    ///
    /// # Errors
    /// Why it cannot. [`Self::discard`] follows.
    fn go(&mut self, slot: Slot, mode: Mode) -> Result<(), Fault>;

    /// Wipes the key that waits, if one does.
    fn discard(&mut self, slot: Slot);

    /// Wipes both keys, of which none is in use from now on. There may be none.
    fn erase(&mut self, slot: Slot);

    /// The stream is in this state now. Before keys of a stream that was secure are erased, it is insecure.
    fn enter(&mut self, port: u8, stream: u8, state: StreamState);
}
