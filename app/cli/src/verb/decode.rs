//! `decode`: the messages in a capture.

use std::fs::File;
use std::io::{self, BufReader, Read};

use lanewarden_decode::capture::{CaptureError, CaptureReader};
use lanewarden_decode::{Document, Printer, Verbosity, messages};

use crate::args::Decode;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::verb::files;

/// Prints a message a line; `-v` shows the fields, `-vv` the bytes.
pub fn run(args: &Decode, output: &Output) -> Outcome {
    let source: Box<dyn Read> = if files::is_standard(&args.file) {
        Box::new(io::stdin())
    } else {
        let file = File::open(&args.file).map_err(|error| Failure::file(&args.file, "read", &error))?;
        Box::new(BufReader::new(file))
    };
    let reader = CaptureReader::new(source).map_err(|error| not_a_capture(args, &error))?.on_port(args.port);
    let mut damaged = false;
    let messages = messages(reader).inspect(|message| damaged |= message.error.is_some());
    if output.json() {
        output.print_json(&Document::new(messages))?;
    } else {
        let verbosity = match output.verbose() {
            0 => Verbosity::Line,
            1 => Verbosity::Fields,
            _ => Verbosity::Bytes,
        };
        let mut printer = Printer::new(verbosity);
        for message in messages {
            output.print(&format!("{}\n", printer.text(&message)))?;
        }
    }
    Ok(if damaged { Exit::Protocol } else { Exit::Ok })
}

fn not_a_capture(args: &Decode, error: &CaptureError) -> Failure {
    Failure::new(Exit::Protocol, format!("{}: {error}", args.file.display()))
        .hint("a capture is a pcap or pcapng file, as `--pcap`, spdm-emu or tcpdump write them")
}
