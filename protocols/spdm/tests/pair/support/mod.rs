//! What the stories are told with: keys, a device, a requester, and the wire between them.

mod device;
mod drive;
mod kit;
mod leaky;
mod record;
mod session;
mod tap;

pub use device::{Chain, Device, Firmware, Say, certificate, made, meddle};
pub use drive::{Client, Line, Seen, Wire, drive};
pub use kit::{AwsLcKit, Kit, RustCryptoKit};
pub use leaky::{LeakyKit, leaked};
pub use record::Bytes;
pub use session::*;
pub use tap::*;

pub use lanewarden_crypto::{Curve, Digest, Hash, HashAlgorithm, Provider, RsaSize, SignatureAlgorithm};
pub use lanewarden_spdm::message::HashAlgorithms;
pub use lanewarden_spdm::{Blame, Error, Misuse, Reason, Version, Versions, Violation, requester, responder};

/// ECDSA over P-256.
pub const P256: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Curve::P256);

/// A requester of one version.
pub fn only(version: Version) -> requester::Settings {
    requester::Settings { versions: Versions::only(version), ..Default::default() }
}

/// The digest of some bytes.
pub fn digest_of(algorithm: HashAlgorithm, bytes: &[u8]) -> Digest {
    let mut hash = lanewarden_aws_lc::AwsLc.hash(algorithm).unwrap();
    hash.update(bytes);
    hash.finish()
}

/// A story is told twice: each provider asks the other.
macro_rules! stories {
    ($($(#[$meta:meta])* fn $name:ident<$asker:ident, $asked:ident>() $body:block)*) => {
        $(
            mod $name {
                use super::*;

                fn story<$asker: Kit, $asked: Kit>() $body

                $(#[$meta])*
                #[test]
                fn aws_lc_asks_rustcrypto() {
                    story::<AwsLcKit, RustCryptoKit>();
                }

                $(#[$meta])*
                #[test]
                fn rustcrypto_asks_aws_lc() {
                    story::<RustCryptoKit, AwsLcKit>();
                }
            }
        )*
    };
}
pub(crate) use stories;
