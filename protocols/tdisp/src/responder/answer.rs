//! The answer to each request.

use super::{Hardware, NoEntropy, Refused, write_vendor};
use crate::{
    Capabilities, ErrorCode, GetReport, HEADER_SIZE, Interface, InterfaceId, Lock, LockFlags, MmioRange,
    NONCE_SIZE, Nonce, Portion, RangeAttributes, Report, Request, RequestCode, Requests, Response, VERSION,
};

/// Requests that a device takes at once: SPDM carries one.
const AT_ONCE: u8 = 1;
/// Bytes of an answer before those of the report: lengths of the portion and of what follows it.
const REPORT_HEAD: usize = HEADER_SIZE + 4;

/// An interface that a session asks something of.
pub(super) struct At<'r, H> {
    pub(super) hardware: &'r mut H,
    pub(super) interface: &'r mut Interface,
    pub(super) session: u32,
    /// As in the request, for the answer.
    pub(super) id: InterfaceId,
}

impl<H: Hardware> At<'_, H> {
    pub(super) fn answer(
        &mut self,
        request: &Request<'_>,
        requests: Requests,
        random: impl FnOnce(&mut [u8; NONCE_SIZE]) -> Result<(), NoEntropy>,
        answer: &mut [u8],
    ) -> Result<usize, Refused> {
        let own = self.interface.id();
        let response = match request {
            Request::GetVersion => Response::Version(&[VERSION]),
            Request::GetCapabilities { .. } => Response::Capabilities(self.capabilities(requests)),
            Request::LockInterface(lock) => return self.lock(lock, requests, random, answer),
            Request::GetReport { offset, length } => return self.report(*offset, *length, answer),
            Request::GetState => Response::State(self.interface.state()),
            Request::StartInterface(nonce) => {
                self.interface.start(self.session, *nonce, || self.hardware.start(own))?;
                Response::Started
            }
            Request::StopInterface => {
                self.interface.stop(self.session, || self.hardware.stop(own))?;
                Response::Stopped
            }
            Request::BindStream(stream) => self.bind(*stream)?,
            Request::UnbindStream(stream) => self.unbind(*stream)?,
            Request::SetMmioAttribute(range) => self.set_attribute(range)?,
            Request::Vendor(bytes) => return self.vendor(bytes, answer),
        };
        Ok(response.encode(self.id, answer)?)
    }

    fn lock_flags(&self, requests: Requests) -> LockFlags {
        let flags = self.hardware.features(self.interface.id()).lock_flags;
        if requests.contains(RequestCode::BindStream) { flags } else { flags.difference(LockFlags::BIND_P2P) }
    }

    fn capabilities(&self, requests: Requests) -> Capabilities {
        let features = self.hardware.features(self.interface.id());
        Capabilities {
            dsm: features.dsm,
            requests,
            lock_flags: self.lock_flags(requests),
            address_width: features.address_width,
            requests_this: AT_ONCE,
            requests_all: AT_ONCE,
        }
    }

    /// A flag that is not claimed is refused: whoever set it would rely on it.
    fn lock(
        &mut self,
        lock: &Lock,
        requests: Requests,
        random: impl FnOnce(&mut [u8; NONCE_SIZE]) -> Result<(), NoEntropy>,
        answer: &mut [u8],
    ) -> Result<usize, Refused> {
        self.interface.check_unlocked()?;
        if !self.lock_flags(requests).contains(lock.flags) {
            return Err(ErrorCode::INVALID_REQUEST.into());
        }
        let nonce = Nonce::draw(random).map_err(|NoEntropy| ErrorCode::INSUFFICIENT_ENTROPY)?;
        let own = self.interface.id();
        let nonce = self.interface.lock(self.session, lock, nonce, || self.hardware.lock(own, lock))?;
        Ok(Response::Locked(nonce).encode(self.id, answer)?)
    }

    fn report(&self, offset: u16, length: u16, answer: &mut [u8]) -> Result<usize, Refused> {
        self.interface.check_report(self.session)?;
        let report = self.hardware.report(self.interface.id());
        let room = answer.len().saturating_sub(REPORT_HEAD);
        let portion = Portion::of(report, GetReport { offset, length }, room)?;
        let portion = portion.ok_or(ErrorCode::INVALID_REQUEST)?;
        Ok(Response::Report(portion).encode(self.id, answer)?)
    }

    fn bind(&mut self, stream: u8) -> Result<Response<'static>, ErrorCode> {
        let own = self.interface.id();
        let streams = self.hardware.streams().ok_or(ErrorCode::UNSPECIFIED)?;
        self.interface.bind(self.session, stream, || streams.bind(own, stream))?;
        Ok(Response::Bound)
    }

    fn unbind(&mut self, stream: u8) -> Result<Response<'static>, ErrorCode> {
        let own = self.interface.id();
        let streams = self.hardware.streams().ok_or(ErrorCode::UNSPECIFIED)?;
        self.interface.unbind(self.session, stream, || streams.unbind(own, stream))?;
        Ok(Response::Unbound)
    }

    fn set_attribute(&mut self, range: &MmioRange) -> Result<Response<'static>, ErrorCode> {
        self.interface.check_running(self.session)?;
        let own = self.interface.id();
        let report = Report::parse(self.hardware.report(own)).map_err(|_| ErrorCode::UNSPECIFIED)?;
        let is_updatable = |known: &MmioRange| {
            known.id == range.id
                && known.covers(range)
                && known.attributes.contains(RangeAttributes::UPDATABLE)
        };
        if range.pages == 0 || !report.ranges().any(|known| is_updatable(&known)) {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        let attributes = self.hardware.attributes().ok_or(ErrorCode::UNSPECIFIED)?;
        attributes.set(own, range)?;
        Ok(Response::AttributeSet)
    }

    fn vendor(&mut self, bytes: &[u8], answer: &mut [u8]) -> Result<usize, Refused> {
        let (session, own) = (self.session, self.interface.id());
        let vendor = self.hardware.vendor().ok_or(ErrorCode::UNSPECIFIED)?;
        write_vendor(self.id, answer, |room| vendor.answer(session, own, bytes, room))
    }
}
