//! What things are called on the emulators' command lines, and where their sample keys are.

use lanewarden_crypto::{AeadAlgorithm, Curve, Group, HashAlgorithm, RsaSize, SignatureAlgorithm};
use lanewarden_net::emulator::Transport;
use lanewarden_spdm::message::MutualAuthentication;

/// Of a transport.
#[must_use]
pub const fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::None => "NONE",
        Transport::Mctp => "MCTP",
        Transport::Doe => "PCI_DOE",
        Transport::Tcp => "TCP",
    }
}

/// Of a signature algorithm.
#[must_use]
pub const fn signature(signature: SignatureAlgorithm) -> &'static str {
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    match signature {
        RsaPkcs1(RsaSize::Bits2048) => "RSASSA_2048",
        RsaPkcs1(RsaSize::Bits3072) => "RSASSA_3072",
        RsaPkcs1(RsaSize::Bits4096) => "RSASSA_4096",
        RsaPss(RsaSize::Bits2048) => "RSAPSS_2048",
        RsaPss(RsaSize::Bits3072) => "RSAPSS_3072",
        RsaPss(RsaSize::Bits4096) => "RSAPSS_4096",
        Ecdsa(Curve::P256) => "ECDSA_P256",
        Ecdsa(Curve::P384) => "ECDSA_P384",
        Ecdsa(Curve::P521) => "ECDSA_P521",
        Ed25519 => "EDDSA_25519",
    }
}

/// Of a hash.
#[must_use]
pub const fn hash(hash: HashAlgorithm) -> &'static str {
    match hash {
        HashAlgorithm::Sha256 => "SHA_256",
        HashAlgorithm::Sha384 => "SHA_384",
        HashAlgorithm::Sha512 => "SHA_512",
        HashAlgorithm::Sha3_256 => "SHA3_256",
        HashAlgorithm::Sha3_384 => "SHA3_384",
        HashAlgorithm::Sha3_512 => "SHA3_512",
    }
}

/// Of a group for key exchange.
#[must_use]
pub const fn group(group: Group) -> &'static str {
    match group {
        Group::Ffdhe2048 => "FFDHE_2048",
        Group::Ffdhe3072 => "FFDHE_3072",
        Group::Ffdhe4096 => "FFDHE_4096",
        Group::Secp256r1 => "SECP_256_R1",
        Group::Secp384r1 => "SECP_384_R1",
        Group::Secp521r1 => "SECP_521_R1",
    }
}

/// Of a cipher.
#[must_use]
pub const fn cipher(cipher: AeadAlgorithm) -> &'static str {
    match cipher {
        AeadAlgorithm::Aes128Gcm => "AES_128_GCM",
        AeadAlgorithm::Aes256Gcm => "AES_256_GCM",
        AeadAlgorithm::ChaCha20Poly1305 => "CHACHA20_POLY1305",
    }
}

/// Of a way of mutual authentication.
#[must_use]
pub const fn mutual(mutual: MutualAuthentication) -> &'static str {
    match mutual {
        MutualAuthentication::None => "NO",
        MutualAuthentication::Direct => "WO_ENCAP",
        MutualAuthentication::Encapsulated => "W_ENCAP",
        MutualAuthentication::EncapsulatedDigests => "DIGESTS",
    }
}

/// The folder with the keys and certificates for an algorithm.
#[must_use]
pub const fn folder(signature: SignatureAlgorithm) -> &'static str {
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    match signature {
        RsaPkcs1(RsaSize::Bits2048) | RsaPss(RsaSize::Bits2048) => "rsa2048",
        RsaPkcs1(RsaSize::Bits3072) | RsaPss(RsaSize::Bits3072) => "rsa3072",
        RsaPkcs1(RsaSize::Bits4096) | RsaPss(RsaSize::Bits4096) => "rsa4096",
        Ecdsa(Curve::P256) => "ecp256",
        Ecdsa(Curve::P384) => "ecp384",
        Ecdsa(Curve::P521) => "ecp521",
        Ed25519 => "ed25519",
    }
}

/// The root of a slot, in that folder.
#[must_use]
pub const fn root(slot: u8) -> &'static str {
    if slot == 0 { "ca.cert.der" } else { "ca1.cert.der" }
}
