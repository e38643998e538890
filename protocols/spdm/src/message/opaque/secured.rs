//! What secured messages say of themselves in opaque data (DSP0277 1.2): which versions the requester speaks, which
//! one the responder chose, and how many messages each side takes under one key.

use core::fmt;

use super::super::{Malformed, NoRoom, Reader, Registry, Writer};
use super::{OpaqueElement, OpaqueFormat, OpaqueTable};

/// The version of the elements.
const ELEMENT_VERSION: u8 = 1;
/// The kinds of element.
const SELECTED_VERSION: u8 = 0;
const SUPPORTED_VERSIONS: u8 = 1;
const AEAD_LIMIT: u8 = 2;

/// The greatest limit, and the one that holds where none is stated: 2^64 messages under one key.
pub const MAX_AEAD_LIMIT: u8 = 64;
/// Room for what is written here in either format, in bytes.
pub const MAX_SECURED_OPAQUE: usize = 32;
/// Room for the data of an element that is written here: two bytes, a number, and a version for each there is.
const MAX_DATA: usize = 3 + 2 * SecuredVersion::ALL.len();

/// The registry body DMTF, whose elements name no vendor.
const DMTF: Registry<'static> = Registry { body: 0, vendor: &[] };

/// A version of secured messages that is spoken here (DSP0277).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SecuredVersion {
    /// Secured messages 1.0.
    V1_0 = 0x10,
    /// Secured messages 1.1.
    V1_1 = 0x11,
    /// Secured messages 1.2, the first that says in what order the bytes of a sequence number are.
    V1_2 = 0x12,
}

impl SecuredVersion {
    /// All of them, the oldest first.
    pub const ALL: [Self; 3] = [Self::V1_0, Self::V1_1, Self::V1_2];

    /// Major number in the upper half, minor in the lower.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self as u8
    }

    /// The version with that byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.byte() == byte)
    }

    /// As it stands in an element. An alpha of a version is not that version; updates change nothing.
    fn from_entry([update, version]: [u8; 2]) -> Option<Self> {
        if update & 0xf == 0 { Self::from_byte(version) } else { None }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::V1_0 => 1,
            Self::V1_1 => 2,
            Self::V1_2 => 4,
        }
    }
}

impl fmt::Display for SecuredVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.byte() & 0xf)
    }
}

/// A set of versions of secured messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecuredVersions(u8);

impl SecuredVersions {
    /// Every version that is spoken here.
    pub const ALL: Self = Self(0b111);

    /// Whether a version is among them.
    #[must_use]
    pub const fn contains(self, version: SecuredVersion) -> bool {
        self.0 & version.bit() != 0
    }

    /// The members, the oldest first.
    pub fn iter(self) -> impl Iterator<Item = SecuredVersion> + Clone {
        SecuredVersion::ALL.into_iter().filter(move |version| self.contains(*version))
    }

    /// The newest that is in both sets.
    #[must_use]
    pub fn newest(self, other: Self) -> Option<SecuredVersion> {
        self.iter().filter(|version| other.contains(*version)).max()
    }
}

impl FromIterator<SecuredVersion> for SecuredVersions {
    fn from_iter<I: IntoIterator<Item = SecuredVersion>>(versions: I) -> Self {
        Self(versions.into_iter().fold(0, |set, version| set | version.bit()))
    }
}

impl fmt::Debug for SecuredVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What a requester says: in KEY_EXCHANGE and PSK_EXCHANGE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecuredOffer {
    /// The versions that it speaks, as far as they are spoken here; there may be none.
    pub versions: SecuredVersions,
    /// It takes 2 to the power of this many messages under one key, up to [`MAX_AEAD_LIMIT`].
    pub aead_limit: u8,
}

impl SecuredOffer {
    /// Finds it in opaque data. Elements and versions that are not known here are passed over.
    ///
    /// # Errors
    /// [`Malformed`]: also where there is no list of versions.
    pub fn decode(format: OpaqueFormat, opaque: &[u8]) -> Result<Self, Malformed> {
        const WRONG: Malformed = Malformed::Field("list of versions of secured messages");
        let table = OpaqueTable::decode(format, opaque)?;
        let mut reader = Reader::new(element(&table, SUPPORTED_VERSIONS).ok_or(WRONG)?);
        let count = reader.u8().map_err(|_| WRONG)?;
        let (entries, rest) = reader.rest().as_chunks();
        if count == 0 || entries.len() != usize::from(count) || !rest.is_empty() {
            return Err(WRONG);
        }
        let versions = entries.iter().copied().filter_map(SecuredVersion::from_entry).collect();
        Ok(Self { versions, aead_limit: aead_limit(&table)? })
    }

    /// Writes it as a table of its own, of up to [`MAX_SECURED_OPAQUE`] bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, format: OpaqueFormat, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let mut room = [0; MAX_DATA];
        let mut data = Writer::new(&mut room);
        data.bytes(&[ELEMENT_VERSION, SUPPORTED_VERSIONS])?;
        data.u8(u8::try_from(self.versions.iter().count()).map_err(|_| NoRoom)?)?;
        self.versions.iter().try_for_each(|version| data.bytes(&[0, version.byte()]))?;
        encode(format, data.written(), self.aead_limit, writer)
    }
}

/// What a responder says: in KEY_EXCHANGE_RSP and PSK_EXCHANGE_RSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecuredChoice {
    /// The version that the session speaks.
    pub version: SecuredVersion,
    /// It takes 2 to the power of this many messages under one key, up to [`MAX_AEAD_LIMIT`].
    pub aead_limit: u8,
}

impl SecuredChoice {
    /// Finds it in opaque data. Elements that are not known here are passed over.
    ///
    /// # Errors
    /// [`Malformed`]: also where no version was chosen, or one that is not known here, which nobody can have offered.
    pub fn decode(format: OpaqueFormat, opaque: &[u8]) -> Result<Self, Malformed> {
        const WRONG: Malformed = Malformed::Field("version of secured messages");
        let table = OpaqueTable::decode(format, opaque)?;
        let entry = element(&table, SELECTED_VERSION).and_then(|data| data.try_into().ok());
        let version = entry.and_then(SecuredVersion::from_entry).ok_or(WRONG)?;
        Ok(Self { version, aead_limit: aead_limit(&table)? })
    }

    /// Writes it as a table of its own, of up to [`MAX_SECURED_OPAQUE`] bytes.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(&self, format: OpaqueFormat, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let data = [ELEMENT_VERSION, SELECTED_VERSION, 0, self.version.byte()];
        encode(format, &data, self.aead_limit, writer)
    }
}

/// What the first element of a kind says.
fn element<'a>(table: &OpaqueTable<'a>, kind: u8) -> Option<&'a [u8]> {
    table.iter().filter(|element| element.registry == DMTF).find_map(|element| match element.data {
        [ELEMENT_VERSION, found, data @ ..] if *found == kind => Some(data),
        _ => None,
    })
}

fn aead_limit(table: &OpaqueTable<'_>) -> Result<u8, Malformed> {
    match element(table, AEAD_LIMIT) {
        None => Ok(MAX_AEAD_LIMIT),
        Some([limit]) if *limit <= MAX_AEAD_LIMIT => Ok(*limit),
        Some(_) => Err(Malformed::Field("AEAD limit")),
    }
}

/// A table of an element and of the limit, where one holds that is not the greatest.
fn encode(format: OpaqueFormat, data: &[u8], aead_limit: u8, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
    let is_limited = aead_limit < MAX_AEAD_LIMIT;
    format.encode(if is_limited { 2 } else { 1 }, writer)?;
    OpaqueElement { registry: DMTF, data }.encode(writer)?;
    if !is_limited {
        return Ok(());
    }
    let data = [ELEMENT_VERSION, AEAD_LIMIT, aead_limit];
    OpaqueElement { registry: DMTF, data: &data }.encode(writer)
}
