//! What this side says of itself and offers (DSP0274 1.3, 10.4 and 10.5).

use lanewarden_crypto::{AeadAlgorithm, Provider, SignatureAlgorithm};

use super::{Core, Endpoint};
use crate::Version;
use crate::identity::{self, Identities};
use crate::message::{
    AeadAlgorithms, AsymmetricAlgorithms, Capabilities, DheGroups, HashAlgorithms, KeySchedules,
    MEASUREMENT_SPECIFICATION_DMTF, NegotiateAlgorithms, OPAQUE_FORMAT_1, RequesterFlags, ResponderFlags,
    SessionAlgorithms, Sizes, Structures,
};
use crate::session::Sessions;

/// What a requester with room for sessions does in them.
const IN_SESSIONS: RequesterFlags = RequesterFlags::MAC
    .union(RequesterFlags::KEY_EX)
    .union(RequesterFlags::PSK)
    .union(RequesterFlags::ENCAP)
    .union(RequesterFlags::HBEAT)
    .union(RequesterFlags::KEY_UPD);
/// What a requester with an identity does, apart from sessions.
const WITH_IDENTITY: RequesterFlags = RequesterFlags::CERT
    .union(RequesterFlags::CHAL)
    .union(RequesterFlags::MUT_AUTH)
    .union(RequesterFlags::ENCAP);

impl<E: Endpoint> Core<E> {
    /// What this side says of itself.
    pub fn offer(&self, version: Version, chunks: Option<u32>) -> Capabilities<RequesterFlags> {
        let transfer = self.settings.transfer_size;
        let sizes = Sizes { transfer, message: chunks.unwrap_or(transfer) };
        let flags = self.flags() & RequesterFlags::known(version);
        Capabilities { ct_exponent: 0, flags, sizes: (version >= Version::V1_2).then_some(sizes) }
    }

    /// What follows from the parts, as far as the settings want it.
    pub fn flags(&self) -> RequesterFlags {
        let is = |holds: bool, flags: RequesterFlags| if holds { flags } else { RequesterFlags::empty() };
        let has_sessions = E::Sessions::PRESENT;
        is(self.draft.chunks, RequesterFlags::CHUNK)
            | is(has_sessions, IN_SESSIONS)
            | is(has_sessions && self.settings.encrypt, RequesterFlags::ENCRYPT)
            | is(has_sessions && self.settings.handshake_in_the_clear, RequesterFlags::HANDSHAKE_IN_THE_CLEAR)
            | is(E::Identities::PRESENT, WITH_IDENTITY)
    }

    pub fn algorithms(&self, version: Version) -> NegotiateAlgorithms<'static> {
        NegotiateAlgorithms {
            measurement_specifications: MEASUREMENT_SPECIFICATION_DMTF,
            other_parameters: if version >= Version::V1_2 { OPAQUE_FORMAT_1 } else { 0 },
            asymmetric: self.offered_signatures(version),
            hash: self.offered_hashes(),
            structures: Structures::default(),
        }
    }

    /// What is offered for sessions, and for this side's own signatures; from 1.1 on. The peer chooses of it, and what
    /// it has no use for is not offered to it.
    pub fn session_algorithms(&mut self, version: Version) -> SessionAlgorithms {
        let exchanges = self.draft.flags.contains(ResponderFlags::KEY_EX);
        let any =
            exchanges || self.draft.flags.intersects(ResponderFlags::PSK | ResponderFlags::PSK_WITH_CONTEXT);
        let has_sessions = E::Sessions::PRESENT && version >= Version::V1_1 && any;
        let mutual = self.draft.flags.contains(ResponderFlags::MUT_AUTH) && version >= Version::V1_1;
        SessionAlgorithms {
            dhe: if has_sessions && exchanges { self.offered_groups() } else { DheGroups::empty() },
            aead: if has_sessions { self.offered_ciphers() } else { AeadAlgorithms::empty() },
            requester_asymmetric: if mutual {
                self.own_signatures(version)
            } else {
                AsymmetricAlgorithms::empty()
            },
            key_schedule: if has_sessions { KeySchedules::SPDM } else { KeySchedules::empty() },
        }
    }

    pub fn offered_hashes(&self) -> HashAlgorithms {
        let offered = self.settings.hashes.algorithms();
        offered.filter(|hash| self.parts.provider.hash(*hash).is_some()).map(HashAlgorithms::from).collect()
    }

    pub fn offered_signatures(&self, version: Version) -> AsymmetricAlgorithms {
        let hashes = self.offered_hashes();
        let spoken = self.settings.asymmetric.intersection(AsymmetricAlgorithms::spoken(version));
        let checks = |signature: &SignatureAlgorithm| {
            hashes.algorithms().any(|hash| self.parts.provider.verifies(*signature, hash))
        };
        spoken.algorithms().filter(checks).map(AsymmetricAlgorithms::from).collect()
    }

    fn offered_groups(&self) -> DheGroups {
        let groups = self.settings.dhe.algorithms();
        groups.filter(|group| self.parts.provider.exchanges(*group)).map(DheGroups::from).collect()
    }

    fn offered_ciphers(&self) -> AeadAlgorithms {
        let has = |aead: &AeadAlgorithm| {
            let key = [0; 32];
            let key = key.get(..aead.key_size()).unwrap_or_default();
            self.parts.provider.aead(*aead, key).is_some()
        };
        self.settings.aead.algorithms().filter(has).map(AeadAlgorithms::from).collect()
    }

    /// What the keys of this side's own identities make.
    fn own_signatures(&mut self, version: Version) -> AsymmetricAlgorithms {
        let all = AsymmetricAlgorithms::spoken(version).algorithms();
        let identities = &mut self.parts.identities;
        all.filter(|algorithm| identity::usable(identities, Some(*algorithm)) != 0)
            .map(AsymmetricAlgorithms::from)
            .collect()
    }
}
