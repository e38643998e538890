//! Pictures of a PCIe/CXL hierarchy: a text tree for the terminal and an SVG for everything else.
//!
//! The input is [`Topology`], a plain model of its own: this crate reads no device and knows no other crate, so that
//! anything that can fill in the model (a live machine, an emulated one, a saved report) is drawn the same way.
//!
//! * [`tree::topology`] is the tree of `lanewarden list`; [`tree::render`] draws any tree of columns.
//! * [`svg::topology`] is the picture of `lanewarden topology --svg`.
//! * [`text::escape`] makes text from a peer safe to print; both renderers apply it to all text of the model.
#![forbid(unsafe_code)]

mod face;
mod geometry;
mod layout;
mod measure;
pub mod model;
pub mod svg;
pub mod text;
pub mod tree;
pub mod units;

#[cfg(test)]
mod sample;

pub use model::{Figures, Hop, Kind, Limits, Link, Mailbox, Node, State, Topology};
