//! The device's side: a function from the payload of a request to the payload of an answer, over the hardware behind it.

mod answer;
mod emulated;
mod hardware;

pub use emulated::{Emulated, EmulatedInterface};
pub use hardware::{Attributes, Features, Hardware, Streams, VendorMessages};

use crate::cursor::Writer;
use crate::interface::Interface;
use crate::message::{ErrorAnswer, HEADER_SIZE};
use crate::{
    ErrorCode, Header, InterfaceId, NONCE_SIZE, NoResponse, Request, RequestCode, Requests, Response, State,
    VERSION, Violation,
};

/// Bytes that [`Responder::respond`] wants as room for an answer: those of the longest one of fixed length.
pub const MIN_ANSWER: usize = HEADER_SIZE + NONCE_SIZE;

/// There is no randomness now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no randomness")]
pub struct NoEntropy;

/// A device with `N` interfaces.
///
/// Driving it: give it each payload of TDISP with the session it came in, and send what it writes; tell it of sessions that
/// end and of what breaks the protection of an interface. Nothing else changes its state.
#[derive(Debug)]
pub struct Responder<H, const N: usize> {
    hardware: H,
    interfaces: [Interface; N],
}

impl<H: Hardware, const N: usize> Responder<H, N> {
    /// All interfaces are unlocked. Of two with the same ID the first answers.
    pub fn new(hardware: H, interfaces: [InterfaceId; N]) -> Self {
        Self { hardware, interfaces: interfaces.map(Interface::new) }
    }

    /// The hardware behind it.
    pub const fn hardware(&self) -> &H {
        &self.hardware
    }

    /// The hardware behind it.
    pub const fn hardware_mut(&mut self) -> &mut H {
        &mut self.hardware
    }

    /// The interfaces.
    pub const fn interfaces(&self) -> &[Interface; N] {
        &self.interfaces
    }

    /// An interface's state; `None` if there is no such interface.
    #[must_use]
    pub fn state(&self, id: InterfaceId) -> Option<State> {
        self.interfaces.iter().find(|interface| interface.id() == id).map(Interface::state)
    }

    /// Answers a request that came in this session: writes the payload and returns its length. `random` fills the nonce of
    /// a lock. An answer may be a TDISP_ERROR.
    ///
    /// # Errors
    /// [`NoResponse`].
    pub fn respond(
        &mut self,
        session: Option<u32>,
        random: impl FnOnce(&mut [u8; NONCE_SIZE]) -> Result<(), NoEntropy>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, NoResponse> {
        let session = session.ok_or(NoResponse::NoSession)?;
        let (header, body) = Header::decode(request).map_err(NoResponse::Malformed)?;
        if answer.len() < MIN_ANSWER {
            return Err(NoResponse::NoRoom);
        }
        let answered = self.answer(session, random, header, body, answer);
        answered.or_else(|refused| {
            let error = ErrorAnswer { code: refused.code, data: refused.data, extended: None };
            Response::Error(error).encode(header.interface, answer).map_err(|_| NoResponse::NoRoom)
        })
    }

    fn answer(
        &mut self,
        session: u32,
        random: impl FnOnce(&mut [u8; NONCE_SIZE]) -> Result<(), NoEntropy>,
        header: Header,
        body: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, Refused> {
        if header.version != VERSION {
            return Err(ErrorCode::VERSION_MISMATCH.into());
        }
        let code = RequestCode::from_byte(header.code);
        let requests = requests(&mut self.hardware);
        let code = code.filter(|code| requests.contains(*code)).ok_or(Refused::unsupported(header.code))?;
        let request = Request::decode(code, body).map_err(|_| ErrorCode::INVALID_REQUEST)?;
        let interface = self.interfaces.iter_mut().find(|interface| interface.id() == header.interface);
        let interface = interface.ok_or(ErrorCode::INVALID_INTERFACE)?;
        let mut at = answer::At { hardware: &mut self.hardware, interface, session, id: header.interface };
        at.answer(&request, requests, random, answer)
    }

    /// The protection of this interface has been broken: if it is locked or runs, it goes to ERROR and the hardware is told.
    pub fn violated(&mut self, id: InterfaceId, why: Violation) {
        let broken = self.interfaces.iter_mut().filter(|interface| interface.id() == id);
        for interface in broken {
            if interface.violate() {
                self.hardware.broken(interface.id(), why);
            }
        }
    }

    /// A session is over, in whatever way: the interfaces that it has locked go to ERROR and the hardware is told.
    pub fn ended(&mut self, session: u32) {
        for interface in &mut self.interfaces {
            if interface.ended(session) {
                self.hardware.broken(interface.id(), Violation::SessionEnded);
            }
        }
    }

    /// The whole device has been reset and has lost what it had: all interfaces are unlocked. The hardware is not told.
    pub fn reset(&mut self) {
        self.interfaces.iter_mut().for_each(Interface::reset);
    }
}

/// What the hardware's parts let be answered.
fn requests(hardware: &mut impl Hardware) -> Requests {
    let streams = hardware.streams().is_some();
    let attributes = hardware.attributes().is_some();
    let vendor = hardware.vendor().is_some();
    Requests::of(RequestCode::ALL.into_iter().filter(|code| match code {
        RequestCode::BindStream | RequestCode::UnbindStream => streams,
        RequestCode::SetMmioAttribute => attributes,
        RequestCode::Vendor => vendor,
        _ => true,
    }))
}

/// A request that is answered by TDISP_ERROR.
#[derive(Clone, Copy, Debug)]
struct Refused {
    code: ErrorCode,
    data: u32,
}

impl Refused {
    const fn unsupported(code: u8) -> Self {
        Self { code: ErrorCode::UNSUPPORTED_REQUEST, data: code as u32 }
    }
}

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Self { code, data: 0 }
    }
}

impl From<crate::NoRoom> for Refused {
    fn from(_: crate::NoRoom) -> Self {
        ErrorCode::UNSPECIFIED.into()
    }
}

/// Writes an answer whose length the hardware tells.
fn write_vendor(
    id: InterfaceId,
    answer: &mut [u8],
    write: impl FnOnce(&mut [u8]) -> Result<usize, ErrorCode>,
) -> Result<usize, Refused> {
    let head = Response::Vendor(&[]).encode(id, answer)?;
    let mut writer = Writer::new(answer);
    writer.room(head)?;
    let length = write(writer.rest())?;
    writer.room(length)?;
    Ok(writer.length())
}
