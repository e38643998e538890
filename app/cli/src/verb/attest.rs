//! `attest`: who a device is, whether it can prove it, what it runs, and whether to trust it.

mod document;
mod text;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lanewarden_attestation::evidence::{self, Circumstances, WriteError};
use lanewarden_attestation::{
    Attestation, Dialogue, Options, Report, Said, Trust, Verdict, identity, secured,
};
use lanewarden_aws_lc::AwsLc;
use lanewarden_decode::capture::LinkType;
use lanewarden_doe::Protocol;
use lanewarden_inventory::{Conversation, MailboxReport, Work, converse, find, mailboxes, work};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Address, Function, Hierarchy, Machine, MailboxId};

use crate::args::{Attest, DeviceArgument};
use crate::capture::{Capture, Captured, link};
use crate::exit::{Exit, Failure};
#[cfg(feature = "keylog")]
use crate::keylog::KeyLogFile;
use crate::names::Name;
use crate::output::{Outcome, Output};
use crate::progress::Bar;
use crate::session::{binding, check};
use crate::socket::{Connection, Monotonic};
use crate::trust::{Basis, now};
use crate::verb::{function_with_mailbox, resolve, scan_functions, warn_of_partial};

pub use document::Measurement;
pub use text::{Lines, hex, kind, signs_with, value};

/// The types of data objects that SPDM comes in, the one to prefer first.
pub const SPDM: [Protocol; 2] = [Protocol::CMA_SPDM, Protocol::CMA_SPDM_WITH_CONNECTION];

type Talk<'t> = Dialogue<AwsLc, Attestation<'t, AwsLc>>;

/// A device and what came of it.
struct Attested {
    /// Where it is.
    place: String,
    /// What it is called.
    name: String,
    /// What its certificate has to say.
    device: Option<String>,
    report: Report,
    /// What was said and signed.
    said: Said,
}

/// Attests devices of this machine, or one behind a socket.
pub fn run<M: Machine>(machine: &M, args: &Attest, own: Option<Vec<Vec<u8>>>, output: &Output) -> Outcome {
    if args.session {
        check(&args.way)?;
    }
    let basis = Basis::load(&args.trust, own, output)?;
    let trust = basis.trust();
    let attested = match &args.way.connect {
        Some(to) => vec![behind_socket(to, args, &trust)?],
        None => on_machine(machine, args, &trust, output)?,
    };
    if let Some(folder) = &args.evidence {
        for one in &attested {
            keep(one, &evidence_folder(folder, one, args.all), output)?;
        }
    }
    show(&attested, args, output)?;
    Ok(Exit::of_all(attested.iter().map(Attested::exit)))
}

impl Attested {
    fn exit(&self) -> Exit {
        self.report.class().into()
    }

    fn verdict(&self) -> Verdict {
        self.report.verdict()
    }
}

fn show(attested: &[Attested], args: &Attest, output: &Output) -> Result<(), Failure> {
    if output.json() {
        return output.print_json(&document::document(attested));
    }
    match attested {
        [] => {
            output.note("no function has an SPDM mailbox");
            Ok(())
        }
        [one] if !args.all => output.print(&text::one(one, output.verbose())),
        many => {
            output.print(&text::many(many, output.verbose()))?;
            output.note(&text::count(many));
            Ok(())
        }
    }
}

fn options(args: &Attest) -> Options {
    Options {
        slot: args.slot,
        nonce: args.nonce.map(|nonce| nonce.0),
        read_chain: args.evidence.is_some(),
        device: None,
        session: args.session,
        binding: Some(binding(args.way.transport)),
    }
}

fn behind_socket(to: &str, args: &Attest, trust: &Trust<'_, AwsLc>) -> Result<Attested, Failure> {
    let capture = Capture::create(args.way.pcap.as_deref(), link(args.way.transport))?;
    let mut connection = Connection::open(to, args.way.transport, capture.as_ref())?;
    let talk = Attestation::new(AwsLc, trust, options(args));
    #[cfg(feature = "keylog")]
    let log = KeyLogFile::create(args.keylog.as_deref())?;
    #[cfg(feature = "keylog")]
    let talk = talk.told_to(log.listener());
    let mut talk = talk;
    let mut bar = Bar::new();
    talk.run(&mut connection, &Monotonic::start(), |script| bar.chain(script.chain_progress()));
    connection.close();
    drop(bar);
    Capture::finish(capture)?;
    #[cfg(feature = "keylog")]
    log.finish()?;
    let said = talk.said().clone();
    let report = talk.into_script().report().clone();
    Ok(Attested { place: to.to_owned(), name: "socket".into(), device: None, report, said })
}

/// A function and the mailbox to ask, or why there is none.
struct Candidate {
    function: Function,
    /// Whether it carries secured messages too.
    carries_secured: bool,
    mailbox: Result<(MailboxId, Doe, Protocol), Box<MailboxReport>>,
}

fn on_machine<M: Machine>(
    machine: &M,
    args: &Attest,
    trust: &Trust<'_, AwsLc>,
    output: &Output,
) -> Result<Vec<Attested>, Failure> {
    let candidates = match &args.device {
        Some(device) => vec![named(machine, device, args)?],
        None => all(machine, args, output)?,
    };
    let capture = Capture::create(args.way.pcap.as_deref(), LinkType::Doe)?;
    let bar = RefCell::new(Bar::new());
    // Of one device, how far its chain is says more than how many are done.
    let is_alone = candidates.len() == 1;
    let chain = |talk: &Talk<'_>| {
        if is_alone {
            bar.borrow_mut().chain(talk.script().chain_progress());
        }
    };
    #[cfg(feature = "keylog")]
    let log = KeyLogFile::create(args.keylog.as_deref())?;
    let talks = candidates.iter().map(|one| {
        let talk = talk(one, args, trust);
        #[cfg(feature = "keylog")]
        let talk = talk.told_to(log.listener());
        Captured::new(talk, capture.as_ref()).watched(&chain)
    });
    let mut talks: Vec<_> = talks.collect();
    let jobs = candidates.iter().zip(&mut talks).filter_map(|(candidate, talk)| {
        let (id, doe, _) = *candidate.mailbox.as_ref().ok()?;
        Some((id, doe, talk as &mut dyn Conversation))
    });
    let asked = converse(machine, jobs.collect(), args.way.sharing.into(), &mut |progress| {
        if !is_alone {
            bar.borrow_mut().show(progress);
        }
    });
    let not_asked = candidates.iter().filter_map(|one| one.mailbox.as_ref().err().map(Box::as_ref));
    not_asked.chain(&asked).filter_map(Failure::of_report).for_each(|failure| output.warn(&failure));
    let attested =
        candidates.iter().zip(&talks).map(|(one, talk)| conclude(one, talk, args.session)).collect();
    drop(talks);
    Capture::finish(capture)?;
    #[cfg(feature = "keylog")]
    log.finish()?;
    Ok(attested)
}

fn talk<'t>(candidate: &Candidate, args: &Attest, trust: &'t Trust<'t, AwsLc>) -> Talk<'t> {
    let session = args.session && candidate.carries_secured;
    let options = Options { device: Some(identity(&candidate.function)), session, ..options(args) };
    let protocol = candidate.mailbox.as_ref().map_or(Protocol::CMA_SPDM, |(.., protocol)| *protocol);
    Attestation::new(AwsLc, trust, options).in_objects(protocol, args.way.connection)
}

fn conclude(candidate: &Candidate, talk: &Captured<'_, Talk<'_>>, with_session: bool) -> Attested {
    let mut report = talk.inner().script().report().clone();
    if with_session && !candidate.carries_secured {
        report.failure.get_or_insert(lanewarden_attestation::Failure::NoSecured);
    }
    let failed = candidate.mailbox.as_ref().err().and_then(|report| report.error());
    if let Some(error) = failed {
        report.failure = Some(lanewarden_attestation::Failure::Mailbox(error.clone()));
    }
    Attested {
        place: candidate.function.address.to_string(),
        name: Name(&candidate.function).to_string(),
        device: Some(identity(&candidate.function).to_string()),
        report,
        said: talk.inner().said().clone(),
    }
}

/// The device that the user names: it has to have a mailbox that speaks SPDM.
fn named<M: Machine>(machine: &M, device: &DeviceArgument, args: &Attest) -> Result<Candidate, Failure> {
    let function = function_with_mailbox(machine, resolve(machine, device)?)?;
    let address = function.address;
    let reports = discover(machine, vec![function.clone()], args).remove(&address).unwrap_or_default();
    candidate(function, reports).ok_or_else(|| no_spdm(address))
}

fn no_spdm(address: Address) -> Failure {
    Failure::new(Exit::NotFound, format!("{address}: no mailbox speaks SPDM"))
        .hint(format!("`lanewarden doe discover {address}` shows what its mailboxes speak"))
}

/// All devices with a mailbox that speaks SPDM, or that might: one that could not be asked is not left out.
fn all<M: Machine>(machine: &M, args: &Attest, output: &Output) -> Result<Vec<Candidate>, Failure> {
    let (functions, unreadable) = scan_functions(machine)?;
    unreadable.iter().for_each(|failure| output.warn(failure));
    warn_of_partial(functions.iter().filter(|function| function.is_partial()).count(), output);
    let mut reports = discover(machine, functions.clone(), args);
    let own = |function: Function| {
        let own = reports.remove(&function.address)?;
        candidate(function, own)
    };
    Ok(functions.into_iter().filter_map(own).collect())
}

/// What the mailboxes of these functions speak, by function.
fn discover<M: Machine>(
    machine: &M,
    functions: Vec<Function>,
    args: &Attest,
) -> BTreeMap<Address, Vec<MailboxReport>> {
    let hierarchy = Hierarchy::new(functions);
    let jobs = mailboxes(&hierarchy).map(|(id, doe)| (id, doe, Work::Discovery)).collect();
    let mut bar = Bar::new();
    let mut by_function: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for report in work(machine, jobs, args.way.sharing.into(), &mut |progress| bar.show(progress)) {
        by_function.entry(report.address()).or_default().push(report);
    }
    by_function
}

/// `own` are the reports of the function's mailboxes.
fn candidate(function: Function, own: Vec<MailboxReport>) -> Option<Candidate> {
    for protocol in SPDM {
        if let Some(found) = find(&own, protocol) {
            let mailbox = Ok((found.id, found.capability, protocol));
            return Some(Candidate { function, carries_secured: found.speaks(secured(protocol)), mailbox });
        }
    }
    let failed = own.into_iter().find(|report| report.error().is_some())?;
    Some(Candidate { function, carries_secured: false, mailbox: Err(Box::new(failed)) })
}

fn evidence_folder(folder: &Path, one: &Attested, all: bool) -> PathBuf {
    if all { folder.join(one.place.replace(':', "-")) } else { folder.to_owned() }
}

/// Keeps what there is to keep; a device that has proved nothing leaves nothing.
fn keep(one: &Attested, folder: &Path, output: &Output) -> Result<(), Failure> {
    let verdict = one.verdict();
    let circumstances = Circumstances {
        address: one.place.clone(),
        device: one.device.clone().unwrap_or_default(),
        time_s: now().unwrap_or_default(),
        verdict: verdict.word().to_owned(),
        reason: verdict.reason().map(ToOwned::to_owned),
    };
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent).map_err(|error| Failure::file(parent, "create", &error))?;
    }
    match evidence::write(&AwsLc, folder, &one.said, &one.report, circumstances) {
        Ok(()) => output.note(&format!("evidence of {} written to {}", one.place, folder.display())),
        Err(WriteError::Nothing | WriteError::NoChain) => {
            output.note(&format!("{} has signed nothing: no evidence of it", one.place));
        }
        Err(WriteError::Store(error)) => return Err(crate::trust::failure(&error)),
        Err(error) => return Err(Failure::new(Exit::Failure, format!("{}: {error}", one.place))),
    }
    Ok(())
}
