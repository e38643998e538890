//! From the first message to the last.

use std::time::Duration;

use lanewarden_crypto::{Digest, Hash, Provider};
use lanewarden_doe::Protocol;
use lanewarden_inventory::{Conversation, MailboxError, Turn};
use lanewarden_spdm::certificate::{
    ChainReader, DeviceIdentity, Leaf, Revocations, Rules, TrustAnchors, Validated,
};
use lanewarden_spdm::message::{Digests, Nonce, ResponderFlags, SLOTS, SummaryKind};
use lanewarden_spdm::requester::{
    Authenticated, ChallengeRequest, Event, Measured, MeasurementRequest, PeerKey, Requester, Settings, Step,
    Transport,
};
use lanewarden_spdm::{Error, Version};
use lanewarden_time::{Clock, Instant};

use crate::facts::blocks;
use crate::record::Said;
use crate::report::{ChainReport, Failure, MeasurementReport, Proof, Report};
use crate::trust::Trust;

/// The longest message at once: what QEMU carries, less the header of its data object.
const TRANSFER: u32 = 0x11f8;
/// The longest message in chunks.
const LARGE: usize = 0x1_0000;
/// The longest certificate.
const LONGEST_CERTIFICATE: usize = 0x4000;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How to go about it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The slot whose key is to be proved; the first that holds a chain if not given.
    pub slot: Option<u8>,
    /// The nonce for the challenge; a fresh one if not given.
    pub nonce: Option<Nonce>,
    /// Read the chain even where it is remembered, so that there is evidence.
    pub read_chain: bool,
    /// What the device must be, by its configuration space.
    pub device: Option<DeviceIdentity>,
    /// What is offered.
    pub settings: Settings,
}

impl Default for Options {
    fn default() -> Self {
        let settings = Settings { transfer_size: TRANSFER, ..Settings::default() };
        Self { slot: None, nonce: None, read_chain: false, device: None, settings }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connect,
    Digests,
    Certificate,
    Challenge,
    Measurements,
    Over,
}

type Reader<'t, P> = ChainReader<P, &'t dyn TrustAnchors, &'t dyn Revocations, Vec<u8>>;

/// The attestation of one device.
pub struct Attestation<'t, P: Provider> {
    provider: P,
    trust: &'t Trust<'t, P>,
    options: Options,
    requester: Requester<P, Vec<u8>, Said>,
    stage: Stage,
    reader: Option<Reader<'t, P>>,
    /// What is being sent.
    outgoing: Vec<u8>,
    summary: Option<Digest>,
    report: Report,
}

impl<'t, P: Provider + Clone> Attestation<'t, P>
where
    P::VerifyingKey: Clone,
{
    /// One that has not begun.
    pub fn new(provider: P, trust: &'t Trust<'t, P>, options: Options) -> Self {
        let buffer = vec![0; LARGE];
        let requester = Requester::recording(provider.clone(), options.settings, buffer, Said::default());
        let mut attestation = Self {
            provider,
            trust,
            options,
            requester,
            stage: Stage::Connect,
            reader: None,
            outgoing: Vec::new(),
            summary: None,
            report: Report::default(),
        };
        let begun = attestation.requester.connect();
        attestation.note(begun);
        attestation
    }

    /// What it came to, so far or at its end.
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// What was said and signed.
    pub fn said(&self) -> &Said {
        self.requester.record()
    }

    /// Bytes of the chain that have come, and that there are.
    pub fn chain_progress(&self) -> Option<(u32, u32)> {
        let reader = self.reader.as_ref()?;
        reader.length().map(|length| (reader.received(), length))
    }

    /// The blocking loop, over whatever carries messages; `show` is called after each answer.
    pub fn run<T: Transport>(&mut self, transport: &mut T, clock: &impl Clock, mut show: impl FnMut(&Self))
    where
        T::Error: std::fmt::Display,
    {
        let mut answer = vec![0; self.longest()];
        loop {
            let within = match self.step(clock.now()) {
                Next::Say(within) => within,
                Next::Wait(at) => {
                    clock.wait_until(at);
                    continue;
                }
                Next::Over => return,
            };
            match transport.exchange(&self.outgoing, &mut answer, within) {
                Ok(length) => self.take(clock.now(), answer.get(..length).unwrap_or_default()),
                Err(error) => self.fail(Failure::Transport(error.to_string())),
            }
            show(self);
        }
    }

    /// What comes next; a message is put into `outgoing`.
    fn step(&mut self, now: Instant) -> Next {
        loop {
            match self.requester.poll(now) {
                Ok(Step::Send { message, within }) => {
                    self.outgoing.clear();
                    self.outgoing.extend_from_slice(message);
                    return Next::Say(within);
                }
                Ok(Step::Wait(at)) => return Next::Wait(at),
                Ok(Step::Idle | Step::Receive) if self.stage == Stage::Over => return Next::Over,
                Ok(Step::Idle | Step::Receive) => self.begin(),
                Err(error) => self.fail(Failure::Spdm(error)),
            }
        }
    }

    /// Begins what the stage is about.
    fn begin(&mut self) {
        let slot = self.report.slot;
        let begun = match self.stage {
            Stage::Connect => self.requester.connect(),
            Stage::Digests => self.requester.digests(),
            Stage::Certificate => self.requester.certificate(slot),
            Stage::Challenge => self.challenge(),
            Stage::Measurements => match self.wanted_measurements() {
                Some(request) => self.requester.measurements(request),
                None => {
                    self.stage = Stage::Over;
                    Ok(())
                }
            },
            Stage::Over => Ok(()),
        };
        self.note(begun);
    }

    fn challenge(&mut self) -> Result<(), Error> {
        let measures = ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED;
        let summary = if self.flags().intersects(measures) { SummaryKind::All } else { SummaryKind::None };
        let (slot, nonce) = (self.report.slot, self.options.nonce);
        self.requester.challenge(ChallengeRequest { slot, summary, nonce, context: [0; 8] })
    }

    /// Signed where the device signs them, as they are where it does not.
    fn wanted_measurements(&self) -> Option<MeasurementRequest> {
        let slot = self.report.slot;
        let all = MeasurementRequest::all_signed(slot);
        let signs = self.flags().contains(ResponderFlags::MEAS_SIGNED);
        let slot_fits = slot == 0 || self.report.connection?.version > Version::V1_0;
        match (signs && slot_fits, self.flags().contains(ResponderFlags::MEAS) || signs) {
            (true, _) => Some(all),
            (false, true) => Some(MeasurementRequest { signed: None, ..all }),
            (false, false) => None,
        }
    }

    fn flags(&self) -> ResponderFlags {
        self.report.connection.map(|connection| connection.flags).unwrap_or_default()
    }

    fn take(&mut self, now: Instant, answer: &[u8]) {
        let event = match self.requester.receive(now, answer) {
            Ok(event) => event,
            Err(error) => {
                self.fail(Failure::Spdm(error));
                return;
            }
        };
        let taken = match event {
            Event::Continue | Event::Vendor(_) | Event::Answer(_) => Ok(self.stage),
            Event::Connected => Ok(Stage::Digests),
            Event::Digests(digests) => choose_slot(&digests, self.options.slot).map(|slot| {
                self.report.slot = slot;
                Stage::Certificate
            }),
            Event::Portion(portion) => {
                let bytes = &mut self.report.chain.get_or_insert_default().bytes;
                bytes.extend_from_slice(portion.bytes);
                let last = portion.remainder == 0;
                let pushed = self.reader.as_mut().map_or(Ok(()), |reader| reader.push(portion.bytes));
                pushed
                    .map_err(Failure::Chain)
                    .map(|()| if last { Stage::Challenge } else { Stage::Certificate })
            }
            Event::Authenticated(proved) => {
                let (proof, summary) = proof(&proved);
                self.report.proof = Some(proof);
                self.summary = Digest::new(proved.transcript.algorithm(), &summary);
                Ok(Stage::Measurements)
            }
            Event::Measured(measured) => {
                self.report.measurements = Some(measurements(&measured));
                Ok(Stage::Over)
            }
        };
        let before = self.stage;
        match taken {
            Ok(stage) => self.stage = stage,
            Err(failure) => return self.fail(failure),
        }
        self.enter(before);
    }

    /// What is to be done where a stage has given way to another.
    fn enter(&mut self, before: Stage) {
        let done = match (before, self.stage) {
            (Stage::Connect, Stage::Digests) => {
                self.report.connection = self.requester.connection().copied();
                Ok(())
            }
            (Stage::Digests, Stage::Certificate) => self.enter_certificate(),
            (Stage::Certificate, Stage::Challenge) => self.leave_certificate(),
            (Stage::Measurements, Stage::Over) => {
                self.compare_summary();
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(failure) = done {
            self.fail(failure);
        }
    }

    /// A chain that is remembered is not read again.
    fn enter_certificate(&mut self) -> Result<(), Failure> {
        let slot = self.report.slot;
        let digest = self.requester.digest(slot).copied().ok_or(Failure::NoChain(slot))?;
        let remembered = self.trust.remembered(&digest).filter(|_| !self.options.read_chain);
        if let Some(leaf) = remembered {
            self.report.chain = Some(ChainReport { is_remembered: true, ..ChainReport::default() });
            self.stage = Stage::Challenge;
            return self.know(&leaf);
        }
        let rules = Rules::responder(digest.algorithm(), self.trust.now());
        let buffer = vec![0; LONGEST_CERTIFICATE];
        let (anchors, revocations) = (self.trust.anchors(), self.trust.revocations());
        let reader = ChainReader::new(self.provider.clone(), anchors, revocations, rules, buffer);
        self.reader = Some(reader.map_err(Failure::Chain)?);
        Ok(())
    }

    fn leave_certificate(&mut self) -> Result<(), Failure> {
        let slot = self.report.slot;
        let reader = self.reader.take().ok_or(Failure::NoChain(slot))?;
        let validated: Validated<P> = reader.finish().map_err(Failure::Chain)?;
        self.trust.remember(&validated);
        let distrust = validated.distrust.iter().copied().collect();
        self.report.chain.get_or_insert_default().distrust = distrust;
        self.know(&validated.leaf)
    }

    /// The leaf's key is what the device has to prove, and its name what the device has to be.
    fn know(&mut self, leaf: &Leaf<P>) -> Result<(), Failure> {
        let chain = self.report.chain.get_or_insert_default();
        chain.validity = Some(leaf.validity());
        chain.claimed = leaf.identity().text().map(ToOwned::to_owned);
        self.report.identity = self.options.device.map(|device| leaf.identity().check(&device));
        let algorithm = self.report.connection.and_then(|connection| connection.signature);
        if algorithm.is_some_and(|algorithm| !leaf.suits(algorithm)) {
            return Err(Failure::WrongKey);
        }
        let key = PeerKey { key: leaf.key().clone(), chain: *leaf.chain_digest() };
        self.requester.know(self.report.slot, key);
        Ok(())
    }

    /// The summary that was signed with the challenge is over the blocks as they are reported.
    fn compare_summary(&mut self) {
        let (Some(summary), Some(measured)) = (self.summary, &mut self.report.measurements) else { return };
        let Some(mut hash) = self.provider.hash(summary.algorithm()) else { return };
        hash.update(&measured.record);
        measured.fits_summary = Some(hash.finish() == summary);
    }

    fn note(&mut self, begun: Result<(), Error>) {
        if let Err(error) = begun {
            self.fail(Failure::Spdm(error));
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.requester.abandon();
        self.reader = None;
        self.stage = Stage::Over;
        self.report.failure.get_or_insert(failure);
    }
}

/// What comes next.
enum Next {
    Say(Duration),
    Wait(Instant),
    Over,
}

impl<P: Provider + Clone> Conversation for Attestation<'_, P>
where
    P::VerifyingKey: Clone,
{
    fn longest(&self) -> usize {
        usize::try_from(self.options.settings.transfer_size).unwrap_or(usize::MAX).max(TRANSFER as usize)
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn turn(&mut self, now: Instant) -> Turn<'_> {
        let what = match self.stage {
            Stage::Connect => "negotiation",
            Stage::Digests => "digests",
            Stage::Certificate => "certificate chain",
            Stage::Challenge => "challenge",
            Stage::Measurements | Stage::Over => "measurements",
        };
        match self.step(now) {
            Next::Say(_) => Turn::Say { what, protocol: Protocol::CMA_SPDM, payload: &self.outgoing },
            Next::Wait(at) => Turn::Wait(at),
            Next::Over => Turn::Over,
        }
    }

    fn answer(&mut self, now: Instant, payload: &[u8]) {
        self.take(now, payload);
    }

    fn failed(&mut self, error: &MailboxError) {
        self.fail(Failure::Mailbox(error.clone()));
    }
}

fn choose_slot(digests: &Digests<'_>, wanted: Option<u8>) -> Result<u8, Failure> {
    let holds = |slot: &u8| digests.digest(*slot).is_some();
    match wanted {
        Some(slot) => Some(slot).filter(holds).ok_or(Failure::NoChain(slot)),
        None => (0..SLOTS).find(holds).ok_or(Failure::NoChain(0)),
    }
}

fn proof(proved: &Authenticated<'_>) -> (Proof, Vec<u8>) {
    let Authenticated { requester_nonce, answer, .. } = proved;
    let proof = Proof { requester_nonce: *requester_nonce, responder_nonce: answer.nonce };
    (proof, answer.summary.to_vec())
}

fn measurements(measured: &Measured<'_>) -> MeasurementReport {
    let record = measured.answer.blocks.record().to_vec();
    let blocks = blocks(&record);
    MeasurementReport { is_signed: measured.transcript.is_some(), record, blocks, fits_summary: None }
}
