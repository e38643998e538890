//! Object identifiers.

use der::asn1::ObjectIdentifier;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($text);)*
    };
}

oids! {
    /// basicConstraints (RFC 5280, 4.2.1.9).
    BASIC_CONSTRAINTS = "2.5.29.19";
    /// keyUsage (4.2.1.3).
    KEY_USAGE = "2.5.29.15";
    /// extKeyUsage (4.2.1.12).
    EXTENDED_KEY_USAGE = "2.5.29.37";
    /// anyExtendedKeyUsage.
    ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0";
    /// subjectAltName (4.2.1.6).
    SUBJECT_ALT_NAME = "2.5.29.17";
    /// subjectKeyIdentifier (4.2.1.2).
    SUBJECT_KEY_ID = "2.5.29.14";
    /// authorityKeyIdentifier (4.2.1.1).
    AUTHORITY_KEY_ID = "2.5.29.35";
    /// certificatePolicies (4.2.1.4). Without a policy that is asked for they forbid nothing.
    CERTIFICATE_POLICIES = "2.5.29.32";

    /// The name of a PCIe device in a subjectAltName (PCIe 6.1, 6.31.3).
    PCIE_DEVICE_NAME = "2.23.147";
    /// DMTF device information in a subjectAltName (DSP0274 1.3, 10.8.2).
    DMTF_DEVICE_INFO = "1.3.6.1.4.1.412.274.1";
    /// A certificate with the hardware's identity.
    DMTF_HARDWARE_IDENTITY = "1.3.6.1.4.1.412.274.2";
    /// Extended key usage: authentication as a responder.
    DMTF_RESPONDER_AUTH = "1.3.6.1.4.1.412.274.3";
    /// Extended key usage: authentication as a requester.
    DMTF_REQUESTER_AUTH = "1.3.6.1.4.1.412.274.4";
    /// A certificate that may change, with the firmware say.
    DMTF_MUTABLE_CERTIFICATE = "1.3.6.1.4.1.412.274.5";
    /// The extension that holds the two above.
    DMTF_SPDM_EXTENSION = "1.3.6.1.4.1.412.274.6";

    /// What TCG DICE extensions begin with (TCG DICE Attestation Architecture 1.1, 6).
    TCG_DICE = "2.23.133.5.4";
    /// DiceTcbInfo.
    TCG_DICE_TCB_INFO = "2.23.133.5.4.1";
    /// DiceMultiTcbInfo.
    TCG_DICE_MULTI_TCB_INFO = "2.23.133.5.4.5";
    /// DiceUeid.
    TCG_DICE_UEID = "2.23.133.5.4.4";

    /// rsaEncryption (RFC 8017, A.1).
    RSA = "1.2.840.113549.1.1.1";
    /// id-RSASSA-PSS (RFC 4055, 3.1).
    RSA_PSS = "1.2.840.113549.1.1.10";
    /// id-mgf1 (RFC 4055, 2.2).
    MGF1 = "1.2.840.113549.1.1.8";
    /// id-ecPublicKey (RFC 5480, 2.1.1).
    EC = "1.2.840.10045.2.1";
    /// secp256r1.
    P256 = "1.2.840.10045.3.1.7";
    /// secp384r1.
    P384 = "1.3.132.0.34";
    /// secp521r1.
    P521 = "1.3.132.0.35";
    /// id-Ed25519 (RFC 8410, 3).
    ED25519 = "1.3.101.112";

    /// sha256WithRSAEncryption (RFC 4055, 5).
    RSA_SHA256 = "1.2.840.113549.1.1.11";
    /// sha384WithRSAEncryption.
    RSA_SHA384 = "1.2.840.113549.1.1.12";
    /// sha512WithRSAEncryption.
    RSA_SHA512 = "1.2.840.113549.1.1.13";
    /// id-rsassa-pkcs1-v1-5-with-sha3-256 (NIST CSOR).
    RSA_SHA3_256 = "2.16.840.1.101.3.4.3.14";
    /// id-rsassa-pkcs1-v1-5-with-sha3-384.
    RSA_SHA3_384 = "2.16.840.1.101.3.4.3.15";
    /// id-rsassa-pkcs1-v1-5-with-sha3-512.
    RSA_SHA3_512 = "2.16.840.1.101.3.4.3.16";
    /// ecdsa-with-SHA256 (RFC 5758, 3.2).
    ECDSA_SHA256 = "1.2.840.10045.4.3.2";
    /// ecdsa-with-SHA384.
    ECDSA_SHA384 = "1.2.840.10045.4.3.3";
    /// ecdsa-with-SHA512.
    ECDSA_SHA512 = "1.2.840.10045.4.3.4";
    /// id-ecdsa-with-sha3-256 (NIST CSOR).
    ECDSA_SHA3_256 = "2.16.840.1.101.3.4.3.10";
    /// id-ecdsa-with-sha3-384.
    ECDSA_SHA3_384 = "2.16.840.1.101.3.4.3.11";
    /// id-ecdsa-with-sha3-512.
    ECDSA_SHA3_512 = "2.16.840.1.101.3.4.3.12";

    /// id-sha256 (NIST CSOR).
    SHA256 = "2.16.840.1.101.3.4.2.1";
    /// id-sha384.
    SHA384 = "2.16.840.1.101.3.4.2.2";
    /// id-sha512.
    SHA512 = "2.16.840.1.101.3.4.2.3";
    /// id-sha3-256.
    SHA3_256 = "2.16.840.1.101.3.4.2.8";
    /// id-sha3-384.
    SHA3_384 = "2.16.840.1.101.3.4.2.9";
    /// id-sha3-512.
    SHA3_512 = "2.16.840.1.101.3.4.2.10";
}
