//! Frames of the emulators' socket in a TCP stream: three big-endian `u32` (command, transport, size of the payload),
//! then the payload. Facts from `spdm_emu_common/command.c` of DMTF/spdm-emu.

use lanewarden_spdm::binding::tcp;

use super::packet::{mctp_message, object};
use super::{Fault, Framing};

/// The port of the emulators, but for transport TCP.
pub const PORT: u16 = 2323;
/// Length of what stands in front of a payload, in bytes.
const HEAD: usize = 12;
/// The longest payload that is taken, in bytes: the longest data object.
const LONGEST: usize = 1 << 20;
/// The payload is a message.
const NORMAL: u32 = 1;
/// A session's key update is wanted, an endpoint's info, the end of a connection, the end of all, or what was wanted is
/// not known; and hello.
const OTHERS: [u32; 6] = [0x8001, 0x8002, 0xfffd, 0xfffe, 0xffff, 0xdead];

/// A frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    command: u32,
    transport: u32,
    payload: &'a [u8],
    /// Bytes of all of it.
    pub length: usize,
}

impl<'a> Frame<'a> {
    /// Whether a frame begins here, rather than a message as DSP0287 has it, whose third byte is 1.
    pub fn begins(bytes: &[u8]) -> bool {
        let command = bytes.first_chunk().map(|first| u32::from_be_bytes(*first));
        command.is_some_and(|command| command == NORMAL || OTHERS.contains(&command))
    }

    /// The frame at the front; `None` where it is not whole.
    pub fn split(bytes: &'a [u8]) -> Result<Option<Self>, Fault> {
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else { return Ok(None) };
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *head;
        let [command, transport, size] = [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_be_bytes);
        let too_long = Fault::FrameTooLong(size);
        let size = usize::try_from(size).ok().filter(|size| *size <= LONGEST).ok_or(too_long)?;
        let length = size.saturating_add(HEAD);
        Ok(rest.get(..size).map(|payload| Self { command, transport, payload, length }))
    }

    /// What is in it.
    pub fn content(&self) -> Result<(Framing, &'a [u8]), Fault> {
        if self.command != NORMAL {
            return Ok((Framing::Emulator { command: self.command }, self.payload));
        }
        match self.transport {
            0 => Ok((Framing::Bare, self.payload)),
            1 => mctp_message(self.payload),
            2 => object(self.payload).map(|(header, payload)| (Framing::Doe(header), payload)),
            3 => tcp_message(self.payload),
            other => Err(Fault::Transport(other)),
        }
    }
}

fn tcp_message(payload: &[u8]) -> Result<(Framing, &[u8]), Fault> {
    let (head, body) = payload.split_first_chunk().ok_or(Fault::Unfilled)?;
    let head = tcp::Head::decode(*head).map_err(Fault::Head)?;
    if head.body_len() == body.len() { Ok((Framing::Tcp(head.kind), body)) } else { Err(Fault::Unfilled) }
}
