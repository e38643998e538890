//! The smallest requester and responder there can be: no std, no allocator. The programs beside this library are linked
//! to show that, and to see how large they are; its functions are measured elsewhere for memory and time.
#![no_std]

pub mod port;
mod program;
pub mod requester;
pub mod responder;
pub mod stub;
