//! Messages, one module a command: a checked view of a message's bytes, which is also what a message is written from
//! (DSP0274 1.3, 10).
//!
//! Decoding checks what a message says of itself: its lengths, its counts, its reserved values where they matter. It
//! does not know what was asked; [`crate::requester`] and [`crate::responder`] do.

mod algorithms;
mod capabilities;
mod certificate;
mod challenge;
mod chunk;
mod code;
mod cursor;
mod digests;
mod encapsulated;
mod end_session;
mod error;
mod finish;
mod heartbeat;
mod key_exchange;
mod key_update;
mod measurements;
mod opaque;
mod print;
mod psk_exchange;
mod psk_finish;
mod vendor;
mod version;

pub use algorithms::{
    AeadAlgorithms, Algorithms, AsymmetricAlgorithms, DheGroups, HashAlgorithms, KeySchedules,
    MEASUREMENT_SPECIFICATION_DMTF, MeasurementHash, MeasurementHashes, NegotiateAlgorithms, OPAQUE_FORMAT_1,
    SessionAlgorithms, Structure, StructureList, Structures,
};
pub use capabilities::{Capabilities, MIN_TRANSFER_SIZE, RequesterFlags, ResponderFlags, Sizes};
pub use certificate::{CertificatePortion, GetCertificate};
pub use challenge::{Challenge, ChallengeAuth, SummaryKind};
pub use chunk::{Chunk, ChunkAck, ChunkGet};
pub use code::{Code, Request, Response};
pub use cursor::{NoRoom, Reader, Writer};
pub use digests::{Digests, SLOTS};
pub use encapsulated::{
    DeliverEncapsulatedResponse, EncapsulatedPayload, EncapsulatedRequest, EncapsulatedResponseAck,
    GetEncapsulatedRequest,
};
pub use end_session::{EndSession, EndSessionAck};
pub use error::{ErrorCode, ErrorMessage, NotReady};
pub use finish::{Finish, FinishRsp};
pub use heartbeat::Heartbeat;
pub use key_exchange::{Ends, KeyExchange, KeyExchangeRsp, MutualAuthentication, SessionPolicy};
pub use key_update::{KeyOperation, KeyUpdate};
pub use measurements::{Block, Blocks, GetMeasurements, Measurements, Operation, ValueType};
pub use opaque::secured::{
    MAX_AEAD_LIMIT, MAX_SECURED_OPAQUE, SecuredChoice, SecuredOffer, SecuredVersion, SecuredVersions,
};
pub use opaque::{OpaqueElement, OpaqueFormat, OpaqueTable};
pub use print::{Hex, RespondIfReady};
pub use psk_exchange::{MAX_PSK_CONTEXT, MAX_PSK_HINT, MIN_PSK_CONTEXT, PskExchange, PskExchangeRsp};
pub use psk_finish::{PskFinish, PskFinishRsp};
pub use vendor::{Registry, VendorMessage};
pub use version::{GET_VERSION, VersionList};

use crate::Version;

/// Bytes of the header that every message begins with.
pub const HEADER_SIZE: usize = 4;
/// Bytes of a nonce.
pub const NONCE_SIZE: usize = 32;
/// A nonce.
pub type Nonce = [u8; NONCE_SIZE];
/// Eight bytes of the requester's own that the responder repeats, from 1.3 on.
pub type Context = [u8; 8];
/// The most bytes of opaque data a message may hold (DSP0274 1.3, 10.9).
pub const MAX_OPAQUE: usize = 1024;

/// What every message begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The version byte, known here or not.
    pub version: u8,
    /// Which message it is.
    pub code: u8,
    /// The first parameter; what it means depends on the message.
    pub param1: u8,
    /// The second parameter.
    pub param2: u8,
}

impl Header {
    /// Reads the front of a message.
    ///
    /// # Errors
    /// [`Malformed::Short`].
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let [version, code, param1, param2] = reader.array()?;
        Ok(Self { version, code, param1, param2 })
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        writer.bytes(&[self.version, self.code, self.param1, self.param2])
    }
}

/// What is wrong with a message by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It ends before it is whole.
    #[error("the message is cut short")]
    Short,
    /// Something follows that is more than the padding of a transport: up to three zero bytes.
    #[error("{0} bytes follow the end of the message")]
    Trailing(usize),
    /// A length or a count that cannot be.
    #[error("its {0} cannot be")]
    Field(&'static str),
}

/// The sizes that the negotiated algorithms give to fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The version of the connection.
    pub version: Version,
    /// Bytes of a digest.
    pub digest: usize,
    /// Bytes of a signature of the side that signs: the responder, but for [`Finish`] and what is encapsulated.
    pub signature: usize,
}

/// The most bytes that stand before a slot's certificates: a length and a digest (DSP0274 1.3, 10.6.1).
pub(crate) const MAX_CHAIN_HEAD: usize = 4 + lanewarden_crypto::MAX_DIGEST_SIZE;

/// Whether what follows a message can be a transport's padding to whole double words.
///
/// # Errors
/// [`Malformed::Trailing`] where it cannot.
pub fn finish(reader: &Reader<'_>) -> Result<usize, Malformed> {
    let rest = reader.rest();
    match rest {
        [] | [0] | [0, 0] | [0, 0, 0] => Ok(reader.position()),
        _ => Err(Malformed::Trailing(rest.len())),
    }
}
