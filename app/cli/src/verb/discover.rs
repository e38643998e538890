//! `doe discover`: every mailbox and what it speaks.

use lanewarden_inventory::{MailboxReport, Work};
use lanewarden_pci::{Address, Machine};
use serde::Serialize;

use crate::args::Sharing;
use crate::exit::{Exit, Failure};
use crate::json;
use crate::output::{Outcome, Output};
use crate::table::Table;
use crate::verb::on_mailboxes;

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    mailboxes: Vec<json::Mailbox>,
}

/// Asks the mailboxes of one function, or of all.
pub fn run<M: Machine>(machine: &M, device: Option<Address>, sharing: Sharing, output: &Output) -> Outcome {
    let reports = on_mailboxes(machine, device, &Work::Discovery, sharing)?;
    if output.json() {
        let mailboxes = reports.iter().map(Into::into).collect();
        output.print_json(&Json { schema: "lanewarden.mailboxes/1", mailboxes })?;
    } else if reports.is_empty() {
        output.note("no mailboxes: none there, or none this user can see");
    } else {
        output.print(&table(&reports, output.verbose()))?;
    }
    conclude(&reports, output)
}

/// Says what is wrong, and what the whole comes to.
pub fn conclude(reports: &[MailboxReport], output: &Output) -> Outcome {
    for report in reports {
        if let Some(failure) = Failure::of_report(report) {
            output.warn(&failure);
        }
        for warning in report.warnings() {
            output.warn(&Failure::new(Exit::Ok, format!("{}: {warning}", report.id)));
        }
    }
    Ok(Exit::of_all(reports.iter().filter_map(|r| r.error()).map(|error| error.class().into())))
}

fn table(reports: &[MailboxReport], verbose: u8) -> String {
    let mut table = Table::new(&["mailbox", "state", "protocol", "name"]);
    for report in reports {
        let mailbox = report.id.to_string();
        let mut rows: Vec<_> =
            report.protocols().map(|p| (p.to_string(), p.name().unwrap_or("vendor defined"))).collect();
        if rows.is_empty() {
            rows.push((String::new(), ""));
        }
        for (index, (protocol, name)) in rows.into_iter().enumerate() {
            let first = index == 0;
            let state = if first { json::state(report).replace('_', " ") } else { String::new() };
            table.row([
                if first { mailbox.clone() } else { String::new() },
                state,
                protocol,
                name.to_owned(),
            ]);
        }
    }
    let mut text = table.to_string();
    if verbose > 0 {
        for report in reports {
            text.push_str(&details(report));
        }
    }
    text
}

fn details(report: &MailboxReport) -> String {
    let doe = report.capability;
    let interrupt =
        doe.interrupt.map_or("no interrupt".into(), |number| format!("interrupt message {number}"));
    let s = report.statistics;
    format!(
        "{}: capability version {}, {interrupt}; {} sent, {} answered, {} aborts, {:.3} ms\n",
        report.id,
        doe.version,
        s.sent,
        s.answered,
        s.aborts,
        report.elapsed.as_secs_f64() * 1000.0
    )
}
