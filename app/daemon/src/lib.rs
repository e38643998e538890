//! One owner for every mailbox of a machine, and many users: the daemon.
//!
//! Everything is on one thread. [`Engine`](engine::Engine) has the broker and is the only one that touches a mailbox; each
//! client's connection is a task that asks it; one more task drives it when time has passed. So no lock is held while a
//! client is waited for, and none can stop another.
//!
//! | module | what |
//! |---|---|
//! | [`engine`] | the broker, the exchanges that are under way |
//! | [`keeper`] | SPDM sessions that are kept for clients |
//! | [`policy`] | who may do what, and the files that say so |
//! | [`server`] | the socket, signals, the life of the daemon |
//! | [`hotplug`] | devices that come and go |
//! | [`journal`] | what was under way when the daemon ended, for the next one |
#![forbid(unsafe_code)]

mod connection;
pub mod engine;
mod feed;
pub mod hotplug;
pub mod journal;
pub mod keeper;
mod limiter;
pub mod policy;
pub mod server;
mod shared;

pub use server::{Daemon, Failure, Options, Outside, Silence, Socket, end};
