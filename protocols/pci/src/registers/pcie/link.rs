//! The link's registers (PCIe 6.x, 7.5.3.6-7.5.3.8 and 7.5.3.18-7.5.3.20).

use core::fmt;

use bitflags::bitflags;

use super::{LINK_CAPABILITIES, LINK_CAPABILITIES_2, LINK_CONTROL, LINK_CONTROL_2};
use crate::registers::field::{bit, bits8, conventional, high_half, low_half, wide};
use crate::{AccessError, ConfigSpace};

/// A link's transfer rate, by its encoding: 1 is 2.5 GT/s and each further one the next rate; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Speed(pub u8);

impl Speed {
    /// Transfers per lane in MT/s, which is also the raw rate in Mb/s; `None` for an encoding without a meaning.
    ///
    /// 128 GT/s as encoding 7 follows from the position of its bit in the vector of supported speeds; public
    /// sources do not agree on it **(unconfirmed)**.
    #[must_use]
    pub const fn megatransfers(self) -> Option<u32> {
        Some(match self.0 {
            1 => 2_500,
            2 => 5_000,
            3 => 8_000,
            4 => 16_000,
            5 => 32_000,
            6 => 64_000,
            7 => 128_000,
            _ => return None,
        })
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("2.5 GT/s"),
            code => match self.megatransfers() {
                Some(rate) => write!(f, "{} GT/s", rate / 1000),
                None => write!(f, "unknown speed {code}"),
            },
        }
    }
}

/// Supported Link Speeds Vector: bit n stands for the [`Speed`] with encoding n + 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speeds(pub u8);

impl Speeds {
    /// Whether a speed is among them.
    #[must_use]
    pub const fn has(self, speed: Speed) -> bool {
        matches!(speed.0, 1..=7) && bit(self.0 as u32, (speed.0 as u32).wrapping_sub(1))
    }

    /// The speeds, slowest first.
    pub fn iter(self) -> impl Iterator<Item = Speed> {
        (1..=7).map(Speed).filter(move |speed| self.has(*speed))
    }
}

bitflags! {
    /// The single bits of Link Capabilities and Link Capabilities 2 (the latter from bit 32 up).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LinkFlags: u64 {
        /// Active-state power management: L0s.
        const ASPM_L0S = 1 << 10;
        /// Active-state power management: L1.
        const ASPM_L1 = 1 << 11;
        /// Tolerates that its reference clock is removed.
        const CLOCK_POWER_MANAGEMENT = 1 << 18;
        /// Reports that the link went down unexpectedly.
        const SURPRISE_DOWN = 1 << 19;
        /// Reports whether the link is up.
        const ACTIVE_REPORTING = 1 << 20;
        /// Notifies of changes of bandwidth.
        const BANDWIDTH_NOTIFICATION = 1 << 21;
        /// Complies with the rule that makes ASPM optional.
        const ASPM_OPTIONALITY = 1 << 22;
        /// Crosslink supported.
        const CROSSLINK = 1 << (32 + 8);
        /// Notices a retimer.
        const RETIMER_PRESENCE = 1 << (32 + 23);
        /// Notices two retimers.
        const TWO_RETIMERS_PRESENCE = 1 << (32 + 24);
        /// Device Readiness Status supported.
        const DRS = 1 << (32 + 31);
    }
}

bitflags! {
    /// The single bits of Link Control.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LinkControl: u16 {
        /// L0s enabled.
        const ASPM_L0S = 1;
        /// L1 enabled.
        const ASPM_L1 = 1 << 1;
        /// Read Completion Boundary is 128 bytes, not 64.
        const READ_COMPLETION_BOUNDARY_128 = 1 << 3;
        /// The link is disabled.
        const DISABLE = 1 << 4;
        /// Retrain; reads as zero.
        const RETRAIN = 1 << 5;
        /// Both ends have a common reference clock.
        const COMMON_CLOCK = 1 << 6;
        /// Extended Synch.
        const EXTENDED_SYNCH = 1 << 7;
        /// Clock power management enabled.
        const CLOCK_POWER_MANAGEMENT = 1 << 8;
        /// Hardware may not change the width.
        const AUTONOMOUS_WIDTH_DISABLE = 1 << 9;
        /// Interrupt on a change of bandwidth.
        const BANDWIDTH_INTERRUPT = 1 << 10;
        /// Interrupt on an autonomous change of bandwidth.
        const AUTONOMOUS_BANDWIDTH_INTERRUPT = 1 << 11;
        /// Flit mode disabled.
        const FLIT_MODE_DISABLE = 1 << 13;
    }
}

bitflags! {
    /// The single bits of Link Status.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LinkStatus: u16 {
        /// Training error (PCIe 1.0a only).
        const TRAINING_ERROR = 1 << 10;
        /// The link is being trained.
        const TRAINING = 1 << 11;
        /// Uses the reference clock of the slot.
        const SLOT_CLOCK = 1 << 12;
        /// The data link layer is active: the link is up. Always zero without [`LinkFlags::ACTIVE_REPORTING`].
        const ACTIVE = 1 << 13;
        /// Bandwidth has changed.
        const BANDWIDTH_MANAGEMENT = 1 << 14;
        /// Bandwidth was changed by hardware of its own accord.
        const AUTONOMOUS_BANDWIDTH = 1 << 15;
    }
}

bitflags! {
    /// The single bits of Link Control 2.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LinkControl2: u16 {
        /// Enter compliance.
        const ENTER_COMPLIANCE = 1 << 4;
        /// Hardware may not change the speed.
        const AUTONOMOUS_SPEED_DISABLE = 1 << 5;
        /// De-emphasis at 5 GT/s is -3.5 dB, not -6 dB.
        const DEEMPHASIS_3_5_DB = 1 << 6;
        /// Enter modified compliance.
        const MODIFIED_COMPLIANCE = 1 << 10;
        /// Send skip ordered sets within the compliance pattern.
        const COMPLIANCE_SOS = 1 << 11;
    }
}

bitflags! {
    /// The single bits of Link Status 2.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct LinkStatus2: u16 {
        /// De-emphasis at 5 GT/s is -3.5 dB, not -6 dB.
        const DEEMPHASIS_3_5_DB = 1;
        /// Equalisation at 8 GT/s is complete.
        const EQUALISED = 1 << 1;
        /// Phase 1 of it was successful.
        const EQUALISATION_PHASE_1 = 1 << 2;
        /// Phase 2 of it was successful.
        const EQUALISATION_PHASE_2 = 1 << 3;
        /// Phase 3 of it was successful.
        const EQUALISATION_PHASE_3 = 1 << 4;
        /// The other end asks for equalisation.
        const EQUALISATION_REQUEST = 1 << 5;
        /// A retimer was noticed.
        const RETIMER = 1 << 6;
        /// A second retimer was noticed.
        const TWO_RETIMERS = 1 << 7;
        /// A Device Readiness Status message was received.
        const DRS_RECEIVED = 1 << 15;
    }
}

/// A link as the function at one of its ends sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The fastest speed this end can do.
    pub max_speed: Speed,
    /// How many lanes this end has.
    pub max_width: u8,
    /// The speed at present. Without meaning while the link is down.
    pub speed: Speed,
    /// How many lanes are in use at present. Without meaning while the link is down.
    pub width: u8,
    /// Port number.
    pub port: u8,
    /// The single bits of Link Capabilities and Link Capabilities 2.
    pub flags: LinkFlags,
    /// The single bits of Link Control.
    pub control: LinkControl,
    /// The single bits of Link Status.
    pub status: LinkStatus,
    /// L0s Exit Latency as encoded, 0-7: below 64 ns, then doubling, 7 is above 4 us.
    pub l0s_exit_latency: u8,
    /// L1 Exit Latency as encoded, 0-7: below 1 us, then doubling, 7 is above 64 us.
    pub l1_exit_latency: u8,
    /// All speeds this end can do. Empty in capability version 1 and before PCIe 3.0.
    pub supported: Speeds,
    /// The speed the link is to be trained to.
    pub target_speed: Speed,
    /// The link runs in flit mode (Link Status 2, bit 10), which means 256-byte flits for CXL as well.
    pub flit_mode: bool,
    /// The single bits of Link Control 2.
    pub control2: LinkControl2,
    /// Transmit Margin as encoded, 0-7; 0 is the normal range.
    pub transmit_margin: u8,
    /// Compliance preset or de-emphasis as encoded.
    pub compliance_preset: u8,
    /// The single bits of Link Status 2.
    pub status2: LinkStatus2,
    /// Crosslink resolution: 0 not supported, 1 upstream, 2 downstream, 3 not complete.
    pub crosslink: u8,
    /// What is known of the component below, as encoded; downstream ports only.
    pub downstream_component: u8,
}

impl Link {
    pub(super) fn read<C: ConfigSpace>(config: &mut C, base: u8, version: u8) -> Result<Self, AccessError> {
        let capabilities = conventional(config, base, LINK_CAPABILITIES)?;
        let control = conventional(config, base, LINK_CONTROL)?;
        let (capabilities2, control2) = if version < 2 {
            (0, 0)
        } else {
            (conventional(config, base, LINK_CAPABILITIES_2)?, conventional(config, base, LINK_CONTROL_2)?)
        };
        Ok(Self::decode(capabilities, control, capabilities2, control2))
    }

    const fn decode(capabilities: u32, control: u32, capabilities2: u32, control2: u32) -> Self {
        Self {
            max_speed: Speed(bits8(capabilities, 0, 4)),
            max_width: bits8(capabilities, 4, 6),
            speed: Speed(bits8(control, 16, 4)),
            width: bits8(control, 20, 6),
            port: bits8(capabilities, 24, 8),
            flags: LinkFlags::from_bits_truncate(wide(capabilities, capabilities2)),
            control: LinkControl::from_bits_truncate(low_half(control)),
            status: LinkStatus::from_bits_truncate(high_half(control)),
            l0s_exit_latency: bits8(capabilities, 12, 3),
            l1_exit_latency: bits8(capabilities, 15, 3),
            supported: Speeds(bits8(capabilities2, 1, 7)),
            target_speed: Speed(bits8(control2, 0, 4)),
            flit_mode: bit(control2, 26),
            control2: LinkControl2::from_bits_truncate(low_half(control2)),
            transmit_margin: bits8(control2, 7, 3),
            compliance_preset: bits8(control2, 12, 4),
            status2: LinkStatus2::from_bits_truncate(high_half(control2)),
            crosslink: bits8(control2, 24, 2),
            downstream_component: bits8(control2, 28, 3),
        }
    }

    /// Whether the link is known to be down. A port that cannot report it is taken to be up if it has lanes.
    #[must_use]
    pub const fn is_down(&self) -> bool {
        if self.flags.contains(LinkFlags::ACTIVE_REPORTING) {
            return !self.status.contains(LinkStatus::ACTIVE);
        }
        self.width == 0
    }

    /// Whether the link runs slower or narrower than this end could.
    #[must_use]
    pub fn is_downgraded(&self) -> bool {
        !self.is_down() && (self.speed < self.max_speed || self.width < self.max_width)
    }

    /// Bandwidth of the link in one direction as it is trained, in MB/s: rate times lanes over eight, with the line
    /// coding not taken off. This is what Linux reckons with for CXL. `None` where the speed has no meaning.
    #[must_use]
    pub fn raw_bandwidth(&self) -> Option<u32> {
        self.speed.megatransfers()?.checked_div(8)?.checked_mul(u32::from(self.width))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_link_at_32_gigatransfers_and_16_lanes() {
        let link = Link::decode(0x0350_2d05, 0x2905_0040, 0x0000_003e, 0x0400_0005);
        assert_eq!((link.max_speed, link.max_width), (Speed(5), 16));
        assert_eq!((link.speed, link.width), (Speed(5), 16));
        assert_eq!((link.port, link.target_speed), (3, Speed(5)));
        assert_eq!(link.raw_bandwidth(), Some(64_000));
        assert_eq!(link.supported.iter().map(|s| s.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert!(link.flit_mode && !link.is_down() && !link.is_downgraded());
    }

    #[test]
    fn the_second_registers_of_an_equalised_link() {
        let link = Link::decode(0, 0, 0, 0x911e_61b4);
        assert_eq!((link.target_speed, link.transmit_margin, link.compliance_preset), (Speed(4), 3, 6));
        assert_eq!(link.control2, LinkControl2::ENTER_COMPLIANCE | LinkControl2::AUTONOMOUS_SPEED_DISABLE);
        let phases = LinkStatus2::EQUALISATION_PHASE_1 | LinkStatus2::EQUALISATION_PHASE_2;
        let equalised = LinkStatus2::EQUALISED | phases | LinkStatus2::EQUALISATION_PHASE_3;
        assert_eq!(link.status2, equalised | LinkStatus2::DRS_RECEIVED);
        assert_eq!((link.crosslink, link.downstream_component), (1, 1));
    }

    #[test]
    fn a_port_that_reports_activity_says_when_it_is_down() {
        let reporting = 1 << 20;
        assert!(Link::decode(reporting | 0x105, 0x0105_0000, 0, 0).is_down());
        assert!(!Link::decode(reporting | 0x105, 0x2105_0000, 0, 0).is_down());
        assert!(Link::decode(0x105, 0, 0, 0).is_down());
    }

    #[test]
    fn slower_or_narrower_is_downgraded() {
        assert!(Link::decode(0x105, 0x0104_0000, 0, 0).is_downgraded());
        assert!(Link::decode(0x105, 0x0085_0000, 0, 0).is_downgraded());
        assert!(!Link::decode(0x105, 0x0105_0000, 0, 0).is_downgraded());
        assert!(!Link::decode(0x105, 0, 0, 0).is_downgraded(), "a link that is down is not slow");
    }

    #[test]
    fn speeds_print_as_people_write_them() {
        let printed: Vec<_> = (0..=8).map(|code| Speed(code).to_string()).collect();
        assert_eq!(
            printed,
            [
                "unknown speed 0",
                "2.5 GT/s",
                "5 GT/s",
                "8 GT/s",
                "16 GT/s",
                "32 GT/s",
                "64 GT/s",
                "128 GT/s",
                "unknown speed 8"
            ]
        );
        assert!(!Speeds(0xff).has(Speed(0)) && !Speeds(0xff).has(Speed(8)) && !Speeds(0xff).has(Speed(255)));
    }
}
