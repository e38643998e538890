//! Codes: which message it is (DSP0274 1.3, 10.1).

use core::fmt;

use crate::Version;

/// A code as it stands in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u8);

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident: $($(#[$inner:meta])* $variant:ident = $value:literal, $text:literal, $since:ident;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name {
            $(#[doc = $text] $(#[$inner])* $variant = $value,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The one with that code.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($value => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// Its code.
            #[must_use]
            pub const fn byte(self) -> u8 {
                self as u8
            }

            /// The version that brought it.
            #[must_use]
            pub const fn since(self) -> Version {
                match self {
                    $(Self::$variant => Version::$since,)*
                }
            }

            /// Its name in the specification.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

codes! {
    /// The requests up to 1.3.
    Request:
    GetDigests = 0x81, "GET_DIGESTS", V1_0;
    GetCertificate = 0x82, "GET_CERTIFICATE", V1_0;
    Challenge = 0x83, "CHALLENGE", V1_0;
    GetVersion = 0x84, "GET_VERSION", V1_0;
    ChunkSend = 0x85, "CHUNK_SEND", V1_2;
    ChunkGet = 0x86, "CHUNK_GET", V1_2;
    GetEndpointInfo = 0x87, "GET_ENDPOINT_INFO", V1_3;
    GetMeasurements = 0xe0, "GET_MEASUREMENTS", V1_0;
    GetCapabilities = 0xe1, "GET_CAPABILITIES", V1_0;
    GetSupportedEventTypes = 0xe2, "GET_SUPPORTED_EVENT_TYPES", V1_3;
    NegotiateAlgorithms = 0xe3, "NEGOTIATE_ALGORITHMS", V1_0;
    KeyExchange = 0xe4, "KEY_EXCHANGE", V1_1;
    Finish = 0xe5, "FINISH", V1_1;
    PskExchange = 0xe6, "PSK_EXCHANGE", V1_1;
    PskFinish = 0xe7, "PSK_FINISH", V1_1;
    Heartbeat = 0xe8, "HEARTBEAT", V1_1;
    KeyUpdate = 0xe9, "KEY_UPDATE", V1_1;
    GetEncapsulatedRequest = 0xea, "GET_ENCAPSULATED_REQUEST", V1_1;
    DeliverEncapsulatedResponse = 0xeb, "DELIVER_ENCAPSULATED_RESPONSE", V1_1;
    EndSession = 0xec, "END_SESSION", V1_1;
    GetCsr = 0xed, "GET_CSR", V1_2;
    SetCertificate = 0xee, "SET_CERTIFICATE", V1_2;
    GetMeasurementExtensionLog = 0xef, "GET_MEASUREMENT_EXTENSION_LOG", V1_3;
    SubscribeEventTypes = 0xf0, "SUBSCRIBE_EVENT_TYPES", V1_3;
    SendEvent = 0xf1, "SEND_EVENT", V1_3;
    GetKeyPairInfo = 0xfc, "GET_KEY_PAIR_INFO", V1_3;
    SetKeyPairInfo = 0xfd, "SET_KEY_PAIR_INFO", V1_3;
    VendorDefined = 0xfe, "VENDOR_DEFINED_REQUEST", V1_0;
    RespondIfReady = 0xff, "RESPOND_IF_READY", V1_0;
}

codes! {
    /// The responses up to 1.3.
    Response:
    Digests = 0x01, "DIGESTS", V1_0;
    Certificate = 0x02, "CERTIFICATE", V1_0;
    ChallengeAuth = 0x03, "CHALLENGE_AUTH", V1_0;
    Version = 0x04, "VERSION", V1_0;
    ChunkSendAck = 0x05, "CHUNK_SEND_ACK", V1_2;
    ChunkResponse = 0x06, "CHUNK_RESPONSE", V1_2;
    EndpointInfo = 0x07, "ENDPOINT_INFO", V1_3;
    Measurements = 0x60, "MEASUREMENTS", V1_0;
    Capabilities = 0x61, "CAPABILITIES", V1_0;
    SupportedEventTypes = 0x62, "SUPPORTED_EVENT_TYPES", V1_3;
    Algorithms = 0x63, "ALGORITHMS", V1_0;
    KeyExchangeRsp = 0x64, "KEY_EXCHANGE_RSP", V1_1;
    FinishRsp = 0x65, "FINISH_RSP", V1_1;
    PskExchangeRsp = 0x66, "PSK_EXCHANGE_RSP", V1_1;
    PskFinishRsp = 0x67, "PSK_FINISH_RSP", V1_1;
    HeartbeatAck = 0x68, "HEARTBEAT_ACK", V1_1;
    KeyUpdateAck = 0x69, "KEY_UPDATE_ACK", V1_1;
    EncapsulatedRequest = 0x6a, "ENCAPSULATED_REQUEST", V1_1;
    EncapsulatedResponseAck = 0x6b, "ENCAPSULATED_RESPONSE_ACK", V1_1;
    EndSessionAck = 0x6c, "END_SESSION_ACK", V1_1;
    Csr = 0x6d, "CSR", V1_2;
    SetCertificateRsp = 0x6e, "SET_CERTIFICATE_RSP", V1_2;
    MeasurementExtensionLog = 0x6f, "MEASUREMENT_EXTENSION_LOG", V1_3;
    SubscribeEventTypesAck = 0x70, "SUBSCRIBE_EVENT_TYPES_ACK", V1_3;
    EventAck = 0x71, "EVENT_ACK", V1_3;
    KeyPairInfo = 0x7c, "KEY_PAIR_INFO", V1_3;
    SetKeyPairInfoAck = 0x7d, "SET_KEY_PAIR_INFO_ACK", V1_3;
    VendorDefined = 0x7e, "VENDOR_DEFINED_RESPONSE", V1_0;
    Error = 0x7f, "ERROR", V1_0;
}

impl Request {
    /// The response that answers it; RESPOND_IF_READY is answered by the response that was not ready.
    #[must_use]
    pub const fn response(self) -> Option<Response> {
        match self {
            Self::RespondIfReady => None,
            _ => Response::from_byte(self.byte() & 0x7f),
        }
    }
}

impl Request {
    /// Whether it takes away what was said before a challenge: digests and certificates (DSP0274 1.3, 10.10.1).
    pub(crate) const fn ends_authentication(self) -> bool {
        matches!(
            self,
            Self::GetMeasurements
                | Self::KeyExchange
                | Self::Finish
                | Self::PskExchange
                | Self::PskFinish
                | Self::KeyUpdate
                | Self::Heartbeat
                | Self::GetEncapsulatedRequest
                | Self::DeliverEncapsulatedResponse
                | Self::EndSession
                | Self::GetMeasurementExtensionLog
        )
    }
}

impl Code {
    /// Whether it is one of a request, known here or not.
    #[must_use]
    pub const fn is_request(self) -> bool {
        self.0 & 0x80 != 0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (Request::from_byte(self.0), Response::from_byte(self.0)) {
            (Some(request), _) => request.fmt(f),
            (None, Some(response)) => response.fmt(f),
            (None, None) => write!(f, "message {:#04x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_response_come_with_the_same_version() {
        for request in Request::ALL.iter().filter(|request| **request != Request::RespondIfReady) {
            let response = request.response().unwrap_or_else(|| panic!("{request}"));
            assert_eq!(response.since(), request.since(), "{request}");
        }
        assert_eq!(Request::RespondIfReady.response(), None);
    }

    #[test]
    fn a_code_of_no_message_is_shown_as_a_number() {
        extern crate std;
        use std::string::ToString;
        assert_eq!(Code(0x84).to_string(), "GET_VERSION");
        assert_eq!(Code(0x7f).to_string(), "ERROR");
        assert_eq!(Code(0xc0).to_string(), "message 0xc0");
    }
}
