//! A host that asks a device of an emulated machine who it is.

use std::time::Duration;

use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Hash, Provider};
use lanewarden_doe::{Error as MailboxError, Mailbox, Policy, Protocol, Request, exchange};
use lanewarden_emulation::{Emulation, attach};
use lanewarden_pci::registers::doe::{Doe, READ_MAILBOX, WRITE_MAILBOX};
use lanewarden_pci::{AccessError, ConfigSpace, Function, Machine};
use lanewarden_sim::{FunctionConfig, Scenario, Simulator};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::certificate::{
    AnchorList, Chain, ChainError, DeviceIdentity, Distrust, IdentityError, NoRevocations, Rules,
};
use lanewarden_spdm::message::{Operation, SummaryKind};
use lanewarden_spdm::requester::{
    ChallengeRequest, Event, MeasurementRequest, Parts, PeerKey, Requester, RunError, SessionRequest,
    Settings, Transport, run,
};
use lanewarden_spdm::session::{Seat, seats};
use lanewarden_spdm::{Connection, Error};
use lanewarden_time::Clock;

/// The middle of 2026, in Unix seconds.
pub const NOW: u64 = 1_782_864_000;

/// A machine whose devices have responders.
pub struct World {
    pub machine: Simulator,
    pub emulation: Emulation,
}

impl World {
    pub fn new(text: &str) -> Self {
        let scenario = Scenario::parse(text).unwrap_or_else(|error| panic!("{error}"));
        Self::of(&scenario)
    }

    pub fn of(scenario: &Scenario) -> Self {
        let machine = Simulator::new(scenario).unwrap();
        let emulation = attach(&machine, scenario).unwrap();
        Self { machine, emulation }
    }

    /// One device that has such a table, below one root port.
    pub fn one(spdm: &str) -> Self {
        Self::new(&one(spdm))
    }

    /// The same, and sessions can be opened with it.
    pub fn with_sessions(spdm: &str) -> Self {
        Self::new(&one(spdm).replace("\"cma_spdm\"", "\"cma_spdm\", \"secured_cma_spdm\""))
    }

    pub fn host(&self, name: &str) -> Host {
        Host::new(&self.machine, name)
    }

    /// Asks who `name` is.
    pub fn attest(&self, name: &str) -> Result<Attested, Refused> {
        self.host(name).attest(&self.emulation.anchors())
    }
}

/// The scenario of [`World::one`].
pub fn one(spdm: &str) -> String {
    format!(
        "seed = 7\n[[bridges]]\nuid = 1\n[[bridges.ports]]\n[[bridges.ports.functions]]\nkind = \"nvme\"\n\
         name = \"drive\"\nserial = \"00-25-38-ff-fe-17-50-01\"\ndoe = [{{ protocols = [\"cma_spdm\"] }}]\n\
         spdm = {spdm}\n"
    )
}

/// What a device has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    pub connection: Connection,
    pub chain: Vec<u8>,
    /// Index, type and value of each.
    pub measurements: Vec<(u8, u8, Vec<u8>)>,
    pub signatures: Vec<Vec<u8>>,
}

/// Why a device is not who it says it is.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    Spdm(Error),
    Mailbox(MailboxError),
    Chain(ChainError),
    Distrust(Vec<Distrust>),
    Identity(IdentityError),
    /// The measurements are not those that CHALLENGE_AUTH summed up.
    Summary,
}

impl From<RunError<MailboxError>> for Refused {
    fn from(error: RunError<MailboxError>) -> Self {
        match error {
            RunError::Spdm(error) => Self::Spdm(error),
            RunError::Transport(error) => Self::Mailbox(error),
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Spdm(error)
    }
}

/// A function, watched: what goes into a mailbox of it and what comes out, as whoever stands between sees it.
pub struct Watched {
    config: FunctionConfig,
    offset: u16,
    pub seen: Vec<u8>,
}

impl ConfigSpace for Watched {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        let value = self.config.read(offset)?;
        if offset == self.offset + READ_MAILBOX {
            self.seen.extend(value.to_le_bytes());
        }
        Ok(value)
    }

    fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
        if offset == self.offset + WRITE_MAILBOX {
            self.seen.extend(value.to_le_bytes());
        }
        self.config.write(offset, value)
    }

    fn size(&self) -> u16 {
        self.config.size()
    }
}

/// A mailbox of a function.
pub struct Wire {
    machine: Simulator,
    pub config: Watched,
    mailbox: Mailbox<Vec<u8>>,
    /// Whether objects have a connection ID, and which.
    pub connection: Option<u16>,
    /// Every message that was sent.
    pub said: Vec<Vec<u8>>,
    /// Every answer.
    pub heard: Vec<Vec<u8>>,
}

impl Transport for Wire {
    type Error = MailboxError;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), MailboxError> {
        let protocol = match (kind, self.connection) {
            (MessageKind::Plain, None) => Protocol::CMA_SPDM,
            (MessageKind::Secured, None) => Protocol::SECURED_CMA_SPDM,
            (MessageKind::Plain, Some(_)) => Protocol::CMA_SPDM_WITH_CONNECTION,
            (MessageKind::Secured, Some(_)) => Protocol::SECURED_CMA_SPDM_WITH_CONNECTION,
        };
        self.said.push(message.to_vec());
        let request = Request::new(protocol, message).connection(self.connection.unwrap_or(0));
        let payload = exchange(&mut self.mailbox, &mut self.config, &self.machine, &request)?;
        answer[..payload.len()].copy_from_slice(payload);
        self.heard.push(payload.to_vec());
        Ok((kind, payload.len()))
    }
}

/// It has room for a session.
type Asking = Parts<AwsLc, (), [Seat<AwsLc>; 1]>;

pub struct Host {
    machine: Simulator,
    pub wire: Wire,
    identity: DeviceIdentity,
    /// Whose chain and key are asked for.
    pub slot: u8,
    pub requester: Requester<Asking, Vec<u8>>,
}

impl Host {
    pub fn new(machine: &Simulator, name: &str) -> Self {
        Self::with(machine, name, Settings::default())
    }

    pub fn with(machine: &Simulator, name: &str, settings: Settings) -> Self {
        Self::at(machine, name, 0, settings)
    }

    /// At one of a function's mailboxes that speak SPDM, by its number from 0.
    pub fn at(machine: &Simulator, name: &str, mailbox: usize, settings: Settings) -> Self {
        let address = machine.address(name).unwrap();
        let devices = machine.spdm_devices();
        let mut mailboxes = devices.iter().map(|one| one.mailbox).filter(|one| one.address == address);
        let offset = mailboxes.nth(mailbox).unwrap().offset;
        let mut config = machine.open(address).unwrap();
        let function = Function::read(address, &mut config).unwrap();
        let doe: Doe = *function.does.iter().find(|doe| doe.offset == offset).unwrap();
        let mailbox = Mailbox::new(doe, vec![0; 1 << 16], Policy::default());
        let class = function.header.class;
        let identity = DeviceIdentity {
            vendor_id: function.header.vendor,
            device_id: function.header.device,
            class_code: u32::from_be_bytes([0, class.base, class.sub, class.interface]),
            revision: function.header.revision,
            subsystem: function.header.subsystem,
            serial: function.serial.map(|serial| serial.0),
        };
        let config = Watched { config, offset, seen: Vec::new() };
        let (said, heard) = (Vec::new(), Vec::new());
        let wire = Wire { machine: machine.clone(), config, mailbox, connection: None, said, heard };
        let requester = Requester::new(Parts::new(AwsLc).with_sessions(seats()), settings, vec![0; 1 << 15]);
        Self { machine: machine.clone(), wire, identity, slot: 0, requester }
    }

    /// Runs the operation in work.
    pub fn run(&mut self, show: impl FnMut(Event<'_>)) -> Result<(), Refused> {
        let mut answer = vec![0; 1 << 16];
        Ok(run(&mut self.requester, &mut self.wire, &self.machine, &mut answer, show)?)
    }

    pub fn connect(&mut self) -> Result<Connection, Refused> {
        self.requester.connect()?;
        self.run(|_| {})?;
        Ok(*self.requester.connection().unwrap())
    }

    /// Fetches a chain and knows its key from then on, whether it is trusted or not.
    pub fn chain(&mut self, anchors: &[Vec<u8>]) -> Result<Vec<u8>, Refused> {
        self.requester.digests()?;
        self.run(|_| {})?;
        self.requester.certificate(self.slot)?;
        let mut bytes = Vec::new();
        self.run(|event| {
            if let Event::Portion(portion) = event {
                bytes.extend_from_slice(portion.bytes);
            }
        })?;
        let hash = self.requester.connection().unwrap().hash;
        let chain = Chain::parse(&bytes, Rules::responder(hash, Some(NOW))).map_err(Refused::Chain)?;
        let anchors: Vec<&[u8]> = anchors.iter().map(Vec::as_slice).collect();
        let anchors = AnchorList::new(&anchors, 1).unwrap();
        let validated = chain.validate(&AwsLc, &anchors, &NoRevocations).map_err(Refused::Chain)?;
        if !validated.is_trusted() {
            return Err(Refused::Distrust(validated.distrust.iter().copied().collect()));
        }
        validated.leaf.identity().check(&self.identity).map_err(Refused::Identity)?;
        let key = PeerKey { key: validated.leaf.key().clone(), chain: *validated.leaf.chain_digest() };
        self.requester.know(self.slot, key);
        Ok(bytes)
    }

    /// The summary of all measurements, and the signature.
    pub fn challenge(&mut self) -> Result<(Vec<u8>, Vec<u8>), Refused> {
        self.requester.challenge(ChallengeRequest {
            slot: self.slot,
            summary: SummaryKind::All,
            ..ChallengeRequest::default()
        })?;
        let mut shown = None;
        self.run(|event| {
            if let Event::Authenticated(proof) = event {
                shown = Some((proof.answer.summary.to_vec(), proof.answer.signature.to_vec()));
            }
        })?;
        Ok(shown.unwrap())
    }

    pub fn attest(&mut self, anchors: &[Vec<u8>]) -> Result<Attested, Refused> {
        let connection = self.connect()?;
        let chain = self.chain(anchors)?;
        let (summary, signature) = self.challenge()?;
        let mut attested =
            Attested { connection, chain, measurements: Vec::new(), signatures: vec![signature] };
        self.requester.measurements(MeasurementRequest {
            operation: Operation::All,
            signed: Some(self.slot),
            nonce: None,
            raw: false,
            context: [0; 8],
        })?;
        let mut record = Vec::new();
        self.run(|event| {
            if let Event::Measured(measured) = event {
                record = measured.answer.blocks.record().to_vec();
                attested.signatures.push(measured.answer.signature.to_vec());
                attested.measurements.extend(measured.answer.blocks.iter().map(|block| {
                    let (kind, _, value) = block.value().unwrap();
                    (block.index, kind.0, value.to_vec())
                }));
            }
        })?;
        let mut hash = AwsLc.hash(connection.hash).unwrap();
        hash.update(&record);
        if hash.finish().as_bytes() == summary { Ok(attested) } else { Err(Refused::Summary) }
    }

    /// Opens a session, and gives its number.
    pub fn open(&mut self, anchors: &[Vec<u8>]) -> Result<u32, Refused> {
        self.connect()?;
        self.chain(anchors)?;
        self.requester.key_exchange(SessionRequest {
            slot: self.slot,
            summary: SummaryKind::All,
            ..SessionRequest::default()
        })?;
        let mut opened = None;
        self.run(|event| {
            if let Event::Opened(id) = event {
                opened = Some(id);
            }
        })?;
        Ok(opened.unwrap())
    }

    /// What is measured, asked for in a session.
    pub fn measure_in(&mut self, session: u32) -> Result<Vec<Vec<u8>>, Refused> {
        self.requester.within(session).measurements(MeasurementRequest::all_signed(self.slot))?;
        let mut values = Vec::new();
        self.run(|event| {
            if let Event::Measured(measured) = event {
                let blocks = measured.answer.blocks.iter();
                values.extend(blocks.map(|block| block.value().unwrap().2.to_vec()));
            }
        })?;
        Ok(values)
    }

    /// Shows the device that somebody is there.
    pub fn beat(&mut self, session: u32) -> Result<(), Refused> {
        self.requester.within(session).heartbeat()?;
        let mut alive = None;
        self.run(|event| {
            if let Event::Alive(id) = event {
                alive = Some(id);
            }
        })?;
        assert_eq!(alive, Some(session));
        Ok(())
    }

    pub fn now(&self) -> Duration {
        self.machine.now().since_origin()
    }
}
