//! What can be asked, each with what its answer tells.

use super::Question;
use crate::{
    Capabilities, Error, GetReport, Lock, MmioRange, Nonce, Portion, Request, Response, State, VERSION,
};

const fn wrong<T>(response: &Response<'_>) -> Result<T, Error> {
    Err(Error::WrongAnswer { given: response.code() })
}

/// Whether the device speaks this side's version.
#[derive(Clone, Copy, Debug)]
pub struct GetVersion;

impl Question for GetVersion {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::GetVersion
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        match response {
            Response::Version(versions) if versions.contains(&VERSION) => Ok(()),
            Response::Version(_) => Err(Error::NoCommonVersion),
            other => wrong(&other),
        }
    }
}

/// What the device can do.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetCapabilities {
    /// Bits of the host's security manager; none is known.
    pub tsm: u32,
}

impl Question for GetCapabilities {
    type Answer<'a> = Capabilities;

    fn request(&self) -> Request<'_> {
        Request::GetCapabilities { tsm: self.tsm }
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<Capabilities, Error> {
        match response {
            Response::Capabilities(capabilities) => Ok(capabilities),
            other => wrong(&other),
        }
    }
}

/// Fix the configuration; the answer is what starts the interface.
#[derive(Clone, Copy, Debug)]
pub struct LockInterface(pub Lock);

impl Question for LockInterface {
    type Answer<'a> = StartInterface;

    fn request(&self) -> Request<'_> {
        Request::LockInterface(self.0)
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<StartInterface, Error> {
        match response {
            Response::Locked(nonce) => Ok(StartInterface(nonce.to_nonce())),
            other => wrong(&other),
        }
    }
}

impl Question for GetReport {
    type Answer<'a> = Portion<'a>;

    fn request(&self) -> Request<'_> {
        Request::GetReport { offset: self.offset, length: self.length }
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<Portion<'a>, Error> {
        match response {
            Response::Report(portion) => Ok(GetReport::check(self, portion)?),
            other => wrong(&other),
        }
    }
}

/// The interface's state.
#[derive(Clone, Copy, Debug)]
pub struct GetState;

impl Question for GetState {
    type Answer<'a> = State;

    fn request(&self) -> Request<'_> {
        Request::GetState
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<State, Error> {
        match response {
            Response::State(state) => Ok(state),
            other => wrong(&other),
        }
    }
}

/// Let the interface run. The lock gives it: there is one for each lock, and it does not print.
#[derive(Debug)]
pub struct StartInterface(Nonce);

impl StartInterface {
    /// Of a nonce that was kept.
    #[must_use]
    pub const fn new(nonce: Nonce) -> Self {
        Self(nonce)
    }

    /// The nonce, to keep.
    #[must_use]
    pub fn into_nonce(self) -> Nonce {
        self.0
    }
}

impl Question for StartInterface {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::StartInterface(self.0.view())
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        if matches!(response, Response::Started) { Ok(()) } else { wrong(&response) }
    }
}

/// Wipe and unlock the interface.
#[derive(Clone, Copy, Debug)]
pub struct StopInterface;

impl Question for StopInterface {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::StopInterface
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        if matches!(response, Response::Stopped) { Ok(()) } else { wrong(&response) }
    }
}

/// Use this IDE stream to another device.
#[derive(Clone, Copy, Debug)]
pub struct BindStream(pub u8);

impl Question for BindStream {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::BindStream(self.0)
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        if matches!(response, Response::Bound) { Ok(()) } else { wrong(&response) }
    }
}

/// Use it no more.
#[derive(Clone, Copy, Debug)]
pub struct UnbindStream(pub u8);

impl Question for UnbindStream {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::UnbindStream(self.0)
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        if matches!(response, Response::Unbound) { Ok(()) } else { wrong(&response) }
    }
}

/// Make pages trusted memory, or not.
#[derive(Clone, Copy, Debug)]
pub struct SetMmioAttribute(pub MmioRange);

impl Question for SetMmioAttribute {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::SetMmioAttribute(self.0)
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        if matches!(response, Response::AttributeSet) { Ok(()) } else { wrong(&response) }
    }
}

/// A vendor's own; what follows the header.
#[derive(Clone, Copy, Debug)]
pub struct Vendor<'q>(pub &'q [u8]);

impl Question for Vendor<'_> {
    type Answer<'a> = &'a [u8];

    fn request(&self) -> Request<'_> {
        Request::Vendor(self.0)
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<&'a [u8], Error> {
        match response {
            Response::Vendor(bytes) => Ok(bytes),
            other => wrong(&other),
        }
    }
}
