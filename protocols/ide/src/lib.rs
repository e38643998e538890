//! Keys of encrypted links: IDE_KM of the PCI-SIG (PCIe 6.x, 6.33.3) in [`pci`], and CXL_IDE_KM (CXL 3.x, chapter 11) in
//! [`cxl`], each from the host's side and from the device's. No I/O, no clock, no allocation.
//!
//! Both are payloads of vendor-defined messages of SPDM: the byte [`PROTOCOL`], then an object. They are for secured
//! sessions only, for they carry keys in the clear. The registry they go by is the body [`BODY`] with the vendor
//! [`pci::VENDOR`] or [`cxl::VENDOR`].
//!
//! # The host's side
//! A request is a value ([`pci::Query`], [`pci::ProgramKey`], [`pci::SetGo`], [`pci::SetStop`], and the same with
//! [`cxl::GetKey`] in [`cxl`]). `encode` writes its payload, `check` takes the answer's and says what is wrong with it
//! ([`Error`]), and who is to blame.
//!
//! # The device's side
//! A `Responder` is a function from a request's payload to an answer's. It knows which stream belongs to which session,
//! which keys are programmed and which in use, and it tells the `Hardware` below what to do. A session that has ended is
//! told of with `ended`, a link that is down with `link_down`.
//!
//! ```
//! use lanewarden_ide::pci::{Emulation, KeySet, Material, ProgramKey, Responder, SetGo, Slot};
//! use lanewarden_ide::{Key, StreamState};
//!
//! // Two ports with four streams each, and room for eight streams that have keys.
//! let mut device = Responder::<_, 8>::new(Emulation::<2, 4>::new());
//! let session = Some(0x8000_0001);
//! let (mut request, mut answer) = ([0; 64], [0; 64]);
//! for slot in Slot::all(1, 0, KeySet::K0) {
//!     let material = Material { key: Key::new([0x5a; 32]), iv: [0, 1] };
//!     let program = ProgramKey { slot, material: &material };
//!     let length = program.encode(&mut request)?;
//!     let length = device.respond(session, &request[..length], &mut answer)?;
//!     program.check(&answer[..length])?;
//!
//!     let go = SetGo { slot };
//!     let length = go.encode(&mut request)?;
//!     let length = device.respond(session, &request[..length], &mut answer)?;
//!     go.check(&answer[..length])?;
//! }
//! assert_eq!(device.state(1, 0), StreamState::Secure);
//! device.ended(0x8000_0001);
//! assert_eq!(device.state(1, 0), StreamState::Insecure);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds for buffers
//! A request that programs a key, and an answer to GET_KEY, hold the key. Whoever owns these buffers wipes them; the
//! keys in values of this crate wipe themselves.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod cxl;
mod error;
mod message;
pub mod pci;
mod refused;
mod secret;
mod table;
#[cfg(test)]
mod tests;

pub use error::{Blame, Error, Malformed, NoRoom};
pub use message::{MAX_REGISTERS, Material, Object, Place, PortInfo, Registers};
pub use refused::{Fault, Refused};
pub use secret::Key;

/// The registry's body: PCI-SIG, for CXL too (and not CXL's own body, 7).
pub const BODY: u16 = 3;
/// The first byte of a payload: IDE_KM among the protocols of its vendor.
pub const PROTOCOL: u8 = 0;

/// What a stream is (PCIe 6.x, 6.33.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamState {
    /// Nothing of it is encrypted.
    #[default]
    Insecure,
    /// Every direction and sub-stream has a key in use.
    Secure,
}
