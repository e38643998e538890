//! Which arithmetic a kernel uses for the latency of links.
//!
//! A link's latency is the time one flit takes. Older kernels compute it for one lane in picoseconds and add
//! that to nanoseconds; later ones use the link's width and round up to nanoseconds. Which of the two a
//! kernel does is a fact about its version, looked up here and never guessed from the figures it gives.

use anyhow::{Context, Result, bail};

/// What the kernel adds for each link of 32 GT/s and 68-byte flits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formula {
    /// The time of a flit on one lane in picoseconds, added to nanoseconds as it is.
    PicosecondsAsNanoseconds,
    /// The time of a flit on all lanes, rounded up to nanoseconds for each link.
    Nanoseconds,
}

/// 68 B on a lane of 4000 MB/s.
const LANE_PS: u64 = 17_000;

/// Newest 6.12 kernel seen to add picoseconds to nanoseconds.
const LAST_OLD: u32 = 115;
/// Oldest 6.12 kernel seen to compute in nanoseconds.
const FIRST_NEW: u32 = 117;

/// The right figure for a link of so many lanes.
pub fn link_ns(lanes: u64) -> u64 {
    (LANE_PS / lanes).div_ceil(1000)
}

impl Formula {
    /// Of the kernel with this release string. A version nobody has looked at is an error, not a guess.
    pub fn of(release: &str) -> Result<Self> {
        let version = release.split(['+', '-']).next().unwrap_or_default();
        let Some(patch) = version.strip_prefix("6.12.") else {
            bail!("which link formula kernel {release} uses is not known: find out and add it here");
        };
        match patch.parse().with_context(|| format!("kernel version {version}"))? {
            ..=LAST_OLD => Ok(Self::PicosecondsAsNanoseconds),
            FIRST_NEW.. => Ok(Self::Nanoseconds),
            between => bail!(
                "kernel 6.12.{between} lies between {LAST_OLD} and {FIRST_NEW}, where the link formula changed: \
                 find out which it uses and narrow the gap"
            ),
        }
    }

    /// What a kernel with this formula says where the right answer is `ns` over links of so many lanes each.
    pub fn kernels_latency(self, ns: u64, links: &[u64]) -> u64 {
        let right: u64 = links.iter().map(|&lanes| link_ns(lanes)).sum();
        match self {
            Self::Nanoseconds => ns,
            Self::PicosecondsAsNanoseconds => ns - right + LANE_PS * links.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kernel_has_one_formula() {
        assert_eq!(Formula::of("6.12.95+deb12-cloud-amd64").unwrap(), Formula::PicosecondsAsNanoseconds);
        assert_eq!(Formula::of("6.12.117+deb12-cloud-amd64").unwrap(), Formula::Nanoseconds);
    }

    #[test]
    fn a_kernel_nobody_has_looked_at_is_an_error() {
        for release in ["6.12.116-cloud-amd64", "7.2.12-cloud-amd64", "6.1.0", ""] {
            Formula::of(release).unwrap_err();
        }
    }

    #[test]
    fn the_known_figures_of_both_kernels_follow_from_the_right_one() {
        assert_eq!([link_ns(16), link_ns(4), link_ns(1)], [2, 5, 17]);
        assert_eq!(Formula::Nanoseconds.kernels_latency(334, &[16, 16]), 334);
        assert_eq!(Formula::PicosecondsAsNanoseconds.kernels_latency(334, &[16, 16]), 34_330);
        assert_eq!(Formula::PicosecondsAsNanoseconds.kernels_latency(319, &[16, 1]), 34_300);
    }
}
