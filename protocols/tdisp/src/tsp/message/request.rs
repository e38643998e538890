//! Requests.

use super::{Configuration, Header, Ranges, RequestCode, Secondary};
use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom};

/// A request, header aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Which versions the device speaks.
    GetVersion,
    /// What the device can do.
    GetCapabilities,
    /// How it is to work.
    SetConfiguration(Configuration, Secondary<'a>),
    /// How it works, and its state.
    GetConfiguration,
    /// A portion of the report.
    GetReport {
        /// Where it begins, in bytes.
        offset: u16,
        /// How long it may be, in bytes.
        length: u16,
    },
    /// Fix the configuration.
    LockConfiguration,
    /// Make memory a trusted domain's, or not.
    SetTeState {
        /// 1 for a trusted domain's, 0 for not.
        state: u8,
        /// Which memory.
        ranges: Ranges<'a>,
    },
    /// Whether the device is done now.
    CheckDelayedCompletion,
}

impl<'a> Request<'a> {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> RequestCode {
        match self {
            Self::GetVersion => RequestCode::GetVersion,
            Self::GetCapabilities => RequestCode::GetCapabilities,
            Self::SetConfiguration(..) => RequestCode::SetConfiguration,
            Self::GetConfiguration => RequestCode::GetConfiguration,
            Self::GetReport { .. } => RequestCode::GetReport,
            Self::LockConfiguration => RequestCode::LockConfiguration,
            Self::SetTeState { .. } => RequestCode::SetTeState,
            Self::CheckDelayedCompletion => RequestCode::CheckDelayedCompletion,
        }
    }

    /// Reads what follows the header.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(code: RequestCode, body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        if !matches!(code, RequestCode::SetConfiguration | RequestCode::SetTeState) {
            reader.take(2)?;
        }
        let request = match code {
            RequestCode::GetVersion => Self::GetVersion,
            RequestCode::GetCapabilities => Self::GetCapabilities,
            RequestCode::SetConfiguration => {
                let (configuration, _) = Configuration::decode(&mut reader)?;
                Self::SetConfiguration(configuration, Secondary::decode(&mut reader)?)
            }
            RequestCode::GetConfiguration => Self::GetConfiguration,
            RequestCode::GetReport => Self::GetReport { offset: reader.u16()?, length: reader.u16()? },
            RequestCode::LockConfiguration => Self::LockConfiguration,
            RequestCode::SetTeState => {
                let (state, count) = (reader.u8()?, reader.u8()?);
                reader.take(12)?;
                Self::SetTeState { state, ranges: Ranges::decode(count, &mut reader)? }
            }
            RequestCode::CheckDelayedCompletion => Self::CheckDelayedCompletion,
        };
        reader.end()?;
        Ok(request)
    }

    /// Writes the payload; returns its length.
    ///
    /// # Errors
    /// [`NoRoom`], also where a count does not hold what it counts.
    pub fn encode(&self, payload: &mut [u8]) -> Result<usize, NoRoom> {
        let mut writer = Writer::new(payload);
        Header::encode(self.code().byte(), &mut writer)?;
        match self {
            Self::SetConfiguration(configuration, secondary) => {
                configuration.encode(0, &mut writer)?;
                secondary.encode(&mut writer)?;
            }
            Self::GetReport { offset, length } => {
                writer.zeros(2)?;
                writer.u16(*offset)?;
                writer.u16(*length)?;
            }
            Self::SetTeState { state, ranges } => {
                writer.bytes(&[*state, u8::try_from(ranges.len()).map_err(|_| NoRoom)?])?;
                writer.zeros(12)?;
                ranges.encode(&mut writer)?;
            }
            Self::GetVersion
            | Self::GetCapabilities
            | Self::GetConfiguration
            | Self::LockConfiguration
            | Self::CheckDelayedCompletion => writer.zeros(2)?,
        }
        Ok(writer.length())
    }
}
