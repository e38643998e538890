//! What a packet holds, by its link type. Pure functions over its bytes.

use std::net::IpAddr;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use lanewarden_doe::{Header, Object};
use lanewarden_mctp::{Message, PacketHeader};

use super::{Connection, Fault, Framing};

const ETHERNET: u32 = 1;
const RAW_IP: u32 = 101;
const IPV4: u32 = 228;
const IPV6: u32 = 229;
const MCTP: u32 = 291;
const DOE: u32 = 292;

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// A whole message.
    Message(Connection, Framing, &'a [u8]),
    /// A part of a stream.
    Segment(Segment<'a>),
    /// Something else that a network carries.
    Other,
}

/// One segment of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Address and port it comes from.
    pub from: (IpAddr, u16),
    /// Address and port it goes to.
    pub to: (IpAddr, u16),
    /// Number of its first byte in the stream, that of its SYN included.
    pub sequence: u32,
    /// Whether it opens the connection.
    pub opens: bool,
    /// What it carries.
    pub bytes: &'a [u8],
}

/// Takes a packet apart.
///
/// # Errors
/// [`Fault`], about this packet only.
pub fn content(link: u32, bytes: &[u8]) -> Result<Content<'_>, Fault> {
    match link {
        MCTP => of_mctp(bytes),
        DOE => of_doe(bytes),
        ETHERNET => of_network(SlicedPacket::from_ethernet(bytes).map_err(|_| Fault::Packet)?),
        RAW_IP | IPV4 | IPV6 => of_network(SlicedPacket::from_ip(bytes).map_err(|_| Fault::Packet)?),
        other => Err(Fault::Link(other)),
    }
}

/// The header's version is not looked at: spdm-emu writes 0, where DSP0236 has 1.
fn of_mctp(bytes: &[u8]) -> Result<Content<'_>, Fault> {
    let (header, rest) = PacketHeader::split(bytes).ok_or(Fault::NoMessage)?;
    if !header.is_whole() {
        return Err(Fault::Fragment);
    }
    let (one, other) = (header.source, header.destination);
    let connection = Connection::Mctp(one.min(other), one.max(other));
    let (framing, body) = mctp_message(rest)?;
    Ok(Content::Message(connection, framing, body))
}

fn of_doe(bytes: &[u8]) -> Result<Content<'_>, Fault> {
    let (header, payload) = object(bytes)?;
    Ok(Content::Message(Connection::Doe(header.connection), Framing::Doe(header), payload))
}

/// An MCTP message from its type byte on.
pub fn mctp_message(bytes: &[u8]) -> Result<(Framing, &[u8]), Fault> {
    let Message { message_type, integrity_check, body } =
        Message::parse(bytes).map_err(|_| Fault::NoMessage)?;
    Ok((Framing::Mctp { message_type, integrity_check }, body))
}

/// A data object from its header on.
pub fn object(bytes: &[u8]) -> Result<(Header, &[u8]), Fault> {
    let Object { header, payload } = Object::parse(bytes).map_err(Fault::Object)?;
    Ok((header, payload))
}

fn of_network(packet: SlicedPacket<'_>) -> Result<Content<'_>, Fault> {
    let (from, to): (IpAddr, IpAddr) = match &packet.net {
        Some(NetSlice::Ipv4(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        Some(NetSlice::Ipv6(ip)) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        _ => return Ok(Content::Other),
    };
    let Some(TransportSlice::Tcp(tcp)) = &packet.transport else { return Ok(Content::Other) };
    Ok(Content::Segment(Segment {
        from: (from, tcp.source_port()),
        to: (to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        opens: tcp.syn(),
        bytes: tcp.payload(),
    }))
}
