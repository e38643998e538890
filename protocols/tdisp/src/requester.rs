//! The host's side: requests to one interface, and what is believed of the answers.
//!
//! Each request is a [`Question`] that knows its answer. A nonce is part of the question that starts an interface, so it is
//! used for one interface only, and wiped with the question.

mod fetch;
mod questions;

pub use fetch::ReportFetch;
pub use questions::{
    BindStream, GetCapabilities, GetState, GetVersion, LockInterface, SetMmioAttribute, StartInterface,
    StopInterface, UnbindStream, Vendor,
};

use crate::{
    Error, Header, InterfaceId, Malformed, NoRoom, Refusal, Request, Response, ResponseCode, VERSION,
};

/// What is asked of an interface.
pub trait Question {
    /// What the answer tells.
    type Answer<'a>;

    /// The request.
    fn request(&self) -> Request<'_>;

    /// What the answer tells. It is about the right interface, of the right version, and no refusal.
    ///
    /// # Errors
    /// [`Error::WrongAnswer`]; what else does not fit the question.
    fn check<'a>(&self, response: Response<'a>) -> Result<Self::Answer<'a>, Error>;
}

/// A host that speaks to one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    interface: InterfaceId,
}

impl Host {
    /// To this interface.
    #[must_use]
    pub const fn new(interface: InterfaceId) -> Self {
        Self { interface }
    }

    /// Which it speaks to.
    #[must_use]
    pub const fn interface(&self) -> InterfaceId {
        self.interface
    }

    /// Writes the payload that asks; returns its length. It is to go in a session.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn ask(&self, question: &impl Question, payload: &mut [u8]) -> Result<usize, NoRoom> {
        question.request().encode(self.interface, payload)
    }

    /// What the payload that came back tells.
    ///
    /// # Errors
    /// [`Error`].
    pub fn answer<'a, Q: Question>(&self, question: &Q, payload: &'a [u8]) -> Result<Q::Answer<'a>, Error> {
        let (header, body) = Header::decode(payload)?;
        if header.version != VERSION {
            return Err(Error::Version(header.version));
        }
        if header.interface != self.interface {
            return Err(Error::Interface { asked: self.interface, given: header.interface });
        }
        let code = ResponseCode::from_byte(header.code).ok_or(Malformed::Code(header.code))?;
        if !matches!(code, ResponseCode::Error) && code != ResponseCode::To(question.request().code()) {
            return Err(Error::WrongAnswer { given: code });
        }
        match Response::decode(code, body)? {
            Response::Error(error) => Err(Error::Refused(Refusal { code: error.code, data: error.data })),
            response => question.check(response),
        }
    }
}
