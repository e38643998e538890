//! Capabilities that contradict each other (DSP0274 1.3, tables 10 to 13): pairs of bits with a reserved value, and what
//! is nothing without something else. Bits that a version does not know break no rule of it.

use super::{Capabilities, RequesterFlags, ResponderFlags};
use crate::Version;

/// A rule, and whether it is broken.
type Rule = (bool, &'static str);

fn first(rules: &[Rule]) -> Option<&'static str> {
    rules.iter().find_map(|(broken, rule)| broken.then_some(*rule))
}

/// The rules that hold for both sides alike, whose flags have the same places.
macro_rules! common {
    ($flags:ty) => {
        impl $flags {
            /// Whether encapsulated requests may pass between this side and another one that says so too. 1.2 had done
            /// away with ENCAP_CAP for a while, and left it to MUT_AUTH_CAP.
            #[must_use]
            pub fn takes_encapsulated(self, version: Version) -> bool {
                self.contains(Self::ENCAP) || version == Version::V1_2 && self.contains(Self::MUT_AUTH)
            }

            const fn has(self, flags: Self) -> bool {
                self.contains(flags)
            }

            /// Whether it has a key to be known by.
            const fn is_known_by_key(self) -> bool {
                self.intersects(Self::CERT.union(Self::PUB_KEY_ID))
            }

            fn in_common(self, version: Version) -> Option<&'static str> {
                let asymmetric = self.has(Self::MUT_AUTH) && !self.intersects(Self::KEY_EX | Self::CHAL);
                let early = version <= Version::V1_1 && self.has(Self::MUT_AUTH) && !self.has(Self::ENCAP);
                let multi_key = self.intersects(Self::MULTI_KEY_ONLY | Self::MULTI_KEY_NEGOTIATED);
                first(&[
                    (self.has(Self::EP_INFO | Self::EP_INFO_SIGNED), "EP_INFO_CAP has a reserved value"),
                    (
                        self.has(Self::MULTI_KEY_ONLY | Self::MULTI_KEY_NEGOTIATED),
                        "MULTI_KEY_CAP has a reserved value",
                    ),
                    (
                        self.has(Self::CERT | Self::PUB_KEY_ID),
                        "CERT_CAP and PUB_KEY_ID_CAP exclude each other",
                    ),
                    (
                        self.intersects(Self::CHAL | Self::MUT_AUTH) && !self.is_known_by_key(),
                        "CHAL_CAP and MUT_AUTH_CAP need CERT_CAP or PUB_KEY_ID_CAP",
                    ),
                    (
                        self.has(Self::EP_INFO_SIGNED) && !self.is_known_by_key(),
                        "signed endpoint information needs CERT_CAP or PUB_KEY_ID_CAP",
                    ),
                    (asymmetric, "MUT_AUTH_CAP needs KEY_EX_CAP or CHAL_CAP"),
                    (early, "MUT_AUTH_CAP needs ENCAP_CAP in 1.1"),
                    (multi_key && !self.has(Self::CERT), "MULTI_KEY_CAP needs CERT_CAP"),
                    (
                        self.has(Self::HANDSHAKE_IN_THE_CLEAR) && !self.has(Self::KEY_EX),
                        "HANDSHAKE_IN_THE_CLEAR_CAP needs KEY_EX_CAP",
                    ),
                ])
            }

            /// The rules of sessions, which begin with one of these exchanges.
            fn of_sessions(self, exchanges: Self) -> Option<&'static str> {
                let (session, protection) = (self.intersects(exchanges), Self::ENCRYPT | Self::MAC);
                let of_sessions = protection | Self::HBEAT | Self::KEY_UPD | Self::EVENT;
                first(&[
                    (session && !self.intersects(protection), "a key exchange needs ENCRYPT_CAP or MAC_CAP"),
                    (
                        !session && self.intersects(of_sessions),
                        "what belongs to sessions needs a key exchange",
                    ),
                ])
            }
        }
    };
}

common!(RequesterFlags);
common!(ResponderFlags);

impl RequesterFlags {
    /// The first rule of a version that these flags break, where they break one.
    #[must_use]
    pub fn contradiction(self, version: Version) -> Option<&'static str> {
        let flags = self & Self::known(version);
        if flags.has(Self::PSK_RESERVED) {
            return Some("PSK_CAP has a reserved value");
        }
        flags.in_common(version).or_else(|| flags.of_sessions(Self::KEY_EX | Self::PSK))
    }
}

impl ResponderFlags {
    /// The first rule of a version that these flags break, where they break one.
    #[must_use]
    pub fn contradiction(self, version: Version) -> Option<&'static str> {
        let flags = self & Self::known(version);
        let psk = Self::PSK | Self::PSK_WITH_CONTEXT;
        flags
            .of_responders()
            .or_else(|| flags.in_common(version))
            .or_else(|| flags.of_sessions(psk | Self::KEY_EX))
    }

    fn of_responders(self) -> Option<&'static str> {
        let multi_key = self.intersects(Self::MULTI_KEY_ONLY | Self::MULTI_KEY_NEGOTIATED);
        first(&[
            (self.has(Self::MEAS | Self::MEAS_SIGNED), "MEAS_CAP has a reserved value"),
            (self.has(Self::PSK | Self::PSK_WITH_CONTEXT), "PSK_CAP has a reserved value"),
            (
                self.has(Self::MEAS_SIGNED) && !self.is_known_by_key(),
                "signed measurements need CERT_CAP or PUB_KEY_ID_CAP",
            ),
            (
                self.has(Self::MEAS_FRESH) && !self.intersects(Self::MEAS | Self::MEAS_SIGNED),
                "MEAS_FRESH_CAP needs MEAS_CAP",
            ),
            (
                self.has(Self::KEY_EX) && !self.is_known_by_key(),
                "KEY_EX_CAP needs CERT_CAP or PUB_KEY_ID_CAP",
            ),
            (multi_key && !self.has(Self::GET_KEY_PAIR_INFO), "MULTI_KEY_CAP needs GET_KEY_PAIR_INFO_CAP"),
        ])
    }
}

impl<F> Capabilities<F> {
    /// A side that takes no chunks takes no message that is longer than what it takes at once.
    fn sizes_contradict(&self, chunks: bool) -> Option<&'static str> {
        let is_wrong = !chunks && self.sizes.is_some_and(|sizes| sizes.transfer != sizes.message);
        is_wrong.then_some("MaxSPDMmsgSize needs CHUNK_CAP")
    }
}

impl Capabilities<RequesterFlags> {
    /// The first rule that these break, where they break one.
    #[must_use]
    pub fn contradiction(&self, version: Version) -> Option<&'static str> {
        let chunks = self.flags.contains(RequesterFlags::CHUNK);
        self.sizes_contradict(chunks).or_else(|| self.flags.contradiction(version))
    }
}

impl Capabilities<ResponderFlags> {
    /// The first rule that these break, where they break one.
    #[must_use]
    pub fn contradiction(&self, version: Version) -> Option<&'static str> {
        let chunks = self.flags.contains(ResponderFlags::CHUNK);
        self.sizes_contradict(chunks).or_else(|| self.flags.contradiction(version))
    }
}

#[cfg(test)]
mod tests;
