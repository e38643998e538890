//! Requests.

use super::{Header, InterfaceId, Lock, RequestCode};
use crate::cursor::{Reader, Writer};
use crate::{Malformed, MmioRange, NoRoom, NonceView};

/// A request, header aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Which versions the device speaks.
    GetVersion,
    /// What the device can do.
    GetCapabilities {
        /// Bits of the host's security manager; none is known.
        tsm: u32,
    },
    /// Fix the configuration.
    LockInterface(Lock),
    /// A portion of the report.
    GetReport {
        /// Where it begins, in bytes.
        offset: u16,
        /// How long it may be, in bytes.
        length: u16,
    },
    /// The interface's state.
    GetState,
    /// Let the interface run.
    StartInterface(NonceView<'a>),
    /// Wipe and unlock it.
    StopInterface,
    /// Use this IDE stream to another device.
    BindStream(u8),
    /// Use it no more.
    UnbindStream(u8),
    /// Make pages trusted memory, or not.
    SetMmioAttribute(MmioRange),
    /// A vendor's own.
    Vendor(&'a [u8]),
}

impl<'a> Request<'a> {
    /// Its type.
    #[must_use]
    pub const fn code(&self) -> RequestCode {
        match self {
            Self::GetVersion => RequestCode::GetVersion,
            Self::GetCapabilities { .. } => RequestCode::GetCapabilities,
            Self::LockInterface(_) => RequestCode::LockInterface,
            Self::GetReport { .. } => RequestCode::GetReport,
            Self::GetState => RequestCode::GetState,
            Self::StartInterface(_) => RequestCode::StartInterface,
            Self::StopInterface => RequestCode::StopInterface,
            Self::BindStream(_) => RequestCode::BindStream,
            Self::UnbindStream(_) => RequestCode::UnbindStream,
            Self::SetMmioAttribute(_) => RequestCode::SetMmioAttribute,
            Self::Vendor(_) => RequestCode::Vendor,
        }
    }

    /// Reads what follows the header.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(code: RequestCode, body: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(body);
        let request = match code {
            RequestCode::GetVersion => Self::GetVersion,
            RequestCode::GetCapabilities => Self::GetCapabilities { tsm: reader.u32()? },
            RequestCode::LockInterface => Self::LockInterface(Lock::decode(&mut reader)?),
            RequestCode::GetReport => Self::GetReport { offset: reader.u16()?, length: reader.u16()? },
            RequestCode::GetState => Self::GetState,
            RequestCode::StartInterface => Self::StartInterface(NonceView::new(reader.array()?)),
            RequestCode::StopInterface => Self::StopInterface,
            RequestCode::BindStream => Self::BindStream(reader.u8()?),
            RequestCode::UnbindStream => Self::UnbindStream(reader.u8()?),
            RequestCode::SetMmioAttribute => Self::SetMmioAttribute(MmioRange::decode(&mut reader)?),
            RequestCode::Vendor => return Ok(Self::Vendor(body)),
        };
        reader.end()?;
        Ok(request)
    }

    /// Writes the payload; returns its length.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, interface: InterfaceId, payload: &mut [u8]) -> Result<usize, NoRoom> {
        let mut writer = Writer::new(payload);
        Header::new(self.code().byte(), interface).encode(&mut writer)?;
        match self {
            Self::GetVersion | Self::GetState | Self::StopInterface => {}
            Self::GetCapabilities { tsm } => writer.u32(*tsm)?,
            Self::LockInterface(lock) => lock.encode(&mut writer)?,
            Self::GetReport { offset, length } => {
                writer.u16(*offset)?;
                writer.u16(*length)?;
            }
            Self::StartInterface(nonce) => writer.bytes(nonce.bytes())?,
            Self::BindStream(stream) | Self::UnbindStream(stream) => writer.u8(*stream)?,
            Self::SetMmioAttribute(range) => range.encode(&mut writer)?,
            Self::Vendor(bytes) => writer.bytes(bytes)?,
        }
        Ok(writer.length())
    }
}
