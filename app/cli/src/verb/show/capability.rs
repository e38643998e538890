//! One capability: its place, its name, and what it says.

use lanewarden_pci::capability::{Capability, ExtendedCapability};
use lanewarden_pci::registers::cxl as cxl_registers;
use lanewarden_pci::registers::dvsec::Dvsec;
use lanewarden_pci::{CxlDetail, Detail};

use super::document::{Section, Unit, Value};
use super::reading::Reading;
use super::{cxl, doe, errors, ide, interrupts, pcie, power};
use crate::names;

/// All capabilities in the order of their lists.
pub fn all(reading: &Reading) -> Vec<Section> {
    let details = &reading.details;
    let conventional =
        details.conventional.iter().map(|(entry, detail)| conventional(*entry, detail, reading));
    conventional
        .chain(details.extended.iter().map(|(entry, detail)| extended(*entry, detail, reading)))
        .collect()
}

fn conventional(entry: Capability, detail: &Detail, reading: &Reading) -> Section {
    let offset = u16::from(entry.offset);
    let name = entry.name();
    let unknown = || format!("unknown capability {:#04x}", entry.id);
    Section::new(format!("[{offset:02x}] {}", name.map_or_else(unknown, str::to_owned)))
        .data("id", entry.id)
        .data("name", name)
        .data("offset", offset)
        .data("extended", false)
        .with(body(offset, detail, reading))
}

fn extended(entry: ExtendedCapability, detail: &Detail, reading: &Reading) -> Section {
    let ExtendedCapability { id, version, offset } = entry;
    let name = entry.name();
    let unknown = || format!("unknown capability {id:#06x}");
    let title = name.map_or_else(unknown, str::to_owned);
    Section::new(format!("[{offset:03x} v{version}] {title}{}", suffix(detail)))
        .data("id", id)
        .data("name", name)
        .data("offset", offset)
        .data("extended", true)
        .data("version", version)
        .with(body(offset, detail, reading))
}

/// What tells one vendor-specific capability from another.
fn suffix(detail: &Detail) -> String {
    let Detail::Dvsec(dvsec, _) = detail else { return String::new() };
    match dvsec_name(dvsec) {
        Some(name) => format!(": {name}"),
        None => format!(": {}, ID {:#06x}", vendor(dvsec.vendor), dvsec.id),
    }
}

fn body(offset: u16, detail: &Detail, reading: &Reading) -> Section {
    let decoded = !matches!(detail, Detail::Other | Detail::Cut);
    Section::default()
        .data("decoded", decoded)
        .with(decode(offset, detail, reading))
        .detail_line("Registers", reading.registers(offset))
}

fn decode(offset: u16, detail: &Detail, reading: &Reading) -> Section {
    let segment = reading.function.address.segment;
    match detail {
        Detail::PowerManagement(pm) => power::management(pm),
        Detail::Msi(msi, message) => interrupts::msi(msi, message),
        Detail::MsiX(msix) => interrupts::msix(msix),
        Detail::PciExpress(whole) => pcie::express(whole, segment),
        Detail::Subsystem(vendor_id, id) => subsystem(*vendor_id, *id),
        Detail::Aer(aer) => errors::reporting(aer, segment),
        Detail::SerialNumber(serial) => {
            Section::default().field("serial_number", "Serial number", serial.to_string())
        }
        Detail::Dpc(dpc) => errors::containment(dpc, segment),
        Detail::Doe(capability, activity) => {
            let report = reading.mailboxes.iter().find(|report| report.id.offset == offset);
            let asked = report.map(doe::mailbox).unwrap_or_default();
            doe::registers(capability, activity).with(asked)
        }
        Detail::Ide(capability) => ide::encryption(capability, segment),
        Detail::Dvsec(headers, detail) => dvsec(headers, detail.as_ref()),
        Detail::Cut => Section::default().line("Not decoded", "it does not fit where it is"),
        Detail::Other => Section::default(),
    }
}

fn subsystem(vendor_id: u16, id: u16) -> Section {
    let words = format!("{vendor_id:04x}:{id:04x} {}", names::vendor(vendor_id).unwrap_or_default());
    Section::default()
        .line("Subsystem", words.trim_end())
        .data("subsystem_vendor_id", vendor_id)
        .data("subsystem_device_id", id)
}

fn dvsec(dvsec: &Dvsec, detail: Option<&CxlDetail>) -> Section {
    Section::default()
        .worded_detail("vendor_id", "Vendor", dvsec.vendor, vendor(dvsec.vendor))
        .detail("dvsec_id", "ID", Value::hex(dvsec.id, 4))
        .data("dvsec_name", dvsec_name(dvsec))
        .detail("revision", "Revision", dvsec.revision)
        .detail("length_bytes", "Length", Value::of(dvsec.length, Unit::Bytes))
        .with(detail.map(cxl::detail).unwrap_or_default())
}

fn dvsec_name(dvsec: &Dvsec) -> Option<&'static str> {
    cxl_registers::name(dvsec.id).filter(|_| dvsec.vendor == cxl_registers::VENDOR)
}

fn vendor(id: u16) -> String {
    names::vendor(id).map_or_else(|| format!("vendor {id:04x}"), str::to_owned)
}
