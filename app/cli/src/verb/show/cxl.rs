//! CXL's designated vendor-specific capabilities.

use std::time::Duration;

use lanewarden_pci::CxlDetail;
use lanewarden_pci::registers::cxl::{
    BlockKind, Device, DeviceType, FlexBus, FlexBusTraining, GpfDevice, GpfPort, MediaType, MemoryClass,
    MemoryRange, PortExtensions, RegisterBlock, ResetDefaults,
};

use super::bridge::window;
use super::document::{Section, Unit, Value, flags};

/// What one of them says.
pub fn detail(detail: &CxlDetail) -> Section {
    match detail {
        CxlDetail::Device(cxl, resets) => device(cxl, *resets),
        CxlDetail::NonCxlFunctionMap(map) => function_map(map),
        CxlDetail::PortExtensions(port) => port_extensions(port),
        CxlDetail::GpfPort(gpf) => gpf_port(gpf),
        CxlDetail::GpfDevice(gpf) => gpf_device(gpf),
        CxlDetail::FlexBus(port, training) => flex_bus(port, training),
        CxlDetail::RegisterLocator(blocks) => register_locator(blocks),
        CxlDetail::Mld(count) => Section::default().field("logical_devices", "Logical devices", *count),
    }
}

/// The protocols by their full names: `CXL.mem`.
fn protocols(value: Value) -> Value {
    let Value::Flags(mut flags) = value else { return value };
    for flag in &mut flags {
        if matches!(flag.name.as_str(), "cache" | "io" | "mem") {
            flag.label = format!("CXL.{}", flag.name);
        }
    }
    Value::Flags(flags)
}

/// `type 3`.
pub fn type_words(device_type: DeviceType) -> &'static str {
    match device_type {
        DeviceType::Type1 => "type 1",
        DeviceType::Type2 => "type 2",
        DeviceType::Type3 => "type 3",
    }
}

fn device(device: &Device, resets: Option<ResetDefaults>) -> Section {
    let cache = (device.cache_size > 0).then(|| Value::of(device.cache_size, Unit::Bytes));
    let ranges = device.ranges.iter().flatten().zip(1_u8..);
    Section::default()
        .field("type", "Type", device.device_type().map(|kind| Value::word(type_words(kind))))
        .field("capabilities", "Capabilities", protocols(flags!(device.capability)))
        .field("control", "Control", protocols(flags!(device.control)))
        .field("cache_bytes", "Cache", cache)
        .field("memory_bytes", "Memory", Value::of(device.memory_size(), Unit::Bytes))
        .field("locked", "Configuration locked", device.locked)
        .field("viral", "Viral", device.viral)
        .with(device_status(device))
        .detail("reset_defaults", "Memory is reset to default by", resets.map(|resets| flags!(resets)))
        .parts("ranges", ranges.map(|(range, number)| memory_range(range, number)).collect())
}

fn device_status(device: &Device) -> Section {
    Section::default()
        .detail("caching_disabled", "Caching disabled", device.caching_disabled)
        .detail("cache_invalid", "Cache invalidated", device.cache_invalid)
        .detail("reset_complete", "CXL Reset complete", device.reset_complete)
        .detail("reset_error", "CXL Reset failed", device.reset_error)
        .detail("pm_init_complete", "Power management initialised", device.pm_init_complete)
        .detail("snoop_filter_coverage", "Snoop filter coverage (encoded)", device.snoop_filter_coverage)
        .detail(
            "snoop_filter_granularity",
            "Snoop filter granularity (encoded)",
            device.snoop_filter_granularity,
        )
}

fn memory_range(range: &MemoryRange, number: u8) -> Section {
    let interleave = (range.desired_interleave > 0).then(|| Value::of(range.desired_interleave, Unit::Bytes));
    Section::new(format!("Range {number}"))
        .field("size_bytes", "Size", Value::of(range.size, Unit::Bytes))
        .field("base", "Base", Value::hex(range.base, 1))
        .field("valid", "Valid", range.valid)
        .field("active", "Active", range.active)
        .field("media", "Media", Value::word(media(range.media)))
        .field("class", "Class", Value::word(class(range.class)))
        .detail("desired_interleave_bytes", "Desired interleave", interleave)
        .detail("active_timeout_s", "Active within", Value::of(range.active_timeout_s, Unit::Seconds))
}

fn media(media: MediaType) -> String {
    match media {
        MediaType::Volatile => "volatile".to_owned(),
        MediaType::NonVolatile => "non-volatile".to_owned(),
        MediaType::Cdat => "see CDAT".to_owned(),
        MediaType::Undefined(encoding) => format!("undefined {encoding}"),
    }
}

fn class(class: MemoryClass) -> String {
    match class {
        MemoryClass::Memory => "memory".to_owned(),
        MemoryClass::Storage => "storage".to_owned(),
        MemoryClass::Cdat => "see CDAT".to_owned(),
        MemoryClass::Undefined(encoding) => format!("undefined {encoding}"),
    }
}

fn function_map(map: &[u32; 8]) -> Section {
    let bits = map.iter().zip(0_u8..).flat_map(|(register, function)| {
        (0..32_u8).filter(move |device| register >> device & 1 != 0).map(move |device| (device, function))
    });
    let functions: Vec<_> = bits.map(|(device, function)| format!("{device:02x}.{function}")).collect();
    Section::default().field("functions", "Neither CXL.cache nor CXL.mem", functions)
}

fn port_extensions(port: &PortExtensions) -> Section {
    let (first, last) = port.buses;
    let buses = if last < first { "empty".to_owned() } else { format!("{first:02x}-{last:02x}") };
    Section::default()
        .field("pm_init_complete", "Power management initialised", port.pm_init_complete)
        .field("viral", "Viral", port.viral)
        .field("control", "Control override", flags!(port.control))
        .worded("alternate_bus_base", "Alternate buses", first, buses)
        .data("alternate_bus_limit", last)
        .with(window("Alternate memory", ["alternate_memory_base", "alternate_memory_limit"], port.memory))
        .with(window(
            "Alternate prefetchable memory",
            ["alternate_prefetchable_base", "alternate_prefetchable_limit"],
            port.prefetchable,
        ))
}

fn gpf_port(gpf: &GpfPort) -> Section {
    Section::default().field("phase_1_us", "Phase 1 timeout", gpf.phase_1.map(microseconds)).field(
        "phase_2_us",
        "Phase 2 timeout",
        gpf.phase_2.map(microseconds),
    )
}

fn gpf_device(gpf: &GpfDevice) -> Section {
    Section::default().field("phase_2_us", "Phase 2 duration", gpf.duration.map(microseconds)).field(
        "phase_2_power_mw",
        "Phase 2 power",
        Value::of(gpf.power_milliwatts, Unit::Milliwatts),
    )
}

fn microseconds(duration: Duration) -> Value {
    Value::of(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX), Unit::Microseconds)
}

fn flex_bus(port: &FlexBus, training: &FlexBusTraining) -> Section {
    let hint = training.nop_hint;
    Section::default()
        .field("trained", "Trained as CXL", port.is_trained())
        .field("status", "Protocols in use", protocols(flags!(port.status)))
        .field("capabilities", "Capabilities", protocols(flags!(port.capability)))
        .field("control", "Control", protocols(flags!(port.control)))
        .detail("received_ts", "Received in training", training.received_ts.map(|ts| Value::hex(ts, 6)))
        .detail("nop_hint_supported", "NOP hint supported", hint.map(|(supported, ..)| supported))
        .detail("nop_hint_enabled", "NOP hint enabled", hint.map(|(_, enabled, _)| enabled))
        .detail("nop_hint_status", "NOP hint status (encoded)", hint.map(|(.., status)| status))
}

fn register_locator(blocks: &[RegisterBlock]) -> Section {
    let words = |block: &RegisterBlock| {
        format!("{} registers at BAR {} + {:#x}", block_kind(block.kind), block.bar, block.offset)
    };
    let each = |block: &RegisterBlock| {
        let kind = Value::word(block_kind(block.kind));
        Section::default().data("kind", kind).data("bar", block.bar).data("offset_bytes", block.offset)
    };
    Section::default()
        .line("Blocks", blocks.iter().map(words).collect::<Vec<_>>())
        .data_parts("blocks", blocks.iter().map(each).collect())
}

fn block_kind(kind: BlockKind) -> String {
    match kind {
        BlockKind::Component => "component".to_owned(),
        BlockKind::BarVirtualisation => "BAR virtualization".to_owned(),
        BlockKind::Device => "device".to_owned(),
        BlockKind::Cpmu => "performance monitoring".to_owned(),
        BlockKind::VendorSpecific => "vendor specific".to_owned(),
        BlockKind::Undefined(encoding) => format!("undefined {encoding:#x}"),
    }
}
