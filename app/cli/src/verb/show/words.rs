//! How people call what the registers' constants are called.

use lanewarden_pci::Address;
use lanewarden_pci::registers::pcie::Speed;

/// Words that are not written in lower case.
const WORDS: &[(&str, &str)] = &[
    ("ACS", "ACS"),
    ("ARI", "ARI"),
    ("ASPM", "ASPM"),
    ("CRC", "CRC"),
    ("CXL", "CXL"),
    ("D0", "D0"),
    ("D1", "D1"),
    ("D2", "D2"),
    ("DMWR", "DMWr"),
    ("DLLP", "DLLP"),
    ("DRS", "DRS"),
    ("ECRC", "ECRC"),
    ("ERR", "ERR"),
    ("FMT", "Fmt"),
    ("FRS", "FRS"),
    ("ID", "ID"),
    ("IDE", "IDE"),
    ("INTX", "INTx"),
    ("IO", "I/O"),
    ("L0S", "L0s"),
    ("L1", "L1"),
    ("LTR", "LTR"),
    ("NOP", "NOP"),
    ("PCRC", "PCRC"),
    ("PM", "PM"),
    ("PME", "PME"),
    ("SERR", "SERR"),
    ("SOS", "SOS"),
    ("TEE", "TEE"),
    ("TLP", "TLP"),
    ("VGA", "VGA"),
    ("XT", "XT"),
];

/// Constants whose words stand in another order, or belong together in another way.
const PHRASES: &[(&str, &str)] = &[
    ("ADVISORY_NON_FATAL", "advisory non-fatal"),
    ("ATOMIC_EGRESS_BLOCKED", "AtomicOp egress blocked"),
    ("ATOMIC_EGRESS_BLOCKING", "AtomicOp egress blocking"),
    ("ATOMIC_32", "32-bit AtomicOps"),
    ("ATOMIC_64", "64-bit AtomicOps"),
    ("ATOMIC_REQUESTER", "AtomicOp requester"),
    ("ATOMIC_ROUTING", "AtomicOp routing"),
    ("BRIDGE_RETRY_OR_RESET", "bridge retry or function-level reset"),
    ("CAS_128", "128-bit CAS"),
    ("D3_COLD", "D3cold"),
    ("D3_HOT", "D3hot"),
    ("DEEMPHASIS_3_5_DB", "-3.5 dB de-emphasis"),
    ("EQUALISED", "equalisation complete"),
    ("FAST_BACK_TO_BACK", "fast back-to-back"),
    ("FLIT_256_LATENCY_OPTIMISED", "latency-optimised 256-byte flits"),
    ("FLIT_68_VH", "68-byte flits with VH"),
    ("FLIT_PBR", "PBR flits"),
    ("FUNCTION_LEVEL_RESET", "function-level reset"),
    ("HOT_PLUG", "hot-plug"),
    ("HOT_PLUG_INTERRUPT", "hot-plug interrupt"),
    ("HOT_PLUG_SURPRISE", "hot-plug surprise"),
    ("ID_ORDERED_COMPLETIONS", "ID-ordered completions"),
    ("ID_ORDERED_REQUESTS", "ID-ordered requests"),
    ("MHZ_66", "66 MHz"),
    ("NON_FATAL", "non-fatal"),
    ("NON_FATAL_ERROR", "non-fatal error"),
    ("NON_FATAL_ERRORS", "non-fatal errors"),
    ("READ_COMPLETION_BOUNDARY_128", "128-byte read completion boundary"),
    ("ROLE_BASED_ERRORS", "role-based errors"),
    ("TAG_10_COMPLETER", "10-bit tag completer"),
    ("TAG_10_REQUESTER", "10-bit tag requester"),
    ("TEE_IO", "TEE-IO"),
    ("TEE_LIMITED", "TEE-limited streams"),
    ("VGA_16_BIT", "16-bit VGA"),
];

/// `INTX_DISABLE` as `INTx disable`.
pub fn of_constant(name: &str) -> String {
    if let Some((_, phrase)) = PHRASES.iter().find(|(constant, _)| *constant == name) {
        return (*phrase).to_owned();
    }
    let word = |part: &str| {
        let known = WORDS.iter().find(|(constant, _)| *constant == part);
        known.map_or_else(|| part.to_lowercase(), |(_, word)| (*word).to_owned())
    };
    name.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// `d3hot` for `D3hot`, `switch_upstream_port` for `switch upstream port`: a word as programs read it.
pub fn snake(word: &str) -> String {
    word.to_lowercase().replace([' ', '-'], "_")
}

/// A requester ID as the address it stands for within a segment, `0000:0c:00.0`.
pub fn requester(segment: u32, id: u16) -> String {
    let [bus, devfn] = id.to_be_bytes();
    Address::from_devfn(segment, bus, devfn).to_string()
}

/// A range of addresses, both ends included.
pub fn range(base: u64, limit: u64) -> String {
    format!("{base:#x}-{limit:#x}")
}

/// A link as it runs, or could: `32 GT/s x16`.
pub fn link(speed: Speed, width: u8) -> String {
    format!("{speed} x{width}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_become_words_with_the_usual_capitals() {
        assert_eq!(of_constant("INTX_DISABLE"), "INTx disable");
        assert_eq!(of_constant("SURPRISE_DOWN"), "surprise down");
        assert_eq!(of_constant("ATOMIC_64"), "64-bit AtomicOps");
    }

    #[test]
    fn words_for_programs_have_no_spaces() {
        assert_eq!(snake("PCI Express to PCI bridge"), "pci_express_to_pci_bridge");
    }

    #[test]
    fn requesters_and_ranges() {
        assert_eq!(requester(0x10000, 0x0cf9), "10000:0c:1f.1");
        assert_eq!(range(0x1000, 0x1fff), "0x1000-0x1fff");
    }
}
