//! The far end of the NVMe drive's SPDM mailbox: the emulator connects to it when it makes the device.
//!
//! Frames are three big-endian words (command, transport, payload size) and the payload. This responder knows
//! no request: it greets, and answers every message with ERROR(UnsupportedRequest) (DSP0274, 10.10).

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use anyhow::Result;

const NORMAL: u32 = 0x0001;
const TEST: u32 = 0xdead;
const SHUTDOWN: u32 = 0xfffe;
const TRANSPORT_DOE: u32 = 2;
/// More than the emulator ever sends.
const MAX_PAYLOAD: usize = 0x1200;

/// A DOE object with SPDM 1.0 ERROR: UnsupportedRequest.
const UNSUPPORTED: [u8; 12] = [0x01, 0x00, 0x01, 0x00, 3, 0, 0, 0, 0x10, 0x7f, 0x07, 0x00];

/// Listens on a port of the machine's own, which it returns, and serves one connection after another.
pub fn listen() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // An emulator that goes away in the middle is the end of that connection, and no fault.
            serve(stream).ok();
        }
    });
    Ok(port)
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    loop {
        let (command, payload) = receive(&mut stream)?;
        match command {
            TEST => send(&mut stream, TEST, b"Server Hello!\0")?,
            NORMAL => send(&mut stream, NORMAL, &answer(&payload))?,
            SHUTDOWN => return send(&mut stream, SHUTDOWN, &[]),
            other => send(&mut stream, other, &[])?,
        }
    }
}

/// The error names the request it is about in its second parameter.
fn answer(request: &[u8]) -> Vec<u8> {
    let mut object = UNSUPPORTED;
    object[11] = request.get(9).copied().unwrap_or_default();
    object.to_vec()
}

fn receive(stream: &mut TcpStream) -> io::Result<(u32, Vec<u8>)> {
    let mut word = || {
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).map(|()| u32::from_be_bytes(bytes))
    };
    let (command, _transport, size) = (word()?, word()?, word()? as usize);
    let mut payload = vec![0; size.min(MAX_PAYLOAD)];
    stream.read_exact(&mut payload)?;
    Ok((command, payload))
}

fn send(stream: &mut TcpStream, command: u32, payload: &[u8]) -> io::Result<()> {
    let head = [command, TRANSPORT_DOE, payload.len() as u32].map(u32::to_be_bytes).concat();
    stream.write_all(&[&head[..], payload].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_greets_and_refuses_every_request() {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, listen().unwrap())).unwrap();
        send(&mut stream, TEST, b"Client Hello!\0").unwrap();
        assert_eq!(receive(&mut stream).unwrap(), (TEST, b"Server Hello!\0".to_vec()));
        send(&mut stream, NORMAL, &[1, 0, 1, 0, 3, 0, 0, 0, 0x10, 0x84, 0, 0]).unwrap();
        let (_, object) = receive(&mut stream).unwrap();
        assert_eq!(object[8..], [0x10, 0x7f, 0x07, 0x84]);
    }
}
