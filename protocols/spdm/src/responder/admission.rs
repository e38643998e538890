//! Which requests are taken, and when.

use super::{Core, Endpoint, Held, Phase, Refused, Requesters, VendorHandler};
use crate::Version;
use crate::message::{ErrorCode, Header, Request, RequesterFlags, ResponderFlags};
use crate::session::Sessions;
use crate::transcript::Part;

impl<E: Endpoint> Core<E> {
    /// Whether a request may come now: of a version that is spoken, supported, and in its place.
    pub(super) fn admit(&mut self, header: Header, held: &Held) -> Result<Request, Refused> {
        let code = header.code;
        let version = self.check_version(header)?;
        let request = Request::from_byte(code).filter(|request| request.since() <= version);
        let request = request.ok_or(Refused::unsupported(code))?;
        if !self.supports(request) {
            self.touch(request);
            return Err(Refused::unsupported(code));
        }
        self.check_flow(request)?;
        match self.lane {
            None => self.check_place(request, held)?,
            Some(id) => self.check_place_within(id, request, held)?,
        }
        self.touch(request);
        Ok(request)
    }

    /// Outside of sessions.
    fn check_place(&self, request: Request, held: &Held) -> Result<(), Refused> {
        let in_place = match request {
            Request::GetVersion => true,
            Request::GetCapabilities => self.phase == Phase::Version,
            Request::NegotiateAlgorithms => self.phase == Phase::Capabilities,
            Request::ChunkSend => matches!(self.phase, Phase::Capabilities | Phase::Connected(_)),
            Request::ChunkGet => matches!(held, Held::Large(_)),
            Request::RespondIfReady => matches!(held, Held::Unsigned { .. }),
            Request::PskFinish | Request::Heartbeat | Request::KeyUpdate | Request::EndSession
                if self.is_connected() =>
            {
                return Err(Refused::SESSION_REQUIRED);
            }
            Request::Finish if self.is_connected() => return self.check_clear_finish(),
            _ => self.is_connected(),
        };
        if in_place { Ok(()) } else { Err(Refused::UNEXPECTED) }
    }

    /// A FINISH in the clear is for the session whose handshake began last, and goes in the clear.
    fn check_clear_finish(&self) -> Result<(), Refused> {
        let session = self.clear.and_then(|id| self.session(id)).ok_or(Refused::SESSION_REQUIRED)?;
        if session.is_established() { Err(Refused::UNEXPECTED) } else { Ok(()) }
    }

    /// In a session. A handshake takes what belongs to it, and what ends it is what fits how it began.
    fn check_place_within(&self, id: u32, request: Request, held: &Held) -> Result<(), Refused> {
        let session = self.session(id).ok_or(Refused::UNEXPECTED)?;
        let in_place = match request {
            Request::ChunkSend => true,
            Request::ChunkGet => matches!(held, Held::Large(_)),
            Request::RespondIfReady => matches!(held, Held::Unsigned { .. }),
            Request::GetEncapsulatedRequest | Request::DeliverEncapsulatedResponse => true,
            Request::Finish => {
                !session.is_established() && !session.terms.is_psk && !session.terms.in_the_clear
            }
            Request::PskFinish => !session.is_established() && session.terms.is_psk,
            Request::GetDigests
            | Request::GetCertificate
            | Request::GetMeasurements
            | Request::VendorDefined
            | Request::Heartbeat
            | Request::KeyUpdate
            | Request::EndSession => session.is_established(),
            _ => false,
        };
        if in_place { Ok(()) } else { Err(Refused::UNEXPECTED) }
    }

    const fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Connected(_))
    }

    /// GET_VERSION is 1.0, GET_CAPABILITIES chooses a version, and all else is of the chosen one.
    fn check_version(&self, header: Header) -> Result<Version, Refused> {
        let mismatch = Refused { code: ErrorCode::VERSION_MISMATCH, data: 0 };
        let version =
            Version::from_byte(header.version).filter(|version| self.settings.versions.contains(*version));
        let fits = match (self.phase, header.code) {
            (_, code) if code == Request::GetVersion.byte() => {
                return if header.version == Version::V1_0.byte() {
                    Ok(Version::V1_0)
                } else {
                    Err(mismatch)
                };
            }
            (Phase::Start | Phase::Version, _) => true,
            (Phase::Capabilities | Phase::Connected(_), _) => version == Some(self.version),
        };
        version.filter(|_| fits).ok_or(mismatch)
    }

    /// The version of an ERROR: that of the request where it is spoken, else the oldest, which everyone knows.
    pub(super) fn error_version(&self, header: Header, refused: Refused) -> Version {
        let asked =
            Version::from_byte(header.version).filter(|asked| self.settings.versions.contains(*asked));
        match self.phase {
            Phase::Capabilities | Phase::Connected(_) => self.version,
            _ if refused.code == ErrorCode::VERSION_MISMATCH => Version::V1_0,
            _ => asked.unwrap_or(Version::V1_0),
        }
    }

    pub(super) fn supports(&self, request: Request) -> bool {
        let flags = self.flags();
        match request {
            Request::GetVersion
            | Request::GetCapabilities
            | Request::NegotiateAlgorithms
            | Request::RespondIfReady => true,
            Request::GetDigests | Request::GetCertificate => flags.contains(ResponderFlags::CERT),
            Request::Challenge => flags.contains(ResponderFlags::CHAL),
            Request::GetMeasurements => flags.intersects(ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED),
            Request::ChunkSend | Request::ChunkGet => self.may_chunk(),
            Request::VendorDefined => E::Vendor::PRESENT,
            _ if E::Sessions::PRESENT || E::Requesters::PRESENT => self.supports_of_sessions(request),
            _ => false,
        }
    }

    /// What both sides say that they can do.
    fn supports_of_sessions(&self, request: Request) -> bool {
        use {RequesterFlags as Q, ResponderFlags as R};
        let (flags, asker) = (self.flags(), self.requester);
        let exchanges = flags.contains(R::KEY_EX) && asker.contains(Q::KEY_EX);
        let psk = flags.intersects(R::PSK | R::PSK_WITH_CONTEXT) && asker.contains(Q::PSK);
        match request {
            Request::KeyExchange | Request::Finish => exchanges,
            Request::PskExchange => psk,
            Request::PskFinish => psk && flags.contains(R::PSK_WITH_CONTEXT),
            Request::Heartbeat => flags.contains(R::HBEAT) && asker.contains(Q::HBEAT),
            Request::KeyUpdate => flags.contains(R::KEY_UPD) && asker.contains(Q::KEY_UPD),
            Request::EndSession => exchanges || psk,
            Request::GetEncapsulatedRequest | Request::DeliverEncapsulatedResponse => {
                self.takes_encapsulated()
            }
            _ => false,
        }
    }

    /// Which transcripts a request ends, whatever comes of it (DSP0274 1.3, 10.10.1 and 10.12.1).
    fn touch(&mut self, request: Request) {
        let goes_on = matches!(request, Request::ChunkSend | Request::ChunkGet | Request::RespondIfReady);
        if !goes_on && request != Request::GetMeasurements {
            self.reset(Part::Measurements);
        }
        if request.ends_authentication() {
            self.reset(Part::Authentication);
        }
    }
}
