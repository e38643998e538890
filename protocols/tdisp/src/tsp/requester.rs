//! The host's side: requests to a device, and what is believed of the answers. Each request is a [`Question`] that knows its
//! answer.

mod fetch;
mod questions;

pub use fetch::{Report, ReportFetch};
pub use questions::{
    CheckDelayedCompletion, GetCapabilities, GetConfiguration, GetVersion, LockConfiguration,
    SetConfiguration, SetTeState,
};

use crate::tsp::{Error, Header, Refusal, Request, Response, ResponseCode};
use crate::{Malformed, NoRoom, VERSION};

/// What is asked of a device.
pub trait Question {
    /// What the answer tells.
    type Answer<'a>;

    /// The request.
    fn request(&self) -> Request<'_>;

    /// What the answer tells. It is of the right version, no refusal, and no delay.
    ///
    /// # Errors
    /// [`Error::WrongAnswer`]; what else does not fit the question.
    fn check<'a>(&self, response: Response<'a>) -> Result<Self::Answer<'a>, Error>;
}

/// Writes the payload that asks; returns its length. It is to go in a session.
///
/// # Errors
/// [`NoRoom`].
pub fn ask(question: &impl Question, payload: &mut [u8]) -> Result<usize, NoRoom> {
    question.request().encode(payload)
}

/// What the payload that came back tells.
///
/// # Errors
/// [`Error`].
pub fn answer<'a, Q: Question>(question: &Q, payload: &'a [u8]) -> Result<Q::Answer<'a>, Error> {
    let (header, body) = Header::decode(payload)?;
    if header.version != VERSION {
        return Err(Error::Version(header.version));
    }
    let code = ResponseCode::from_byte(header.code).ok_or(Malformed::Code(header.code))?;
    let asked = question.request().code();
    if matches!(code, ResponseCode::To(given) if given != asked) {
        return Err(Error::WrongAnswer { given: code });
    }
    match Response::decode(code, body)? {
        Response::Error(error) => Err(Error::Refused(Refusal { code: error.code, data: error.data })),
        Response::Delayed(time) => Err(Error::Delayed(time)),
        response => question.check(response),
    }
}
