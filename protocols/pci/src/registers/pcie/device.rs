//! The device's own registers (PCIe 6.x, 7.5.3.3-7.5.3.5 and 7.5.3.15-7.5.3.16).

use bitflags::bitflags;

use super::{DEVICE_CAPABILITIES, DEVICE_CAPABILITIES_2, DEVICE_CONTROL, DEVICE_CONTROL_2, Pcie};
use crate::registers::field::{bits, bits8, conventional, high_half, low_half};
use crate::{AccessError, ConfigSpace};

bitflags! {
    /// The single bits of Device Capabilities.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeviceFlags: u32 {
        /// 8-bit tags.
        const EXTENDED_TAG = 1 << 5;
        /// Attention button present (PCIe 1.0a only).
        const ATTENTION_BUTTON = 1 << 12;
        /// Attention indicator present (PCIe 1.0a only).
        const ATTENTION_INDICATOR = 1 << 13;
        /// Power indicator present (PCIe 1.0a only).
        const POWER_INDICATOR = 1 << 14;
        /// Role-based error reporting.
        const ROLE_BASED_ERRORS = 1 << 15;
        /// Can be reset alone (FLR).
        const FUNCTION_LEVEL_RESET = 1 << 28;
        /// Can be part of a trusted execution environment (TDISP).
        const TEE_IO = 1 << 30;
    }
}

bitflags! {
    /// The single bits of Device Control.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeviceControl: u16 {
        /// Reports correctable errors.
        const CORRECTABLE_ERRORS = 1;
        /// Reports non-fatal errors.
        const NON_FATAL_ERRORS = 1 << 1;
        /// Reports fatal errors.
        const FATAL_ERRORS = 1 << 2;
        /// Reports unsupported requests.
        const UNSUPPORTED_REQUESTS = 1 << 3;
        /// May relax ordering.
        const RELAXED_ORDERING = 1 << 4;
        /// 8-bit tags enabled.
        const EXTENDED_TAG = 1 << 8;
        /// Phantom functions enabled.
        const PHANTOM_FUNCTIONS = 1 << 9;
        /// May draw auxiliary power.
        const AUXILIARY_POWER = 1 << 10;
        /// May issue requests that are not snooped.
        const NO_SNOOP = 1 << 11;
        /// Bridges: configuration retry enabled. Others: initiates a function-level reset, reads as zero.
        const BRIDGE_RETRY_OR_RESET = 1 << 15;
    }
}

bitflags! {
    /// Device Status.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeviceStatus: u16 {
        /// Correctable error met.
        const CORRECTABLE_ERROR = 1;
        /// Non-fatal error met.
        const NON_FATAL_ERROR = 1 << 1;
        /// Fatal error met.
        const FATAL_ERROR = 1 << 2;
        /// Unsupported request met.
        const UNSUPPORTED_REQUEST = 1 << 3;
        /// Has auxiliary power.
        const AUXILIARY_POWER = 1 << 4;
        /// Has requests of its own that are not completed.
        const TRANSACTIONS_PENDING = 1 << 5;
    }
}

bitflags! {
    /// The single bits of Device Capabilities 2.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeviceFlags2: u32 {
        /// Completion timeout can be disabled.
        const TIMEOUT_DISABLE = 1 << 4;
        /// Forwards ARI.
        const ARI_FORWARDING = 1 << 5;
        /// Routes AtomicOps.
        const ATOMIC_ROUTING = 1 << 6;
        /// Completes 32-bit AtomicOps.
        const ATOMIC_32 = 1 << 7;
        /// Completes 64-bit AtomicOps.
        const ATOMIC_64 = 1 << 8;
        /// Completes 128-bit compare and swap.
        const CAS_128 = 1 << 9;
        /// Does not let relaxed posted requests pass each other.
        const NO_RELAXED_PASSING = 1 << 10;
        /// Latency Tolerance Reporting.
        const LTR = 1 << 11;
        /// Completes 10-bit tags.
        const TAG_10_COMPLETER = 1 << 16;
        /// Issues 10-bit tags.
        const TAG_10_REQUESTER = 1 << 17;
        /// 3-bit Fmt field.
        const EXTENDED_FMT = 1 << 20;
        /// End-end TLP prefixes.
        const TLP_PREFIX = 1 << 21;
        /// Needs initialisation after an emergency power reduction.
        const EMERGENCY_POWER_INIT = 1 << 26;
        /// Function Readiness Status.
        const FRS = 1 << 31;
    }
}

bitflags! {
    /// The single bits of Device Control 2.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct DeviceControl2: u16 {
        /// Completion timeout disabled.
        const TIMEOUT_DISABLE = 1 << 4;
        /// Forwards ARI.
        const ARI_FORWARDING = 1 << 5;
        /// May issue AtomicOps.
        const ATOMIC_REQUESTER = 1 << 6;
        /// Blocks AtomicOps at egress.
        const ATOMIC_EGRESS_BLOCKING = 1 << 7;
        /// May order requests by ID.
        const ID_ORDERED_REQUESTS = 1 << 8;
        /// May order completions by ID.
        const ID_ORDERED_COMPLETIONS = 1 << 9;
        /// Latency Tolerance Reporting.
        const LTR = 1 << 10;
        /// Asked to reduce power at once.
        const EMERGENCY_POWER_REDUCTION = 1 << 11;
        /// May issue 10-bit tags.
        const TAG_10_REQUESTER = 1 << 12;
        /// Blocks end-end TLP prefixes.
        const TLP_PREFIX_BLOCKING = 1 << 15;
    }
}

/// The device's own registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// The largest payload it takes, in bytes.
    pub max_payload_supported: u32,
    /// Phantom functions: how many bits of the function number are free for tags, 0-3.
    pub phantom_functions: u8,
    /// The L0s exit latency it tolerates, as encoded: 0 is 64 ns, doubling up to 6, 7 is no limit.
    pub l0s_latency: u8,
    /// The L1 exit latency it tolerates, as encoded: 0 is 1 us, doubling up to 6, 7 is no limit.
    pub l1_latency: u8,
    /// The single bits of Device Capabilities.
    pub flags: DeviceFlags,
    /// The single bits of Device Control.
    pub control: DeviceControl,
    /// The largest payload it may send, in bytes.
    pub max_payload: u32,
    /// The most it may read in one request, in bytes.
    pub max_read_request: u32,
    /// Device Status.
    pub status: DeviceStatus,
    /// Power of the slot it sits in, in milliwatts; upstream ports only, 0 where not set.
    pub slot_power_milliwatts: u32,
    /// The single bits of Device Capabilities 2; empty in capability version 1.
    pub flags2: DeviceFlags2,
    /// Completion timeout ranges supported, A to D as bits 0 to 3; none where it cannot be chosen.
    pub completion_timeout_ranges: u8,
    /// Completes processing hints: 0 none, 1 plain ones, 3 extended ones as well.
    pub tph_completer: u8,
    /// Optimised buffer flush: by message (bit 0), by signal (bit 1).
    pub obff_supported: u8,
    /// The most end-end prefixes it takes, 1-4; without meaning where [`DeviceFlags2::TLP_PREFIX`] is not set.
    pub max_prefixes: u8,
    /// Emergency power reduction as encoded: 0 none, 1 by the device's own means, 2 by form factor.
    pub emergency_power_reduction: u8,
    /// Completion Timeout Value as encoded: 0 is 50 us to 50 ms.
    pub completion_timeout: u8,
    /// Optimised buffer flush enabled as encoded: 0 off, 1 and 2 by message, 3 by signal.
    pub obff: u8,
    /// The single bits of Device Control 2; empty in capability version 1.
    pub control2: DeviceControl2,
}

impl Device {
    /// Reads the registers of the capability: four, or two in version 1.
    pub fn read<C: ConfigSpace>(config: &mut C, pcie: &Pcie) -> Result<Self, AccessError> {
        let capabilities = conventional(config, pcie.offset, DEVICE_CAPABILITIES)?;
        let control = conventional(config, pcie.offset, DEVICE_CONTROL)?;
        let (capabilities2, control2) = if pcie.version < 2 {
            (0, 0)
        } else {
            let capabilities2 = conventional(config, pcie.offset, DEVICE_CAPABILITIES_2)?;
            (capabilities2, conventional(config, pcie.offset, DEVICE_CONTROL_2)?)
        };
        Ok(Self::decode(capabilities, control, capabilities2, control2))
    }

    const fn decode(capabilities: u32, control: u32, capabilities2: u32, control2: u32) -> Self {
        Self {
            max_payload_supported: payload(bits(capabilities, 0, 3)),
            phantom_functions: bits8(capabilities, 3, 2),
            l0s_latency: bits8(capabilities, 6, 3),
            l1_latency: bits8(capabilities, 9, 3),
            flags: DeviceFlags::from_bits_truncate(capabilities),
            control: DeviceControl::from_bits_truncate(low_half(control)),
            max_payload: payload(bits(control, 5, 3)),
            max_read_request: payload(bits(control, 12, 3)),
            status: DeviceStatus::from_bits_truncate(high_half(control)),
            slot_power_milliwatts: milliwatts(bits8(capabilities, 18, 8), bits8(capabilities, 26, 2)),
            flags2: DeviceFlags2::from_bits_truncate(capabilities2),
            completion_timeout_ranges: bits8(capabilities2, 0, 4),
            tph_completer: bits8(capabilities2, 12, 2),
            obff_supported: bits8(capabilities2, 18, 2),
            max_prefixes: prefixes(bits8(capabilities2, 22, 2)),
            emergency_power_reduction: bits8(capabilities2, 24, 2),
            completion_timeout: bits8(control2, 0, 4),
            obff: bits8(control2, 13, 2),
            control2: DeviceControl2::from_bits_truncate(low_half(control2)),
        }
    }
}

/// Bytes from a 3-bit encoding; 6 and 7 are not defined and come out as the rule would continue.
const fn payload(encoding: u32) -> u32 {
    128_u32.wrapping_shl(encoding)
}

/// Four prefixes are encoded as zero.
const fn prefixes(encoding: u8) -> u8 {
    if encoding == 0 { 4 } else { encoding }
}

/// A slot power limit (PCIe 6.x, 7.5.3.9): value times scale. With scale 0, from 0xf0 up, steps of 25 W above 250 W.
pub(super) const fn milliwatts(value: u8, scale: u8) -> u32 {
    let value = value as u32;
    match scale {
        0 if value >= 0xf0 => {
            250_000_u32.saturating_add(25_000_u32.saturating_mul(value.saturating_sub(0xf0)))
        }
        0 => value.saturating_mul(1_000),
        1 => value.saturating_mul(100),
        2 => value.saturating_mul(10),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counting, Image};

    #[test]
    fn an_nvme_drive() {
        let device = Device::decode(0x5000_8fc2, 0x0009_2937, 0x0274_3012, 0x6420);
        assert_eq!(
            (device.max_payload_supported, device.max_payload, device.max_read_request),
            (512, 256, 512)
        );
        assert!(device.flags.contains(DeviceFlags::FUNCTION_LEVEL_RESET | DeviceFlags::TEE_IO));
        assert_eq!(device.status, DeviceStatus::CORRECTABLE_ERROR | DeviceStatus::UNSUPPORTED_REQUEST);
        assert_eq!((device.l0s_latency, device.l1_latency), (7, 7));
        assert_eq!(device.control2, DeviceControl2::LTR | DeviceControl2::ARI_FORWARDING);
        assert_eq!((device.completion_timeout_ranges, device.completion_timeout), (2, 0));
        assert_eq!((device.tph_completer, device.obff_supported, device.obff), (3, 1, 3));
        assert_eq!((device.max_prefixes, device.emergency_power_reduction), (1, 2));
    }

    #[test]
    fn version_1_has_no_second_registers() {
        let image = Image::new(256).with(0x40, 0x0001_0010).with(0x64, u32::MAX).with(0x68, u32::MAX);
        let mut counted = Counting::new(image);
        let pcie = Pcie::read(&mut counted, 0x40).unwrap();
        counted.reads = 0;
        let device = Device::read(&mut counted, &pcie).unwrap();
        assert_eq!((device.flags2, device.control2), (DeviceFlags2::empty(), DeviceControl2::empty()));
        assert_eq!(counted.reads, 2);
    }

    #[test]
    fn slot_power_has_a_scale_and_a_range_of_its_own_at_the_top() {
        assert_eq!(milliwatts(75, 0), 75_000);
        assert_eq!(milliwatts(255, 1), 25_500);
        assert_eq!(milliwatts(10, 3), 10);
        assert_eq!(milliwatts(0xf0, 0), 250_000);
        assert_eq!(milliwatts(0xf2, 0), 300_000);
    }
}
