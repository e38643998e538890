//! Sessions: what is run of them, and our requester in one with their responder.

mod answering;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use lanewarden_crypto::{AeadAlgorithm, Curve, Group, SignatureAlgorithm};
use lanewarden_mctp::{MessageType, pldm};
use lanewarden_net::TransportError;
use lanewarden_net::emulator::Transport;
use lanewarden_spdm::binding::{Binding, MessageKind};
use lanewarden_spdm::message::{KeyOperation, MutualAuthentication, SummaryKind};
use lanewarden_spdm::requester::{
    self, Event, MeasurementRequest, PeerKey, PresharedKey, RunError, SessionRequest, Settings,
};
use lanewarden_spdm::session::RecordForm;
use lanewarden_spdm::{Identities, Record, Version};
use lanewarden_time::Clock;

use crate::answering::introduce;
use crate::asking::{Asker, PATIENCE, drop_event, options, settings};
use crate::identities::Chains;
use crate::names;
use crate::pairs::all_pairs;
use crate::plan::{Combination, Side, ordinary};
use crate::program::Program;
use crate::scratch::Scratch;

/// The key that their programs have from before, and its hint.
pub const PSK: PresharedKey<'static> = PresharedKey { hint: b"TestPskHint\0", key: b"TestPskData\0" };

pub use answering::{answer, answer_in};

/// Where a session's secret comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// An exchange of keys.
    Exchange(Group),
    /// A key from before, to which the responder adds a context or not.
    Preshared {
        /// Whether it does.
        with_context: bool,
    },
}

/// One session of both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRun {
    /// Who asks.
    pub side: Side,
    /// Over what.
    pub transport: Transport,
    /// In which version; from 1.1 on.
    pub version: Version,
    /// Where the secret comes from.
    pub secret: Secret,
    /// What it is protected with.
    pub cipher: AeadAlgorithm,
    /// Whether it is encrypted, or authenticated only.
    pub encrypts: bool,
    /// Whether the handshake goes in the clear.
    pub in_the_clear: bool,
    /// Whether, and how, the requester proves who it is.
    pub mutual: MutualAuthentication,
}

const SECRETS: [Secret; 8] = [
    Secret::Exchange(Group::Secp384r1),
    Secret::Exchange(Group::Secp256r1),
    Secret::Exchange(Group::Secp521r1),
    Secret::Exchange(Group::Ffdhe2048),
    Secret::Exchange(Group::Ffdhe3072),
    Secret::Exchange(Group::Ffdhe4096),
    Secret::Preshared { with_context: true },
    Secret::Preshared { with_context: false },
];
const CIPHERS: [AeadAlgorithm; 3] =
    [AeadAlgorithm::Aes256Gcm, AeadAlgorithm::Aes128Gcm, AeadAlgorithm::ChaCha20Poly1305];
const TRANSPORTS: [Transport; 3] = [Transport::Mctp, Transport::Doe, Transport::Tcp];
const VERSIONS: [Version; 3] = [Version::V1_1, Version::V1_2, Version::V1_3];
const MUTUAL: [MutualAuthentication; 4] = [
    MutualAuthentication::None,
    MutualAuthentication::Direct,
    MutualAuthentication::Encapsulated,
    MutualAuthentication::EncapsulatedDigests,
];

/// With a key from before there is nothing to prove, and no handshake in the clear.
fn is_allowed(run: &SessionRun) -> bool {
    let is_psk = matches!(run.secret, Secret::Preshared { .. });
    !is_psk || !run.in_the_clear && run.mutual == MutualAuthentication::None
}

/// For each side, so many sessions that every two values meet.
#[must_use]
pub fn plan() -> Vec<SessionRun> {
    let columns = [TRANSPORTS.len(), VERSIONS.len(), SECRETS.len(), CIPHERS.len(), 2, 2, MUTUAL.len()];
    let of_row = |side, row: &[usize]| SessionRun {
        side,
        transport: TRANSPORTS[row[0]],
        version: VERSIONS[row[1]],
        secret: SECRETS[row[2]],
        cipher: CIPHERS[row[3]],
        encrypts: row[4] == 0,
        in_the_clear: row[5] == 1,
        mutual: MUTUAL[row[6]],
    };
    let rows = all_pairs(&columns, |row| is_allowed(&of_row(Side::Asking, row)));
    [Side::Asking, Side::Answering]
        .into_iter()
        .flat_map(|side| rows.iter().map(move |row| of_row(side, row)))
        .collect()
}

impl SessionRun {
    /// What is agreed on before.
    #[must_use]
    pub fn combination(&self) -> Combination {
        Combination { transport: self.transport, version: self.version, ..ordinary(self.side) }
    }

    /// How a requester signs.
    #[must_use]
    pub const fn requester_signature() -> SignatureAlgorithm {
        SignatureAlgorithm::Ecdsa(Curve::P256)
    }

    fn binding(&self) -> Binding {
        match self.transport {
            Transport::Mctp => Binding::MCTP,
            Transport::Tcp => Binding::TCP,
            Transport::Doe | Transport::None => Binding::DOE,
        }
    }

    /// Our requester's settings.
    fn settings(&self) -> Settings {
        Settings {
            aead: self.cipher.into(),
            encrypt: self.encrypts,
            handshake_in_the_clear: self.in_the_clear,
            binding: self.binding(),
            ..settings(&self.combination())
        }
    }

    /// Options that bind one of their programs to it.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let group = match self.secret {
            Secret::Exchange(group) => names::group(group),
            Secret::Preshared { .. } => "SECP_384_R1",
        };
        let more = [
            ("--dhe", group),
            ("--aead", names::cipher(self.cipher)),
            ("--req_asym", names::signature(Self::requester_signature())),
            ("--mut_auth", names::mutual(self.mutual)),
            ("--basic_mut_auth", "NO"),
        ];
        let more = more.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_owned()]);
        options(&self.combination()).into_iter().chain(more).collect()
    }

    /// What their responder says that it can.
    fn responder_capabilities(&self) -> String {
        let mut all =
            vec!["CACHE", "CERT", "CHAL", "MEAS_SIG", "MEAS_FRESH", "MAC", "KEY_EX", "ENCAP", "HBEAT"];
        all.extend(["KEY_UPD", "MUT_AUTH"]);
        all.extend(self.encrypts.then_some("ENCRYPT"));
        all.extend(self.in_the_clear.then_some("HANDSHAKE_IN_CLEAR"));
        all.push(match self.secret {
            Secret::Preshared { with_context: false } => "PSK",
            _ => "PSK_WITH_CONTEXT",
        });
        all.extend((self.version >= Version::V1_2).then_some("CHUNK"));
        all.join(",")
    }
}

/// Our requester opens a session with their responder, does everything in it, and ends it. Returns how many messages
/// went out.
///
/// # Errors
/// What either side has against the other.
pub fn ask(emulators: &Path, run: &SessionRun) -> Result<usize> {
    ask_in(&Scratch::new(emulators)?, run, (), &[])
}

/// The same in this folder, with a record of ours and more options for their responder.
///
/// # Errors
/// What either side has against the other.
pub fn ask_in<R: Record>(scratch: &Scratch, run: &SessionRun, record: R, more: &[String]) -> Result<usize> {
    let one = run.combination();
    let root = scratch.read(names::folder(one.signature), names::root(one.slot))?;
    let own = Chains::requester(SessionRun::requester_signature())?;
    introduce(scratch, &Combination { signature: SessionRun::requester_signature(), ..one }, &own)?;
    own.provision(scratch, SessionRun::requester_signature())?;
    let mut arguments = run.options();
    arguments.extend(["--cap".to_owned(), run.responder_capabilities()]);
    arguments.extend_from_slice(more);
    let (program, port) = Program::responder(scratch, &arguments)?;
    let messages = if run.mutual == MutualAuthentication::None {
        all(Asker::meet(one.transport, run.settings(), (), record, port)?, run, &root)
    } else {
        all(Asker::meet(one.transport, run.settings(), own, record, port)?, run, &root)
    };
    let messages = messages?;
    program.end(PATIENCE)?.check()?;
    Ok(messages)
}

fn all<I: Identities, R: Record>(mut asker: Asker<I, R>, run: &SessionRun, root: &[u8]) -> Result<usize> {
    let one = run.combination();
    asker.connect(&one).context("connect")?;
    let validated = asker.chain(&one, root).context("chain")?;
    ensure!(validated.is_trusted(), "the chain is not trusted");
    let peer = PeerKey { key: validated.leaf.key().clone(), chain: *validated.leaf.chain_digest() };
    asker.requester.know(one.slot, peer);
    let id = asker.open(run).context("open")?;
    asker.keep(id, run, root).context("keep")?;
    asker.requester.within(id).end(false)?;
    asker.drive(drop_event).context("end")?;
    ensure!(asker.requester.sessions().count() == 0, "the session is still there");
    let messages = asker.way.messages;
    asker.leave()?;
    Ok(messages)
}

impl<I: Identities, R: Record> Asker<I, R> {
    fn open(&mut self, run: &SessionRun) -> Result<u32> {
        let wanted = SessionRequest { summary: SummaryKind::All, ..SessionRequest::default() };
        match run.secret {
            Secret::Exchange(_) => self.requester.key_exchange(wanted)?,
            Secret::Preshared { .. } => self.requester.psk_exchange(wanted, PSK)?,
        }
        let (mut opened, mut mutual, mut summary) = (None, None, 0);
        self.drive(|event| match event {
            Event::Exchanged(exchanged) => {
                (mutual, summary) = (Some(exchanged.mutual), exchanged.summary.len());
                opened = exchanged.is_open.then_some(exchanged.session);
            }
            Event::Opened(id) => opened = Some(id),
            _ => {}
        })?;
        ensure!(mutual == Some(run.mutual), "mutual authentication {mutual:?}");
        ensure!(summary == run.combination().hash.size(), "a summary of {summary} bytes");
        opened.context("no session")
    }

    /// Everything that there is to do in a session.
    fn keep(&mut self, id: u32, run: &SessionRun, root: &[u8]) -> Result<()> {
        let one = run.combination();
        self.in_session(id, |within| within.heartbeat(), &Event::Alive(id)).context("heartbeat")?;
        for operation in [KeyOperation::UpdateKey, KeyOperation::UpdateAllKeys, KeyOperation::UpdateKey] {
            self.in_session(id, |within| within.update_keys(operation), &Event::Renewed(id))
                .context("update")?;
        }
        self.requester.within(id).measurements(MeasurementRequest::all_signed(one.slot))?;
        let mut is_signed = false;
        self.drive(|event| {
            if let Event::Measured(measured) = event {
                is_signed = measured.transcript.is_some();
            }
        })
        .context("measurements")?;
        ensure!(is_signed, "measurements are not signed");
        self.requester.within(id).digests()?;
        self.drive(drop_event).context("digests")?;
        self.requester.within(id).certificate(one.slot)?;
        let mut chain = Vec::new();
        self.drive(|event| {
            if let Event::Portion(portion) = event {
                chain.extend_from_slice(portion.bytes);
            }
        })
        .context("certificate")?;
        ensure!(chain.windows(root.len()).any(|part| part == root), "the chain is another");
        if run.transport == Transport::Mctp {
            self.terminus(id).context("PLDM")?;
        }
        self.in_session(id, |within| within.heartbeat(), &Event::Alive(id)).context("heartbeat again")
    }

    /// Asks what else speaks at their responder's endpoint, in between.
    fn terminus(&mut self, id: u32) -> Result<()> {
        const PLDM: u8 = MessageType::PLDM.number();
        let asked = pldm::id_request(2);
        let start = RecordForm::HEADROOM;
        let place = start..start + asked.len();
        let mut buffer = [&[0; RecordForm::HEADROOM][..], &asked, &[0; RecordForm::TAIL]].concat();
        let record = self.requester.within(id).seal(PLDM, &mut buffer, place)?;
        let way: &mut dyn requester::Transport<Error = TransportError> = &mut self.way;
        let (kind, length) =
            way.exchange(MessageKind::Secured, &buffer[record], &mut self.answer, PATIENCE)?;
        ensure!(kind == MessageKind::Secured, "it is answered outside of the session");
        let now = self.clock.now();
        let (kind, said) = self.requester.within(id).open(now, &mut self.answer[..length])?;
        ensure!(kind == PLDM, "an answer of type {kind:#04x}");
        pldm::read_id(2, said).with_context(|| format!("no ID in {said:02x?}"))?;
        Ok(())
    }

    fn in_session(
        &mut self,
        id: u32,
        begin: impl FnOnce(&mut Within<'_, I, R>) -> Result<(), lanewarden_spdm::Error>,
        expected: &Event<'_>,
    ) -> Result<()> {
        begin(&mut self.requester.within(id)).map_err(RunError::<core::convert::Infallible>::Spdm)?;
        let mut seen = None;
        self.drive(|event| seen = Some(format!("{event:?}")))?;
        ensure!(seen.as_deref() == Some(format!("{expected:?}").as_str()), "it says {seen:?}");
        Ok(())
    }
}

type Within<'r, I, R> = lanewarden_spdm::requester::Within<
    'r,
    lanewarden_spdm::requester::Parts<
        lanewarden_aws_lc::AwsLc,
        R,
        [lanewarden_spdm::session::Seat<lanewarden_aws_lc::AwsLc>; 2],
        I,
    >,
    Vec<u8>,
>;
