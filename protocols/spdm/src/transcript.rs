//! Transcripts: what both sides have said, hashed as it is said (DSP0274 1.3, 10.10.1 and 10.12.1).
//!
//! Three parts are kept. What was said before the hash was agreed on is kept as it is, and hashed then.

use lanewarden_crypto::{Digest, Hash};

use crate::Version;

/// Room for what is said before the hash is agreed on: all of GET_VERSION to ALGORITHMS, with a VERSION of 128 entries
/// and more.
const NEGOTIATION: usize = 768;

/// A part of what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// GET_VERSION to ALGORITHMS: A of the specification.
    Connection,
    /// Digests, certificates and the challenge: B and C.
    Authentication,
    /// Measurements since the last signature over them: L, without what it begins with.
    Measurements,
}

/// Someone who wants the bytes themselves, as an evidence folder does. The default is nobody.
pub trait Record {
    /// A request that may become part of it. One that is not followed by [`Record::response`] does not.
    fn request(&mut self, part: Part, bytes: &[u8]);
    /// The answer, or what of it is signed: with this, the last request counts too.
    fn response(&mut self, part: Part, bytes: &[u8]);
    /// The signature over the part, which begins anew after it.
    fn signature(&mut self, part: Part, bytes: &[u8]);
    /// The part begins anew.
    fn reset(&mut self, part: Part);

    /// A session has secrets: of its handshake, or those that follow them when it is established. Whoever has them can
    /// read all that is said in it; for taking captures apart, and in no package.
    #[cfg(feature = "keylog")]
    fn secrets(&mut self, session: u32, is_established: bool, requester: &[u8], responder: &[u8]) {
        let _ = (session, is_established, requester, responder);
    }
}

impl Record for () {
    fn request(&mut self, _: Part, _: &[u8]) {}
    fn response(&mut self, _: Part, _: &[u8]) {}
    fn signature(&mut self, _: Part, _: &[u8]) {}
    fn reset(&mut self, _: Part) {}
}

impl<R: Record + ?Sized> Record for &mut R {
    fn request(&mut self, part: Part, bytes: &[u8]) {
        (**self).request(part, bytes);
    }

    fn response(&mut self, part: Part, bytes: &[u8]) {
        (**self).response(part, bytes);
    }

    fn signature(&mut self, part: Part, bytes: &[u8]) {
        (**self).signature(part, bytes);
    }

    fn reset(&mut self, part: Part) {
        (**self).reset(part);
    }

    #[cfg(feature = "keylog")]
    fn secrets(&mut self, session: u32, is_established: bool, requester: &[u8], responder: &[u8]) {
        (**self).secrets(session, is_established, requester, responder);
    }
}

/// The transcripts of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Transcripts<H> {
    stage: Stage<H>,
}

// Nothing is allocated here, and three hashes are about as long as what they take in.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
enum Stage<H> {
    Negotiating { bytes: [u8; NEGOTIATION], length: usize, pending: usize },
    Connected(Hashes<H>),
}

#[derive(Clone, Debug)]
struct Hashes<H> {
    version: Version,
    connection: H,
    authentication: H,
    measurements: Option<H>,
    /// What the last request is part of, with it at its end; `None` for the part that a session makes of it.
    pending: Option<(Option<Part>, H)>,
}

/// There is no room for what was said before the hash was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl<H: Hash> Transcripts<H> {
    pub const fn new() -> Self {
        Self { stage: Stage::Negotiating { bytes: [0; NEGOTIATION], length: 0, pending: 0 } }
    }

    /// A request has been made. It counts when it has been answered.
    pub fn request(&mut self, part: Part, request: &[u8]) -> Result<(), Full> {
        match &mut self.stage {
            Stage::Negotiating { bytes, length, pending } => {
                *pending = length.checked_add(request.len()).ok_or(Full)?;
                bytes.get_mut(*length..*pending).ok_or(Full)?.copy_from_slice(request);
            }
            Stage::Connected(hashes) => {
                let mut hash = hashes.of(part);
                hash.update(request);
                hashes.pending = Some((Some(part), hash));
            }
        }
        Ok(())
    }

    /// The answer has come, and was what it should be.
    pub fn response(&mut self, response: &[u8]) -> Result<(), Full> {
        match &mut self.stage {
            Stage::Negotiating { bytes, length, pending } => {
                let end = pending.checked_add(response.len()).ok_or(Full)?;
                bytes.get_mut(*pending..end).ok_or(Full)?.copy_from_slice(response);
                (*length, *pending) = (end, end);
            }
            Stage::Connected(hashes) => hashes.response(response),
        }
        Ok(())
    }

    /// The digest of the part in work, with the part of its answer that is signed.
    pub fn digest(&self, response: &[u8]) -> Option<Digest> {
        let Stage::Connected(Hashes { pending: Some((_, hash)), .. }) = &self.stage else { return None };
        Some(hash.fork(&[response]))
    }

    /// The hash has been agreed on.
    pub fn connect(&mut self, version: Version, empty: H) {
        let Stage::Negotiating { bytes, length, .. } = &self.stage else { return };
        let mut connection = empty;
        connection.update(bytes.get(..*length).unwrap_or_default());
        let authentication = connection.clone();
        let hashes = Hashes { version, connection, authentication, measurements: None, pending: None };
        self.stage = Stage::Connected(hashes);
    }

    /// A request that begins a session: what was negotiated, then this, then the request.
    pub fn begin(&mut self, between: &[u8], request: &[u8]) -> Option<()> {
        let Stage::Connected(hashes) = &mut self.stage else { return None };
        let mut hash = hashes.connection.clone();
        hash.update(between);
        hash.update(request);
        hashes.pending = Some((None, hash));
        Some(())
    }

    /// What began with [`Transcripts::begin`].
    pub fn begun(&mut self) -> Option<H> {
        let Stage::Connected(hashes) = &mut self.stage else { return None };
        match hashes.pending.take() {
            Some((None, hash)) => Some(hash),
            _ => None,
        }
    }

    /// What was negotiated, hashed; `None` before.
    pub const fn connection(&self) -> Option<&H> {
        match &self.stage {
            Stage::Negotiating { .. } => None,
            Stage::Connected(hashes) => Some(&hashes.connection),
        }
    }

    /// Puts what the measurements of a session add up to in the place of what others do, and that where it was; or back.
    pub const fn swap_measurements(&mut self, others: &mut Option<H>) {
        if let Stage::Connected(hashes) = &mut self.stage {
            core::mem::swap(&mut hashes.measurements, others);
        }
    }

    /// The part begins anew.
    pub fn reset(&mut self, part: Part) {
        let Stage::Connected(hashes) = &mut self.stage else { return };
        match part {
            Part::Connection => *self = Self::new(),
            Part::Authentication => hashes.authentication = hashes.connection.clone(),
            Part::Measurements => hashes.measurements = None,
        }
    }
}

impl<H: Hash> Hashes<H> {
    fn of(&self, part: Part) -> H {
        match part {
            Part::Connection => self.connection.clone(),
            Part::Authentication => self.authentication.clone(),
            Part::Measurements => self.measurements.clone().unwrap_or_else(|| self.fresh_measurements()),
        }
    }

    /// Since 1.2 the connection comes first.
    fn fresh_measurements(&self) -> H {
        if self.version >= Version::V1_2 { self.connection.clone() } else { self.connection.fresh() }
    }

    fn response(&mut self, response: &[u8]) {
        let Some((Some(part), mut hash)) = self.pending.take() else { return };
        hash.update(response);
        match part {
            Part::Connection => self.connection = hash,
            Part::Authentication => self.authentication = hash,
            Part::Measurements => self.measurements = Some(hash),
        }
    }
}
