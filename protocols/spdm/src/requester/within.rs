//! Operations in a session.

use super::{Core, Endpoint, MeasurementRequest, Requester};
use crate::error::{Error, Misuse, Reason};
use crate::message::{KeyOperation, Request, VendorMessage};
use crate::session::{Seating, Sessions};

/// A requester in one of its sessions: what is begun through it is said there.
pub struct Within<'r, E: Endpoint, B> {
    pub(super) requester: &'r mut Requester<E, B>,
    pub(super) session: u32,
}

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Requester<E, B> {
    /// Operations in the session of this number.
    pub const fn within(&mut self, session: u32) -> Within<'_, E, B> {
        Within { requester: self, session }
    }
}

impl<E: Endpoint, B: AsRef<[u8]> + AsMut<[u8]>> Within<'_, E, B> {
    fn start(
        &mut self,
        step: Request,
        begin: impl FnOnce(&mut Core<E>) -> Result<(), Reason>,
    ) -> Result<(), Error> {
        let id = self.session;
        self.requester.start_in(Some(id), step, |core| {
            let session = core.parts.sessions.seats().session(id).filter(|session| session.is_established());
            session.ok_or(Reason::Misuse(Misuse::NoSession))?;
            begin(core)
        })
    }

    /// As [`Requester::digests`].
    ///
    /// # Errors
    /// As there, and [`Misuse::NoSession`]; so with all of these.
    pub fn digests(&mut self) -> Result<(), Error> {
        self.start(Request::GetDigests, Core::begin_digests)
    }

    /// As [`Requester::certificate`].
    ///
    /// # Errors
    /// As there.
    pub fn certificate(&mut self, slot: u8) -> Result<(), Error> {
        self.start(Request::GetCertificate, |core| core.begin_certificate(slot))
    }

    /// As [`Requester::measurements`]. What they add up to is the session's own.
    ///
    /// # Errors
    /// As there.
    pub fn measurements(&mut self, request: MeasurementRequest) -> Result<(), Error> {
        self.start(Request::GetMeasurements, |core| core.begin_measurements(request))
    }

    /// As [`Requester::vendor`].
    ///
    /// # Errors
    /// As there.
    pub fn vendor(&mut self, request: &VendorMessage<'_>) -> Result<(), Error> {
        self.start(Request::VendorDefined, |core| core.begin_vendor(request))?;
        self.requester.compose_vendor(request)
    }

    /// As [`Requester::request`].
    ///
    /// # Errors
    /// As there.
    pub fn request(&mut self, message: &[u8]) -> Result<(), Error> {
        let code = Requester::<E, B>::code_of(message);
        self.start(code, |core| core.begin_bytes(code))?;
        self.requester.compose_bytes(code, message)
    }

    /// Shows the device that somebody is there.
    ///
    /// # Errors
    /// [`Reason::Incapable`] where the device does not mind.
    pub fn heartbeat(&mut self) -> Result<(), Error> {
        self.start(Request::Heartbeat, Core::begin_heartbeat)
    }

    /// Replaces the session's keys, of this side or of both, and sees that the new ones work.
    ///
    /// # Errors
    /// [`Reason::Incapable`] where the device does not do that, [`Misuse`] for [`KeyOperation::VerifyNewKey`], which is
    /// not for the caller to ask.
    pub fn update_keys(&mut self, operation: KeyOperation) -> Result<(), Error> {
        self.start(Request::KeyUpdate, |core| core.begin_update(operation))
    }

    /// Asks whether the device wants something: new keys of its own, say. Where it does not, it
    /// [refuses](Reason::Refused).
    ///
    /// # Errors
    /// [`Reason::Incapable`] where the device does not do that.
    pub fn encapsulated(&mut self) -> Result<(), Error> {
        self.start(Request::GetEncapsulatedRequest, Core::begin_talk)
    }

    /// Ends the session, and tells the device whether to forget what was negotiated.
    ///
    /// # Errors
    /// [`Misuse`].
    pub fn end(&mut self, clear_state: bool) -> Result<(), Error> {
        self.start(Request::EndSession, |core| core.begin_end(clear_state))
    }
}
