//! From the first message to the last.

use lanewarden_crypto::{Digest, Hash, Provider};
use lanewarden_spdm::binding::Binding;
use lanewarden_spdm::certificate::{
    ChainReader, DeviceIdentity, Leaf, Revocations, Rules, TrustAnchors, Validated,
};
use lanewarden_spdm::message::{CertificatePortion, Digests, Nonce, ResponderFlags, SLOTS, SummaryKind};
use lanewarden_spdm::requester::{
    Authenticated, ChallengeRequest, Event, Measured, MeasurementRequest, PeerKey, SessionRequest, Settings,
};
use lanewarden_spdm::{Error, Version};

use crate::dialogue::{Dialogue, Script, Speaker, settings};
use crate::facts::blocks;
use crate::report::{ChainReport, Failure, MeasurementReport, Proof, Report};
use crate::session::SessionReport;
use crate::trust::Trust;

/// The longest certificate.
const LONGEST_CERTIFICATE: usize = 0x4000;

/// How to go about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The slot whose key is to be proved; the first that holds a chain if not given.
    pub slot: Option<u8>,
    /// The nonce for the challenge; a fresh one if not given.
    pub nonce: Option<Nonce>,
    /// Read the chain even where it is remembered, so that there is evidence.
    pub read_chain: bool,
    /// What the device must be, by its configuration space.
    pub device: Option<DeviceIdentity>,
    /// Open a session once it has proved who it is, and ask in there what it runs.
    pub session: bool,
    /// How the records of a session look on the way; as in data objects if not given.
    pub binding: Option<Binding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connect,
    Digests,
    /// The chain is to be read, unless it is remembered.
    Certificate,
    /// The chain has been read.
    Read,
    Challenge,
    Exchange,
    Measurements,
    /// The session is to be ended.
    End,
    Over,
}

type Reader<'t, P> = ChainReader<P, &'t dyn TrustAnchors, &'t dyn Revocations, Vec<u8>>;

/// The attestation of one device.
pub struct Attestation<'t, P: Provider> {
    provider: P,
    trust: &'t Trust<'t, P>,
    options: Options,
    stage: Stage,
    reader: Option<Reader<'t, P>>,
    summary: Option<Digest>,
    report: Report,
}

impl<'t, P: Provider + Clone> Attestation<'t, P>
where
    P::VerifyingKey: Clone,
{
    /// The dialogue with the device, which has not begun.
    pub fn new(provider: P, trust: &'t Trust<'t, P>, options: Options) -> Dialogue<P, Self> {
        let script = Self {
            provider: provider.clone(),
            trust,
            options,
            stage: Stage::Connect,
            reader: None,
            summary: None,
            report: Report::default(),
        };
        let settings = settings();
        let binding = options.binding.unwrap_or(settings.binding);
        Dialogue::new(provider, Settings { binding, ..settings }, script)
    }

    /// What it came to, so far or at its end.
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Bytes of the chain that have come, and that there are.
    pub fn chain_progress(&self) -> Option<(u32, u32)> {
        let reader = self.reader.as_ref()?;
        reader.length().map(|length| (reader.received(), length))
    }

    fn try_event(&mut self, event: Event<'_>) -> Result<(), Failure> {
        match event {
            Event::Connected => self.stage = Stage::Digests,
            Event::Digests(digests) => {
                self.report.slot = choose_slot(&digests, self.options.slot)?;
                self.stage = Stage::Certificate;
            }
            Event::Portion(portion) => self.take_portion(&portion)?,
            Event::Authenticated(proved) => {
                self.report.proof = Some(proof(&proved));
                self.summary = Digest::new(proved.transcript.algorithm(), proved.answer.summary);
                self.stage = if self.options.session { Stage::Exchange } else { Stage::Measurements };
            }
            Event::Exchanged(exchanged) => {
                let connection = self.report.connection;
                self.report.session =
                    connection.map(|connection| SessionReport::new(&connection, &exchanged, false));
            }
            Event::Opened(_) => {
                self.in_session(|session| session.is_open = true);
                self.stage = Stage::Measurements;
            }
            Event::Measured(measured) => {
                self.report.measurements = Some(measurements(&measured));
                self.compare_summary();
                self.stage = if self.report.session.is_some() { Stage::End } else { Stage::Over };
            }
            Event::Ended(_) => {
                self.in_session(|session| session.is_ended = true);
                self.stage = Stage::Over;
            }
            _ => {}
        }
        Ok(())
    }

    fn in_session(&mut self, change: impl FnMut(&mut SessionReport)) {
        self.report.session.iter_mut().for_each(change);
    }

    fn take_portion(&mut self, portion: &CertificatePortion<'_>) -> Result<(), Failure> {
        self.report.chain.get_or_insert_default().bytes.extend_from_slice(portion.bytes);
        if let Some(reader) = &mut self.reader {
            reader.push(portion.bytes).map_err(Failure::Chain)?;
        }
        if portion.remainder == 0 {
            self.stage = Stage::Read;
        }
        Ok(())
    }

    fn try_next(&mut self, requester: &mut Speaker<P>) -> Result<Option<Result<(), Error>>, Failure> {
        let slot = self.report.slot;
        Ok(match self.stage {
            Stage::Connect => Some(requester.connect()),
            Stage::Digests => {
                self.report.connection = requester.connection().copied();
                Some(requester.digests())
            }
            Stage::Certificate => {
                let digest = requester.digest(slot).copied().ok_or(Failure::NoChain(slot))?;
                match self.trust.remembered(&digest).filter(|_| !self.options.read_chain) {
                    Some(leaf) => {
                        let chain = ChainReport { is_remembered: true, ..ChainReport::default() };
                        self.report.chain = Some(chain);
                        self.know(&leaf, requester)?;
                        Some(self.challenge(requester))
                    }
                    None => {
                        self.begin_reading(&digest)?;
                        Some(requester.certificate(slot))
                    }
                }
            }
            Stage::Read => {
                let leaf = self.judge_chain()?;
                self.know(&leaf, requester)?;
                Some(self.challenge(requester))
            }
            Stage::Challenge | Stage::Over => None,
            Stage::Exchange => {
                let summary = self.wanted_summary();
                Some(requester.key_exchange(SessionRequest { slot, summary, ..SessionRequest::default() }))
            }
            Stage::Measurements => self.measurements(requester),
            Stage::End => self.report.session.map(|session| requester.within(session.id).end(false)),
        })
    }

    fn challenge(&mut self, requester: &mut Speaker<P>) -> Result<(), Error> {
        self.stage = Stage::Challenge;
        let (slot, nonce, summary) = (self.report.slot, self.options.nonce, self.wanted_summary());
        requester.challenge(ChallengeRequest { slot, summary, nonce, context: [0; 8] })
    }

    fn wanted_summary(&self) -> SummaryKind {
        let measures = ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED;
        if self.flags().intersects(measures) { SummaryKind::All } else { SummaryKind::None }
    }

    /// Asks for measurements in the session, where there is one; ends that where there are none to ask for.
    fn measurements(&mut self, requester: &mut Speaker<P>) -> Option<Result<(), Error>> {
        match (self.wanted_measurements(), self.report.session) {
            (Some(wanted), Some(session)) => Some(requester.within(session.id).measurements(wanted)),
            (Some(wanted), None) => Some(requester.measurements(wanted)),
            (None, Some(session)) => {
                self.stage = Stage::End;
                Some(requester.within(session.id).end(false))
            }
            (None, None) => None,
        }
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

    fn begin_reading(&mut self, digest: &Digest) -> Result<(), Failure> {
        let rules = Rules::responder(digest.algorithm(), self.trust.now());
        let buffer = vec![0; LONGEST_CERTIFICATE];
        let (anchors, revocations) = (self.trust.anchors(), self.trust.revocations());
        let reader = ChainReader::new(self.provider.clone(), anchors, revocations, rules, buffer);
        // The requester holds the chain against this digest before it gives the last portion.
        self.reader = Some(reader.map_err(Failure::Chain)?.knowing(*digest));
        Ok(())
    }

    fn judge_chain(&mut self) -> Result<Leaf<P>, Failure> {
        let reader = self.reader.take().ok_or(Failure::NoChain(self.report.slot))?;
        let validated: Validated<P> = reader.finish().map_err(Failure::Chain)?;
        self.trust.remember(&validated);
        self.report.chain.get_or_insert_default().distrust = validated.distrust.iter().copied().collect();
        Ok(validated.leaf)
    }

    /// The leaf's key is what the device has to prove, and its name what the device has to be.
    fn know(&mut self, leaf: &Leaf<P>, requester: &mut Speaker<P>) -> Result<(), Failure> {
        let chain = self.report.chain.get_or_insert_default();
        chain.validity = Some(leaf.validity());
        chain.claimed = leaf.identity().text().map(ToOwned::to_owned);
        self.report.identity = self.options.device.map(|device| leaf.identity().check(&device));
        let algorithm = self.report.connection.and_then(|connection| connection.signature);
        if algorithm.is_some_and(|algorithm| !leaf.suits(algorithm)) {
            return Err(Failure::WrongKey);
        }
        let key = PeerKey { key: leaf.key().clone(), chain: *leaf.chain_digest() };
        requester.know(self.report.slot, key);
        Ok(())
    }

    /// The summaries that were signed, with the challenge and with the exchange of keys, are over the blocks as they
    /// are reported.
    fn compare_summary(&mut self) {
        let exchanged = self.report.session.and_then(|session| session.summary);
        let Some(measured) = &mut self.report.measurements else { return };
        for summary in self.summary.iter().chain(&exchanged) {
            let Some(mut hash) = self.provider.hash(summary.algorithm()) else { return };
            hash.update(&measured.record);
            let fits = hash.finish() == *summary;
            measured.fits_summary = Some(measured.fits_summary.unwrap_or(true) && fits);
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.reader = None;
        self.stage = Stage::Over;
        self.report.failure.get_or_insert(failure);
    }
}

impl<P: Provider + Clone> Script<P> for Attestation<'_, P>
where
    P::VerifyingKey: Clone,
{
    fn next(&mut self, requester: &mut Speaker<P>) -> Option<Result<(), Error>> {
        match self.try_next(requester) {
            Ok(begun) => {
                if begun.is_none() {
                    self.stage = Stage::Over;
                }
                begun
            }
            Err(failure) => {
                self.fail(failure);
                None
            }
        }
    }

    fn event(&mut self, event: Event<'_>) {
        if let Err(failure) = self.try_event(event) {
            self.fail(failure);
        }
    }

    fn failed(&mut self, failure: Failure) {
        self.fail(failure);
    }

    fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    fn subject(&self) -> &'static str {
        match self.stage {
            Stage::Connect => "negotiation",
            Stage::Digests => "digests",
            Stage::Certificate | Stage::Read => "certificate chain",
            Stage::Challenge => "challenge",
            Stage::Exchange => "session",
            Stage::Measurements | Stage::Over => "measurements",
            Stage::End => "end of the session",
        }
    }
}

fn choose_slot(digests: &Digests<'_>, wanted: Option<u8>) -> Result<u8, Failure> {
    let holds = |slot: &u8| digests.digest(*slot).is_some();
    match wanted {
        Some(slot) => Some(slot).filter(holds).ok_or(Failure::NoChain(slot)),
        None => (0..SLOTS).find(holds).ok_or(Failure::NoChain(0)),
    }
}

fn proof(proved: &Authenticated<'_>) -> Proof {
    Proof { requester_nonce: proved.requester_nonce, responder_nonce: proved.answer.nonce }
}

fn measurements(measured: &Measured<'_>) -> MeasurementReport {
    let record = measured.answer.blocks.record().to_vec();
    let blocks = blocks(&record);
    MeasurementReport { is_signed: measured.transcript.is_some(), record, blocks, fits_summary: None }
}
