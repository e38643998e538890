//! What can be asked, each with what its answer tells.

use super::Question;
use crate::tsp::{
    Capabilities, Configuration, Error, MemoryRange, Ranges, Request, Response, Secondary, State,
};
use crate::{GetReport, Portion, VERSION};

const fn wrong<T>(response: &Response<'_>) -> Result<T, Error> {
    Err(Error::WrongAnswer { given: response.code() })
}

/// Whether the device speaks this side's version. The session that asks first is the primary one.
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
#[derive(Clone, Copy, Debug)]
pub struct GetCapabilities;

impl Question for GetCapabilities {
    type Answer<'a> = Capabilities;

    fn request(&self) -> Request<'_> {
        Request::GetCapabilities
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<Capabilities, Error> {
        match response {
            Response::Capabilities(capabilities) => {
                capabilities.check().map_err(Error::Contradiction)?;
                Ok(capabilities)
            }
            other => wrong(&other),
        }
    }
}

/// How the device is to work. [`Configuration::check_against`] tells beforehand whether it can.
#[derive(Clone, Copy, Debug)]
pub struct SetConfiguration<'q> {
    /// How.
    pub configuration: Configuration,
    /// The keys of secondary sessions. The payload holds them: it is the caller's to wipe.
    pub secondary: Secondary<'q>,
}

impl Question for SetConfiguration<'_> {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::SetConfiguration(self.configuration, self.secondary)
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        if matches!(response, Response::ConfigurationSet) { Ok(()) } else { wrong(&response) }
    }
}

/// How the device works, and its state.
#[derive(Clone, Copy, Debug)]
pub struct GetConfiguration;

impl Question for GetConfiguration {
    type Answer<'a> = (Configuration, State);

    fn request(&self) -> Request<'_> {
        Request::GetConfiguration
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(Configuration, State), Error> {
        match response {
            Response::Configuration(configuration, state) => {
                configuration.check().map_err(Error::Contradiction)?;
                Ok((configuration, state))
            }
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

/// Fix the configuration until the device is reset.
#[derive(Clone, Copy, Debug)]
pub struct LockConfiguration;

impl Question for LockConfiguration {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::LockConfiguration
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        if matches!(response, Response::Locked) { Ok(()) } else { wrong(&response) }
    }
}

/// Make memory a trusted domain's, or not.
#[derive(Clone, Copy, Debug)]
pub struct SetTeState<'q> {
    /// Whether it is to be a trusted domain's.
    pub is_trusted: bool,
    /// Which memory: 1 to [`crate::tsp::MAX_RANGES`].
    pub ranges: &'q [MemoryRange],
}

impl Question for SetTeState<'_> {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::SetTeState { state: self.is_trusted.into(), ranges: Ranges::new(self.ranges) }
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        if matches!(response, Response::TeStateSet) { Ok(()) } else { wrong(&response) }
    }
}

/// Whether the device is done with what it said [`Error::Delayed`] to.
#[derive(Clone, Copy, Debug)]
pub struct CheckDelayedCompletion;

impl Question for CheckDelayedCompletion {
    type Answer<'a> = ();

    fn request(&self) -> Request<'_> {
        Request::CheckDelayedCompletion
    }

    fn check<'a>(&self, response: Response<'a>) -> Result<(), Error> {
        if matches!(response, Response::Completed) { Ok(()) } else { wrong(&response) }
    }
}
