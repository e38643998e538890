//! Our requester asks their responder.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Digest, Provider};
use lanewarden_net::emulator::{Client, Transport};
use lanewarden_net::{MessageKind, Socket, TransportError};
use lanewarden_spdm::certificate::{AnchorList, ChainReader, NoRevocations, Rules, Validated};
use lanewarden_spdm::message::{ErrorCode, GET_VERSION, MIN_TRANSFER_SIZE, Operation, SummaryKind};
use lanewarden_spdm::requester::{
    self, ChallengeRequest, Event, MeasurementRequest, PeerKey, Requester, RunError, Settings,
};
use lanewarden_spdm::session::{RecordForm, Seat, seats};
use lanewarden_spdm::{Identities, Instant, Reason, Record, Version};
use lanewarden_time::Clock;

use crate::identities::Chains;
use crate::names;
use crate::plan::{Combination, Sizes};
use crate::program::Program;
use crate::scratch::Scratch;

/// How long anything may take before a run has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of the longest message that may come at once or in chunks, and of the longest certificate.
const BUFFER: usize = 0x2000;
/// The measurements that their responder has.
const INDICES: [u8; 8] = [1, 2, 3, 4, 0x10, 0x11, 0xfd, 0xfe];

/// Those of them that are digests or raw, as is asked for.
const FIRMWARE: [u8; 4] = [1, 2, 3, 4];

/// Options that bind their responder to the combination.
#[must_use]
pub fn options(one: &Combination) -> Vec<String> {
    let (signature, hash) = (names::signature(one.signature), names::hash(one.hash));
    let version = one.version.to_string();
    let options = [
        ("--trans", names::transport(one.transport)),
        ("--ver", &version),
        ("--asym", signature),
        ("--hash", hash),
        ("--meas_hash", hash),
    ];
    options.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_owned()]).collect()
}

/// Starts their responder, asks it everything, and lets it end. Returns how many messages went out.
///
/// # Errors
/// What either side has against the other.
pub fn run(emulators: &Path, one: &Combination) -> Result<usize> {
    let scratch = Scratch::new(emulators)?;
    let root = scratch.read(names::folder(one.signature), names::root(one.slot))?;
    let (program, mut asker) = Asker::start_in(&scratch, one)?;
    asker.everything(one, &root)?;
    let messages = asker.way.messages;
    asker.leave()?;
    program.end(PATIENCE)?.check()?;
    Ok(messages)
}

/// The way to their responder.
#[derive(Debug)]
pub struct Way {
    client: Client<Socket>,
    /// Messages that went out.
    pub messages: usize,
}

impl requester::Transport for Way {
    type Error = TransportError;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        within: Duration,
    ) -> Result<(MessageKind, usize), TransportError> {
        self.messages += 1;
        self.client.exchange(kind, message, answer, within)
    }
}

/// The clock of the wall.
pub struct Wall(pub std::time::Instant);

impl Clock for Wall {
    fn now(&self) -> Instant {
        Instant::new(self.0.elapsed())
    }

    fn wait_until(&self, deadline: Instant) {
        std::thread::sleep(deadline - self.now());
    }
}

/// What a measurement says: whether it is raw, and its value.
type Blocks = BTreeMap<u8, (bool, Vec<u8>)>;

/// Room for sessions.
type Table = [Seat<AwsLc>; 2];

/// Our requester, connected.
pub struct Asker<I: Identities = (), R: Record = ()> {
    pub(crate) requester: Requester<requester::Parts<AwsLc, R, Table, I>, Vec<u8>>,
    /// The way it is connected by.
    pub way: Way,
    pub(crate) clock: Wall,
    pub(crate) answer: Vec<u8>,
}

/// What an operation fails with.
pub type Failure = RunError<TransportError>;

/// The usual settings, for a combination.
#[must_use]
pub fn settings(one: &Combination) -> Settings {
    let usual = Settings { round_trip: PATIENCE, ..Settings::default() };
    match one.sizes {
        Sizes::Usual => usual,
        Sizes::Least => Settings { transfer_size: MIN_TRANSFER_SIZE, ..usual },
    }
}

impl Asker {
    /// Starts their responder in a folder of its own, which lasts as long as the program, and connects to it.
    ///
    /// # Errors
    /// Where either fails.
    pub fn start(emulators: &Path, one: &Combination) -> Result<(Program, Self)> {
        let scratch = Scratch::new(emulators)?;
        let (program, asker) = Self::start_in(&scratch, one)?;
        Ok((program.keeping(scratch), asker))
    }

    /// Starts their responder in this folder, and connects to it.
    ///
    /// # Errors
    /// Where either fails.
    pub fn start_in(scratch: &Scratch, one: &Combination) -> Result<(Program, Self)> {
        let (program, port) = Program::responder(scratch, &options(one))?;
        Ok((program, Self::meet(one.transport, settings(one), (), (), port)?))
    }
}

impl<I: Identities, R: Record> Asker<I, R> {
    /// Connects to their responder, up to where SPDM begins.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn meet(
        transport: Transport,
        settings: Settings,
        identities: I,
        record: R,
        port: u16,
    ) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut client = Client::connect(address, transport, PATIENCE)?;
        if transport != Transport::None {
            client.hello(PATIENCE)?;
        }
        if transport == Transport::Doe {
            let found = client.discover(PATIENCE)?;
            let speaks = found.iter().any(|feature| feature.protocol == lanewarden_doe::Protocol::CMA_SPDM);
            ensure!(speaks, "no SPDM in its discovery list");
        }
        let room = usize::try_from(settings.transfer_size)?;
        let parts = requester::Parts::new(AwsLc).with_record(record).with_sessions(seats());
        let parts = parts.with_identities(identities);
        Ok(Self {
            requester: Requester::new(parts, settings, vec![0; BUFFER]),
            way: Way { client, messages: 0 },
            clock: Wall(std::time::Instant::now()),
            // Data objects are padded.
            answer: vec![0; room.next_multiple_of(4) + RecordForm::AROUND],
        })
    }

    /// Runs what has been begun, and shows what comes of it.
    pub(crate) fn drive(&mut self, show: impl FnMut(Event<'_>)) -> Result<(), Failure> {
        requester::run(&mut self.requester, &mut self.way, &self.clock, &mut self.answer, show)
    }

    /// Agrees on what the combination says.
    ///
    /// # Errors
    /// Where that does not come of it.
    pub fn connect(&mut self, one: &Combination) -> Result<()> {
        self.requester.connect()?;
        self.drive(drop_event)?;
        let connection = self.requester.connection().context("nothing was agreed on")?;
        let agreed = (connection.version, connection.signature, connection.hash);
        ensure!(agreed == (one.version, Some(one.signature), one.hash), "agreed on {agreed:?}");
        Ok(())
    }

    fn everything(&mut self, one: &Combination, root: &[u8]) -> Result<()> {
        self.connect(one).context("connect")?;
        let validated = self.chain(one, root).context("chain")?;
        let first = validated.distrust.first();
        ensure!(
            validated.is_trusted(),
            "the chain is not trusted: {}",
            first.map_or(String::new(), ToString::to_string)
        );
        ensure!(validated.leaf.suits(one.signature), "the leaf has another kind of key");
        let peer = PeerKey { key: validated.leaf.key().clone(), chain: *validated.leaf.chain_digest() };
        self.requester.know(one.slot, peer);
        self.challenge(one, SummaryKind::All).context("challenge")?;
        self.measurements(one).context("measurements")?;
        self.connect(one).context("connect again")?;
        self.digests().context("digests again")?;
        self.challenge(one, SummaryKind::Tcb).context("challenge again")
    }

    fn digests(&mut self) -> Result<(), Failure> {
        self.requester.digests().map_err(RunError::Spdm)?;
        self.drive(drop_event)
    }

    /// Fetches a chain, judged by one root.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn chain(&mut self, one: &Combination, root: &[u8]) -> Result<Validated<AwsLc>> {
        self.digests()?;
        let anchors = [root];
        let anchors = AnchorList::new(&anchors, 1)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let rules = Rules::responder(one.hash, Some(now));
        let mut reader = ChainReader::new(AwsLc, anchors, NoRevocations, rules, vec![0; BUFFER])?;
        self.requester.certificate(one.slot)?;
        let mut read = Ok(());
        self.drive(|event| {
            if let (Event::Portion(portion), true) = (event, read.is_ok()) {
                read = reader.push(portion.bytes);
            }
        })?;
        read?;
        Ok(reader.finish()?)
    }

    /// Takes the key of one of our chains for that of theirs.
    ///
    /// # Errors
    /// Where there are no digests.
    pub fn know_key_of(&mut self, one: &Combination, chains: &Chains) -> Result<()> {
        self.digests()?;
        let chain = *self.requester.digest(one.slot).context("no chain")?;
        let key = AwsLc.verifying_key(&chains.key(one.slot)?.public_key())?;
        self.requester.know(one.slot, PeerKey { key, chain });
        Ok(())
    }

    /// Lets it prove that it holds the slot's key.
    ///
    /// # Errors
    /// [`Failure`], and where it proves something else.
    pub fn challenge(&mut self, one: &Combination, summary: SummaryKind) -> Result<()> {
        self.requester.challenge(ChallengeRequest {
            slot: one.slot,
            summary,
            ..ChallengeRequest::default()
        })?;
        let mut sizes = None;
        self.drive(|event| {
            if let Event::Authenticated(proof) = event {
                sizes = Some((proof.slot, proof.answer.summary.len()));
            }
        })?;
        let summary = if summary == SummaryKind::None { 0 } else { one.hash.size() };
        ensure!(sizes == Some((one.slot, summary)), "authenticated {sizes:?}");
        Ok(())
    }

    /// Asks, and gives how many there are, what came, and what was signed.
    fn measure(
        &mut self,
        operation: Operation,
        signed: Option<u8>,
        raw: bool,
    ) -> Result<(u8, Blocks, Option<Digest>), Failure> {
        let request = MeasurementRequest { operation, signed, raw, ..MeasurementRequest::all_signed(0) };
        self.requester.measurements(request).map_err(RunError::Spdm)?;
        let mut seen = (0, Blocks::new(), None);
        self.drive(|event| {
            if let Event::Measured(measured) = event {
                let values = measured.answer.blocks.iter().filter_map(|block| {
                    let (_, raw, value) = block.value()?;
                    Some((block.index, (raw, value.to_vec())))
                });
                seen = (measured.answer.total, values.collect(), measured.transcript);
            }
        })?;
        Ok(seen)
    }

    /// In every way there is, which all have to say the same.
    fn measurements(&mut self, one: &Combination) -> Result<()> {
        let (count, ..) = self.measure(Operation::Count, None, false)?;
        ensure!(usize::from(count) == INDICES.len(), "{count} measurements");
        let (_, all, _) = self.measure(Operation::All, None, false)?;
        ensure!(all.keys().eq(&INDICES), "the indices {:?}", all.keys());
        let (_, signed, transcript) = self.measure(Operation::All, Some(one.slot), false)?;
        ensure!(signed == all && transcript.is_some(), "signed, they are others");
        if one.version >= Version::V1_2 {
            let (_, raw, _) = self.measure(Operation::All, Some(one.slot), true)?;
            let is_raw = |index| raw.get(index).is_some_and(|(raw, _)| *raw);
            ensure!(raw.keys().eq(&INDICES) && FIRMWARE.iter().all(is_raw), "raw values that are not");
        }
        for index in INDICES {
            let last = INDICES.last() == Some(&index);
            let (_, block, transcript) =
                self.measure(Operation::Index(index), last.then_some(one.slot), false)?;
            ensure!(
                block.get(&index) == all.get(&index) && block.len() == 1,
                "measurement {index} alone is another"
            );
            ensure!(transcript.is_some() == last, "measurement {index} is signed, or not");
        }
        self.no_such_measurement()
    }

    /// An error that belongs to the flow.
    fn no_such_measurement(&mut self) -> Result<()> {
        match self.measure(Operation::Index(0x42), None, false) {
            Err(RunError::Spdm(error)) => match error.reason {
                Reason::Refused(refusal) if refusal.code == ErrorCode::INVALID_REQUEST => Ok(()),
                reason => bail!("no measurement 0x42: {reason}"),
            },
            Err(error) => Err(error.into()),
            Ok((_, blocks, _)) => bail!("measurement 0x42 is {blocks:?}"),
        }
    }

    /// Sends bytes as a request.
    ///
    /// # Errors
    /// [`RunError`]; a refusal too.
    pub fn say(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        self.requester.request(message).map_err(RunError::Spdm)?;
        let mut answer = Vec::new();
        self.drive(|event| {
            if let Event::Answer(bytes) = event {
                answer = bytes.to_vec();
            }
        })?;
        Ok(answer)
    }

    /// Whether nothing can be said any more.
    pub fn is_dead(&mut self) -> bool {
        let way: &mut dyn requester::Transport<Error = TransportError> = &mut self.way;
        let said = way.exchange(MessageKind::Plain, &GET_VERSION, &mut self.answer, PATIENCE);
        said == Err(TransportError::Dead)
    }

    /// Ends their responder.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn leave(self) -> Result<()> {
        Ok(self.way.client.shut_down(PATIENCE)?)
    }
}

pub(crate) fn drop_event(_: Event<'_>) {}
