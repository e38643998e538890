//! `show`: one function, or all, decoded.
//!
//! What is read becomes a [`document`](document::Section), from which the text for people and the JSON for programs
//! are made; neither can say what the other does not know.

mod bridge;
mod capability;
mod cxl;
mod document;
mod doe;
mod errors;
mod function;
mod ide;
mod interrupts;
mod pcie;
mod people;
mod power;
mod programs;
mod reading;
#[cfg(test)]
mod tests;
mod words;

use lanewarden_doe::Host;
use lanewarden_inventory::{MailboxError, Progress, ScanError};
use lanewarden_pci::{Address, Machine};
use serde::Serialize;

use self::document::Section;
use self::reading::{Reading, ask_mailboxes};
use crate::args::Sharing;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::progress::Bar;

/// Shows one function, or all. A mailbox that the kernel uses is as it should be, part of what is shown and no failure.
pub fn run<M: Host>(machine: &M, device: Option<Address>, sharing: Sharing, output: &Output) -> Outcome {
    let verbose = if output.json() { 0 } else { output.verbose() };
    let (mut readings, unreadable) = match device {
        Some(address) => (vec![Reading::new(machine, address, verbose)?], Vec::new()),
        None => read_all(machine, verbose)?,
    };
    ask_mailboxes(machine, &mut readings, sharing);
    if output.json() {
        output.print_json(&Json::new(&readings, &unreadable))?;
    } else {
        output
            .print(&readings.iter().map(|reading| text(reading, verbose)).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(conclude(&readings, unreadable, output))
}

type Readings = (Vec<Reading>, Vec<(Address, ScanError)>);

fn read_all<M: Machine>(machine: &M, verbose: u8) -> Result<Readings, ScanError> {
    let addresses = machine.functions().map_err(ScanError::List)?;
    let (mut readings, mut unreadable) = (Vec::new(), Vec::new());
    let (mut bar, total) = (Bar::new(), addresses.len());
    for (address, done) in addresses.into_iter().zip(1_usize..) {
        match Reading::new(machine, address, verbose) {
            Ok(reading) => readings.push(reading),
            Err(error) => unreadable.push((address, error)),
        }
        bar.show(Progress { phase: "functions", done, total });
    }
    Ok((readings, unreadable))
}

fn text(reading: &Reading, verbose: u8) -> String {
    let mut text = people::text(&function::document(reading), verbose);
    if let Some(image) = &reading.dump {
        text.push_str(&crate::dump::hexadecimal(image.bytes()));
    }
    text
}

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    functions: Vec<Section>,
}

impl Json {
    /// The functions that were read, and behind them those that are there and could not be read.
    fn new(readings: &[Reading], unreadable: &[(Address, ScanError)]) -> Self {
        let functions = readings.iter().map(function::document).chain(unreadable.iter().map(unread));
        Self { schema: "lanewarden.show/1", functions: functions.collect() }
    }
}

fn unread((address, error): &(Address, ScanError)) -> Section {
    Section::default()
        .data("address", address.to_string())
        .data("visibility", "none")
        .data("error", error.to_string())
}

/// Says what is missing and why, and what the whole comes to.
fn conclude(readings: &[Reading], unreadable: Vec<(Address, ScanError)>, output: &Output) -> Exit {
    let partial = readings.iter().filter(|reading| reading.function.is_partial()).count();
    if partial > 0 {
        let message = match readings {
            [only] => format!("{}: only part of its configuration space can be read", only.function.address),
            _ => format!("only part of the configuration space of {partial} functions can be read"),
        };
        output.warn(&Failure::new(Exit::Permission, message).hint("run as root to see the rest"));
    }
    let failures = unreadable.into_iter().map(|(_, error)| Failure::from(error));
    let mailboxes = readings.iter().flat_map(|reading| &reading.mailboxes);
    let failed = mailboxes.filter(|report| !matches!(report.error(), Some(MailboxError::InUse(_))));
    Exit::of_all(failures.chain(failed.filter_map(Failure::of_report)).map(|failure| {
        output.warn(&failure);
        failure.exit
    }))
}
