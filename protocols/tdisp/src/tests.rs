//! Host and device together, and each against what it must not believe.
#![allow(clippy::arithmetic_side_effects)] // no peer but ourselves

mod host;
mod hostile;
mod parts;
pub(crate) mod shared;
mod story;
mod support;
mod table;
mod transitions;
