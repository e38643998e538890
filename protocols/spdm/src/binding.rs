//! How messages travel: whether they are secured, and the framing of DSP0287. What MCTP and DOE put around a message is
//! theirs: a message type and a data object type.

mod secured;
pub mod tcp;

pub use secured::{ApplicationHead, Binding, Content, WireSequence};

/// Whether a message is protected by a session. The transports number the two differently, and none looks inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// An SPDM message as it is.
    Plain,
    /// A secured message (DSP0277): session ID, length, ciphertext, tag.
    Secured,
}
