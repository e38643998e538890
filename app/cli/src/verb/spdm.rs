//! `spdm`: certificates, measurements, single requests, sessions.

mod certs;
pub mod kept;
mod measurements;
pub mod psk;
mod request;
mod session;

use lanewarden_attestation::{Dialogue, Failure as Stopped, Script, secured, settings};
use lanewarden_aws_lc::AwsLc;
use lanewarden_decode::capture::LinkType;
use lanewarden_doe::{Host, Protocol};
use lanewarden_inventory::{Conversation, MailboxReport, Work, converse, mailboxes, work};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Function, Hierarchy, MailboxId};
use lanewarden_spdm::Identities;

use crate::args::{DeviceArgument, Sharing, Spdm, Way};
use crate::capture::{Capture, Captured, link};
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::socket::{Connection, Monotonic};
use crate::verb::attest::SPDM;
use crate::verb::{choose, function_with_mailbox, no_speaker, resolve};

/// Carries out the verb.
/// `own` are the trust anchors of an emulated machine.
pub fn run<M: Host>(machine: &M, verb: &Spdm, own: Option<Vec<Vec<u8>>>, output: &Output) -> Outcome {
    match verb {
        Spdm::Certs(args) => certs::run(machine, args, output),
        Spdm::Measurements(args) => measurements::run(machine, args, output),
        Spdm::Request(args) => request::run(machine, args, output),
        Spdm::Session(args) => session::run(machine, args, own, output),
        Spdm::Keep(_) | Spdm::Kept(_) => Ok(Exit::Ok),
    }
}

/// Holds a dialogue with the device that the command line names, and gives its name and what came of it.
fn dialogue<M: Host, S: Script<AwsLc>>(
    machine: &M,
    device: Option<&DeviceArgument>,
    way: &Way,
    script: S,
    output: &Output,
) -> Result<(String, S), Failure> {
    hold(machine, device, way, Dialogue::new(AwsLc, settings(), script), false, output)
}

/// The same with a dialogue of the caller's own, which may be to have `sessions`.
fn hold<M: Host, S: Script<AwsLc, I>, I: Identities>(
    machine: &M,
    device: Option<&DeviceArgument>,
    way: &Way,
    talk: Dialogue<AwsLc, S, I>,
    sessions: bool,
    output: &Output,
) -> Result<(String, S), Failure> {
    match (&way.connect, device) {
        (Some(to), _) => over_socket(to, way, talk).map(|script| (to.clone(), script)),
        (None, Some(device)) => over_mailbox(machine, device, way, talk, sessions, output),
        (None, None) => Err(Failure::new(Exit::Usage, "name a device, or --connect HOST:PORT")),
    }
}

fn over_socket<S: Script<AwsLc, I>, I: Identities>(
    to: &str,
    way: &Way,
    mut talk: Dialogue<AwsLc, S, I>,
) -> Result<S, Failure> {
    let capture = Capture::create(way.pcap.as_deref(), link(way.transport))?;
    let mut connection = Connection::open(to, way.transport, capture.as_ref())?;
    talk.run(&mut connection, &Monotonic::start(), |_| ());
    connection.close();
    Capture::finish(capture)?;
    Ok(talk.into_script())
}

fn over_mailbox<M: Host, S: Script<AwsLc, I>, I: Identities>(
    machine: &M,
    device: &DeviceArgument,
    way: &Way,
    talk: Dialogue<AwsLc, S, I>,
    sessions: bool,
    output: &Output,
) -> Result<(String, S), Failure> {
    let function = function_with_mailbox(machine, resolve(machine, device)?)?;
    let (id, doe, protocol) = spdm_mailbox(machine, &function, way.sharing, sessions, output)?;
    let talk = talk.in_objects(protocol, way.connection);
    let capture = Capture::create(way.pcap.as_deref(), LinkType::Doe)?;
    let mut talk = Captured::new(talk, capture.as_ref());
    let jobs = vec![(id, doe, &mut talk as &mut dyn Conversation)];
    converse(machine, jobs, way.sharing.into(), &mut |_| ());
    let script = talk.into_inner().into_script();
    Capture::finish(capture)?;
    Ok((function.address.to_string(), script))
}

/// The first mailbox that speaks SPDM, and in which type of data objects.
fn spdm_mailbox<M: Host>(
    machine: &M,
    function: &Function,
    sharing: Sharing,
    sessions: bool,
    output: &Output,
) -> Result<(MailboxId, Doe, Protocol), Failure> {
    let hierarchy = Hierarchy::new(vec![function.clone()]);
    let jobs = mailboxes(&hierarchy).map(|(id, doe)| (id, doe, Work::Discovery)).collect();
    let reports = work(machine, jobs, sharing.into(), &mut |_| ());
    let found = SPDM
        .into_iter()
        .find_map(|protocol| choose(&reports, protocol, output).map(|(id, doe)| (id, doe, protocol)));
    let (id, doe, protocol) =
        found.ok_or_else(|| no_speaker(function.address, Protocol::CMA_SPDM, &reports))?;
    let carries = |report: &MailboxReport| report.id == id && report.speaks(secured(protocol));
    if sessions && !reports.iter().any(carries) {
        return Err(Failure::new(Exit::NotFound, format!("{id}: {}", Stopped::NoSecured))
            .hint(format!("`lanewarden doe discover {}` shows what its mailboxes speak", function.address)));
    }
    Ok((id, doe, protocol))
}

/// Why a dialogue did not come to its end.
fn stopped(place: &str, failure: &Stopped) -> Failure {
    Failure::new(failure.class().into(), format!("{place}: {failure}"))
}
