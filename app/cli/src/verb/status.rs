//! `status`: who uses which mailbox of a daemon.

use std::fmt::Write;

use lanewarden_ipc::CallError;
use lanewarden_ipc::frame::FrameError;
use lanewarden_ipc::status::{Client, Device, Mailbox, Report, Statistics, Status};
use lanewarden_render::text::escape;
use serde::Serialize;

use crate::exit::Exit;
use crate::output::{Outcome, Output};
use crate::reach;
use crate::remote::{PATIENCE, Remote};
use crate::table::Table;

#[derive(Serialize)]
struct Json<'r> {
    schema: &'static str,
    #[serde(flatten)]
    report: &'r Report,
}

/// Asks the daemon and prints what it says.
pub fn run(daemon: &Remote, output: &Output) -> Outcome {
    let report = ask(daemon).map_err(|error| reach::refused(&error))?;
    if output.json() {
        output.print_json(&Json { schema: "lanewarden.status/1", report: &report })?;
    } else {
        output.print(&text(&report, output.verbose()))?;
    }
    Ok(Exit::Ok)
}

/// The most replies that a daemon may take for it: more functions than machines have.
const MOST_REPLIES: usize = 256;

/// All of it, in several replies.
fn ask(daemon: &Remote) -> Result<Report, CallError> {
    let (mut whole, mut replies) = (None::<Report>, 0);
    daemon.call_for_more(&Status::default(), Some(PATIENCE), |next| {
        replies = usize::saturating_add(replies, 1);
        match &mut whole {
            Some(_) if replies > MOST_REPLIES => return Err(CallError::Frame(FrameError::TooLong)),
            Some(report) => report.append(next),
            None => whole = Some(next),
        }
        Ok(())
    })?;
    whole.ok_or(CallError::Closed)
}

/// Mailboxes that nobody uses and nothing is wrong with are counted, and listed with `-v`.
fn text(report: &Report, verbose: u8) -> String {
    let mut text = head(report);
    text.push('\n');
    text.push_str(&clients(report));
    let all = || {
        report.devices.iter().flat_map(|device| device.mailboxes.iter().map(move |mailbox| (device, mailbox)))
    };
    let shown: Vec<_> =
        all().filter(|(device, mailbox)| verbose > 0 || is_of_note(device, mailbox)).collect();
    if !shown.is_empty() {
        text.push('\n');
        text.push_str(&mailboxes(report, &shown));
    }
    let quiet = all().count().saturating_sub(shown.len());
    if quiet > 0 {
        let _ = writeln!(
            text,
            "\n{quiet} {} idle; -v lists them",
            if quiet == 1 { "mailbox is" } else { "mailboxes are" }
        );
    }
    text
}

fn head(report: &Report) -> String {
    let Statistics { started, answered, lost, busy, preempted, cancelled, dead, denied, gone, failed } =
        report.statistics;
    let refused = [busy, preempted, cancelled, dead, denied, gone].into_iter().fold(0, u64::saturating_add);
    let version = escape(&report.version);
    let mut text = format!("daemon {version}, process {}, up {}\n", report.process, time(report.uptime_ms));
    let _ = writeln!(
        text,
        "{started} exchanges begun, {answered} answered, {failed} failed; {refused} requests refused, {lost} claims lost"
    );
    report.findings.iter().for_each(|finding| {
        let _ = writeln!(text, "found at the start: {}", escape(finding));
    });
    text
}

fn clients(report: &Report) -> String {
    let mut table = Table::new(&["client", "user", "process", "requests", "uncollected", "bytes", "state"]);
    report.clients.iter().for_each(|client| table.row(client_row(client)));
    table.to_string()
}

fn client_row(client: &Client) -> [String; 7] {
    let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
    [
        client.client.to_string(),
        number(client.user),
        number(client.process),
        client.requests.to_string(),
        client.uncollected.to_string(),
        client.bytes.to_string(),
        match (client.stalled, client.process) {
            (true, _) => "stalled".to_owned(),
            (false, None) => "the daemon itself".to_owned(),
            (false, Some(_)) => String::new(),
        },
    ]
}

/// Someone uses it, or nobody can.
fn is_of_note(device: &Device, mailbox: &Mailbox) -> bool {
    mailbox.state != "idle" || mailbox.owner.is_some() || mailbox.waiting > 0 || device.lock.is_some()
}

fn mailboxes(report: &Report, shown: &[(&Device, &Mailbox)]) -> String {
    let mut table = Table::new(&["mailbox", "generation", "state", "owner", "silent", "waiting", "before"]);
    for (device, mailbox) in shown {
        table.row([
            format!("{} [{:03x}]", device.address, mailbox.mailbox),
            device.generation.to_string(),
            mailbox.state.clone(),
            owner(report, device, mailbox),
            mailbox.owner.map_or("-".to_owned(), |owner| time(owner.silent_ms)),
            mailbox.waiting.saturating_add(device.waiting_for_lock).to_string(),
            mailbox.condition.clone(),
        ]);
    }
    table.to_string()
}

/// Who has it for itself, or who has configuration space and so all of the function's mailboxes.
fn owner(report: &Report, device: &Device, mailbox: &Mailbox) -> String {
    let name = |client: u64| {
        let known = report.clients.iter().find(|known| known.client == client);
        match known.and_then(|known| known.process) {
            Some(process) => format!("client {client}, process {process}"),
            None => format!("client {client}"),
        }
    };
    match (mailbox.owner, device.lock) {
        (Some(owner), _) if owner.detached => format!("{} (detached)", name(owner.client)),
        (Some(owner), _) => name(owner.client),
        (None, Some(lock)) => format!("{} (configuration space)", name(lock.client)),
        (None, None) => "-".to_owned(),
    }
}

/// In the two largest units.
fn time(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms} ms"),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests;
