//! Lists of revoked certificates (RFC 5280, 5).

use der::Tag;
use der::asn1::ObjectIdentifier;
use lanewarden_crypto::{Provider, VerifyError};

use super::extension::read_extension;
use super::input::{Input, context, unsigned};
use super::time::read_time;
use super::view::{SignedPart, malformed};
use super::{Certificate, CertificateError, Field, KeyUsage, Name, oids};

/// A CertificateList, checked, over bytes that stay where they are.
///
/// One with a critical extension that is not known is not taken: it might be about a part of the certificates only.
#[derive(Clone, Copy, Debug)]
pub struct Crl<'a> {
    issuer: Name<'a>,
    this_update: u64,
    next_update: Option<u64>,
    entries: &'a [u8],
    signed: SignedPart<'a>,
}

/// An entry of a [`Crl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlEntry<'a> {
    /// The certificate's serial number, big-endian, without leading zeros.
    pub serial: &'a [u8],
    /// When it was revoked, in Unix seconds.
    pub revoked_at: u64,
}

/// Why a list is not the issuer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// It names another issuer.
    #[error("the list of revoked certificates is another issuer's")]
    Issuer,
    /// The issuer's key is not for signing lists.
    #[error("the issuer's key is not for lists of revoked certificates")]
    KeyUsage,
    /// The signature was not accepted.
    #[error("{0}")]
    Signature(#[from] VerifyError),
}

impl<'a> Crl<'a> {
    /// Reads one; nothing may follow it.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn parse(der: &'a [u8]) -> Result<Self, CertificateError> {
        let (signed, mut tbs) = SignedPart::read(der)?;
        let version = tbs.optional(Tag::Integer).ok_or(malformed(Field::Version))?;
        if version.is_some_and(|version| version != [1]) {
            return Err(malformed(Field::Version));
        }
        signed.same_algorithm(&mut tbs)?;
        let issuer = Name::read(&mut tbs).ok_or(malformed(Field::Issuer))?;
        let this_update = read_time(&mut tbs).ok_or(malformed(Field::Validity))?;
        let next_update = read_next_update(&mut tbs).ok_or(malformed(Field::Validity))?;
        let entries = tbs.optional(Tag::Sequence).ok_or(malformed(Field::Entries))?;
        let entries = check_entries(entries, version.is_some())?;
        read_extensions(&mut tbs, version.is_some())?;
        tbs.end(()).ok_or(malformed(Field::Signed))?;
        Ok(Self { issuer, this_update, next_update, entries, signed })
    }

    /// Whose certificates it is about.
    #[must_use]
    pub const fn issuer(&self) -> Name<'a> {
        self.issuer
    }

    /// When it was made, in Unix seconds.
    #[must_use]
    pub const fn this_update(&self) -> u64 {
        self.this_update
    }

    /// When there will be a newer one at the latest, in Unix seconds.
    #[must_use]
    pub const fn next_update(&self) -> Option<u64> {
        self.next_update
    }

    /// Whether it has been made, and there is no newer one to be had yet.
    #[must_use]
    pub fn is_current(&self, now: u64) -> bool {
        self.this_update <= now && self.next_update.is_none_or(|next| now <= next)
    }

    /// Its entries, in order.
    #[must_use]
    pub const fn entries(&self) -> CrlEntries<'a> {
        CrlEntries { input: Input::new(self.entries) }
    }

    /// Whether its issuer has revoked the certificate with this number (big-endian, without leading zeros).
    #[must_use]
    pub fn revokes(&self, serial: &[u8]) -> bool {
        self.entries().any(|entry| entry.serial == serial)
    }

    /// Checks that it comes from the issuer.
    ///
    /// # Errors
    /// [`CrlError`].
    pub fn verify<P: Provider>(&self, provider: &P, issuer: &Certificate<'_>) -> Result<(), CrlError> {
        if issuer.subject().as_der() != self.issuer.as_der() {
            return Err(CrlError::Issuer);
        }
        if issuer.key_usage().is_some_and(|usage| !usage.contains(KeyUsage::CRL_SIGN)) {
            return Err(CrlError::KeyUsage);
        }
        let (key, kind) = issuer.key().key().zip(issuer.key().kind()).ok_or(VerifyError::Unsupported)?;
        let key = provider.verifying_key(&key).map_err(|_| VerifyError::Unsupported)?;
        Ok(self.signed.verify(provider, &key, kind)?)
    }
}

/// The entries of a [`Crl`].
#[derive(Clone, Debug)]
pub struct CrlEntries<'a> {
    input: Input<'a>,
}

impl<'a> Iterator for CrlEntries<'a> {
    type Item = CrlEntry<'a>;

    fn next(&mut self) -> Option<CrlEntry<'a>> {
        read_entry(&mut self.input).map(|(entry, _)| entry)
    }
}

fn read_next_update(tbs: &mut Input<'_>) -> Option<Option<u64>> {
    match tbs.peek_tag() {
        Some(Tag::UtcTime | Tag::GeneralizedTime) => read_time(tbs).map(Some),
        _ => Some(None),
    }
}

/// Reads all entries once; the list is there only where it has some.
fn check_entries(list: Option<&[u8]>, may_extend: bool) -> Result<&[u8], CertificateError> {
    let Some(list) = list else { return Ok(&[]) };
    let mut input = Input::new(list);
    loop {
        let (_, extensions) = read_entry(&mut input).ok_or(malformed(Field::Entries))?;
        match extensions {
            // An entry may be of another issuer's certificate, which is then in a critical extension (5.3.3).
            Some(extensions) if may_extend => check_extensions(extensions, &[])?,
            Some(_) => return Err(malformed(Field::Entries)),
            None => {}
        }
        if input.is_empty() {
            return Ok(list);
        }
    }
}

fn read_entry<'a>(input: &mut Input<'a>) -> Option<(CrlEntry<'a>, Option<&'a [u8]>)> {
    let mut entry = input.sequence()?;
    let serial = unsigned(entry.tagged(Tag::Integer)?.value)?;
    let revoked_at = read_time(&mut entry)?;
    let extensions = entry.optional(Tag::Sequence)?;
    entry.end((CrlEntry { serial, revoked_at }, extensions))
}

fn read_extensions(tbs: &mut Input<'_>, may_extend: bool) -> Result<(), CertificateError> {
    let refused = malformed(Field::Extensions);
    let Some(explicit) = tbs.optional(context(0, true)).ok_or(refused)? else { return Ok(()) };
    let mut input = Input::new(explicit);
    let list = input.tagged(Tag::Sequence).filter(|_| may_extend && input.is_empty()).ok_or(refused)?;
    check_extensions(list.value, &[oids::AUTHORITY_KEY_ID, oids::CRL_NUMBER])
}

fn check_extensions(list: &[u8], known: &[ObjectIdentifier]) -> Result<(), CertificateError> {
    let mut input = Input::new(list);
    loop {
        let extension = read_extension(&mut input).ok_or(malformed(Field::Extensions))?;
        if extension.critical && !known.contains(&extension.oid) {
            return Err(CertificateError::UnknownCritical(extension.oid));
        }
        if input.is_empty() {
            return Ok(());
        }
    }
}
