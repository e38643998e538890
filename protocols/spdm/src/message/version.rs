//! GET_VERSION and VERSION (DSP0274 1.3, 10.3).

use super::{HEADER_SIZE, Header, Malformed, NoRoom, Reader, Request, Response, Writer, finish};
use crate::{Version, Versions};

/// GET_VERSION, which is always the same.
pub const GET_VERSION: [u8; HEADER_SIZE] = [Version::V1_0.byte(), Request::GetVersion.byte(), 0, 0];

/// VERSION: what the responder speaks.
#[derive(Clone, Copy, Debug)]
pub struct VersionList<'a> {
    entries: &'a [u8],
}

impl<'a> VersionList<'a> {
    /// Reads what follows the header; returns the message's length too.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(reader: &mut Reader<'a>) -> Result<(Self, usize), Malformed> {
        reader.u8()?;
        let count = usize::from(reader.u8()?);
        if count == 0 {
            return Err(Malformed::Field("number of versions"));
        }
        let entries = reader.take(count.saturating_mul(2))?;
        Ok((Self { entries }, finish(reader)?))
    }

    /// The version bytes it lists, known here or not. Update and alpha numbers say nothing that matters here: an alpha
    /// of a version is not that version, so entries with one are left out.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + 'a {
        self.entries.chunks_exact(2).filter_map(|entry| match entry {
            [update, version] if update & 0xf == 0 => Some(*version),
            _ => None,
        })
    }

    /// The newest that both sides speak.
    #[must_use]
    pub fn newest(&self, ours: Versions) -> Option<Version> {
        self.bytes().filter_map(Version::from_byte).filter(|version| ours.contains(*version)).max()
    }

    /// Writes a VERSION.
    ///
    /// # Errors
    /// [`NoRoom`].
    pub fn encode(versions: Versions, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let header =
            Header { version: Version::V1_0.byte(), code: Response::Version.byte(), param1: 0, param2: 0 };
        header.encode(writer)?;
        writer.u8(0)?;
        writer.u8(u8::try_from(versions.iter().count()).map_err(|_| NoRoom)?)?;
        versions.iter().try_for_each(|version| writer.bytes(&[0, version.byte()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_common_version_is_found_whatever_the_order() {
        let body = [0, 5, 0x00, 0x14, 0x00, 0x10, 0x00, 0x12, 0x01, 0x13, 0x10, 0x11];
        let (list, length) = VersionList::decode(&mut Reader::new(&body)).unwrap();
        assert_eq!(length, 12);
        assert_eq!(list.newest(Versions::ALL), Some(Version::V1_2), "1.3 is an alpha, 1.4 unknown here");
        assert_eq!(
            list.newest(Versions::only(Version::V1_1)),
            Some(Version::V1_1),
            "an errata level is no matter"
        );
        assert_eq!(list.newest(Versions::only(Version::V1_3)), None);
    }

    #[test]
    fn a_count_must_fit_what_follows() {
        assert_eq!(
            VersionList::decode(&mut Reader::new(&[0, 0])).unwrap_err(),
            Malformed::Field("number of versions")
        );
        assert_eq!(VersionList::decode(&mut Reader::new(&[0, 2, 0, 0x10])).unwrap_err(), Malformed::Short);
        let long = [0, 1, 0, 0x10, 0, 0x11];
        assert_eq!(VersionList::decode(&mut Reader::new(&long)).unwrap_err(), Malformed::Trailing(2));
    }

    #[test]
    fn what_is_written_lists_what_was_meant() {
        let mut buffer = [0; 16];
        let mut writer = Writer::new(&mut buffer);
        VersionList::encode(Versions::ALL, &mut writer).unwrap();
        assert_eq!(writer.written(), [0x10, 4, 0, 0, 0, 4, 0, 0x10, 0, 0x11, 0, 0x12, 0, 0x13]);
    }
}
