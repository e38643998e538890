//! Times of certificates (RFC 5280, 4.1.2.5).

use core::fmt;
use core::time::Duration;

use der::asn1::{GeneralizedTime, UtcTime};
use der::{Decode, Tag};

use super::input::Input;

/// From when until when, both included, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    /// The first second.
    pub not_before: u64,
    /// The last second.
    pub not_after: u64,
}

/// A time in Unix seconds, shown as people write it: 2026-11-27T12:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub u64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match der::DateTime::from_unix_duration(Duration::from_secs(self.0)) {
            Ok(time) => time.fmt(f),
            Err(_) => write!(f, "{} s after 1970-01-01", self.0),
        }
    }
}

impl Validity {
    /// Always.
    pub const FOREVER: Self = Self { not_before: 0, not_after: u64::MAX };

    pub(super) fn read(input: &mut Input<'_>) -> Option<Self> {
        let mut times = input.sequence()?;
        let validity = Self { not_before: read_time(&mut times)?, not_after: read_time(&mut times)? };
        times.end(validity)
    }

    /// Whether this second is in it.
    #[must_use]
    pub const fn contains(&self, now: u64) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// What is in both; where nothing is, the start lies behind the end.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            not_before: self.not_before.max(other.not_before),
            not_after: self.not_after.min(other.not_after),
        }
    }
}

/// A UTCTime or a GeneralizedTime, with seconds and Z as RFC 5280 wants them; times before 1970 are not taken.
pub(super) fn read_time(input: &mut Input<'_>) -> Option<u64> {
    let element = input.element()?;
    let since = match element.tag {
        Tag::UtcTime => UtcTime::from_der(element.whole).ok()?.to_unix_duration(),
        Tag::GeneralizedTime => GeneralizedTime::from_der(element.whole).ok()?.to_unix_duration(),
        _ => return None,
    };
    Some(since.as_secs())
}
