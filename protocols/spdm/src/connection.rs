//! What two sides have agreed on (DSP0274 1.3, 10.3 to 10.5).

use core::time::Duration;

use lanewarden_crypto::{AeadAlgorithm, Group, HashAlgorithm, SignatureAlgorithm};

use crate::Version;
use crate::message::{Format, MeasurementHash, RequesterFlags, ResponderFlags, Sizes};
use crate::session::Protection;

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
    /// What the requester says that it can do.
    pub requester: RequesterFlags,
    /// In what keys are exchanged; `None` where they are not.
    pub group: Option<Group>,
    /// The cipher of sessions; `None` where there are none.
    pub aead: Option<AeadAlgorithm>,
    /// The requester's signatures; `None` where it makes none.
    pub requester_signature: Option<SignatureAlgorithm>,
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

    /// The sizes of fields in what the requester signs.
    #[must_use]
    pub fn requester_format(&self) -> Format {
        let signature = self.requester_signature.map_or(0, SignatureAlgorithm::signature_size);
        Format { signature, ..self.format() }
    }

    /// What sessions do for their messages; `None` where both sides have too little in common for one.
    #[must_use]
    pub fn protection(&self) -> Option<Protection> {
        use {RequesterFlags as Q, ResponderFlags as R};
        if !self.requester.contains(Q::MAC) || !self.flags.contains(R::MAC) {
            return None;
        }
        let encrypts = self.requester.contains(Q::ENCRYPT) && self.flags.contains(R::ENCRYPT);
        Some(if encrypts { Protection::Encrypted } else { Protection::Authenticated })
    }

    /// Whether the handshake of a session with a key exchange goes in the clear.
    #[must_use]
    pub fn handshakes_in_the_clear(&self) -> bool {
        self.requester.contains(RequesterFlags::HANDSHAKE_IN_THE_CLEAR)
            && self.flags.contains(ResponderFlags::HANDSHAKE_IN_THE_CLEAR)
    }

    /// The time a signature may take.
    #[must_use]
    pub fn crypto_time(&self) -> Duration {
        Duration::from_micros(1_u64.checked_shl(self.ct_exponent.into()).unwrap_or(u64::MAX))
    }
}
