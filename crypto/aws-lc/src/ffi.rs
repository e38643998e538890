//! RSA straight from AWS-LC, since aws-lc-rs ties it to SHA-2, and FFDHE, which it does not have.

use core::ffi::{c_int, c_uint};
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

use aws_lc_sys as sys;
use lanewarden_crypto::{Digest, HashAlgorithm};

/// `RSA_PSS_SALTLEN_DIGEST`: a salt as long as the hash.
const SALT_OF_HASH_LENGTH: c_int = -1;

/// An RSA key, owned.
pub(crate) struct Rsa(NonNull<sys::RSA>);

// SAFETY: the key is owned, never changed after it is made, and bound to no thread (openssl/rsa.h: "An |RSA| object
// represents a public or private RSA key. A given object may be used concurrently on multiple threads by non-mutating
// functions, provided no other thread is concurrently calling a mutating function"). Signing and verifying count as
// non-mutating there, and are the only calls made.
unsafe impl Send for Rsa {}
// SAFETY: as for `Send`.
unsafe impl Sync for Rsa {}

impl Drop for Rsa {
    fn drop(&mut self) {
        // SAFETY: this was the one owner. The library wipes what it frees.
        unsafe { sys::RSA_free(self.0.as_ptr()) }
    }
}

/// A number, owned.
struct Number(NonNull<sys::BIGNUM>);

impl Number {
    fn new(bytes: &[u8]) -> Option<Self> {
        // SAFETY: the bytes are readable for their length, and a null `ret` asks for a new number.
        NonNull::new(unsafe { sys::BN_bin2bn(bytes.as_ptr(), bytes.len(), ptr::null_mut()) }).map(Self)
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: this was the one owner. The library wipes what it frees.
        unsafe { sys::BN_free(self.0.as_ptr()) }
    }
}

impl Rsa {
    /// A public key of big-endian numbers; `None` where the library takes them for none.
    pub(crate) fn public(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let (modulus, exponent) = (Number::new(modulus)?, Number::new(exponent)?);
        // SAFETY: both numbers live through the call, which copies them.
        NonNull::new(unsafe { sys::RSA_new_public_key(modulus.0.as_ptr(), exponent.0.as_ptr()) }).map(Self)
    }

    /// A private key from PKCS#8 DER (RFC 5958); `None` where it is not one of RSA, is not consistent, or something
    /// follows it.
    pub(crate) fn private(pkcs8: &[u8]) -> Option<Self> {
        let mut reader = MaybeUninit::<sys::CBS>::uninit();
        // SAFETY: the reader is written by `CBS_init` before it is read, and borrows bytes that outlive it. The key
        // that was parsed is freed once; `EVP_PKEY_get1_RSA` hands out a reference of its own.
        unsafe {
            sys::CBS_init(reader.as_mut_ptr(), pkcs8.as_ptr(), pkcs8.len());
            let key = NonNull::new(sys::EVP_parse_private_key(reader.as_mut_ptr()))?;
            let rsa = NonNull::new(sys::EVP_PKEY_get1_RSA(key.as_ptr())).map(Self);
            sys::EVP_PKEY_free(key.as_ptr());
            (sys::CBS_len(reader.as_ptr()) == 0).then_some(rsa)?
        }
    }

    /// Bits of the modulus.
    pub(crate) fn bits(&self) -> usize {
        // SAFETY: the key is alive.
        usize::try_from(unsafe { sys::RSA_bits(self.0.as_ptr()) }).unwrap_or_default()
    }

    /// Bytes of a signature.
    fn size(&self) -> usize {
        // SAFETY: the key is alive.
        usize::try_from(unsafe { sys::RSA_size(self.0.as_ptr()) }).unwrap_or(usize::MAX)
    }

    /// Modulus and exponent, big-endian without leading zeros.
    pub(crate) fn numbers(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        // SAFETY: the key is alive, and lends its numbers for as long as it is.
        unsafe {
            Some((bytes_of(sys::RSA_get0_n(self.0.as_ptr()))?, bytes_of(sys::RSA_get0_e(self.0.as_ptr()))?))
        }
    }

    pub(crate) fn verify_pkcs1(&self, digest: &Digest, signature: &[u8]) -> bool {
        let bytes = digest.as_bytes();
        // SAFETY: the key is alive and the call does not change it (rsa.h); both slices are readable for the lengths
        // given with them.
        let answer = unsafe {
            sys::RSA_verify(
                nid_of(digest.algorithm()),
                bytes.as_ptr(),
                bytes.len(),
                signature.as_ptr(),
                signature.len(),
                self.0.as_ptr(),
            )
        };
        answer == 1
    }

    pub(crate) fn verify_pss(&self, digest: &Digest, signature: &[u8]) -> bool {
        let (bytes, md) = (digest.as_bytes(), md_of(digest.algorithm()));
        // SAFETY: as in `verify_pkcs1`; `md` is static, and has the digest's length.
        let answer = unsafe {
            sys::RSA_verify_pss_mgf1(
                self.0.as_ptr(),
                bytes.as_ptr(),
                bytes.len(),
                md,
                md,
                SALT_OF_HASH_LENGTH,
                signature.as_ptr(),
                signature.len(),
            )
        };
        answer == 1
    }

    /// Signs into a buffer of exactly the key's size; whether it could.
    pub(crate) fn sign_pkcs1(&self, digest: &Digest, signature: &mut [u8]) -> bool {
        if signature.len() != self.size() {
            return false;
        }
        let (bytes, mut length) = (digest.as_bytes(), c_uint::default());
        // SAFETY: as in `verify_pkcs1`; the buffer has room for `RSA_size` bytes, the most that is written.
        let answer = unsafe {
            sys::RSA_sign(
                nid_of(digest.algorithm()),
                bytes.as_ptr(),
                bytes.len(),
                signature.as_mut_ptr(),
                &raw mut length,
                self.0.as_ptr(),
            )
        };
        answer == 1 && usize::try_from(length) == Ok(signature.len())
    }

    /// Signs into a buffer of exactly the key's size; whether it could.
    pub(crate) fn sign_pss(&self, digest: &Digest, signature: &mut [u8]) -> bool {
        let (bytes, md, mut length) = (digest.as_bytes(), md_of(digest.algorithm()), 0);
        // SAFETY: as in `verify_pss`; no more than the buffer's length is written to it.
        let answer = unsafe {
            sys::RSA_sign_pss_mgf1(
                self.0.as_ptr(),
                &raw mut length,
                signature.as_mut_ptr(),
                signature.len(),
                bytes.as_ptr(),
                bytes.len(),
                md,
                md,
                SALT_OF_HASH_LENGTH,
            )
        };
        answer == 1 && length == signature.len()
    }
}

/// The library's room for numbers in between, owned.
struct Scratch(NonNull<sys::BN_CTX>);

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: this was the one owner. The library wipes what it frees.
        unsafe { sys::BN_CTX_free(self.0.as_ptr()) }
    }
}

/// Writes `base` to the power of `exponent` modulo `prime` with zeros before it; all are big-endian, and the base is below
/// the prime. `None` where the library fails or it does not fit. The time it takes tells the lengths only.
pub(crate) fn power(prime: &[u8], base: &[u8], exponent: &[u8], out: &mut [u8]) -> Option<()> {
    let (prime, base, exponent) = (Number::new(prime)?, Number::new(base)?, Number::new(exponent)?);
    let power = Number::new(&[])?;
    // SAFETY: it takes nothing, and hands out what it made.
    let scratch = NonNull::new(unsafe { sys::BN_CTX_new() }).map(Scratch)?;
    // SAFETY: all are alive, and the number that is written is none of those that are read. Without a Montgomery context
    // the library makes one. The buffer is written for its length.
    let is_written = unsafe {
        sys::BN_mod_exp_mont_consttime(
            power.0.as_ptr(),
            base.0.as_ptr(),
            exponent.0.as_ptr(),
            prime.0.as_ptr(),
            scratch.0.as_ptr(),
            ptr::null(),
        ) == 1
            && sys::BN_bn2bin_padded(out.as_mut_ptr(), out.len(), power.0.as_ptr()) == 1
    };
    is_written.then_some(())
}

/// A number's bytes, big-endian.
///
/// # Safety
/// The number is null or alive.
unsafe fn bytes_of(number: *const sys::BIGNUM) -> Option<Vec<u8>> {
    let number = NonNull::new(number.cast_mut())?;
    // SAFETY: it is alive by contract; `BN_bn2bin` writes as many bytes as `BN_num_bytes` says.
    unsafe {
        let mut bytes = vec![0; usize::try_from(sys::BN_num_bytes(number.as_ptr())).ok()?];
        sys::BN_bn2bin(number.as_ptr(), bytes.as_mut_ptr());
        Some(bytes)
    }
}

fn nid_of(algorithm: HashAlgorithm) -> c_int {
    match algorithm {
        HashAlgorithm::Sha256 => sys::NID_sha256,
        HashAlgorithm::Sha384 => sys::NID_sha384,
        HashAlgorithm::Sha512 => sys::NID_sha512,
        HashAlgorithm::Sha3_256 => sys::NID_sha3_256,
        HashAlgorithm::Sha3_384 => sys::NID_sha3_384,
        HashAlgorithm::Sha3_512 => sys::NID_sha3_512,
    }
}

fn md_of(algorithm: HashAlgorithm) -> *const sys::EVP_MD {
    // SAFETY: these take nothing and give a pointer to something static.
    unsafe {
        match algorithm {
            HashAlgorithm::Sha256 => sys::EVP_sha256(),
            HashAlgorithm::Sha384 => sys::EVP_sha384(),
            HashAlgorithm::Sha512 => sys::EVP_sha512(),
            HashAlgorithm::Sha3_256 => sys::EVP_sha3_256(),
            HashAlgorithm::Sha3_384 => sys::EVP_sha3_384(),
            HashAlgorithm::Sha3_512 => sys::EVP_sha3_512(),
        }
    }
}
