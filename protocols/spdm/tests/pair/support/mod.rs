//! What the stories are told with: keys, a device, a requester, and the wire between them.

mod device;
mod drive;
mod kit;
mod record;

pub use device::{Chain, Device, Firmware, Slow, certificate};
pub use drive::{Client, Seen, Wire, blocks, drive};
pub use kit::{AwsLcKit, Kit, RustCryptoKit, key_kind};
pub use record::Bytes;

pub use lanewarden_crypto::{Curve, Digest, Hash, HashAlgorithm, Provider, RsaSize, SignatureAlgorithm};
pub use lanewarden_spdm::message::{AsymmetricAlgorithms, HashAlgorithms};
pub use lanewarden_spdm::{Version, Versions, requester, responder};

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
