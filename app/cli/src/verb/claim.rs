//! `doe claim`: a mailbox for oneself, for a while.

use std::time::Duration;

use lanewarden_doe::{Carrier, Doe, Host, NotCarried, Ownership, Policy};
use lanewarden_inventory::Options;
use lanewarden_pci::{Function, Machine, MailboxId};
use lanewarden_time::Instant;
use serde::Serialize;

use crate::args::Claim;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::remote::{Line, Remote};
use crate::verb::{function_with_mailbox, resolve, the_mailbox};

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    claims: [ClaimJson; 1],
}

#[derive(Serialize)]
struct ClaimJson {
    address: String,
    offset: u16,
    detached: bool,
    process: u32,
}

/// Claims the mailbox and keeps it.
pub fn run<M: Host>(machine: &M, claim: &Claim, output: &Output) -> Outcome {
    let (id, doe) = chosen(machine, claim)?;
    if claim.dry_run {
        return dry_run(id, "claim", output);
    }
    let carrier = machine.carrier(id, doe, 0, Policy::default());
    let carrier =
        carrier.map_err(|error| Failure::from(lanewarden_inventory::ScanError::Read(id.address, error)))?;
    hold(machine, carrier, (id, doe), claim, output)
}

/// Takes the mailbox away from everybody else and keeps it.
pub fn detach(daemon: &Remote, claim: &Claim, output: &Output) -> Outcome {
    let (id, doe) = chosen(daemon, claim)?;
    if claim.dry_run {
        return dry_run(id, "detach", output);
    }
    hold(daemon, Line::detaching(id), (id, doe), claim, output)
}

fn chosen<M: Machine>(machine: &M, claim: &Claim) -> Result<(MailboxId, Doe), Failure> {
    let function: Function = function_with_mailbox(machine, resolve(machine, &claim.device)?)?;
    the_mailbox(&function, claim.mailbox)
}

fn dry_run(id: MailboxId, what: &str, output: &Output) -> Outcome {
    output.note(&format!("would {what} {id}"));
    Ok(Exit::Ok)
}

fn hold<M: Host>(
    machine: &M,
    mut carrier: M::Carrier,
    (id, doe): (MailboxId, Doe),
    claim: &Claim,
    output: &Output,
) -> Outcome {
    let failed = |error| Failure::of_claim(id, doe, error);
    let until = machine.now() + Options::default().lock_wait;
    own(machine, &mut carrier, until).map_err(failed)?;
    say(id, claim, output)?;
    let time = claim.time.map_or(Duration::MAX, |time| time.0);
    keep(machine, &mut carrier, machine.now() + time).map_err(failed)?;
    drop(carrier);
    output.note(&format!("{id} is given back"));
    Ok(Exit::Ok)
}

fn own<M: Host>(machine: &M, carrier: &mut M::Carrier, until: Instant) -> Result<(), NotCarried> {
    while let Ownership::Wait(at) = carrier.own(machine, until)? {
        while machine.now() < at && !carrier.has_news() {
            machine.wait_until(at);
        }
    }
    Ok(())
}

/// Looks after it until the time is over: others may have the right to take it away.
fn keep<M: Host>(machine: &M, carrier: &mut M::Carrier, end: Instant) -> Result<(), NotCarried> {
    while machine.now() < end {
        machine.wait_until(end);
        if carrier.has_news() {
            own(machine, carrier, end)?;
        }
    }
    Ok(())
}

fn say(id: MailboxId, claim: &Claim, output: &Output) -> Result<(), Failure> {
    let process = std::process::id();
    if output.json() {
        let MailboxId { address, offset } = id;
        let claim = ClaimJson { address: address.to_string(), offset, detached: claim.detach, process };
        return output.print_json(&Json { schema: "lanewarden.claims/1", claims: [claim] });
    }
    let word = if claim.detach { "detached" } else { "claimed" };
    output.print(&format!("{id} is {word} by process {process}\n"))?;
    if claim.time.is_none() {
        output.note("Ctrl-C gives it back");
    }
    Ok(())
}
