//! What every request gives in every state, from the primary session and from another.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::support::{OTHER, PRIMARY, device_in, exchange, payload, set, te};
use crate::tests::shared::table;
use crate::tsp::{Request, Response, State, decode_response};

fn rows() -> Vec<(String, Vec<u8>)> {
    let requests = [
        Request::GetVersion,
        Request::GetCapabilities,
        set(),
        Request::GetConfiguration,
        Request::GetReport { offset: 0, length: 16 },
        Request::GetReport { offset: 0, length: 0 },
        Request::GetReport { offset: 0x1000, length: 16 },
        Request::LockConfiguration,
        te(1),
        te(2),
        Request::CheckDelayedCompletion,
    ];
    let mut rows: Vec<_> = requests
        .iter()
        .map(|request| {
            let name = format!("{request}");
            (name.split(',').next().unwrap().into(), payload(request))
        })
        .collect();
    let mut other = payload(&Request::GetCapabilities);
    other[1] = 0x11;
    rows.push(("of version 1.1".into(), other.clone()));
    other[1] = 0x10;
    for (code, what) in [(0x87, "a key for a CKID"), (0x8c, "no key for a range"), (0x02, "of code 0x02")] {
        other[2] = code;
        rows.push((what.into(), other.clone()));
    }
    other[2] = 0x82;
    other.push(0);
    rows.push(("a byte too long".into(), other));
    rows
}

fn cell(state: State, session: u32, request: &[u8]) -> String {
    let mut device = device_in(state);
    let answer = exchange(&mut device, session, request);
    let told = match decode_response(&answer).unwrap().1 {
        Response::Error(error) => format!("{}", error.code),
        response => format!("{}", response.code()),
    };
    let after = device.state();
    if after == state { told } else { format!("{told} -> {after}") }
}

#[test]
fn every_request_in_every_state_has_its_answer() {
    let table = table(&rows(), &State::ALL, [PRIMARY, OTHER], cell);
    insta::assert_snapshot!(table);
}
