//! The types of messages, and the states they speak of.

use core::fmt;

use crate::codes::{answers, bytes};

bytes! {
    /// A request's type.
    pub enum RequestCode {
        /// Which versions the device speaks.
        GetVersion = 0x81, "GET_TDISP_VERSION";
        /// What the device can do.
        GetCapabilities = 0x82, "GET_TDISP_CAPABILITIES";
        /// The interface's configuration is to stay as it is.
        LockInterface = 0x83, "LOCK_INTERFACE_REQUEST";
        /// A portion of the report on a locked interface.
        GetReport = 0x84, "GET_DEVICE_INTERFACE_REPORT";
        /// The interface's state.
        GetState = 0x85, "GET_DEVICE_INTERFACE_STATE";
        /// The locked interface is to run.
        StartInterface = 0x86, "START_INTERFACE_REQUEST";
        /// The interface is to be wiped and unlocked.
        StopInterface = 0x87, "STOP_INTERFACE_REQUEST";
        /// A stream between two devices is to be used.
        BindStream = 0x88, "BIND_P2P_STREAM_REQUEST";
        /// It is not to be used any more.
        UnbindStream = 0x89, "UNBIND_P2P_STREAM_REQUEST";
        /// Pages are to be trusted memory, or not.
        SetMmioAttribute = 0x8a, "SET_MMIO_ATTRIBUTE_REQUEST";
        /// A vendor's own.
        Vendor = 0x8b, "VDM_REQUEST";
    }
}

answers! {
    /// An answer's type.
    pub enum ResponseCode to RequestCode {
        /// ERROR.
        Error, ERROR = 0x7f;
    }
}

impl ResponseCode {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "TDISP_ERROR",
            Self::To(RequestCode::GetVersion) => "TDISP_VERSION",
            Self::To(RequestCode::GetCapabilities) => "TDISP_CAPABILITIES",
            Self::To(RequestCode::LockInterface) => "LOCK_INTERFACE_RESPONSE",
            Self::To(RequestCode::GetReport) => "DEVICE_INTERFACE_REPORT",
            Self::To(RequestCode::GetState) => "DEVICE_INTERFACE_STATE",
            Self::To(RequestCode::StartInterface) => "START_INTERFACE_RESPONSE",
            Self::To(RequestCode::StopInterface) => "STOP_INTERFACE_RESPONSE",
            Self::To(RequestCode::BindStream) => "BIND_P2P_STREAM_RESPONSE",
            Self::To(RequestCode::UnbindStream) => "UNBIND_P2P_STREAM_RESPONSE",
            Self::To(RequestCode::SetMmioAttribute) => "SET_MMIO_ATTRIBUTE_RESPONSE",
            Self::To(RequestCode::Vendor) => "VDM_RESPONSE",
        }
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

bytes! {
    /// An interface's state.
    pub enum State {
        /// It belongs to whoever configures it.
        ConfigUnlocked = 0, "CONFIG_UNLOCKED";
        /// Its configuration is fixed and may be verified.
        ConfigLocked = 1, "CONFIG_LOCKED";
        /// It works for a trusted domain.
        Run = 2, "RUN";
        /// It worked or was locked, and its protection has been broken.
        Error = 3, "ERROR";
    }
}
