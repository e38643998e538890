//! Whole functions as people and programs see them, from configuration spaces written by hand.
#![allow(clippy::arithmetic_side_effects)]

mod any_bytes;
mod memory;
mod refusals;
mod root_port;
mod storage;

use lanewarden_inventory::FunctionReport;
use lanewarden_pci::{Address, Function, Image};

use super::reading::Reading;
use super::{function, text};

/// Where the functions of these tests are.
fn address() -> Address {
    "0000:0d:00.0".parse().unwrap()
}

/// The header of an extended capability.
fn extended(id: u16, version: u8, next: u16) -> u32 {
    u32::from(id) | u32::from(version) << 16 | u32::from(next) << 20
}

fn read(mut image: Image, kernel: FunctionReport, verbose: u8) -> Reading {
    let function = Function::read(address(), &mut image).unwrap();
    Reading::of(function, kernel, &mut image, verbose).unwrap()
}

fn people(reading: &Reading, verbose: u8) -> String {
    anstream::adapter::strip_str(&text(reading, verbose)).to_string()
}

/// In the order in which programs get it.
fn pretty(reading: &Reading) -> String {
    serde_json::to_string_pretty(&function::document(reading)).unwrap()
}

fn programs(reading: &Reading) -> serde_json::Value {
    serde_json::to_value(function::document(reading)).unwrap()
}
