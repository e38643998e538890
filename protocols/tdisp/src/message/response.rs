//! Answers.

use super::{Capabilities, ErrorAnswer, Header, InterfaceId, RequestCode, ResponseCode, State};
use crate::cursor::{Reader, Writer};
use crate::{Malformed, NoRoom, NonceView, Portion, versions};

/// An answer, header aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response<'a> {
    /// The versions the device speaks, a byte each.
    Version(&'a [u8]),
    /// What the device can do.
    Capabilities(Capabilities),
    /// The interface is locked; the nonce starts it.
    Locked(NonceView<'a>),
    /// A portion of the report.
    Report(Portion<'a>),
    /// The interface's state.
    State(State),
    /// The interface runs.
    Started,
    /// It is wiped and unlocked.
    Stopped,
    /// The stream is in use.
    Bound,
    /// It is not in use any more.
    Unbound,
    /// The pages are what they were asked to be.
    AttributeSet,
    /// A vendor's own.
    Vendor(&'a [u8]),
    /// The device refuses.
    Error(ErrorAnswer<'a>),
}

impl<'a> Response<'a> {
    /// Its type.
    #[must_use]
    pub const fn code(&self) -> ResponseCode {
        ResponseCode::To(match self {
            Self::Version(_) => RequestCode::GetVersion,
            Self::Capabilities(_) => RequestCode::GetCapabilities,
            Self::Locked(_) => RequestCode::LockInterface,
            Self::Report(_) => RequestCode::GetReport,
            Self::State(_) => RequestCode::GetState,
            Self::Started => RequestCode::StartInterface,
            Self::Stopped => RequestCode::StopInterface,
            Self::Bound => RequestCode::BindStream,
            Self::Unbound => RequestCode::UnbindStream,
            Self::AttributeSet => RequestCode::SetMmioAttribute,
            Self::Vendor(_) => RequestCode::Vendor,
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
            ResponseCode::To(request) => Self::decode_answer(request, &mut reader)?,
        };
        reader.end()?;
        Ok(response)
    }

    fn decode_answer(request: RequestCode, reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(match request {
            RequestCode::GetVersion => Self::Version(versions::decode(reader)?),
            RequestCode::GetCapabilities => Self::Capabilities(Capabilities::decode(reader)?),
            RequestCode::LockInterface => Self::Locked(NonceView::new(reader.array()?)),
            RequestCode::GetReport => Self::Report(Portion::decode(reader)?),
            RequestCode::GetState => {
                Self::State(State::from_byte(reader.u8()?).ok_or(Malformed::Field("state"))?)
            }
            RequestCode::StartInterface => Self::Started,
            RequestCode::StopInterface => Self::Stopped,
            RequestCode::BindStream => Self::Bound,
            RequestCode::UnbindStream => Self::Unbound,
            RequestCode::SetMmioAttribute => Self::AttributeSet,
            RequestCode::Vendor => Self::Vendor(reader.take(reader.rest().len())?),
        })
    }

    /// Writes the payload; returns its length.
    ///
    /// # Errors
    /// [`NoRoom`], also where a count does not hold what it counts.
    pub fn encode(&self, interface: InterfaceId, payload: &mut [u8]) -> Result<usize, NoRoom> {
        let mut writer = Writer::new(payload);
        Header::new(self.code().byte(), interface).encode(&mut writer)?;
        match self {
            Self::Started | Self::Stopped | Self::Bound | Self::Unbound | Self::AttributeSet => {}
            Self::Version(versions) => versions::encode(versions, &mut writer)?,
            Self::Capabilities(capabilities) => capabilities.encode(&mut writer)?,
            Self::Locked(nonce) => writer.bytes(nonce.bytes())?,
            Self::Report(portion) => portion.encode(&mut writer)?,
            Self::State(state) => writer.u8(state.byte())?,
            Self::Vendor(bytes) => writer.bytes(bytes)?,
            Self::Error(error) => error.encode(&mut writer)?,
        }
        Ok(writer.length())
    }
}
