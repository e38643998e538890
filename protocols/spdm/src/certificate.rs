//! Certificates and chains of them (DSP0274 1.3, 10.8; RFC 5280; PCIe 6.1, 6.31.3).
//!
//! A [`Certificate`] is a checked view over one in DER. A chain as a device sends it is read by a [`ChainReader`] in the
//! portions it comes in, one certificate held at a time, or as a [`Chain`] where it is in memory as a whole. Both give a
//! [`Validated`] chain: the [`Leaf`], which checks what its owner signs, and apart from it the [`Reasons`] there are not
//! to trust it. A [`ChainError`] is what leaves no leaf.
//!
//! Trust comes from [`TrustAnchors`] and [`Revocations`], and never from the peer. The leaf's [`ClaimedIdentity`] must
//! fit the [`DeviceIdentity`] that configuration space gives, each time.
//!
//! ```
//! use lanewarden_crypto::{HashAlgorithm, Provider};
//! use lanewarden_spdm::certificate::{
//!     ChainError, ChainReader, DeviceIdentity, NoRevocations, Rules, TrustAnchors,
//! };
//!
//! /// Whether the chain that came in these portions is trusted, and this device's.
//! fn accept<P: Provider, A: TrustAnchors>(
//!     provider: &P,
//!     anchors: &A,
//!     portions: &[&[u8]],
//!     device: &DeviceIdentity,
//!     now: u64,
//! ) -> Result<bool, ChainError> {
//!     let rules = Rules::responder(HashAlgorithm::Sha384, Some(now));
//!     let mut reader = ChainReader::new(provider, anchors, NoRevocations, rules, [0; 4096])?;
//!     portions.iter().try_for_each(|portion| reader.push(portion))?;
//!     let validated = reader.finish()?;
//!     Ok(validated.is_trusted() && validated.leaf.identity().check(device).is_ok())
//! }
//! # use lanewarden_spdm::certificate::AnchorList;
//! # let anchors = AnchorList::new(&[], 0).unwrap();
//! # let device = DeviceIdentity {
//! #     vendor_id: 0, device_id: 0, class_code: 0, revision: 0, subsystem: None, serial: None,
//! # };
//! # let cut = accept(&lanewarden_aws_lc::AwsLc, &anchors, &[&[80, 0], &[0, 0]], &device, 0);
//! # assert_eq!(cut.unwrap_err(), ChainError::Incomplete { received: 4, length: 0 });
//! ```

mod algorithm;
mod chain;
mod crl;
mod dice;
mod error;
mod extension;
mod identity;
mod input;
mod key;
mod layout;
mod leaf;
mod name;
pub mod oids;
mod reader;
mod remembered;
mod time;
mod trust;
mod view;
mod walk;

use lanewarden_crypto::{Digest, HashAlgorithm, Provider};

pub use algorithm::SignatureScheme;
pub use chain::Chain;
pub use crl::{Crl, CrlEntries, CrlEntry, CrlError};
pub use der::asn1::ObjectIdentifier;
pub use dice::{FirmwareId, TcbInfo};
pub use error::{CertificateError, ChainError, Distrust, Field, MAX_REASONS, Place, Reasons};
pub use extension::{
    BasicConstraints, ExtendedUsage, Extension, ExtensionIter, KeyUsage, MAX_EXTENSIONS, SpdmMarks,
};
pub use identity::{ClaimedIdentity, DeviceIdentity, IdentityError, IdentityField};
pub use key::{KeyInfo, KeyKind};
pub use layout::ChainHeader;
pub use leaf::{ChainFormat, ChainKey, Leaf, ModelHints, Role, Rules, Validated};
pub use name::{Attribute, Attributes, Name};
pub use reader::ChainReader;
pub use remembered::RememberedChains;
pub use time::{Moment, Validity};
pub use trust::{
    AnchorList, CertificateId, MAX_CANDIDATES, NoRevocations, RevocationList, Revocations, Revoked,
    TrustAnchors,
};
pub use view::Certificate;

/// The digest of some bytes; `None` where the provider has no such hash.
fn digest<P: Provider>(provider: &P, algorithm: HashAlgorithm, bytes: &[u8]) -> Option<Digest> {
    provider.digest(algorithm, &[bytes])
}

#[cfg(test)]
mod tests;
