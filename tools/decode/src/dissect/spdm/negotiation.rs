//! What is agreed on: version, capabilities, algorithms.

use std::fmt::Display;

use lanewarden_spdm::Version;
use lanewarden_spdm::message::{
    AeadAlgorithms, Algorithms, AsymmetricAlgorithms, Capabilities, DheGroups, HashAlgorithms, Header,
    Malformed, NegotiateAlgorithms, Reader, RequesterFlags, ResponderFlags, Structure, Structures,
    VersionList,
};

use super::{Content, State};
use crate::{Field, Value};

/// Where ALGORITHMS has the chosen signature, the chosen hash, the numbers of extended algorithms and then the
/// structures, in bytes after the header. Later versions have put more into what was reserved, and left these.
const SIGNATURE: usize = 8;
const HASH: usize = 12;
const STRUCTURES: usize = 32;
/// The kind of structure with a key encapsulation, from 1.4 on.
const KEM: u8 = 7;

/// Bytes of digests, signatures and public values that are named, and not spoken.
const SM3_DIGEST: usize = 32;
const SM2_SIGNATURE: usize = 64;
const ED448_SIGNATURE: usize = 114;
const SM2_EXCHANGE: usize = 64;

pub fn version(reader: &mut Reader<'_>) -> Result<Content, Malformed> {
    let (list, _) = VersionList::decode(reader)?;
    Ok(Content::new(&list, vec![Field::new("versions", Value::names(&list))]))
}

fn capable<F: Display>(message: &Capabilities<F>) -> Content
where
    Capabilities<F>: Display,
{
    let Capabilities { ct_exponent, flags, sizes } = message;
    Content::new(
        message,
        vec![
            Field::new("ct_exponent", *ct_exponent),
            Field::new("flags", Value::names(flags)),
            Field::new("data_transfer_size", sizes.map(|sizes| sizes.transfer)),
            Field::new("max_message_size", sizes.map(|sizes| sizes.message)),
        ],
    )
}

pub fn negotiate(version: Version, header: Header, reader: &mut Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = NegotiateAlgorithms::decode(version, header, reader)?;
    let mut fields = vec![
        Field::new("measurement_specifications", Value::mask(message.measurement_specifications)),
        Field::new("other_parameters", Value::mask(message.other_parameters)),
        Field::new("signature", Value::names(&message.asymmetric)),
        Field::new("hash", Value::names(&message.hash)),
    ];
    fields.extend(structures(message.structures));
    Ok(Content::new(&message, fields))
}

pub fn algorithms(version: Version, header: Header, reader: &mut Reader<'_>) -> Result<Content, Malformed> {
    let (message, _) = Algorithms::decode(version, header, reader)?;
    let mut fields = vec![
        Field::new("measurement_specifications", Value::mask(message.measurement_specification)),
        Field::new("other_parameters", Value::mask(message.other_parameters)),
        Field::new("measurement_hash", Value::names(&message.measurement_hash)),
        Field::new("signature", Value::names(&message.asymmetric)),
        Field::new("hash", Value::names(&message.hash)),
    ];
    fields.extend(structures(message.structures));
    Ok(Content::new(&message, fields))
}

/// A list for each kind, whether the message has that kind or not.
fn structures(structures: Structures<'_>) -> impl Iterator<Item = Field> {
    let kinds = [(2, "key_exchange"), (3, "aead"), (4, "requester_signature"), (5, "key_schedule")];
    kinds.into_iter().map(move |(kind, name)| {
        let found = structures.clone().find(|structure| structure.kind == kind);
        Field::new(name, found.map_or(Value::List(Vec::new()), |structure| Value::names(&structure)))
    })
}

impl State {
    pub(super) fn get_capabilities(
        &mut self,
        version: Version,
        reader: &mut Reader<'_>,
    ) -> Result<Content, Malformed> {
        let (message, _) = Capabilities::<RequesterFlags>::decode(version, reader)?;
        self.clear[0] = Some(message.flags.contains(RequesterFlags::HANDSHAKE_IN_THE_CLEAR));
        self.encrypts[0] = Some(message.flags.contains(RequesterFlags::ENCRYPT));
        // 1.0 asks without a word of its own.
        Ok(if version == Version::V1_0 { Content::default() } else { capable(&message) })
    }

    pub(super) fn capabilities(
        &mut self,
        version: Version,
        reader: &mut Reader<'_>,
    ) -> Result<Content, Malformed> {
        let (message, _) = Capabilities::<ResponderFlags>::decode(version, reader)?;
        self.clear[1] = Some(message.flags.contains(ResponderFlags::HANDSHAKE_IN_THE_CLEAR));
        self.encrypts[1] = Some(message.flags.contains(ResponderFlags::ENCRYPT));
        Ok(capable(&message))
    }

    /// Keeps the sizes that ALGORITHMS chooses.
    pub(super) fn negotiated(&mut self, header: Header, body: &[u8]) {
        let bits = |at: usize| {
            body.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four))
        };
        let hash = HashAlgorithms::from_bits_retain(bits(HASH));
        self.hash = hash.single();
        self.digest = match self.hash {
            Some(hash) => Some(hash.size()),
            None => (hash == HashAlgorithms::SM3_256).then_some(SM3_DIGEST),
        };
        let structure = |kind: u8| {
            let mut structures =
                body.get(STRUCTURES..).unwrap_or_default().chunks_exact(4).take(header.param1.into());
            let found = structures.find_map(|structure| match *structure {
                [found, _, low, high] if found == kind => Some(u16::from_le_bytes([low, high])),
                _ => None,
            });
            found.unwrap_or_default()
        };
        let requester = structure(Structure::REQUESTER_ASYMMETRIC);
        self.signatures = [bits(SIGNATURE), requester.into()].map(signature_size);
        // A key encapsulation goes before, and its values differ in size by who says them.
        self.aead = AeadAlgorithms::from_bits_retain(structure(Structure::AEAD)).single();
        self.version = Version::from_byte(header.version);
        let groups = DheGroups::from_bits_retain(structure(Structure::DHE));
        self.exchange = if structure(KEM) == 0 { exchange_size(groups) } else { None };
    }
}

fn exchange_size(groups: DheGroups) -> Option<usize> {
    match groups {
        DheGroups::SM2_P256 => Some(SM2_EXCHANGE),
        other => other.single().map(|group| group.public_size()),
    }
}

fn signature_size(bits: u32) -> Option<usize> {
    match AsymmetricAlgorithms::from_bits_retain(bits) {
        AsymmetricAlgorithms::SM2_P256 => Some(SM2_SIGNATURE),
        AsymmetricAlgorithms::ED448 => Some(ED448_SIGNATURE),
        other => other.single().map(|algorithm| algorithm.signature_size()),
    }
}
