//! IDE_KM of the PCI-SIG (PCIe 6.x, 6.33.3).

mod blocks;
mod emulation;
mod hardware;
mod lanes;
mod message;
mod requester;
mod responder;
mod slot;
mod status;

pub use blocks::{Blocks, LinkBlock, SelectiveBlock};
pub use emulation::Emulation;
pub use hardware::Hardware;
pub use message::{KeyProg, Message, QueryResponse};
pub use requester::{ProgramKey, Query, SetGo, SetStop};
pub use responder::Responder;
pub use slot::{Direction, KeySet, Slot, SubStream};
pub use status::Status;

/// The vendor in the registry, 0x0001, little-endian.
pub const VENDOR: [u8; 2] = 0x0001_u16.to_le_bytes();
/// A key with the invocation field of its initialization vector.
pub type Material = crate::Material<2>;
/// The longest request in bytes, KEY_PROG.
pub const LONGEST_REQUEST: usize = 48;
/// The invocation field that streams begin with, as DMTF's emulator sends it. spdm-rs sends its DWs the other way round.
pub const FIRST_IV: [u32; 2] = [0, 1];
