//! What every request gives in every state, from the session that locked the interface and from another.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::shared::table;
use super::support::{
    INTERFACE, LOCK, NOWHERE, OWNER, STRANGER, device_in, exchange, payload, start, updatable,
};
use crate::{NonceView, RangeAttributes, Request, Response, State, decode_response};

fn rows() -> Vec<(String, Vec<u8>)> {
    let wrong = [0; 32];
    let requests = [
        Request::GetVersion,
        Request::GetCapabilities { tsm: 0 },
        Request::LockInterface(LOCK),
        Request::GetReport { offset: 0, length: 16 },
        Request::GetReport { offset: 0, length: 0 },
        Request::GetReport { offset: 0x1000, length: 16 },
        Request::GetState,
        start(),
        Request::StartInterface(NonceView::new(&wrong)),
        Request::StopInterface,
        Request::BindStream(1),
        Request::UnbindStream(1),
        Request::SetMmioAttribute(updatable(RangeAttributes::NON_TEE)),
        Request::Vendor(b"?"),
    ];
    let mut rows: Vec<_> = requests
        .iter()
        .map(|request| {
            let is_wrong = *request == Request::StartInterface(NonceView::new(&wrong));
            let name = format!("{request}");
            let name = name.split(',').next().unwrap();
            (format!("{name}{}", if is_wrong { ", wrong nonce" } else { "" }), payload(INTERFACE, request))
        })
        .collect();
    rows.push(("to an interface that is not there".into(), payload(NOWHERE, &Request::GetState)));
    let mut other = payload(INTERFACE, &Request::GetState);
    other[1] = 0x11;
    rows.push(("of version 1.1".into(), other.clone()));
    (other[1], other[2]) = (0x10, 0x8c);
    rows.push(("of type 0x8c".into(), other.clone()));
    other[2] = 0x05;
    rows.push(("of type 0x05".into(), other.clone()));
    other[2] = 0x85;
    other.push(0);
    rows.push(("a byte too long".into(), other));
    rows
}

fn cell(state: State, session: u32, request: &[u8]) -> String {
    let mut device = device_in(state);
    let answer = exchange(&mut device, session, request);
    let told = match decode_response(&answer).unwrap().1 {
        Response::Error(error) if error.data != 0 => format!("{} {:#x}", error.code, error.data),
        Response::Error(error) => format!("{}", error.code),
        response => format!("{}", response.code()),
    };
    let after = device.state(INTERFACE).unwrap();
    if after == state { told } else { format!("{told} -> {after}") }
}

#[test]
fn every_request_in_every_state_has_its_answer() {
    let table = table(&rows(), &State::ALL, [OWNER, STRANGER], cell);
    insta::assert_snapshot!(table);
}
