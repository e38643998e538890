//! What the tests of both protocols do alike.

use std::fmt::{Display, Write as _};
use std::format;
use std::string::String;
use std::vec::Vec;

/// What every request, each with its name, gives in every state, from either session.
pub(crate) fn table<S: Copy + Display>(
    requests: &[(String, Vec<u8>)],
    states: &[S],
    sessions: [u32; 2],
    cell: impl Fn(S, u32, &[u8]) -> String,
) -> String {
    let mut table = String::new();
    for (name, request) in requests {
        writeln!(table, "{name}").unwrap();
        for &state in states {
            let cells = sessions.map(|session| cell(state, session, request));
            let line = if cells[0] == cells[1] { cells[0].clone() } else { cells.join(" | other session: ") };
            writeln!(table, "    {:<16}{line}", format!("{state}")).unwrap();
        }
    }
    table
}

/// As an answer to it would begin.
pub(crate) fn as_answer(mut request: Vec<u8>) -> Vec<u8> {
    if let Some(code) = request.get_mut(2) {
        *code &= 0x7f;
    }
    request
}

/// The whole report as spdm-emu's requester collects it: the first portion as long as can be, the others no longer than
/// what is left. `ask` takes offset and length, and gives a portion and how many bytes follow it.
pub(crate) fn emu_report(portion: u16, mut ask: impl FnMut(u16, u16) -> (Vec<u8>, u16)) -> Vec<u8> {
    let (mut report, mut total, mut left) = (Vec::new(), 0, portion);
    loop {
        let length = left.min(portion);
        let (bytes, remainder) = ask(u16::try_from(report.len()).unwrap(), length);
        assert!(bytes.len() <= length.into());
        let whole = report.len() + bytes.len() + usize::from(remainder);
        if report.is_empty() {
            assert!(whole <= 0x1000);
            total = whole;
        }
        assert_eq!(whole, total);
        report.extend(bytes);
        left = remainder;
        if left == 0 {
            return report;
        }
    }
}
