//! Answers.

use super::{Capabilities, Configuration, ErrorAnswer, Header, RequestCode, ResponseCode, State};
use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom, Portion, versions};

/// An answer, header aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response<'a> {
    /// The versions the device speaks, a byte each.
    Version(&'a [u8]),
    /// What the device can do.
    Capabilities(Capabilities),
    /// It will work like that.
    ConfigurationSet,
    /// How it works, and its state.
    Configuration(Configuration, State),
    /// A portion of the report.
    Report(Portion<'a>),
    /// The configuration is fixed.
    Locked,
    /// The memory is what it was asked to be.
    TeStateSet,
    /// What was not done is done.
    Completed,
    /// It is not done; the number is in a unit that no public source names.
    Delayed(u32),
    /// The device refuses.
    Error(ErrorAnswer<'a>),
}

impl<'a> Response<'a> {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> ResponseCode {
        ResponseCode::To(match self {
            Self::Version(_) => RequestCode::GetVersion,
            Self::Capabilities(_) => RequestCode::GetCapabilities,
            Self::ConfigurationSet => RequestCode::SetConfiguration,
            Self::Configuration(..) => RequestCode::GetConfiguration,
            Self::Report(_) => RequestCode::GetReport,
            Self::Locked => RequestCode::LockConfiguration,
            Self::TeStateSet => RequestCode::SetTeState,
            Self::Completed => RequestCode::CheckDelayedCompletion,
            Self::Delayed(_) => return ResponseCode::Delayed,
            Self::Error(_) => return ResponseCode::Error,
        })
    }

    /// Reads what follows the header.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(code: ResponseCode, body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let response = match code {
            ResponseCode::Error => Self::Error(ErrorAnswer::decode(&mut reader)?),
            ResponseCode::Delayed => {
                reader.take(2)?;
                Self::Delayed(reader.u32()?)
            }
            ResponseCode::To(request) => Self::decode_answer(request, &mut reader)?,
        };
        reader.end()?;
        Ok(response)
    }

    fn decode_answer(request: RequestCode, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        if !matches!(request, RequestCode::GetCapabilities | RequestCode::GetConfiguration) {
            reader.take(2)?;
        }
        Ok(match request {
            RequestCode::GetVersion => Self::Version(versions::decode(reader)?),
            RequestCode::GetCapabilities => Self::Capabilities(Capabilities::decode(reader)?),
            RequestCode::SetConfiguration => Self::ConfigurationSet,
            RequestCode::GetConfiguration => {
                let (configuration, state) = Configuration::decode(reader)?;
                Self::Configuration(configuration, State::from_byte(state).ok_or(Malformed::Field("state"))?)
            }
            RequestCode::GetReport => Self::Report(Portion::decode(reader)?),
            RequestCode::LockConfiguration => Self::Locked,
            RequestCode::SetTeState => Self::TeStateSet,
            RequestCode::CheckDelayedCompletion => Self::Completed,
        })
    }

    /// Writes the payload; returns its length.
    ///
    /// # Errors
    /// [`NoRoom`], also where a count does not hold what it counts.
    pub fn encode(&self, payload: &mut [u8]) -> Result<usize, NoRoom> {
        let mut writer = Writer::new(payload);
        Header::encode(self.code().byte(), &mut writer)?;
        match self {
            Self::ConfigurationSet | Self::Locked | Self::TeStateSet | Self::Completed => writer.zeros(2)?,
            Self::Version(versions) => {
                writer.zeros(2)?;
                versions::encode(versions, &mut writer)?;
            }
            Self::Capabilities(capabilities) => capabilities.encode(&mut writer)?,
            Self::Configuration(configuration, state) => configuration.encode(state.byte(), &mut writer)?,
            Self::Report(portion) => {
                writer.zeros(2)?;
                portion.encode(&mut writer)?;
            }
            Self::Delayed(time) => {
                writer.zeros(2)?;
                writer.u32(*time)?;
            }
            Self::Error(error) => error.encode(&mut writer)?,
        }
        Ok(writer.length())
    }
}
