//! `spdm request`: one request as bytes, and its answer.

use lanewarden_attestation::{Failure as Stopped, Script, Speaker};
use lanewarden_aws_lc::AwsLc;
use lanewarden_doe::Host;
use lanewarden_spdm::Error;
use lanewarden_spdm::message::Code;
use lanewarden_spdm::requester::Event;
use serde::Serialize;

use super::{dialogue, stopped};
use crate::args::Request;
use crate::dump::hexadecimal;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::verb::attest::hex;

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    answers: [Answer; 1],
}

#[derive(Serialize)]
struct Answer {
    address: String,
    message_hex: String,
}

/// Negotiates, sends, prints.
pub fn run<M: Host>(machine: &M, args: &Request, output: &Output) -> Outcome {
    let message = &args.hex.0;
    let [_, code, _, _, ..] = message.as_slice() else {
        return Err(Failure::new(
            Exit::Usage,
            "a message has four bytes at least: version, code, and two parameters",
        ));
    };
    if args.dry_run {
        output.note(&format!("would negotiate, and then send {}:", Code(*code)));
        output.print(&hexadecimal(message))?;
        return Ok(Exit::Ok);
    }
    let script = Once { message: message.clone(), ..Once::default() };
    let (place, script) = dialogue(machine, args.device.as_ref(), &args.way, script, output)?;
    if let Some(failure) = &script.failure {
        return Err(stopped(&place, failure));
    }
    if output.json() {
        let answer = Answer { address: place, message_hex: hex(&script.answer) };
        output.print_json(&Json { schema: "lanewarden.answers/1", answers: [answer] })?;
    } else {
        output.note(&format!("{place} answers with {} bytes", script.answer.len()));
        output.print(&hexadecimal(&script.answer))?;
    }
    Ok(Exit::Ok)
}

#[derive(Default)]
struct Once {
    message: Vec<u8>,
    is_connected: bool,
    answer: Vec<u8>,
    failure: Option<Stopped>,
}

impl Script<AwsLc> for Once {
    fn next(&mut self, requester: &mut Speaker<AwsLc>) -> Option<Result<(), Error>> {
        Some(if self.is_connected { requester.request(&self.message) } else { requester.connect() })
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Connected => self.is_connected = true,
            Event::Answer(answer) => self.answer = answer.to_vec(),
            _ => {}
        }
    }

    fn failed(&mut self, failure: Stopped) {
        self.failure = Some(failure);
    }

    fn is_over(&self) -> bool {
        self.failure.is_some() || !self.answer.is_empty()
    }

    fn subject(&self) -> &'static str {
        if self.is_connected { "request" } else { "negotiation" }
    }
}
