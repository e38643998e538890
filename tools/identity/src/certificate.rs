//! One certificate (RFC 5280, 4.1).

use std::time::Duration;

use der::asn1::{Any, BitString, GeneralizedTime, ObjectIdentifier, SetOfVec, UtcTime, Utf8StringRef};
use der::{DateTime, Decode, Encode, Sequence};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::Extension;
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::{Time, Validity as Span};

use crate::error::GenerateError;
use crate::key::PrivateKey;
use crate::seed::Seed;
use crate::signing::Method;
use crate::spec::{Subject, Validity};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
/// X.520, upper bounds of the three.
const LONGEST_NAME: usize = 64;

#[derive(Sequence)]
struct Certificate {
    tbs: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

#[derive(Sequence)]
struct TbsCertificate {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: RdnSequence,
    validity: Span,
    subject: RdnSequence,
    key: Any,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

/// What a certificate says.
pub(crate) struct Contents<'a> {
    pub(crate) issuer: &'a RdnSequence,
    pub(crate) subject: &'a RdnSequence,
    pub(crate) validity: Validity,
    /// `SubjectPublicKeyInfo`.
    pub(crate) key: &'a [u8],
    pub(crate) extensions: Vec<Extension>,
}

/// Signs one. The seed gives the serial number, and the salt where one is needed.
pub(crate) fn sign(
    contents: Contents<'_>,
    key: &PrivateKey,
    method: Method,
    seed: &Seed,
) -> Result<Vec<u8>, GenerateError> {
    let tbs = TbsCertificate {
        version: 2,
        serial: serial(seed)?,
        signature: method.identifier()?,
        issuer: contents.issuer.clone(),
        validity: span(contents.validity)?,
        subject: contents.subject.clone(),
        key: Any::from_der(contents.key)?,
        extensions: contents.extensions,
    }
    .to_der()?;
    let signature = BitString::from_bytes(&method.sign(key, &tbs, seed)?)?;
    let certificate = Certificate { tbs: Any::from_der(&tbs)?, algorithm: method.identifier()?, signature };
    Ok(certificate.to_der()?)
}

/// A name of one, or of several parts.
pub(crate) fn name(subject: &Subject) -> Result<RdnSequence, GenerateError> {
    let parts = [
        (ORGANIZATION, subject.organization.as_deref()),
        (COMMON_NAME, Some(subject.common_name.as_str())),
        (SERIAL_NUMBER, subject.serial_number.as_deref()),
    ];
    parts
        .into_iter()
        .filter_map(|(oid, text)| Some(part(oid, text?)))
        .collect::<Result<Vec<_>, _>>()
        .map(RdnSequence::from)
}

fn part(oid: ObjectIdentifier, text: &str) -> Result<RelativeDistinguishedName, GenerateError> {
    if text.is_empty() || text.chars().count() > LONGEST_NAME {
        return Err(GenerateError::Name(text.to_owned()));
    }
    let value = Any::encode_from(&Utf8StringRef::new(text)?)?;
    let set = SetOfVec::try_from(vec![AttributeTypeAndValue { oid, value }])?;
    Ok(RelativeDistinguishedName::from(set))
}

/// Seventeen bytes; the first keeps the number positive and as long each time.
fn serial(seed: &Seed) -> Result<SerialNumber, GenerateError> {
    let bytes = seed.expand::<16>("serial number", "")?;
    Ok(SerialNumber::new(&[&[0x4c], bytes.as_slice()].concat())?)
}

fn span(validity: Validity) -> Result<Span, GenerateError> {
    let Validity { not_before, not_after } = validity;
    let wrong = || GenerateError::Validity { not_before, not_after };
    if not_after < not_before {
        return Err(wrong());
    }
    let at = |seconds| time(seconds).ok_or_else(wrong);
    Ok(Span::new(at(not_before)?, at(not_after)?))
}

/// Two digits for the year until 2049, four after (RFC 5280, 4.1.2.5).
fn time(seconds: u64) -> Option<Time> {
    let date = DateTime::from_unix_duration(Duration::from_secs(seconds)).ok()?;
    let short = UtcTime::from_date_time(date).map(Time::UtcTime);
    Some(short.unwrap_or_else(|_| Time::GeneralTime(GeneralizedTime::from_date_time(date))))
}
