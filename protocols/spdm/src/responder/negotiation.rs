//! GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS (DSP0274 1.3, 10.3 to 10.5).

use lanewarden_crypto::{AeadAlgorithm, Group, HashAlgorithm, Provider, SignatureAlgorithm};

use super::{Answer, Core, Endpoint, MeasurementSource, Phase, PresharedKeys, Refused, Requesters, Support};
use crate::Version;
use crate::connection::Connection;
use crate::identity::Identities;
use crate::message::{
    Algorithms, AsymmetricAlgorithms, Capabilities, HashAlgorithms, Header, KeySchedules,
    MEASUREMENT_SPECIFICATION_DMTF, MeasurementHash, MeasurementHashes, MutualAuthentication,
    NegotiateAlgorithms, OPAQUE_FORMAT_1, Reader, Request, RequesterFlags, ResponderFlags, SLOTS,
    SessionAlgorithms, Sizes, Structures, VersionList, Writer, finish,
};
use crate::session::Sessions;
use crate::transcript::Part;

/// Bytes of the longest key of a cipher.
const LONGEST_KEY: usize = 32;

impl<E: Endpoint> Core<E> {
    /// What follows from the parts.
    pub(super) fn flags(&self) -> ResponderFlags {
        let identity = if E::Identities::PRESENT {
            ResponderFlags::CERT | ResponderFlags::CHAL
        } else {
            ResponderFlags::empty()
        };
        let measurements = match E::Measurements::SUPPORT {
            Support::None => ResponderFlags::empty(),
            Support::Present { .. } if E::Identities::PRESENT => ResponderFlags::MEAS_SIGNED,
            Support::Present { .. } => ResponderFlags::MEAS,
        };
        let fresh = if E::Measurements::SUPPORT == (Support::Present { fresh: true }) {
            ResponderFlags::MEAS_FRESH
        } else {
            ResponderFlags::empty()
        };
        let chunks = if self.chunk_room.is_some() { ResponderFlags::CHUNK } else { ResponderFlags::empty() };
        identity | measurements | fresh | chunks | self.flags_of_sessions()
    }

    /// Sessions need room, and a way to begin; and who is to be authenticated needs an occasion, and the same room.
    fn flags_of_sessions(&self) -> ResponderFlags {
        use ResponderFlags as R;
        let settings = &self.settings;
        let mut flags = R::empty();
        if E::Sessions::PRESENT {
            let exchanges = E::Identities::PRESENT && self.groups().next().is_some();
            flags.set(R::KEY_EX, exchanges);
            flags.set(R::HANDSHAKE_IN_THE_CLEAR, exchanges && settings.handshake_in_the_clear);
            flags.set(R::PSK, E::Psk::PRESENT && !E::Psk::CONTEXT);
            flags.set(R::PSK_WITH_CONTEXT, E::Psk::PRESENT && E::Psk::CONTEXT);
            if !flags.is_empty() {
                flags |= R::MAC | R::KEY_UPD | R::ENCAP;
                flags.set(R::ENCRYPT, settings.encrypt);
                flags.set(R::HBEAT, settings.heartbeat != 0);
            }
        }
        let occasion = flags.contains(R::KEY_EX) && settings.mutual != MutualAuthentication::None
            || E::Identities::PRESENT && settings.basic_mutual;
        if E::Sessions::PRESENT && E::Requesters::PRESENT && occasion {
            flags |= R::MUT_AUTH | R::ENCAP;
        }
        flags
    }

    /// The groups that keys can be exchanged in.
    fn groups(&self) -> impl Iterator<Item = Group> {
        self.settings.dhe.algorithms().filter(|group| self.parts.provider.exchanges(*group))
    }

    pub(super) fn version(
        &mut self,
        reader: &Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let length = finish(reader)?;
        self.forget();
        let mut writer = Writer::new(out);
        VersionList::encode(self.settings.versions, &mut writer)?;
        self.said(Part::Connection, message.get(..length).unwrap_or_default(), writer.written())?;
        self.phase = Phase::Version;
        Ok(Answer::Ready(writer.length()))
    }

    pub(super) fn capabilities(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let version = Version::from_byte(header.version).ok_or(Refused::INVALID)?;
        let (asked, length) = Capabilities::<RequesterFlags>::decode(version, reader)?;
        // Who asks for all algorithms in CAPABILITIES takes it in chunks; it is not told them here.
        let asks_algorithms = version >= Version::V1_3 && header.param1 & 1 != 0;
        let takes_chunks = asked.flags.contains(RequesterFlags::CHUNK);
        if asked.contradiction(version).is_some() || asks_algorithms && !takes_chunks {
            return Err(Refused::INVALID);
        }
        self.version = version;
        self.requester = asked.flags;
        self.requester_sizes = asked.sizes;
        let transfer = self.settings.transfer_size;
        let sizes = Sizes { transfer, message: self.chunk_room.unwrap_or(transfer) };
        let answer = Capabilities {
            ct_exponent: self.settings.ct_exponent,
            flags: self.flags() & ResponderFlags::known(version),
            sizes: (version >= Version::V1_2).then_some(sizes),
        };
        let mut writer = Writer::new(out);
        answer.encode(version, &mut writer)?;
        self.said(Part::Connection, message.get(..length).unwrap_or_default(), writer.written())?;
        self.phase = Phase::Capabilities;
        Ok(Answer::Ready(writer.length()))
    }

    pub(super) fn algorithms(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
        message: &[u8],
        out: &mut [u8],
    ) -> Result<Answer, Refused> {
        let version = self.version;
        let (offered, length) = NegotiateAlgorithms::decode(version, header, reader)?;
        let chosen = self.choose(version, &offered);
        let session = self.choose_for_sessions(version, offered.structures.into());
        let mut writer = Writer::new(out);
        chosen.encode(version, &session.structures(), &mut writer)?;
        self.said(Part::Connection, message.get(..length).unwrap_or_default(), writer.written())?;
        let connection = Connection {
            version,
            flags: self.flags() & ResponderFlags::known(version),
            ct_exponent: self.settings.ct_exponent,
            sizes: self.requester_sizes,
            // Nothing that needs a hash can be asked for where none was agreed on; see below.
            hash: chosen.hash.single().unwrap_or(HashAlgorithm::Sha256),
            signature: chosen.asymmetric.single(),
            measurement_hash: chosen.measurement_hash.single(),
            opaque_format: chosen.other_parameters,
            requester: self.requester,
            group: session.dhe.single(),
            aead: session.aead.single().filter(|_| !session.key_schedule.is_empty()),
            requester_signature: session.requester_asymmetric.single(),
        };
        if chosen.hash.is_empty() {
            // Told, so that the requester knows why; and there is nothing more to say to it.
            self.forget();
            return Ok(Answer::Ready(writer.length()));
        }
        let hash = self.parts.provider.hash(connection.hash).ok_or(Refused::UNSPECIFIED)?;
        self.transcripts.connect(version, hash);
        self.chain = None;
        self.phase = Phase::Connected(connection);
        Ok(Answer::Ready(writer.length()))
    }

    fn choose(&mut self, version: Version, offered: &NegotiateAlgorithms<'_>) -> Algorithms<'static> {
        let hash = self.choose_hash(offered.hash);
        let asymmetric = self.choose_signature(version, offered.asymmetric);
        let dmtf = offered.measurement_specifications & MEASUREMENT_SPECIFICATION_DMTF;
        let measures = E::Measurements::SUPPORT != Support::None && dmtf != 0;
        let measurement = hash.map_or(MeasurementHash::RawOnly, MeasurementHash::Hash);
        Algorithms {
            measurement_specification: if measures { dmtf } else { 0 },
            other_parameters: if version >= Version::V1_2 {
                offered.other_parameters & OPAQUE_FORMAT_1
            } else {
                0
            },
            measurement_hash: if measures { measurement.into() } else { MeasurementHashes::empty() },
            asymmetric: asymmetric.map(Into::into).unwrap_or_default(),
            hash: hash.map(Into::into).unwrap_or_default(),
            extended: 0,
            structures: Structures::default(),
        }
    }

    /// What sessions need, as far as both sides can make use of it.
    fn choose_for_sessions(&self, version: Version, offered: SessionAlgorithms) -> SessionAlgorithms {
        let mut chosen = SessionAlgorithms::default();
        if version < Version::V1_1 {
            return chosen;
        }
        if self.supports(Request::KeyExchange) {
            let group = self.groups().find(|group| offered.dhe.contains((*group).into()));
            chosen.dhe = group.map(Into::into).unwrap_or_default();
        }
        if self.supports(Request::EndSession) {
            let aead = self.ciphers().find(|aead| offered.aead.contains((*aead).into()));
            chosen.aead = aead.map(Into::into).unwrap_or_default();
            chosen.key_schedule = offered.key_schedule & KeySchedules::SPDM;
        }
        if self.authenticates_requesters() {
            let spoken = AsymmetricAlgorithms::spoken(version) & offered.requester_asymmetric;
            let signature = spoken.algorithms().find(|one| self.verifies(*one));
            chosen.requester_asymmetric = signature.map(Into::into).unwrap_or_default();
        }
        chosen
    }

    /// The ciphers that the provider has.
    fn ciphers(&self) -> impl Iterator<Item = AeadAlgorithm> {
        let key = [0; LONGEST_KEY];
        let has = move |aead: &AeadAlgorithm| {
            key.get(..aead.key_size()).and_then(|key| self.parts.provider.aead(*aead, key)).is_some()
        };
        self.settings.aead.algorithms().filter(has)
    }

    fn verifies(&self, signature: SignatureAlgorithm) -> bool {
        HashAlgorithm::ALL.into_iter().any(|hash| self.parts.provider.verifies(signature, hash))
    }

    fn choose_hash(&self, offered: HashAlgorithms) -> Option<HashAlgorithm> {
        let common = offered.intersection(self.settings.hashes);
        common.algorithms().find(|hash| self.parts.provider.hash(*hash).is_some())
    }

    /// One that a key can make, of the first slot that has one.
    fn choose_signature(
        &mut self,
        version: Version,
        offered: AsymmetricAlgorithms,
    ) -> Option<SignatureAlgorithm> {
        let spoken = AsymmetricAlgorithms::spoken(version).intersection(self.settings.asymmetric);
        let common = offered.intersection(spoken);
        let identities = &mut self.parts.identities;
        (0..SLOTS).find_map(|slot| {
            let signer = identities.signer(slot)?;
            common.algorithms().find(|algorithm| signer.supports(*algorithm))
        })
    }
}
