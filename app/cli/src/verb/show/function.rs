//! A function as a whole: what it is, who drives it, and its capabilities.

use lanewarden_inventory::is_memory;
use lanewarden_pci::registers::header::{BaseAddress, BusNumbers, Region};
use lanewarden_pci::{Anomaly, Function, Visibility};

use super::document::{Section, Value, flags};
use super::reading::Reading;
use super::{bridge, capability, cxl, interrupts};
use crate::names::{self, Name};

/// The document of a function.
pub fn document(reading: &Reading) -> Section {
    let function = &reading.function;
    let bars = reading.base_addresses.iter();
    Section::new(title(function))
        .data("address", function.address.to_string())
        .with(identity(function))
        .with(kernel(reading))
        .with(header(function))
        .with(interrupt_pin(reading.interrupt_pin))
        .line("Base addresses", bars.clone().map(base_address).collect::<Vec<_>>())
        .with(remarks(function))
        .data_parts("base_addresses", bars.map(base_address_data).collect())
        .part("bridge", reading.bridge.as_ref().map(bridge::bridge))
        .part("interrupt_vectors", interrupts::vectors(&reading.vectors))
        .parts("capabilities", capability::all(reading))
}

/// As lspci has it: `0000:0c:00.0 Non-Volatile memory controller: Red Hat, Inc. QEMU NVM Express Controller (rev 02)`.
fn title(function: &Function) -> String {
    let header = &function.header;
    let class = names::class(header.class)
        .map_or_else(|| format!("Class {:04x}", header.class.device_class()), str::to_owned);
    let revision =
        if header.revision == 0 { String::new() } else { format!(" (rev {:02x})", header.revision) };
    format!("{} {class}: {}{revision}", function.address, Name(function))
}

fn identity(function: &Function) -> Section {
    let header = &function.header;
    let (class, cxl_type) = (header.class, function.cxl_type().map(cxl::type_words));
    let kind = function.port_kind();
    let kind_words = cxl_type.map_or_else(|| kind.to_string(), |words| format!("{kind}, CXL {words}"));
    let class_code = u32::from_be_bytes([0, class.base, class.sub, class.interface]);
    Section::default()
        .worded("kind", "Kind", Value::word(kind), kind_words)
        .data("cxl_type", cxl_type.map(Value::word))
        .line("IDs", format!("{:04x}:{:04x}, class {class_code:06x}", header.vendor, header.device))
        .data("vendor_id", header.vendor)
        .data("device_id", header.device)
        .data("class_code", class_code)
        .data("revision", header.revision)
        .data("vendor", names::vendor(header.vendor))
        .data("device", names::device(header.vendor, header.device))
        .data("class", names::class(class))
        .line("Subsystem", header.subsystem.and_then(subsystem))
        .data("subsystem_vendor_id", header.subsystem.map(|(vendor, _)| vendor))
        .data("subsystem_device_id", header.subsystem.map(|(_, device)| device))
        .field("serial_number", "Serial number", function.serial.map(|serial| serial.to_string()))
}

fn subsystem((vendor, device): (u16, u16)) -> Option<String> {
    let words = format!("{vendor:04x}:{device:04x} {}", names::vendor(vendor).unwrap_or_default());
    (vendor != 0).then(|| words.trim_end().to_owned())
}

fn kernel(reading: &Reading) -> Section {
    let known = &reading.kernel;
    let driver = known.driver.clone();
    let driver_words = driver.clone().unwrap_or_else(|| "none".to_owned());
    Section::default()
        .worded("driver", "Driver", driver, driver_words)
        .field("cxl_objects", "CXL objects", known.cxl_objects.clone())
        .field("kernel_doe_features", "DOE features (kernel)", known.doe_features.clone())
}

fn header(function: &Function) -> Section {
    let header = &function.header;
    let bus = |which: fn(BusNumbers) -> u8| header.buses.map(which);
    Section::default()
        .field("command", "Command", flags!(header.command))
        .field("status", "Status", flags!(header.status))
        .detail("header_layout", "Header layout", header.layout)
        .detail("multi_function", "Multi-function", header.multi_function)
        .line("Buses", header.buses.map(buses))
        .data("primary_bus", bus(|buses| buses.primary))
        .data("secondary_bus", bus(|buses| buses.secondary))
        .data("subordinate_bus", bus(|buses| buses.subordinate))
}

fn interrupt_pin(pin: u8) -> Section {
    let name = match pin {
        1 => "A",
        2 => "B",
        3 => "C",
        4 => "D",
        _ => return Section::default().data("interrupt_pin", Value::Missing),
    };
    Section::default().detail("interrupt_pin", "Interrupt pin", name)
}

fn buses(buses: BusNumbers) -> String {
    let BusNumbers { primary, secondary, subordinate } = buses;
    format!("on {primary:02x}, leads to {secondary:02x}-{subordinate:02x}")
}

fn base_address(bar: &BaseAddress) -> String {
    let kind = match bar.kind {
        Region::Io => "I/O ports".to_owned(),
        Region::Memory { wide, prefetchable } => {
            let bits = if wide { 64 } else { 32 };
            format!("{bits}-bit{} memory", if prefetchable { " prefetchable" } else { "" })
        }
    };
    format!("BAR {}: {kind} at {:#x}", bar.index, bar.base)
}

fn base_address_data(bar: &BaseAddress) -> Section {
    let (kind, wide, prefetchable) = match bar.kind {
        Region::Io => ("io", false, false),
        Region::Memory { wide, prefetchable } => ("memory", wide, prefetchable),
    };
    Section::default()
        .data("bar", bar.index)
        .data("base", bar.base)
        .data("kind", kind)
        .data("wide", wide)
        .data("prefetchable", prefetchable)
}

/// What is missing, what is wrong, and where there is more.
fn remarks(function: &Function) -> Section {
    let (visibility, words) = visibility(function.visibility);
    // That a list goes on where this user cannot read is no fault of the device, and visibility says it already.
    let hidden = |anomaly: &&Anomaly| function.is_partial() && matches!(anomaly, Anomaly::OutOfReach { .. });
    let anomalies = function.anomalies.iter().filter(|anomaly| !hidden(anomaly)).map(ToString::to_string);
    let anomalies: Vec<_> = anomalies.collect();
    let paths = is_memory(function).then(|| format!("see `lanewarden cxl paths {}`", function.address));
    Section::default().line("Paths", paths).data("visibility", visibility).line("Visible", words).field(
        "anomalies",
        "Anomalies",
        anomalies,
    )
}

fn visibility(visibility: Visibility) -> (&'static str, Option<&'static str>) {
    match visibility {
        Visibility::Whole => ("whole", None),
        Visibility::Conventional => {
            ("conventional", Some("the first 256 bytes only: no serial number, mailboxes or CXL"))
        }
        Visibility::Header => ("header", Some("the header only: capabilities can be read as root")),
    }
}
