//! `decode`: the messages in a capture.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use lanewarden_aws_lc::AwsLc;
use lanewarden_decode::capture::{CaptureError, CaptureReader};
use lanewarden_decode::keylog::{KeyLog, KeyLogError};
use lanewarden_decode::{Dissector, Document, Printer, Verbosity, dissected};

use crate::args::Decode;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::verb::files;

/// Prints a message a line; `-v` shows the fields, `-vv` the bytes.
pub fn run(args: &Decode, output: &Output) -> Outcome {
    let dissector = match &args.keylog {
        Some(log) if files::is_standard(log) && files::is_standard(&args.file) => {
            return Err(Failure::new(
                Exit::Usage,
                "the capture and the key log cannot both be standard input",
            ));
        }
        Some(log) => Dissector::with_keys(AwsLc, key_log(log)?),
        None => Dissector::default(),
    };
    let reader = CaptureReader::new(open(&args.file)?)
        .map_err(|error| not_a_capture(args, &error))?
        .on_port(args.port);
    let mut damaged = false;
    let messages = dissected(dissector, reader).inspect(|message| damaged |= message.error.is_some());
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

fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if files::is_standard(path) {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|error| Failure::file(path, "read", &error))?;
    Ok(Box::new(BufReader::new(file)))
}

fn key_log(path: &Path) -> Result<KeyLog, Failure> {
    KeyLog::read(open(path)?).map_err(|error| match error {
        KeyLogError::Io(error) => Failure::file(path, "read", &error),
        other => Failure::new(Exit::Protocol, format!("{}: {other}", path.display()))
            .hint("a key log has a secret a line, as in `requester-handshake 0x00020001 5f0e..`"),
    })
}

fn not_a_capture(args: &Decode, error: &CaptureError) -> Failure {
    Failure::new(Exit::Protocol, format!("{}: {error}", args.file.display()))
        .hint("a capture is a pcap or pcapng file, as `--pcap`, spdm-emu or tcpdump write them")
}
