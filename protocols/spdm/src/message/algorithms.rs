//! NEGOTIATE_ALGORITHMS and ALGORITHMS (DSP0274 1.3, 10.5).

mod session;
mod structure;

use core::fmt;

use bitflags::bitflags;
use lanewarden_crypto::{Curve, HashAlgorithm, RsaSize, SignatureAlgorithm};

use super::{Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::Version;

pub use session::{AeadAlgorithms, DheGroups, KeySchedules};
use structure::encode_structures;
pub use structure::{SessionAlgorithms, Structure, StructureList, Structures};

/// The measurement specification of DMTF, as a bit.
pub const MEASUREMENT_SPECIFICATION_DMTF: u8 = 1;
/// The general form of opaque data, as a bit of the other parameters, from 1.2 on (DSP0274 1.3, 10.9).
pub const OPAQUE_FORMAT_1: u8 = 2;

/// The most bytes of a request, and of a response, which is as long or shorter (DSP0274 1.3, 10.5).
const MAX_LENGTH: u16 = 128;
const MAX_LENGTH_1_0: u16 = 64;
/// The most extended algorithms (DSP0274 1.3, 10.5).
const MAX_EXTENDED: u8 = 20;
const MAX_EXTENDED_1_0: u8 = 8;

bitflags! {
    /// Base asymmetric algorithms.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct AsymmetricAlgorithms: u32 {
        /// RSASSA, 2048 bits.
        const RSASSA_2048 = 1;
        /// RSAPSS, 2048 bits.
        const RSAPSS_2048 = 1 << 1;
        /// RSASSA, 3072 bits.
        const RSASSA_3072 = 1 << 2;
        /// RSAPSS, 3072 bits.
        const RSAPSS_3072 = 1 << 3;
        /// ECDSA over P-256.
        const ECDSA_P256 = 1 << 4;
        /// RSASSA, 4096 bits.
        const RSASSA_4096 = 1 << 5;
        /// RSAPSS, 4096 bits.
        const RSAPSS_4096 = 1 << 6;
        /// ECDSA over P-384.
        const ECDSA_P384 = 1 << 7;
        /// ECDSA over P-521.
        const ECDSA_P521 = 1 << 8;
        /// SM2, which is named here and not spoken.
        const SM2_P256 = 1 << 9;
        /// Ed25519, from 1.2 on.
        const ED25519 = 1 << 10;
        /// Ed448, which is named here and not spoken.
        const ED448 = 1 << 11;
        const _ = !0;
    }
}

bitflags! {
    /// Base hash algorithms.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct HashAlgorithms: u32 {
        /// SHA-256.
        const SHA_256 = 1;
        /// SHA-384.
        const SHA_384 = 1 << 1;
        /// SHA-512.
        const SHA_512 = 1 << 2;
        /// SHA3-256.
        const SHA3_256 = 1 << 3;
        /// SHA3-384.
        const SHA3_384 = 1 << 4;
        /// SHA3-512.
        const SHA3_512 = 1 << 5;
        /// SM3, which is named here and not spoken.
        const SM3_256 = 1 << 6;
        const _ = !0;
    }
}

bitflags! {
    /// How measurements are made, as a responder chooses it: one bit.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct MeasurementHashes: u32 {
        /// Nothing is hashed: raw values only.
        const RAW_ONLY = 1;
        /// SHA-256.
        const SHA_256 = 1 << 1;
        /// SHA-384.
        const SHA_384 = 1 << 2;
        /// SHA-512.
        const SHA_512 = 1 << 3;
        /// SHA3-256.
        const SHA3_256 = 1 << 4;
        /// SHA3-384.
        const SHA3_384 = 1 << 5;
        /// SHA3-512.
        const SHA3_512 = 1 << 6;
        /// SM3, which is named here and not spoken.
        const SM3_256 = 1 << 7;
        const _ = !0;
    }
}

/// Pairs of what this crate's cryptography calls an algorithm and of its bit.
const SIGNATURES: [(SignatureAlgorithm, AsymmetricAlgorithms); 10] = {
    use AsymmetricAlgorithms as A;
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    [
        (Ecdsa(Curve::P384), A::ECDSA_P384),
        (Ecdsa(Curve::P521), A::ECDSA_P521),
        (Ecdsa(Curve::P256), A::ECDSA_P256),
        (Ed25519, A::ED25519),
        (RsaPss(RsaSize::Bits4096), A::RSAPSS_4096),
        (RsaPkcs1(RsaSize::Bits4096), A::RSASSA_4096),
        (RsaPss(RsaSize::Bits3072), A::RSAPSS_3072),
        (RsaPkcs1(RsaSize::Bits3072), A::RSASSA_3072),
        (RsaPss(RsaSize::Bits2048), A::RSAPSS_2048),
        (RsaPkcs1(RsaSize::Bits2048), A::RSASSA_2048),
    ]
};

const HASHES: [(HashAlgorithm, HashAlgorithms, MeasurementHashes); 6] = {
    use HashAlgorithms as H;
    use MeasurementHashes as M;
    [
        (HashAlgorithm::Sha384, H::SHA_384, M::SHA_384),
        (HashAlgorithm::Sha512, H::SHA_512, M::SHA_512),
        (HashAlgorithm::Sha256, H::SHA_256, M::SHA_256),
        (HashAlgorithm::Sha3_384, H::SHA3_384, M::SHA3_384),
        (HashAlgorithm::Sha3_512, H::SHA3_512, M::SHA3_512),
        (HashAlgorithm::Sha3_256, H::SHA3_256, M::SHA3_256),
    ]
};

impl AsymmetricAlgorithms {
    /// Those that are spoken here in a version.
    #[must_use]
    pub fn spoken(version: Version) -> Self {
        let all: Self = SIGNATURES.into_iter().map(|(_, bit)| bit).collect();
        if version < Version::V1_2 { all.difference(Self::ED25519) } else { all }
    }

    /// The one algorithm that is set; `None` for none, several, or one that is not spoken here.
    #[must_use]
    pub fn single(self) -> Option<SignatureAlgorithm> {
        SIGNATURES.into_iter().find_map(|(algorithm, bit)| (bit == self).then_some(algorithm))
    }

    /// The members that are spoken here, the one to prefer first.
    pub fn algorithms(self) -> impl Iterator<Item = SignatureAlgorithm> {
        SIGNATURES.into_iter().filter(move |(_, bit)| self.contains(*bit)).map(|(algorithm, _)| algorithm)
    }
}

impl From<SignatureAlgorithm> for AsymmetricAlgorithms {
    fn from(wanted: SignatureAlgorithm) -> Self {
        SIGNATURES.into_iter().filter(|(algorithm, _)| *algorithm == wanted).map(|(_, bit)| bit).collect()
    }
}

impl HashAlgorithms {
    /// Those that are spoken here.
    #[must_use]
    pub fn spoken() -> Self {
        HASHES.into_iter().map(|(_, bit, _)| bit).collect()
    }

    /// The one algorithm that is set; `None` for none, several, or one that is not spoken here.
    #[must_use]
    pub fn single(self) -> Option<HashAlgorithm> {
        HASHES.into_iter().find_map(|(algorithm, bit, _)| (bit == self).then_some(algorithm))
    }

    /// The members that are spoken here, the one to prefer first.
    pub fn algorithms(self) -> impl Iterator<Item = HashAlgorithm> {
        HASHES.into_iter().filter(move |(_, bit, _)| self.contains(*bit)).map(|(algorithm, ..)| algorithm)
    }
}

impl From<HashAlgorithm> for HashAlgorithms {
    fn from(wanted: HashAlgorithm) -> Self {
        HASHES.into_iter().filter(|(algorithm, ..)| *algorithm == wanted).map(|(_, bit, _)| bit).collect()
    }
}

/// How measurements are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasurementHash {
    /// As raw values only.
    RawOnly,
    /// As digests, or as raw values where that is asked for.
    Hash(HashAlgorithm),
}

impl MeasurementHashes {
    /// The one way that is set; `None` for none, several, or one that is not spoken here.
    #[must_use]
    pub fn single(self) -> Option<MeasurementHash> {
        if self == Self::RAW_ONLY {
            return Some(MeasurementHash::RawOnly);
        }
        let found = HASHES.into_iter().find(|(.., bit)| *bit == self);
        found.map(|(algorithm, ..)| MeasurementHash::Hash(algorithm))
    }
}

impl From<MeasurementHash> for MeasurementHashes {
    fn from(wanted: MeasurementHash) -> Self {
        match wanted {
            MeasurementHash::RawOnly => Self::RAW_ONLY,
            MeasurementHash::Hash(hash) => {
                HASHES.into_iter().filter(|(algorithm, ..)| *algorithm == hash).map(|(.., bit)| bit).collect()
            }
        }
    }
}

impl fmt::Display for MeasurementHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RawOnly => f.write_str("raw"),
            Self::Hash(algorithm) => algorithm.fmt(f),
        }
    }
}

/// NEGOTIATE_ALGORITHMS: what the requester offers.
#[derive(Clone, Copy, Debug)]
pub struct NegotiateAlgorithms<'a> {
    /// Measurement specifications, a bit each.
    pub measurement_specifications: u8,
    /// Forms of opaque data, and whether several keys may be used.
    pub other_parameters: u8,
    /// Signatures of the responder.
    pub asymmetric: AsymmetricAlgorithms,
    /// Hashes.
    pub hash: HashAlgorithms,
    /// Algorithms by kind.
    pub structures: Structures<'a>,
}

impl<'a> NegotiateAlgorithms<'a> {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        version: Version,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, usize), Malformed> {
        let length = length(version, reader)?;
        let (measurement_specifications, other_parameters) = (reader.u8()?, reader.u8()?);
        let asymmetric = AsymmetricAlgorithms::from_bits_retain(reader.u32()?);
        let hash = HashAlgorithms::from_bits_retain(reader.u32()?);
        reader.take(12)?;
        let [asymmetric_count, hash_count, _, _] = reader.array()?;
        skip_extended(version, asymmetric_count, hash_count, reader)?;
        let structures = structures(version, header, reader)?;
        agree(length, reader)?;
        let message = Self { measurement_specifications, other_parameters, asymmetric, hash, structures };
        Ok((message, finish(reader)?))
    }

    /// Writes it, with these structures.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(
        &self,
        version: Version,
        structures: &[Structure],
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let (header, length) = head(version, Request::NegotiateAlgorithms.byte(), 32, structures)?;
        header.encode(writer)?;
        writer.u16(length)?;
        writer.bytes(&[self.measurement_specifications, self.other_parameters])?;
        writer.u32(self.asymmetric.bits())?;
        writer.u32(self.hash.bits())?;
        writer.bytes(&[0; 16])?;
        encode_structures(structures, writer)
    }
}

/// ALGORITHMS: what the responder chose.
#[derive(Clone, Copy, Debug)]
pub struct Algorithms<'a> {
    /// Measurement specification, one bit at most.
    pub measurement_specification: u8,
    /// Form of opaque data, and whether the requester uses several keys.
    pub other_parameters: u8,
    /// How measurements are made.
    pub measurement_hash: MeasurementHashes,
    /// The responder's signatures.
    pub asymmetric: AsymmetricAlgorithms,
    /// The hash.
    pub hash: HashAlgorithms,
    /// How many extended algorithms were chosen.
    pub extended: u8,
    /// Algorithms by kind.
    pub structures: Structures<'a>,
}

impl<'a> Algorithms<'a> {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(
        version: Version,
        header: Header,
        reader: &mut Reader<'a>,
    ) -> Result<(Self, usize), Malformed> {
        let length = length(version, reader)?;
        let (measurement_specification, other_parameters) = (reader.u8()?, reader.u8()?);
        let measurement_hash = MeasurementHashes::from_bits_retain(reader.u32()?);
        let asymmetric = AsymmetricAlgorithms::from_bits_retain(reader.u32()?);
        let hash = HashAlgorithms::from_bits_retain(reader.u32()?);
        reader.take(12)?;
        let [asymmetric_count, hash_count, _, _] = reader.array()?;
        let extended = skip_extended(version, asymmetric_count, hash_count, reader)?;
        let structures = structures(version, header, reader)?;
        agree(length, reader)?;
        let message = Self {
            measurement_specification,
            other_parameters,
            measurement_hash,
            asymmetric,
            hash,
            extended,
            structures,
        };
        Ok((message, finish(reader)?))
    }

    /// Writes it, with these structures.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(
        &self,
        version: Version,
        structures: &[Structure],
        writer: &mut Writer<'_>,
    ) -> Result<(), NoRoom> {
        let (header, length) = head(version, Response::Algorithms.byte(), 36, structures)?;
        header.encode(writer)?;
        writer.u16(length)?;
        writer.bytes(&[self.measurement_specification, self.other_parameters])?;
        writer.u32(self.measurement_hash.bits())?;
        writer.u32(self.asymmetric.bits())?;
        writer.u32(self.hash.bits())?;
        writer.bytes(&[0; 16])?;
        encode_structures(structures, writer)
    }
}

fn length(version: Version, reader: &mut Reader<'_>) -> Result<u16, Malformed> {
    let most = if version == Version::V1_0 { MAX_LENGTH_1_0 } else { MAX_LENGTH };
    let length = reader.u16()?;
    if length > most { Err(Malformed::Field("length")) } else { Ok(length) }
}

/// The length a message states must be its own.
fn agree(length: u16, reader: &Reader<'_>) -> Result<(), Malformed> {
    if usize::from(length) == reader.position() { Ok(()) } else { Err(Malformed::Field("length")) }
}

fn skip_extended(version: Version, first: u8, second: u8, reader: &mut Reader<'_>) -> Result<u8, Malformed> {
    let most = if version == Version::V1_0 { MAX_EXTENDED_1_0 } else { MAX_EXTENDED };
    let count = first.checked_add(second).filter(|count| *count <= most);
    let count = count.ok_or(Malformed::Field("number of extended algorithms"))?;
    reader.take(usize::from(count).saturating_mul(4))?;
    Ok(count)
}

/// In 1.0 the parameter that counts structures was reserved.
fn structures<'a>(
    version: Version,
    header: Header,
    reader: &mut Reader<'a>,
) -> Result<Structures<'a>, Malformed> {
    let count = if version == Version::V1_0 { 0 } else { header.param1 };
    Structures::decode(count, reader)
}

fn head(version: Version, code: u8, fixed: usize, structures: &[Structure]) -> Result<(Header, u16), NoRoom> {
    let param1 = u8::try_from(structures.len()).map_err(|_| NoRoom)?;
    let length = structures.len().saturating_mul(4).saturating_add(fixed);
    let length = u16::try_from(length).map_err(|_| NoRoom)?;
    Ok((Header { version: version.byte(), code, param1, param2: 0 }, length))
}

#[cfg(test)]
mod tests;
