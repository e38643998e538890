//! The codes of messages, and the states they speak of.

use core::fmt;

use crate::codes::{answers, bytes};

bytes! {
    /// A request's code, of those that are spoken here. 0x87 to 0x8c set and clear keys.
    pub enum RequestCode {
        /// Which versions the device speaks.
        GetVersion = 0x81, "GET_TARGET_TSP_VERSION";
        /// What the device can do.
        GetCapabilities = 0x82, "GET_TARGET_CAPABILITIES";
        /// How it is to work.
        SetConfiguration = 0x83, "SET_TARGET_CONFIGURATION";
        /// How it works, and its state.
        GetConfiguration = 0x84, "GET_TARGET_CONFIGURATION";
        /// A portion of the report on its registers.
        GetReport = 0x85, "GET_TARGET_CONFIGURATION_REPORT";
        /// Its configuration is to stay as it is.
        LockConfiguration = 0x86, "LOCK_TARGET_CONFIGURATION";
        /// Memory is to be for trusted domains, or not.
        SetTeState = 0x8d, "SET_TARGET_TE_STATE";
        /// Whether it is done with what it was not done with.
        CheckDelayedCompletion = 0x8e, "CHECK_TARGET_DELAYED_COMPLETION";
    }
}

answers! {
    /// An answer's code.
    pub enum ResponseCode to RequestCode {
        /// Not yet.
        Delayed, DELAYED = 0x7e;
        /// ERROR.
        Error, ERROR = 0x7f;
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To(request) => write!(f, "{request}_RSP"),
            Self::Delayed => f.write_str("DELAYED_RSP"),
            Self::Error => f.write_str("ERROR_RSP"),
        }
    }
}

bytes! {
    /// A device's state.
    pub enum State {
        /// It may be configured.
        ConfigUnlocked = 0, "CONFIG_UNLOCKED";
        /// Its configuration is fixed.
        ConfigLocked = 1, "CONFIG_LOCKED";
        /// Its protection has been broken.
        Error = 2, "ERROR";
    }
}
