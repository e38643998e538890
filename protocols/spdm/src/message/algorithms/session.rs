//! Algorithms of sessions, as sets: key exchange, AEAD, key schedule.

use bitflags::bitflags;
use lanewarden_crypto::{AeadAlgorithm, Group};

bitflags! {
    /// Groups for key exchange.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct DheGroups: u16 {
        /// ffdhe2048.
        const FFDHE_2048 = 1;
        /// ffdhe3072.
        const FFDHE_3072 = 1 << 1;
        /// ffdhe4096.
        const FFDHE_4096 = 1 << 2;
        /// secp256r1.
        const SECP_256_R1 = 1 << 3;
        /// secp384r1.
        const SECP_384_R1 = 1 << 4;
        /// secp521r1.
        const SECP_521_R1 = 1 << 5;
        /// SM2, which is named here and not spoken.
        const SM2_P256 = 1 << 6;
        const _ = !0;
    }
}

bitflags! {
    /// AEAD algorithms.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct AeadAlgorithms: u16 {
        /// AES-128-GCM.
        const AES_128_GCM = 1;
        /// AES-256-GCM.
        const AES_256_GCM = 1 << 1;
        /// ChaCha20-Poly1305.
        const CHACHA20_POLY1305 = 1 << 2;
        /// SM4-GCM, which is named here and not spoken.
        const SM4_GCM = 1 << 3;
        const _ = !0;
    }
}

bitflags! {
    /// How keys are derived.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct KeySchedules: u16 {
        /// As SPDM says itself.
        const SPDM = 1;
        const _ = !0;
    }
}

/// Pairs of what this crate's cryptography calls an algorithm and of its bit, the one to prefer first.
const GROUPS: [(Group, DheGroups); 6] = [
    (Group::Secp384r1, DheGroups::SECP_384_R1),
    (Group::Secp521r1, DheGroups::SECP_521_R1),
    (Group::Secp256r1, DheGroups::SECP_256_R1),
    (Group::Ffdhe4096, DheGroups::FFDHE_4096),
    (Group::Ffdhe3072, DheGroups::FFDHE_3072),
    (Group::Ffdhe2048, DheGroups::FFDHE_2048),
];

const AEADS: [(AeadAlgorithm, AeadAlgorithms); 3] = [
    (AeadAlgorithm::Aes256Gcm, AeadAlgorithms::AES_256_GCM),
    (AeadAlgorithm::ChaCha20Poly1305, AeadAlgorithms::CHACHA20_POLY1305),
    (AeadAlgorithm::Aes128Gcm, AeadAlgorithms::AES_128_GCM),
];

/// What all sets of algorithms can do, for a table of pairs.
macro_rules! set {
    ($set:ty, $algorithm:ty, $pairs:ident) => {
        impl $set {
            /// Those that are spoken here.
            #[must_use]
            pub fn spoken() -> Self {
                $pairs.into_iter().map(|(_, bit)| bit).collect()
            }

            /// The one algorithm that is set; `None` for none, several, or one that is not spoken here.
            #[must_use]
            pub fn single(self) -> Option<$algorithm> {
                $pairs.into_iter().find_map(|(algorithm, bit)| (bit == self).then_some(algorithm))
            }

            /// The members that are spoken here, the one to prefer first.
            pub fn algorithms(self) -> impl Iterator<Item = $algorithm> {
                $pairs.into_iter().filter(move |(_, bit)| self.contains(*bit)).map(|(algorithm, _)| algorithm)
            }
        }

        impl From<$algorithm> for $set {
            fn from(wanted: $algorithm) -> Self {
                $pairs.into_iter().filter(|(algorithm, _)| *algorithm == wanted).map(|(_, bit)| bit).collect()
            }
        }
    };
}

set!(DheGroups, Group, GROUPS);
set!(AeadAlgorithms, AeadAlgorithm, AEADS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_specification() {
        for (bit, number) in [
            (Group::Ffdhe2048, 0x01),
            (Group::Ffdhe3072, 0x02),
            (Group::Ffdhe4096, 0x04),
            (Group::Secp256r1, 0x08),
            (Group::Secp384r1, 0x10),
            (Group::Secp521r1, 0x20),
        ] {
            assert_eq!(DheGroups::from(bit).bits(), number);
            assert_eq!(DheGroups::from_bits_retain(number).single(), Some(bit));
        }
        for (bit, number) in [
            (AeadAlgorithm::Aes128Gcm, 1),
            (AeadAlgorithm::Aes256Gcm, 2),
            (AeadAlgorithm::ChaCha20Poly1305, 4),
        ] {
            assert_eq!(AeadAlgorithms::from(bit).bits(), number);
            assert_eq!(AeadAlgorithms::from_bits_retain(number).single(), Some(bit));
        }
        assert_eq!(KeySchedules::SPDM.bits(), 1);
    }

    #[test]
    fn none_several_and_those_not_spoken_are_no_single_one() {
        for bits in [0, 3, 0x40, 0x8000, 0xffff] {
            assert_eq!(DheGroups::from_bits_retain(bits).single(), None, "{bits:#x}");
        }
        for bits in [0, 3, 8, 0x8001] {
            assert_eq!(AeadAlgorithms::from_bits_retain(bits).single(), None, "{bits:#x}");
        }
        assert_eq!(DheGroups::spoken().bits(), 0x3f);
        assert_eq!(AeadAlgorithms::spoken().bits(), 0x07);
    }

    #[test]
    fn the_one_to_prefer_comes_first() {
        let groups = DheGroups::from_bits_retain(0xff);
        assert!(groups.algorithms().eq(GROUPS.map(|(group, _)| group)));
        assert_eq!(groups.algorithms().next(), Some(Group::Secp384r1));
        let aeads = AeadAlgorithms::AES_128_GCM | AeadAlgorithms::AES_256_GCM | AeadAlgorithms::SM4_GCM;
        assert!(aeads.algorithms().eq([AeadAlgorithm::Aes256Gcm, AeadAlgorithm::Aes128Gcm]));
    }
}
