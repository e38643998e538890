//! MCTP, as far as SPDM needs it: which type a message has (DSP0239), the byte a message begins with (DSP0236, 8.2), and
//! the header of a packet (DSP0236, 8.1). No I/O, no clock, no allocation, and no fragmentation: a message is whole.
#![no_std]
#![forbid(unsafe_code)]

mod message;
mod message_type;
mod packet;
pub mod pldm;

pub use message::{Message, MessageError};
pub use message_type::MessageType;
pub use packet::{Endpoint, PacketHeader, PacketHeaderError};
