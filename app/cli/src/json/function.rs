//! A function and what hangs on it, for programs.

use std::collections::BTreeMap;

use lanewarden_inventory::Inventory;
use lanewarden_pci::registers::pcie;
use lanewarden_pci::{Address, NodeId, PortKind, Visibility};
use serde::Serialize;

use super::{Mailbox, Path};
use crate::names;

/// A function in its place in the hierarchy.
#[derive(Serialize)]
pub struct Function {
    /// `0000:0c:00.0`.
    address: String,
    /// The address of the bridge above it; null on a root bus.
    parent: Option<String>,
    /// What kind of port it is.
    kind: String,
    vendor_id: u16,
    device_id: u16,
    class_code: u32,
    revision: u8,
    subsystem_vendor_id: Option<u16>,
    subsystem_device_id: Option<u16>,
    vendor: Option<&'static str>,
    device: Option<&'static str>,
    class: Option<&'static str>,
    serial_number: Option<String>,
    driver: Option<String>,
    cxl_objects: Vec<String>,
    kernel_doe_features: Option<Vec<String>>,
    link: Option<Link>,
    /// `whole`, or what alone could be seen: `conventional`, `header`.
    visibility: &'static str,
    anomalies: Vec<String>,
    mailboxes: Vec<Mailbox>,
    paths: Vec<Path>,
}

/// A link as one of its ends sees it.
#[derive(Serialize)]
struct Link {
    up: bool,
    speed_mt_per_s: Option<u32>,
    width: u8,
    max_speed_mt_per_s: Option<u32>,
    max_width: u8,
    flit_mode: bool,
}

impl From<pcie::Link> for Link {
    fn from(link: pcie::Link) -> Self {
        let up = !link.is_down();
        Self {
            up,
            speed_mt_per_s: link.speed.megatransfers().filter(|_| up),
            width: if up { link.width } else { 0 },
            max_speed_mt_per_s: link.max_speed.megatransfers(),
            max_width: link.max_width,
            flit_mode: link.flit_mode,
        }
    }
}

/// A function of the machine.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Entry {
    /// One that was read.
    Read(Box<Function>),
    /// One that is there and could not be read.
    Unreadable {
        /// `0000:0c:00.0`.
        address: String,
        /// `none`.
        visibility: &'static str,
        /// Why.
        error: String,
    },
}

/// All functions, each before what is below it, and behind them those that could not be read.
pub fn functions(inventory: &Inventory) -> Vec<Entry> {
    let mut mailboxes: BTreeMap<Address, Vec<Mailbox>> = BTreeMap::new();
    for report in &inventory.mailboxes {
        mailboxes.entry(report.address()).or_default().push(report.into());
    }
    let mut paths: BTreeMap<Address, Vec<Path>> = BTreeMap::new();
    for path in &inventory.memories.paths {
        paths.entry(path.address).or_default().push(path.into());
    }
    let steps = inventory.hierarchy.depth_first();
    let function = |id| function(inventory, id, &mut mailboxes, &mut paths);
    let read = steps.map(|step| step.id).filter_map(function).map(|function| Entry::Read(Box::new(function)));
    let unreadable = inventory.unreadable.iter().map(|(address, error)| Entry::Unreadable {
        address: address.to_string(),
        visibility: "none",
        error: error.to_string(),
    });
    read.chain(unreadable).collect()
}

fn function(
    inventory: &Inventory,
    id: NodeId,
    mailboxes: &mut BTreeMap<Address, Vec<Mailbox>>,
    paths: &mut BTreeMap<Address, Vec<Path>>,
) -> Option<Function> {
    let hierarchy = &inventory.hierarchy;
    let function = hierarchy.get(id)?;
    let (address, header) = (function.address, &function.header);
    let parent = hierarchy.parent(id).and_then(|parent| hierarchy.get(parent));
    let known = inventory.functions.get(&address).cloned().unwrap_or_default();
    let class = header.class;
    Some(Function {
        address: address.to_string(),
        parent: parent.map(|parent| parent.address.to_string()),
        kind: kind(function.port_kind()),
        vendor_id: header.vendor,
        device_id: header.device,
        class_code: u32::from_be_bytes([0, class.base, class.sub, class.interface]),
        revision: header.revision,
        subsystem_vendor_id: header.subsystem.map(|(vendor, _)| vendor),
        subsystem_device_id: header.subsystem.map(|(_, device)| device),
        vendor: names::vendor(header.vendor),
        device: names::device(header.vendor, header.device),
        class: names::class(class),
        serial_number: function.serial.map(|serial| serial.to_string()),
        driver: known.driver,
        cxl_objects: known.cxl_objects,
        kernel_doe_features: known.doe_features,
        link: function.pcie.and_then(|pcie| pcie.link).map(Into::into),
        visibility: visibility(function.visibility),
        // That a list goes on where this user cannot read is no fault of the device.
        anomalies: function
            .anomalies
            .iter()
            .filter(|_| !function.is_partial())
            .map(ToString::to_string)
            .collect(),
        mailboxes: mailboxes.remove(&address).unwrap_or_default(),
        paths: paths.remove(&address).unwrap_or_default(),
    })
}

fn kind(kind: PortKind) -> String {
    kind.to_string().to_lowercase().replace(' ', "_")
}

fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Whole => "whole",
        Visibility::Conventional => "conventional",
        Visibility::Header => "header",
    }
}
