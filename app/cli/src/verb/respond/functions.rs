//! What the device does beside SPDM, for whoever it has a session with: keys of encrypted links, trusted interfaces and
//! memory over vendor-defined messages, PLDM where MCTP carries the session. All of it is emulated; there is no link
//! behind it.

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::Provider;
use lanewarden_ide::{Fault, cxl, pci};
use lanewarden_mctp::MessageType;
use lanewarden_mctp::pldm::Terminus;
use lanewarden_spdm::message::{ErrorCode, Registry};
use lanewarden_spdm::responder::{Context, VendorHandler};
use lanewarden_tdisp::{
    EmulatedInterface, InterfaceId, InterfaceInfo, MmioRange, NONCE_SIZE, NoEntropy, NoResponse, NoRoom,
    RangeAttributes, ReportHead, tsp,
};

/// Ports of the device, and streams that each has room for. spdm-emu's requester has keys for port 1, and takes no more
/// than 74 registers.
const PORTS: usize = 2;
const STREAMS: usize = 4;
const ALL_STREAMS: usize = PORTS * STREAMS;
/// The function whose interface there is: 00be:1d.7, the one that spdm-emu's requester asks for.
const FUNCTION: u32 = 0xbeef;
/// The interface's memory: a BAR of 64 KiB whose first page is the MSI-X table.
const RANGES: [MmioRange; 2] = [
    MmioRange { first_page: 0x8_0000, pages: 1, attributes: RangeAttributes::MSIX_TABLE, id: 0 },
    MmioRange { first_page: 0x8_0001, pages: 15, attributes: RangeAttributes::empty(), id: 0 },
];
/// Bytes of memory that a CXL host may take into trusted domains.
const MEMORY: u64 = 1 << 30;

type Random = fn(&mut [u8]) -> Result<(), Fault>;

/// The device's functions.
pub struct Functions {
    link: pci::Responder<pci::Emulation<PORTS, STREAMS>, ALL_STREAMS>,
    cxl_link: cxl::Responder<cxl::Emulation<Random, PORTS>, PORTS>,
    interface: lanewarden_tdisp::Responder<lanewarden_tdisp::Emulated<1>, 1>,
    memory: tsp::Responder<tsp::Emulated>,
    terminus: Terminus,
}

impl Functions {
    /// As they are after a reset.
    ///
    /// # Errors
    /// Where the interface's report does not fit.
    pub fn new() -> Result<Self, NoRoom> {
        let info = InterfaceInfo::NO_UPDATE_AFTER_LOCK | InterfaceInfo::DMA_WITHOUT_PASID;
        let head = ReportHead { info, ..ReportHead::default() };
        let interface = EmulatedInterface::new(InterfaceId::from_bits(FUNCTION), head, &RANGES, &[])?;
        let interfaces = lanewarden_tdisp::Emulated::new([interface]);
        let ids = interfaces.ids();
        Ok(Self {
            link: pci::Responder::new(pci::Emulation::new()),
            cxl_link: cxl::Responder::new(cxl::Emulation::new(random)),
            interface: lanewarden_tdisp::Responder::new(interfaces, ids),
            memory: tsp::Responder::new(tsp::Emulated::new(MEMORY)),
            terminus: Terminus { id: 1 },
        })
    }
}

fn random(out: &mut [u8]) -> Result<(), Fault> {
    AwsLc.random(out).map_err(|_| Fault::Failed)
}

fn nonce(out: &mut [u8; NONCE_SIZE]) -> Result<(), NoEntropy> {
    AwsLc.random(out).map_err(|_| NoEntropy)
}

impl VendorHandler for Functions {
    fn handle(
        &mut self,
        context: Context,
        registry: Registry<'_>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        use lanewarden_ide::PROTOCOL as IDE_KM;
        use lanewarden_tdisp::PROTOCOL_ID as TDISP_OR_TSP;
        let session = context.session;
        let protocol = *request.first().ok_or(ErrorCode::INVALID_REQUEST)?;
        let of_pci = registry.body == lanewarden_ide::BODY && registry.vendor == pci::VENDOR;
        let of_cxl = registry.body == lanewarden_ide::BODY && registry.vendor == cxl::VENDOR;
        let keys = |refused: lanewarden_ide::Refused| ErrorCode(refused.spdm_code());
        match protocol {
            IDE_KM if of_pci => self.link.respond(session, request, answer).map_err(keys),
            IDE_KM if of_cxl => self.cxl_link.respond(session, request, answer).map_err(keys),
            TDISP_OR_TSP if of_pci => {
                self.interface.respond(session, nonce, request, answer).map_err(unanswered)
            }
            TDISP_OR_TSP if of_cxl => self.memory.respond(session, request, answer).map_err(unanswered),
            _ => Err(ErrorCode::UNSUPPORTED_REQUEST),
        }
    }

    fn message(&mut self, _: Context, message_type: u8, message: &[u8], answer: &mut [u8]) -> Option<usize> {
        match MessageType::new(message_type)? {
            MessageType::PLDM => self.terminus.respond(message, answer),
            _ => None,
        }
    }

    fn ended(&mut self, session: u32) {
        self.link.ended(session);
        self.cxl_link.ended(session);
        self.interface.ended(session);
        self.memory.ended(session);
    }

    fn reset(&mut self) {
        self.link.reset();
        self.cxl_link.reset();
        self.interface.reset();
        self.memory.reset();
    }
}

/// Neither TDISP nor TSP has an answer of its own.
const fn unanswered(why: NoResponse) -> ErrorCode {
    match why {
        NoResponse::NoSession => ErrorCode::SESSION_REQUIRED,
        NoResponse::Malformed(_) => ErrorCode::INVALID_REQUEST,
        NoResponse::NoRoom => ErrorCode::UNSPECIFIED,
    }
}

#[cfg(test)]
mod tests {
    use lanewarden_ide::pci::Query;

    use super::*;

    const SESSION: Context = Context { session: Some(7), mutual: false };
    const CXL: Registry<'static> = Registry { body: 3, vendor: &[0x98, 0x1e] };

    fn asked(
        functions: &mut Functions,
        context: Context,
        registry: Registry<'_>,
        request: &[u8],
    ) -> Result<Vec<u8>, ErrorCode> {
        let mut answer = [0; 512];
        let length = functions.handle(context, registry, request, &mut answer)?;
        Ok(answer[..length].to_vec())
    }

    #[test]
    fn each_protocol_is_answered_under_its_vendor() {
        let mut functions = Functions::new().unwrap();
        let mut query = [0; 8];
        let length = Query { port: 1 }.encode(&mut query).unwrap();
        let answer = asked(&mut functions, SESSION, Registry::PCI_SIG_PROTOCOLS, &query[..length]).unwrap();
        assert_eq!(Query { port: 1 }.check(&answer).unwrap().info.max_port, 1);
        let answer = asked(&mut functions, SESSION, CXL, &query[..length]).unwrap();
        assert_eq!(answer[..2], [0, 1], "QUERY_RESP of CXL_IDE_KM");
        // GET_VERSION of each: the version, the code, what is reserved, the function or nothing.
        let tdisp = [&[1, 0x10, 0x81, 0, 0, 0xef, 0xbe][..], &[0; 10]].concat();
        let answer = asked(&mut functions, SESSION, Registry::PCI_SIG_PROTOCOLS, &tdisp).unwrap();
        assert_eq!(answer[..3], [1, 0x10, 0x01]);
        let answer = asked(&mut functions, SESSION, CXL, &[1, 0x10, 0x81, 0, 0]).unwrap();
        assert_eq!(answer[..3], [1, 0x10, 0x01]);
    }

    #[test]
    fn nothing_of_it_is_answered_outside_of_sessions_or_for_others() {
        let mut functions = Functions::new().unwrap();
        let requests = [&[0, 0, 0, 1][..], &[&[1, 0x10, 0x81, 0, 0, 0xef, 0xbe][..], &[0; 10]].concat()];
        for request in requests {
            for registry in [Registry::PCI_SIG_PROTOCOLS, CXL] {
                let said = asked(&mut functions, Context::default(), registry, request);
                assert_eq!(said, Err(ErrorCode::SESSION_REQUIRED), "{request:02x?}");
            }
            let other = Registry { body: 3, vendor: &[0x86, 0x80] };
            assert_eq!(asked(&mut functions, SESSION, other, request), Err(ErrorCode::UNSUPPORTED_REQUEST));
        }
        let unknown = asked(&mut functions, SESSION, Registry::PCI_SIG_PROTOCOLS, &[2, 0]);
        assert_eq!(unknown, Err(ErrorCode::UNSUPPORTED_REQUEST));
        assert_eq!(asked(&mut functions, SESSION, CXL, &[]), Err(ErrorCode::INVALID_REQUEST));
    }
}
