//! Sessions (DSP0274 1.3, 12; DSP0277 1.0 - 1.2): the secrets of a session, and the records that its messages travel in.
//! Both are the same for the requester and the responder.

mod key_schedule;
#[cfg(test)]
mod known_answers;
mod record;
mod state;
mod table;

pub use key_schedule::{
    Directions, FinishedKey, HandshakeSecret, MasterSecret, Secret, SessionHash, TrafficKeys,
};
pub use record::{Channel, OpenError, Protection, RecordForm, SealError, UNLIMITED, peek_session_id};
pub use state::{Session, Side};
pub use table::{Keep, Seat, Sessions, seats};

pub(crate) use state::{Notes, Terms};
pub(crate) use table::Seating;
