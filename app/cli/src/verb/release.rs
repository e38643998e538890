//! `doe release`: a mailbox taken from whoever has claimed it.

use lanewarden_ipc::mailbox::{Detach, Release as GiveBack};
use lanewarden_ipc::status::{Owner, Report, Status};
use lanewarden_pci::MailboxId;
use serde::Serialize;

use crate::args::Release;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::reach;
use crate::remote::{Remote, not_carried};
use crate::verb::{function_with_mailbox, resolve, the_mailbox};

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    releases: [ReleaseJson; 1],
}

#[derive(Serialize)]
struct ReleaseJson {
    address: String,
    offset: u16,
    client: Option<u64>,
    process: Option<u32>,
}

/// Ends the claim. That takes the mailbox away from everybody for a moment, and gives it back at once.
pub fn run(daemon: &Remote, release: &Release, output: &Output) -> Outcome {
    let function = function_with_mailbox(daemon, resolve(daemon, &release.device)?)?;
    let (id, doe) = the_mailbox(&function, release.mailbox)?;
    let report =
        daemon.call(&Status { address: Some(id.address) }).map_err(|error| reach::refused(&error))?;
    let Some(owner) = owner(&report, id) else {
        output.note(&format!("nobody has claimed {id}"));
        return print(id, None, &report, output);
    };
    let MailboxId { address, offset: mailbox } = id;
    if release.dry_run {
        output.note(&format!("would take {id} from {}", name(&report, owner.client)));
        return Ok(Exit::Ok);
    }
    let failed = |error| Failure::of_claim(id, doe, not_carried(&error));
    let taken = daemon.call(&Detach { address, generation: None, mailbox }).map_err(failed)?;
    daemon.call(&GiveBack { claim: taken.claim }).map_err(failed)?;
    output.note(&format!("{id} is taken from {}", name(&report, owner.client)));
    print(id, Some(owner), &report, output)
}

fn owner(report: &Report, id: MailboxId) -> Option<Owner> {
    let device = report.devices.iter().find(|device| device.address == id.address)?;
    device.mailboxes.iter().find(|mailbox| mailbox.mailbox == id.offset)?.owner
}

fn process(report: &Report, client: u64) -> Option<u32> {
    report.clients.iter().find(|known| known.client == client)?.process
}

fn name(report: &Report, client: u64) -> String {
    match process(report, client) {
        Some(process) => format!("client {client} (process {process})"),
        None => format!("client {client}"),
    }
}

fn print(id: MailboxId, owner: Option<Owner>, report: &Report, output: &Output) -> Outcome {
    if output.json() {
        let MailboxId { address, offset } = id;
        let client = owner.map(|owner| owner.client);
        let process = client.and_then(|client| process(report, client));
        let release = ReleaseJson { address: address.to_string(), offset, client, process };
        output.print_json(&Json { schema: "lanewarden.releases/1", releases: [release] })?;
    }
    Ok(Exit::Ok)
}
