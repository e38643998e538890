//! GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS (DSP0274 1.3, 10.3 to 10.5).

use lanewarden_crypto::{HashAlgorithm, Provider, SignatureAlgorithm};

use super::{Answer, Core, Endpoint, MeasurementSource, Phase, Refused, Support};
use crate::Version;
use crate::connection::Connection;
use crate::identity::Identities;
use crate::message::{
    Algorithms, AsymmetricAlgorithms, Capabilities, HashAlgorithms, Header, MEASUREMENT_SPECIFICATION_DMTF,
    MeasurementHash, MeasurementHashes, NegotiateAlgorithms, OPAQUE_FORMAT_1, Reader, RequesterFlags,
    ResponderFlags, SLOTS, Sizes, Structures, VersionList, Writer, finish,
};
use crate::transcript::Part;

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
        identity | measurements | fresh | chunks
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
        let mut writer = Writer::new(out);
        chosen.encode(version, &[], &mut writer)?;
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
            group: None,
            aead: None,
            requester_signature: None,
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
