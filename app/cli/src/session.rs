//! What was agreed on for a session, for people and for programs.

use lanewarden_attestation::session::SessionReport;
use lanewarden_spdm::binding::Binding;
use lanewarden_spdm::message::MutualAuthentication;
use serde::Serialize;

use crate::args::{TransportArgument, Way};
use crate::exit::{Exit, Failure};
use crate::verb::attest::hex;

/// How records look on the way.
pub const fn binding(transport: TransportArgument) -> Binding {
    match transport {
        TransportArgument::Doe | TransportArgument::None => Binding::DOE,
        TransportArgument::Mctp => Binding::MCTP,
        TransportArgument::Tcp | TransportArgument::FramedTcp => Binding::TCP,
    }
}

/// Refuses what can carry no session.
pub fn check(way: &Way) -> Result<(), Failure> {
    if way.connect.is_some() && way.transport == TransportArgument::None {
        return Err(Failure::new(Exit::Usage, "bare SPDM messages carry no session")
            .hint("--transport doe, mctp or tcp does"));
    }
    Ok(())
}

/// For programs.
#[derive(Serialize)]
pub struct SessionJson {
    session_id: u32,
    secured_version: Option<String>,
    key_exchange_group: Option<&'static str>,
    cipher: Option<&'static str>,
    encrypted: bool,
    handshake_in_clear: bool,
    mutual_authentication: &'static str,
    heartbeat_s: u64,
    summary_hex: Option<String>,
    opened: bool,
    ended: bool,
}

impl From<&SessionReport> for SessionJson {
    fn from(session: &SessionReport) -> Self {
        Self {
            session_id: session.id,
            secured_version: session.version.map(|version| version.to_string()),
            key_exchange_group: session.group.map(|group| group.name()),
            cipher: session.cipher.map(|cipher| cipher.name()),
            encrypted: session.is_encrypted,
            handshake_in_clear: session.in_the_clear,
            mutual_authentication: match session.mutual {
                MutualAuthentication::None => "none",
                MutualAuthentication::Direct => "direct",
                MutualAuthentication::Encapsulated => "encapsulated",
                MutualAuthentication::EncapsulatedDigests => "encapsulated_digests",
            },
            heartbeat_s: session.heartbeat.as_secs(),
            summary_hex: session.summary.map(|summary| hex(summary.as_bytes())),
            opened: session.is_open,
            ended: session.is_ended,
        }
    }
}

/// For people, in a line.
pub fn words(session: &SessionReport) -> String {
    let version = session.version.map(|version| format!("secured messages {version}"));
    let names = [session.group.map(|group| group.name()), session.cipher.map(|cipher| cipher.name())];
    let names = names.into_iter().flatten().map(ToOwned::to_owned);
    let protection = if session.is_encrypted { "encrypted" } else { "authenticated only" };
    let mutual = match session.mutual {
        MutualAuthentication::None => "not mutual",
        _ => "mutual",
    };
    let clear = session.in_the_clear.then_some("handshake in the clear");
    let rest = [protection, mutual].into_iter().chain(clear).map(ToOwned::to_owned);
    version.into_iter().chain(names).chain(rest).collect::<Vec<_>>().join(", ")
}
