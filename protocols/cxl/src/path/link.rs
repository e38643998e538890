//! One link: what its speed and width come to.

/// A link between two ports as it was negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Link {
    /// Transfers per second and lane, in units of 10^6 (32 GT/s is 32,000).
    pub rate_mt_per_s: u32,
    /// Lanes.
    pub width: u8,
    /// Flit mode (PCIe 6.x): 256-byte flits instead of 68-byte ones.
    pub flit_mode: bool,
}

/// How the latency of a link is computed.
///
/// CXL devices do not report it; it is the time that one flit takes on the wire, retimers and propagation left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LinkLatency {
    /// The flit over all lanes, rounded up to nanoseconds for each link: the right unit, and what current Linux
    /// kernels compute.
    #[default]
    Nanoseconds,
    /// The flit over one lane in picoseconds, taken for nanoseconds: what Linux kernels before the correction
    /// compute (6.12.95, 7.2.12). Only for comparing with the figures of such a kernel.
    PicosecondsAsNanoseconds,
}

impl Link {
    /// Bytes of one flit.
    #[must_use]
    pub const fn flit_size(&self) -> u32 {
        if self.flit_mode { 256 } else { 68 }
    }

    /// Raw rate of all lanes in MB/s, each way, without encoding or flit overhead (which Linux leaves out as well).
    /// `None` for a link that is down.
    #[must_use]
    pub fn bandwidth_mb_per_s(&self) -> Option<u64> {
        let lanes = u64::from(self.width);
        Some(self.lane_mb_per_s()?.saturating_mul(lanes)).filter(|rate| *rate > 0)
    }

    /// Latency in the unit of `formula`, which is nanoseconds but for the one that mistakes it. `None` for a link
    /// that is down.
    #[must_use]
    pub fn latency(&self, formula: LinkLatency) -> Option<u64> {
        let flit = u64::from(self.flit_size()).saturating_mul(1_000_000);
        match formula {
            LinkLatency::Nanoseconds => {
                Some(flit.checked_div(self.bandwidth_mb_per_s()?)?.div_ceil(1000).max(1))
            }
            LinkLatency::PicosecondsAsNanoseconds => flit.checked_div(self.lane_mb_per_s()?),
        }
    }

    fn lane_mb_per_s(&self) -> Option<u64> {
        Some(u64::from(self.rate_mt_per_s >> 3)).filter(|rate| *rate > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(gt_per_s: u32, width: u8, flit_mode: bool) -> Link {
        Link { rate_mt_per_s: gt_per_s.saturating_mul(1000), width, flit_mode }
    }

    #[test]
    fn a_flit_takes_its_time_over_all_lanes() {
        for (link, ns) in [
            (link(32, 16, false), 2),
            (link(32, 8, false), 3),
            (link(32, 4, false), 5),
            (link(8, 1, false), 68),
            (link(64, 16, true), 2),
            (link(32, 16, true), 4),
        ] {
            assert_eq!(link.latency(LinkLatency::Nanoseconds), Some(ns), "{link:?}");
        }
    }

    #[test]
    fn older_kernels_ignore_width_and_mistake_the_unit() {
        let formula = LinkLatency::PicosecondsAsNanoseconds;
        assert_eq!(link(32, 16, false).latency(formula), Some(17_000));
        assert_eq!(link(32, 1, false).latency(formula), Some(17_000));
    }

    #[test]
    fn bandwidth_is_the_raw_rate() {
        assert_eq!(link(32, 16, false).bandwidth_mb_per_s(), Some(64_000));
        assert_eq!(link(8, 4, false).bandwidth_mb_per_s(), Some(4_000));
    }

    #[test]
    fn a_link_that_is_down_has_no_figures() {
        for down in [link(0, 16, false), link(32, 0, false)] {
            assert_eq!(down.bandwidth_mb_per_s(), None);
            assert_eq!(down.latency(LinkLatency::Nanoseconds), None);
        }
    }

    proptest! {
        #[test]
        fn a_known_link_never_costs_nothing(rate_mt_per_s: u32, width: u8, flit_mode: bool) {
            let link = Link { rate_mt_per_s, width, flit_mode };
            prop_assert_ne!(link.latency(LinkLatency::Nanoseconds), Some(0));
            prop_assert_eq!(link.latency(LinkLatency::Nanoseconds).is_some(), link.bandwidth_mb_per_s().is_some());
        }
    }
}
