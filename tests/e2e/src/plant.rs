//! Mistakes made on purpose, to see that the run notices.

use anyhow::{Result, bail};

use crate::system::boot_option;

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// A byte of a table is another.
    CdatByte,
    /// A latency is one nanosecond off.
    LatencyNs,
    /// One of two readers uses locks of its own.
    NoLock,
    /// No bit of the evidence is flipped.
    WholeEvidence,
    /// The wrong pre-shared key is the right one.
    RightPsk,
    /// What is to be said in a session is said outside of it.
    PlainMarker,
    /// The unit takes nothing away from the daemon.
    LooseUnit,
    /// One of the daemon's users goes past it.
    PastTheDaemon,
    /// Low power is entered without an eventfd.
    NoEventfd,
    /// One that is made outside: in what the guest is given, or by whom it speaks to.
    Outside,
}

/// The mistake of this boot, if any.
pub fn plant() -> Result<Option<Plant>> {
    Ok(match boot_option("e2e.plant")?.as_deref() {
        None => None,
        Some("cdat-byte") => Some(Plant::CdatByte),
        Some("latency-ns") => Some(Plant::LatencyNs),
        Some("no-lock") => Some(Plant::NoLock),
        Some("whole-evidence") => Some(Plant::WholeEvidence),
        Some("right-psk") => Some(Plant::RightPsk),
        Some("loose-unit") => Some(Plant::LooseUnit),
        Some("past-the-daemon") => Some(Plant::PastTheDaemon),
        Some("plain-marker") => Some(Plant::PlainMarker),
        Some("no-eventfd") => Some(Plant::NoEventfd),
        Some("pci-name" | "strangers-anchor" | "right-signature" | "no-heartbeat") => Some(Plant::Outside),
        Some(other) => bail!("no such mistake: {other}"),
    })
}
