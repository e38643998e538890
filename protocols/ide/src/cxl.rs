//! CXL_IDE_KM, for CXL.cachemem (CXL 3.x, chapter 11). Against IDE_KM of PCIe: a key has a direction and no key set or
//! sub-stream, since what is programmed waits until GO puts it in the place of the one in use; the initialization vector
//! has three DWs; the device may make keys itself, and says what it can do.

mod capabilities;
mod emulation;
mod hardware;
mod lanes;
mod message;
mod requester;
mod responder;
mod slot;

pub use capabilities::Capabilities;
pub use emulation::Emulation;
pub use hardware::Hardware;
pub use message::{KeyProg, Message, QueryResponse, Status};
pub use requester::{GetKey, ProgramKey, Query, SetGo, SetStop};
pub use responder::Responder;
pub use slot::{Iv, Mode, Slot};

pub use crate::pci::Direction;

/// The vendor in the registry, 0x1E98, little-endian.
pub const VENDOR: [u8; 2] = 0x1e98_u16.to_le_bytes();
/// A key with its initialization vector.
pub type Material = crate::Material<3>;
/// The longest request in bytes, KEY_PROG. GET_KEY_ACK is as long.
pub const LONGEST_REQUEST: usize = 52;
/// The vector that streams begin with.
pub const FIRST_IV: [u32; 3] = [0x8000_0000, 0, 1];
/// The registers of a port: capability, control, status, error status, key refresh time capability, truncation transmit
/// delay capability, key refresh time control, truncation transmit delay control, key refresh time capability 2.
pub const REGISTERS: usize = 9;
