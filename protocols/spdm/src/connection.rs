//! What two sides have agreed on (DSP0274 1.3, 10.3 to 10.5).

use core::time::Duration;

use lanewarden_crypto::{HashAlgorithm, SignatureAlgorithm};

use crate::Version;
use crate::message::{Format, MeasurementHash, ResponderFlags, Sizes};

/// What was agreed on, and what the responder says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The version.
    pub version: Version,
    /// What the responder can do.
    pub flags: ResponderFlags,
    /// The time its signatures may take: 2 to the power of this, in microseconds.
    pub ct_exponent: u8,
    /// How much it takes; from 1.2 on.
    pub sizes: Option<Sizes>,
    /// The hash.
    pub hash: HashAlgorithm,
    /// The responder's signatures; `None` where it makes none.
    pub signature: Option<SignatureAlgorithm>,
    /// How its measurements are made; `None` where it has none.
    pub measurement_hash: Option<MeasurementHash>,
    /// The form of opaque data: the bit of the other parameters that was chosen.
    pub opaque_format: u8,
}

impl Connection {
    /// The sizes of fields.
    #[must_use]
    pub fn format(&self) -> Format {
        Format {
            version: self.version,
            digest: self.hash.size(),
            signature: self.signature.map_or(0, SignatureAlgorithm::signature_size),
        }
    }

    /// The time a signature may take.
    #[must_use]
    pub fn crypto_time(&self) -> Duration {
        Duration::from_micros(1_u64.checked_shl(self.ct_exponent.into()).unwrap_or(u64::MAX))
    }
}
