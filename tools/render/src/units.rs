//! Quantities as people write them.

use crate::model::Link;

/// A latency: in ns up to 99,999, in larger units above. What no device has is `over 1000 s`, so that a figure
/// never takes more than a dozen columns.
///
/// ```
/// assert_eq!(lanewarden_render::units::latency(250), "250 ns");
/// ```
#[must_use]
pub fn latency(ns: u64) -> String {
    match ns {
        0..100_000 => format!("{ns} ns"),
        100_000..100_000_000 => format!("{} µs", tenths(ns, 1_000)),
        100_000_000..10_000_000_000 => format!("{} ms", tenths(ns, 1_000_000)),
        10_000_000_000..=1_000_000_000_000 => format!("{} s", tenths(ns, 1_000_000_000)),
        _ => "over 1000 s".to_owned(),
    }
}

/// A bandwidth given in MB/s (10^6 bytes): in MB/s below 1,000, in larger units above. What no device has is
/// `over 1 EB/s`.
///
/// ```
/// assert_eq!(lanewarden_render::units::bandwidth(63_500), "63.5 GB/s");
/// ```
#[must_use]
pub fn bandwidth(mb_per_s: u64) -> String {
    match mb_per_s {
        0..1_000 => format!("{mb_per_s} MB/s"),
        1_000..1_000_000 => format!("{} GB/s", tenths(mb_per_s, 1_000)),
        1_000_000..1_000_000_000 => format!("{} TB/s", tenths(mb_per_s, 1_000_000)),
        1_000_000_000..=1_000_000_000_000 => format!("{} PB/s", tenths(mb_per_s, 1_000_000_000)),
        _ => "over 1 EB/s".to_owned(),
    }
}

/// A capacity in bytes, in the largest binary unit of which there is one.
///
/// ```
/// assert_eq!(lanewarden_render::units::capacity(16 << 30), "16 GiB");
/// ```
#[must_use]
pub fn capacity(bytes: u64) -> String {
    let units = [("EiB", 60_u32), ("PiB", 50), ("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match units.into_iter().find(|(_, shift)| bytes >= 1 << shift) {
        Some((unit, shift)) => format!("{} {unit}", tenths(bytes, 1 << shift)),
        None => format!("{bytes} B"),
    }
}

/// `value / unit`, rounded to one decimal, which is left out where it is 0.
fn tenths(value: u64, unit: u64) -> String {
    let (value, unit) = (u128::from(value), u128::from(unit.max(1)));
    // Values and units are of 64 bits: neither product nor sum can leave 128.
    let rounded = value.saturating_mul(20).saturating_add(unit).checked_div(unit.saturating_mul(2));
    let rounded = rounded.unwrap_or(0);
    match rounded % 10 {
        0 => (rounded / 10).to_string(),
        tenth => format!("{}.{tenth}", rounded / 10),
    }
}

/// A link's state: `32 GT/s x16`, with `?` for what is not known.
///
/// ```
/// # use lanewarden_render::{Link, units};
/// assert_eq!(units::link(&Link { megatransfers: 2_500, width: 1, degraded: None }), "2.5 GT/s x1");
/// ```
#[must_use]
pub fn link(link: &Link) -> String {
    let speed = match link.megatransfers {
        0 => "?".to_owned(),
        rate => tenths(u64::from(rate), 1_000),
    };
    match link.width {
        0 => format!("{speed} GT/s x?"),
        width => format!("{speed} GT/s x{width}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quantity_gets_the_unit_it_is_read_in() {
        assert_eq!(latency(99_999), "99999 ns");
        assert_eq!(latency(150_000), "150 µs");
        assert_eq!(latency(2_500_000_000), "2500 ms");
        assert_eq!(latency(65_535_000_000), "65.5 s");
        assert_eq!(latency(u64::MAX), "over 1000 s");
        assert_eq!(bandwidth(0), "0 MB/s");
        assert_eq!(bandwidth(999), "999 MB/s");
        assert_eq!(bandwidth(32_000), "32 GB/s");
        assert_eq!(bandwidth(1_260_000), "1.3 TB/s");
        assert_eq!(bandwidth(u64::MAX), "over 1 EB/s");
        assert_eq!(capacity(512), "512 B");
        assert_eq!(capacity(3 << 39), "1.5 TiB");
        assert_eq!(capacity(u64::MAX), "16 EiB");
    }

    #[test]
    fn an_untrained_link_says_so() {
        assert_eq!(link(&Link::default()), "? GT/s x?");
    }
}
