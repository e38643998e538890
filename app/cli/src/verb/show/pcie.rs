//! PCI Express: the device, its link, the slot below it, the root it is.

use lanewarden_pci::PciExpress;
use lanewarden_pci::registers::pcie::{Device, Indicator, Link, PortType, Root, Slot};

use super::document::{Section, Unit, Value, flags};
use super::words::{self, requester};

/// The capability with all its parts, of a function in this segment.
pub fn express(whole: &PciExpress, segment: u32) -> Section {
    let pcie = &whole.pcie;
    Section::default()
        .field("port_type", "Port type", Value::word(port_type(pcie.port_type)))
        .field("interrupt_message", "Interrupt message", pcie.interrupt_message)
        .detail("version", "Version", pcie.version)
        .detail("slot_implemented", "Slot implemented", pcie.slot_implemented)
        .detail("flit_mode_supported", "Flit mode supported", pcie.flit_mode_supported)
        .part("device", Some(device(&whole.device, pcie.port_type)))
        .part("link", pcie.link.as_ref().map(link))
        .part("slot", whole.slot.as_ref().map(slot))
        .part("root", whole.root.as_ref().map(|registers| root(registers, segment)))
}

fn port_type(port_type: PortType) -> String {
    match port_type {
        PortType::Endpoint => "endpoint",
        PortType::LegacyEndpoint => "legacy endpoint",
        PortType::RootPort => "root port",
        PortType::SwitchUpstream => "switch upstream port",
        PortType::SwitchDownstream => "switch downstream port",
        PortType::ToPciBridge => "PCI Express to PCI bridge",
        PortType::FromPciBridge => "PCI to PCI Express bridge",
        PortType::IntegratedEndpoint => "root complex integrated endpoint",
        PortType::EventCollector => "root complex event collector",
        PortType::Undefined(encoding) => return format!("undefined {encoding:#x}"),
    }
    .to_owned()
}

fn device(device: &Device, port_type: PortType) -> Section {
    let slot_power = (!port_type.is_downstream() && port_type.has_link() && device.slot_power_milliwatts > 0)
        .then(|| Value::of(device.slot_power_milliwatts, Unit::Milliwatts));
    Section::new("Device")
        .worded(
            "max_payload_bytes",
            "Payload",
            device.max_payload,
            format!("{} bytes (at most {})", device.max_payload, device.max_payload_supported),
        )
        .data("max_payload_supported_bytes", device.max_payload_supported)
        .worded(
            "max_read_request_bytes",
            "Read request",
            device.max_read_request,
            format!("{} bytes", device.max_read_request),
        )
        .field("capabilities", "Capabilities", flags!(device.flags))
        .field("control", "Control", flags!(device.control))
        .field("status", "Status", flags!(device.status))
        .field("slot_power_mw", "Power of its slot", slot_power)
        .with(device_2(device))
        .with(tolerance(device))
}

fn device_2(device: &Device) -> Section {
    let timeout = TIMEOUTS.iter().find(|(encoding, ..)| *encoding == device.completion_timeout);
    Section::default()
        .field("capabilities_2", "Capabilities 2", flags!(device.flags2))
        .field("control_2", "Control 2", flags!(device.control2))
        .detail(
            "completion_timeout_ranges",
            "Timeout ranges supported",
            timeout_ranges(device.completion_timeout_ranges),
        )
        .data("completion_timeout_code", device.completion_timeout)
        .data("completion_timeout_min_us", timeout.map(|(_, from, _)| *from))
        .data("completion_timeout_max_us", timeout.map(|(_, _, to)| *to))
        .detail_line("Completion timeout", timeout.map_or("undefined".to_owned(), between))
        .detail("tph_completer", "Processing hints", Value::word(hints(device.tph_completer)))
        .detail("obff_supported", "Buffer flush (OBFF) supported", Value::word(obff_supported(device)))
        .detail("obff", "Buffer flush (OBFF)", Value::word(obff(device.obff)))
        .detail(
            "emergency_power_reduction",
            "Emergency power reduction",
            Value::word(emergency(device.emergency_power_reduction)),
        )
}

/// Completion Timeout Value (PCIe 6.x, 7.5.3.16): the encoding, and the shortest and longest time in microseconds.
const TIMEOUTS: [(u8, u32, u32); 9] = [
    (0x0, 50, 50_000),
    (0x1, 50, 100),
    (0x2, 1_000, 10_000),
    (0x5, 16_000, 55_000),
    (0x6, 65_000, 210_000),
    (0x9, 260_000, 900_000),
    (0xa, 1_000_000, 3_500_000),
    (0xd, 4_000_000, 13_000_000),
    (0xe, 17_000_000, 64_000_000),
];

/// `50 µs to 50 ms`.
fn between((_, from, to): &(u8, u32, u32)) -> String {
    format!("{} to {}", time(*from), time(*to))
}

fn time(microseconds: u32) -> String {
    match microseconds {
        0..1_000 => format!("{microseconds} µs"),
        1_000..1_000_000 => format!("{} ms", microseconds / 1_000),
        _ => format!("{} s", f64::from(microseconds) / 1e6),
    }
}

fn timeout_ranges(ranges: u8) -> Vec<String> {
    let letters = ["A", "B", "C", "D"].into_iter().enumerate();
    letters.filter(|(bit, _)| ranges >> bit & 1 != 0).map(|(_, letter)| letter.to_owned()).collect()
}

fn hints(encoding: u8) -> &'static str {
    match encoding {
        0 => "none",
        1 => "plain",
        3 => "plain and extended",
        _ => "undefined",
    }
}

fn obff_supported(device: &Device) -> &'static str {
    match device.obff_supported {
        0 => "none",
        1 => "message",
        2 => "signal",
        _ => "message and signal",
    }
}

fn obff(encoding: u8) -> &'static str {
    match encoding {
        0 => "off",
        1 => "message variation A",
        2 => "message variation B",
        _ => "signal",
    }
}

fn emergency(encoding: u8) -> &'static str {
    match encoding {
        0 => "none",
        1 => "device specific",
        2 => "form factor or device specific",
        _ => "undefined",
    }
}

/// How long the device can wait for its link to wake.
fn tolerance(device: &Device) -> Section {
    let (l0s, l1) = (device.l0s_latency, device.l1_latency);
    Section::default()
        .detail("phantom_function_bits", "Phantom functions (bits)", device.phantom_functions)
        .worded_detail("l0s_latency_max_ns", "Tolerates L0s exit of", doubling(64, l0s), within(64, l0s))
        .worded_detail("l1_latency_max_ns", "Tolerates L1 exit of", doubling(1_000, l1), within(1_000, l1))
}

/// The unit doubled as often as the encoding says; `None` for 7, which is no limit.
fn doubling(unit_ns: u64, encoding: u8) -> Option<u64> {
    (encoding < 7).then(|| unit_ns.wrapping_shl(u32::from(encoding)))
}

fn within(unit_ns: u64, encoding: u8) -> String {
    match doubling(unit_ns, encoding) {
        Some(ns) => format!("{ns} ns"),
        None => "any time".to_owned(),
    }
}

fn link(link: &Link) -> Section {
    let up = !link.is_down();
    let (speed, width) = if up { (link.speed.megatransfers(), link.width) } else { (None, 0) };
    let speed_unit = |speed: Option<u32>| speed.map(|rate| Value::of(rate, Unit::MegatransfersPerSecond));
    let supported = link.supported.iter().filter_map(|speed| speed.megatransfers());
    Section::new("Link")
        .worded("up", "State", up, state(link))
        .data("speed_mt_per_s", speed)
        .data("width", width)
        .worded(
            "max_speed_mt_per_s",
            "At most",
            link.max_speed.megatransfers(),
            words::link(link.max_speed, link.max_width),
        )
        .data("max_width", link.max_width)
        .data("raw_bandwidth_mb_per_s", link.raw_bandwidth().filter(|_| up))
        .data("downgraded", link.is_downgraded())
        .field("flit_mode", "Flit mode", link.flit_mode)
        .field("port", "Port number", link.port)
        .field("capabilities", "Capabilities", flags!(link.flags))
        .field("control", "Control", flags!(link.control))
        .field("status", "Status", flags!(link.status))
        .detail("target_speed_mt_per_s", "Target speed", speed_unit(link.target_speed.megatransfers()))
        .detail(
            "supported_speeds_mt_per_s",
            "Supported speeds",
            Value::several(supported, Unit::MegatransfersPerSecond),
        )
        .with(link_2(link))
}

/// The link in one line: `up, 32 GT/s x8 (downgraded), 32000 MB/s raw`.
fn state(link: &Link) -> String {
    if link.is_down() {
        return "down".to_owned();
    }
    let bandwidth = link.raw_bandwidth().map_or_else(String::new, |mb| format!(", {mb} MB/s raw"));
    let downgraded = if link.is_downgraded() { " (downgraded)" } else { "" };
    format!("up, {}{downgraded}{bandwidth}", words::link(link.speed, link.width))
}

fn link_2(link: &Link) -> Section {
    let (l0s, l1) = (link.l0s_exit_latency, link.l1_exit_latency);
    Section::default()
        .detail("control_2", "Control 2", flags!(link.control2))
        .detail("status_2", "Status 2", flags!(link.status2))
        .worded_detail("l0s_exit_latency_max_ns", "L0s exit latency", doubling(64, l0s), below(64, l0s))
        .worded_detail("l1_exit_latency_max_ns", "L1 exit latency", doubling(1_000, l1), below(1_000, l1))
        .detail("transmit_margin", "Transmit margin (encoded)", link.transmit_margin)
        .detail("compliance_preset", "Compliance preset (encoded)", link.compliance_preset)
        .detail("crosslink", "Crosslink", Value::word(crosslink(link.crosslink)))
        .detail("downstream_component", "Component below (encoded)", link.downstream_component)
}

fn below(unit_ns: u64, encoding: u8) -> String {
    match doubling(unit_ns, encoding) {
        Some(ns) => format!("below {ns} ns"),
        None => format!("above {} ns", unit_ns.wrapping_shl(6)),
    }
}

fn crosslink(encoding: u8) -> &'static str {
    match encoding {
        0 => "not supported",
        1 => "upstream port",
        2 => "downstream port",
        _ => "not complete",
    }
}

fn slot(slot: &Slot) -> Section {
    Section::new("Slot")
        .field("number", "Number", slot.number)
        .field("power_limit_mw", "Power limit", Value::of(slot.power_milliwatts, Unit::Milliwatts))
        .field("capabilities", "Capabilities", flags!(slot.flags))
        .field("control", "Control", flags!(slot.control))
        .field("status", "Status", flags!(slot.status))
        .field("attention_indicator", "Attention indicator", indicator(slot.attention))
        .field("power_indicator", "Power indicator", indicator(slot.power))
}

fn indicator(indicator: Indicator) -> Option<Value> {
    Some(Value::word(match indicator {
        Indicator::Reserved => return None,
        Indicator::On => "on",
        Indicator::Blink => "blinking",
        Indicator::Off => "off",
    }))
}

fn root(root: &Root, segment: u32) -> Section {
    Section::new("Root")
        .field("control", "Control", flags!(root.control))
        .field("retry_visibility", "Retries can be seen", root.retry_visibility)
        .field("pme_status", "Power management event", root.pme_status)
        .field("pme_pending", "Another one pending", root.pme_pending)
        .field(
            "pme_requester",
            "Its requester",
            root.pme_status.then(|| requester(segment, root.pme_requester)),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completion_timeouts_in_the_words_of_the_specification() {
        let words: Vec<_> = TIMEOUTS.iter().map(between).collect();
        assert_eq!(
            words,
            [
                "50 µs to 50 ms",
                "50 µs to 100 µs",
                "1 ms to 10 ms",
                "16 ms to 55 ms",
                "65 ms to 210 ms",
                "260 ms to 900 ms",
                "1 s to 3.5 s",
                "4 s to 13 s",
                "17 s to 64 s",
            ]
        );
    }
}
