//! `spdm measurements`: what a device says it runs. Nothing is proved by it; `attest` has it signed.

use lanewarden_attestation::{Failure as Stopped, MeasurementFact, Script, Speaker};
use lanewarden_aws_lc::AwsLc;
use lanewarden_doe::Host;
use lanewarden_spdm::Error;
use lanewarden_spdm::message::Operation;
use lanewarden_spdm::requester::{Event, MeasurementRequest};
use serde::Serialize;

use super::{dialogue, stopped};
use crate::args::MeasurementsOf;
use crate::exit::Exit;
use crate::output::{Outcome, Output};
use crate::table::Table;
use crate::verb::attest::{Measurement, kind, value};

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    measurements: Vec<Measurement>,
}

/// Asks and prints.
pub fn run<M: Host>(machine: &M, args: &MeasurementsOf, output: &Output) -> Outcome {
    let operation = args.index.map_or(Operation::All, Operation::Index);
    let request =
        MeasurementRequest { operation, signed: None, raw: args.raw, ..MeasurementRequest::all_signed(0) };
    let script = Asking { request, is_connected: false, blocks: None, failure: None };
    let (place, script) = dialogue(machine, args.device.as_ref(), &args.way, script, output)?;
    if let Some(failure) = &script.failure {
        return Err(stopped(&place, failure));
    }
    let blocks = script.blocks.unwrap_or_default();
    if output.json() {
        let measurements = blocks.iter().map(Into::into).collect();
        output.print_json(&Json { schema: "lanewarden.measurements/1", measurements })?;
    } else if blocks.is_empty() {
        output.note("the device reports no measurement");
    } else {
        output.print(&text(&blocks, output.verbose()))?;
    }
    Ok(Exit::Ok)
}

/// A row each.
pub(super) fn text(blocks: &[MeasurementFact], verbose: u8) -> String {
    let mut table = Table::new(&["index", "of", "form", "value"]);
    for block in blocks {
        let form = if block.is_raw { "raw" } else { "digest" };
        table.row([block.index.to_string(), kind(block), form.to_owned(), value(block, verbose)]);
    }
    table.to_string()
}

struct Asking {
    request: MeasurementRequest,
    is_connected: bool,
    blocks: Option<Vec<MeasurementFact>>,
    failure: Option<Stopped>,
}

impl Script<AwsLc> for Asking {
    fn next(&mut self, requester: &mut Speaker<AwsLc>) -> Option<Result<(), Error>> {
        Some(if self.is_connected { requester.measurements(self.request) } else { requester.connect() })
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Connected => self.is_connected = true,
            Event::Measured(measured) => {
                self.blocks = Some(measured.answer.blocks.iter().map(Into::into).collect());
            }
            _ => {}
        }
    }

    fn failed(&mut self, failure: Stopped) {
        self.failure = Some(failure);
    }

    fn is_over(&self) -> bool {
        self.failure.is_some() || self.blocks.is_some()
    }

    fn subject(&self) -> &'static str {
        if self.is_connected { "measurements" } else { "negotiation" }
    }
}
