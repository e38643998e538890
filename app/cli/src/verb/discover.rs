//! `doe discover`: every mailbox and what it speaks.

use lanewarden_doe::Host;
use lanewarden_inventory::{MailboxReport, Work};
use lanewarden_pci::Address;
use serde::Serialize;

use crate::args::Sharing;
use crate::exit::{Exit, Failure};
use crate::json;
use crate::output::{Outcome, Output};
use crate::table::Table;
use crate::verb::{Asked, on_mailboxes, warn_of_partial};

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    mailboxes: Vec<json::Mailbox>,
}

/// Asks the mailboxes of one function, or of all.
pub fn run<M: Host>(machine: &M, device: Option<Address>, sharing: Sharing, output: &Output) -> Outcome {
    let asked = on_mailboxes(machine, device, &Work::Discovery, sharing)?;
    let reports = &asked.mailboxes;
    if output.json() {
        let mailboxes = reports.iter().map(Into::into).collect();
        output.print_json(&Json { schema: "lanewarden.mailboxes/1", mailboxes })?;
    } else if reports.is_empty() {
        output.note(if asked.is_whole() { "no mailboxes" } else { "no mailboxes that this user can see" });
    } else {
        output.print(&table(reports, output.verbose()))?;
    }
    Ok(conclude(&asked, output))
}

impl Asked {
    fn is_whole(&self) -> bool {
        self.partial == 0 && self.unreadable.is_empty()
    }
}

/// Says what is missing or wrong, and what the whole comes to.
fn conclude(asked: &Asked, output: &Output) -> Exit {
    warn_of_partial(asked.partial, output);
    asked.unreadable.iter().for_each(|failure| output.warn(failure));
    for report in &asked.mailboxes {
        if let Some(failure) = Failure::of_report(report) {
            output.warn(&failure);
        }
        for warning in report.warnings() {
            output.warn(&Failure::new(Exit::Ok, format!("{}: {warning}", report.id)));
        }
    }
    let partial = (asked.partial > 0).then_some(Exit::Permission);
    let unreadable = asked.unreadable.iter().map(|failure| failure.exit);
    let failed = asked.mailboxes.iter().filter_map(MailboxReport::error).map(|error| error.class().into());
    Exit::of_all(partial.into_iter().chain(unreadable).chain(failed))
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

#[cfg(test)]
mod tests {
    use lanewarden_pci::{AccessError, Image};

    use super::*;
    use crate::verb::images::Images;

    const KEPT_APART: Sharing = Sharing { unsafe_shared: false };

    fn exit_of(functions: [Result<Image, AccessError>; 2]) -> Exit {
        let addresses = ["0000:0d:00.0", "0000:0e:00.0"].map(|address| address.parse().unwrap());
        let machine = Images::of(addresses.into_iter().zip(functions));
        run(&machine, None, KEPT_APART, &Output::new(false, 0)).unwrap()
    }

    fn whole() -> Image {
        Image::new(4096).with(0x00, 0x0010_1b36)
    }

    /// What a kernel shows an ordinary user: a header that says that there is more.
    fn header() -> Image {
        Image::new(64).with(0x00, 0x0010_1b36).with(0x04, 0x0010_0000).with(0x34, 0x40)
    }

    #[test]
    fn that_there_are_no_mailboxes_is_said_by_those_only_who_see_all() {
        assert_eq!(exit_of([Ok(whole()), Ok(whole())]), Exit::Ok);
        assert_eq!(exit_of([Ok(whole()), Ok(header())]), Exit::Permission);
    }

    #[test]
    fn a_function_that_cannot_be_read_is_not_passed_over() {
        assert_eq!(exit_of([Ok(whole()), Err(AccessError::Denied)]), Exit::Permission);
        assert_eq!(exit_of([Ok(whole()), Err(AccessError::System(5))]), Exit::Failure);
    }
}
