//! Cryptography that costs next to nothing, certificates and devices made with it, and honest conversations with them.
//!
//! A fuzzer cannot forge what it makes any better than it could the real thing: it does not find 64 bits by trying.

mod aead;
mod certificate;
mod crypto;
mod device;
mod exchange;
mod peers;

pub use aead::StubAead;
pub use certificate::{chain, resigned, revocation_list};
pub use crypto::{Stub, StubKey, sign};
pub use device::{Device, Echo, Firmware, NOW, leaf, plain, root};
pub use peers::{HINT, PSK, REQUESTER, Shared, Trust, slot_digest};
