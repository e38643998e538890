//! GET_VERSION, GET_CAPABILITIES, NEGOTIATE_ALGORITHMS (DSP0274 1.3, 10.3 to 10.5).

use lanewarden_crypto::{AeadAlgorithm, Group, HashAlgorithm, Provider, SignatureAlgorithm};

use super::{Core, Endpoint, Event, Operation};
use crate::Version;
use crate::connection::Connection;
use crate::error::{Reason, Violation};
use crate::message::{
    Algorithms, AsymmetricAlgorithms, Capabilities, GET_VERSION, HashAlgorithms, Header, KeySchedules,
    MEASUREMENT_SPECIFICATION_DMTF, MeasurementHash, NoRoom, OPAQUE_FORMAT_1, Reader, Request,
    RequesterFlags, ResponderFlags, SessionAlgorithms, Sizes, Structures, VersionList, Writer,
};
use crate::transcript::Part;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Version,
    Capabilities,
    Algorithms,
}

impl Stage {
    pub const fn request(self) -> Request {
        match self {
            Self::Version => Request::GetVersion,
            Self::Capabilities => Request::GetCapabilities,
            Self::Algorithms => Request::NegotiateAlgorithms,
        }
    }
}

/// What is known so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Draft {
    pub version: Option<Version>,
    pub flags: ResponderFlags,
    pub ct_exponent: u8,
    pub sizes: Option<Sizes>,
    /// Whether this side has said that it takes chunks.
    pub chunks: bool,
}

/// Capabilities without which there is nothing to sign.
const SIGNING: ResponderFlags = ResponderFlags::CHAL
    .union(ResponderFlags::MEAS_SIGNED)
    .union(ResponderFlags::KEY_EX)
    .union(ResponderFlags::EP_INFO_SIGNED);
const MEASURING: ResponderFlags = ResponderFlags::MEAS.union(ResponderFlags::MEAS_SIGNED);

impl<E: Endpoint> Core<E> {
    pub fn encode_connect(
        &mut self,
        stage: Stage,
        chunks: Option<u32>,
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let version = self.version();
        match stage {
            Stage::Version => writer.bytes(&GET_VERSION),
            Stage::Capabilities => {
                self.draft.chunks = chunks.is_some() && version >= Version::V1_2;
                self.offer(version, chunks).encode(version, writer)
            }
            Stage::Algorithms => {
                let structures = self.session_algorithms(version).structures();
                self.algorithms(version).encode(version, &structures, writer)
            }
        }
    }

    pub fn complete_connect<'a>(&mut self, stage: Stage, message: &'a [u8]) -> Result<Event<'a>, Reason> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        let (length, next) = match stage {
            Stage::Version => (self.take_version(&mut reader)?, Some(Stage::Capabilities)),
            Stage::Capabilities => (self.take_capabilities(&mut reader)?, Some(Stage::Algorithms)),
            Stage::Algorithms => {
                let (connection, length) = self.take_algorithms(header, &mut reader)?;
                self.said(Part::Connection, message.get(..length).unwrap_or_default())?;
                self.settle(connection)?;
                return Ok(Event::Connected);
            }
        };
        self.said(Part::Connection, message.get(..length).unwrap_or_default())?;
        if let Some(next) = next {
            self.operation = Operation::Connect(next);
        }
        Ok(Event::Continue)
    }

    fn settle(&mut self, connection: Connection) -> Result<(), Reason> {
        let hash = self.parts.provider.hash(connection.hash).ok_or(Reason::NoHash(connection.hash))?;
        self.transcripts.connect(connection.version, hash);
        self.connection = Some(connection);
        Ok(())
    }

    fn take_version(&mut self, reader: &mut Reader<'_>) -> Result<usize, Reason> {
        let (list, length) = VersionList::decode(reader)?;
        let version = list.newest(self.settings.versions).ok_or(Reason::NoCommonVersion)?;
        self.draft.version = Some(version);
        Ok(length)
    }

    fn take_capabilities(&mut self, reader: &mut Reader<'_>) -> Result<usize, Reason> {
        let (said, length) = Capabilities::<ResponderFlags>::decode(self.version(), reader)?;
        if let Some(rule) = said.contradiction(self.version()) {
            return Err(Violation::Capabilities(rule).into());
        }
        self.draft.flags = said.flags;
        self.draft.ct_exponent = said.ct_exponent;
        self.draft.sizes = said.sizes;
        Ok(length)
    }

    /// Exactly one of each kind that is needed, and nothing that was not offered.
    fn take_algorithms(
        &mut self,
        header: Header,
        reader: &mut Reader<'_>,
    ) -> Result<(Connection, usize), Reason> {
        let version = self.version();
        let (mut chosen, length) = Algorithms::decode(version, header, reader)?;
        if version < Version::V1_2 {
            // Reserved before.
            chosen.other_parameters = 0;
        }
        if chosen.extended > 0 {
            return Err(Violation::Choice("an algorithm").into());
        }
        if chosen.other_parameters & !OPAQUE_FORMAT_1 != 0 {
            return Err(Violation::Choice("other parameters").into());
        }
        let signature = self.take_signature(version, chosen.asymmetric)?;
        let hash = self.take_hash(chosen.hash)?;
        if signature.is_some_and(|signature| !self.parts.provider.verifies(signature, hash)) {
            return Err(Reason::NoCommonAlgorithm("pair of signature and hash"));
        }
        let (group, aead, requester_signature) = self.take_session(version, chosen.structures)?;
        let connection = Connection {
            version,
            flags: self.draft.flags,
            ct_exponent: self.draft.ct_exponent,
            sizes: self.draft.sizes,
            hash,
            signature,
            measurement_hash: self.take_measurement(&chosen)?,
            opaque_format: chosen.other_parameters,
            requester: self.flags() & RequesterFlags::known(version),
            group,
            aead,
            requester_signature,
        };
        Ok((connection, length))
    }

    /// What was chosen for sessions: one of each kind, or none, of what was offered. Where there is none, no session can
    /// be opened; that is no reason not to speak.
    #[allow(clippy::type_complexity)]
    fn take_session(
        &mut self,
        version: Version,
        structures: Structures<'_>,
    ) -> Result<(Option<Group>, Option<AeadAlgorithm>, Option<SignatureAlgorithm>), Reason> {
        let offered = self.session_algorithms(version);
        let of_requester =
            structures.clone().all(|chosen| offered.structures().iter().any(|one| one.kind == chosen.kind));
        if !of_requester {
            return Err(Violation::Choice("an algorithm").into());
        }
        let chosen = SessionAlgorithms::from(structures);
        let (dhe, aead, own) = (chosen.dhe, chosen.aead, chosen.requester_asymmetric);
        let fits = offered.dhe.contains(dhe)
            && offered.aead.contains(aead)
            && offered.requester_asymmetric.contains(own)
            && offered.key_schedule.contains(chosen.key_schedule);
        let is_single = (dhe.is_empty() || dhe.single().is_some())
            && (aead.is_empty() || aead.single().is_some())
            && (own.is_empty() || own.single().is_some());
        if !fits || !is_single {
            return Err(Violation::Choice("an algorithm of sessions").into());
        }
        let has_schedule = chosen.key_schedule == KeySchedules::SPDM;
        let aead = aead.single().filter(|_| has_schedule);
        Ok((dhe.single().filter(|_| aead.is_some()), aead, own.single()))
    }

    fn take_signature(
        &self,
        version: Version,
        chosen: AsymmetricAlgorithms,
    ) -> Result<Option<SignatureAlgorithm>, Reason> {
        let is_needed = self.draft.flags.intersects(SIGNING);
        if chosen.is_empty() {
            return if is_needed { Err(Reason::NoCommonAlgorithm("signature algorithm")) } else { Ok(None) };
        }
        let single = chosen.single().filter(|_| self.offered_signatures(version).contains(chosen));
        single.map(Some).ok_or(Violation::Choice("the signature algorithm").into())
    }

    fn take_hash(&self, chosen: HashAlgorithms) -> Result<HashAlgorithm, Reason> {
        if chosen.is_empty() {
            return Err(Reason::NoCommonAlgorithm("hash algorithm"));
        }
        let single = chosen.single().filter(|_| self.offered_hashes().contains(chosen));
        single.ok_or(Violation::Choice("the hash algorithm").into())
    }

    fn take_measurement(&self, chosen: &Algorithms<'_>) -> Result<Option<MeasurementHash>, Reason> {
        if !self.draft.flags.intersects(MEASURING) {
            return Ok(None);
        }
        if chosen.measurement_specification != MEASUREMENT_SPECIFICATION_DMTF {
            return Err(Violation::Choice("the measurement specification").into());
        }
        let single = chosen.measurement_hash.single();
        single.map(Some).ok_or(Violation::Choice("the measurement hash").into())
    }
}
