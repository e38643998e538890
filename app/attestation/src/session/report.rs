//! What was agreed on for a session.

use std::time::Duration;

use lanewarden_crypto::{AeadAlgorithm, Digest, Group};
use lanewarden_spdm::Connection;
use lanewarden_spdm::message::{MutualAuthentication, OpaqueFormat, SecuredChoice, SecuredVersion};
use lanewarden_spdm::requester::Exchanged;
use lanewarden_spdm::session::Protection;

/// A session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionReport {
    /// Its number.
    pub id: u32,
    /// The version of secured messages; `None` where the device did not say.
    pub version: Option<SecuredVersion>,
    /// In what keys were exchanged; `None` where a key was there before.
    pub group: Option<Group>,
    /// Its cipher.
    pub cipher: Option<AeadAlgorithm>,
    /// Whether its messages are encrypted, or authenticated only.
    pub is_encrypted: bool,
    /// Whether its handshake went in the clear.
    pub in_the_clear: bool,
    /// How the requester was asked to prove who it is.
    pub mutual: MutualAuthentication,
    /// Within which time the device wants to hear of it; zero where it does not mind.
    pub heartbeat: Duration,
    /// The digest of the measurements, with which keys were exchanged.
    pub summary: Option<Digest>,
    /// Whether the handshake has come to its end.
    pub is_open: bool,
    /// Whether it was ended as it should be.
    pub is_ended: bool,
}

impl SessionReport {
    /// Of what came of an exchange under these terms.
    #[must_use]
    pub fn new(connection: &Connection, exchanged: &Exchanged<'_>, is_preshared: bool) -> Self {
        let format = OpaqueFormat::of(connection.version);
        Self {
            id: exchanged.session,
            version: SecuredChoice::decode(format, exchanged.opaque).ok().map(|choice| choice.version),
            group: connection.group.filter(|_| !is_preshared),
            cipher: connection.aead,
            is_encrypted: connection.protection() == Some(Protection::Encrypted),
            in_the_clear: connection.handshakes_in_the_clear() && !is_preshared,
            mutual: exchanged.mutual,
            heartbeat: exchanged.heartbeat,
            summary: Digest::new(connection.hash, exchanged.summary),
            is_open: exchanged.is_open,
            is_ended: false,
        }
    }
}
