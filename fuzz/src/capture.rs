//! Capture files, whoever recorded them.

use std::io::{self, Write};

use lanewarden_decode::capture::{CaptureError, CaptureReader, Captured};
use lanewarden_decode::{Dissector, Document, Message, Printer, Verbosity};

use crate::shown::one_line;

const VERBOSITIES: [Verbosity; 3] = [Verbosity::Line, Verbosity::Fields, Verbosity::Bytes];
/// A message's text is no longer than this, and so many times its own length: a measurement of seven bytes is a block
/// of several lines.
const TEXT: usize = 0x8000;
const TIMES: usize = 128;
/// Bytes of the least packet, which is a record's head.
const LEAST_PACKET: usize = 12;

/// Reads a capture and shows it in every way.
pub fn capture(data: &[u8]) {
    let reader = match CaptureReader::new(data) {
        Ok(reader) => reader,
        Err(error) => return one_line(&error),
    };
    let found: Vec<_> = reader.take(data.len() / 4 + 1000).collect();
    bounded(data, &found);
    let messages = dissected(&found);
    let mut printers = VERBOSITIES.map(Printer::new);
    for message in &messages {
        let longest = TEXT + TIMES * message.length;
        for printer in &mut printers {
            let text = printer.text(message);
            assert!(text.len() <= longest, "{} characters of {} bytes", text.len(), message.length);
            let printable = |character: char| character == '\n' || (' '..='~').contains(&character);
            assert!(text.chars().all(printable), "{text:?}");
        }
        assert!(!message.gist.contains('\n') && !message.name.contains('\n'));
    }
    let longest = messages.iter().map(|message| TEXT + TIMES * message.length).sum::<usize>() + 1000;
    let mut counted = Counted(0);
    serde_json::to_writer(&mut counted, &Document::new(messages)).expect("every message is JSON");
    assert!(counted.0 <= longest, "{} bytes of JSON", counted.0);
}

/// No more comes out of a file than there is in it.
fn bounded(data: &[u8], found: &[Result<Captured, CaptureError>]) {
    let bytes: usize = found.iter().flatten().map(|captured| captured.bytes.len()).sum();
    assert!(bytes <= data.len(), "{bytes} bytes of messages");
    // Each packet may be wrong in itself, and complete messages without a body.
    assert!(found.len() <= data.len() / 4 + data.len() / LEAST_PACKET + 2, "{} messages", found.len());
}

fn dissected(found: &[Result<Captured, CaptureError>]) -> Vec<Message> {
    let mut dissector = Dissector::default();
    let mut messages = Vec::new();
    for next in found {
        match next {
            Ok(captured) => {
                let shown = dissector.take(captured);
                assert!((1..=5).contains(&shown.len()), "{} messages in one", shown.len());
                messages.extend(shown);
            }
            Err(error) => messages.push(dissector.fault(error)),
        }
    }
    messages
}

struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
