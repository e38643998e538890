//! Which device a certificate is for (PCIe 6.1, 6.31.3): a text in its subject alternative name, compared with what
//! the configuration space of the device says.

use core::fmt::{self, Write};

/// Bytes of the longest text that can be right.
const MAX_TEXT: usize = 78;
/// Bytes that are kept of a text from a certificate, so that a wrong one can be shown.
const MAX_CLAIM: usize = 128;

/// What the configuration space of a function says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceIdentity {
    /// Vendor ID.
    pub vendor_id: u16,
    /// Device ID.
    pub device_id: u16,
    /// Class code: base class, sub-class, programming interface; 24 bits.
    pub class_code: u32,
    /// Revision ID.
    pub revision: u8,
    /// Subsystem vendor ID and subsystem ID, of a header of type 0.
    pub subsystem: Option<(u16, u16)>,
    /// The Device Serial Number capability's.
    pub serial: Option<u64>,
}

impl fmt::Display for DeviceIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = self.class_code & 0x00FF_FFFF;
        write!(f, "Vendor={:04x}:Device={:04x}:CC={class:06x}", self.vendor_id, self.device_id)?;
        write!(f, ":REV={:02x}", self.revision)?;
        if let Some((vendor, id)) = self.subsystem {
            write!(f, ":SSVID={vendor:04x}:SSID={id:04x}")?;
        }
        self.serial.map_or(Ok(()), |serial| write!(f, ":{serial:016x}"))
    }
}

/// A part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityField {
    /// `Vendor=`.
    Vendor,
    /// `Device=`.
    Device,
    /// `CC=`.
    ClassCode,
    /// `REV=`.
    Revision,
    /// `SSVID=`.
    SubsystemVendor,
    /// `SSID=`.
    Subsystem,
    /// The serial number, without a name.
    Serial,
}

impl fmt::Display for IdentityField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vendor => "vendor ID",
            Self::Device => "device ID",
            Self::ClassCode => "class code",
            Self::Revision => "revision ID",
            Self::SubsystemVendor => "subsystem vendor ID",
            Self::Subsystem => "subsystem ID",
            Self::Serial => "serial number",
        })
    }
}

/// Why a certificate is not for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It names none.
    #[error("the certificate names no PCIe device")]
    Nothing,
    /// It names several, so that none can be told to be meant.
    #[error("the certificate names more than one PCIe device")]
    Several,
    /// The name is longer than any name of a device.
    #[error("the certificate's name of the device is too long")]
    TooLong,
    /// A part is another, or in another form.
    #[error("the {0} in the certificate is not the device's")]
    Differs(IdentityField),
    /// A part is missing.
    #[error("the {0} is missing from the certificate")]
    Missing(IdentityField),
    /// There is more than the device has.
    #[error("the certificate's name of the device goes on behind its end")]
    Excess,
}

/// What a certificate says of the device it is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ClaimedIdentity {
    text: [u8; MAX_CLAIM],
    length: usize,
    names: Names,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    None,
    One,
    Several,
    TooLong,
}

impl ClaimedIdentity {
    pub(super) const NOTHING: Self = Self { text: [0; MAX_CLAIM], length: 0, names: Names::None };

    pub(super) fn add(&mut self, text: &str) {
        if self.names != Names::None {
            self.names = Names::Several;
            return;
        }
        let copied = self.text.get_mut(..text.len()).map(|room| room.copy_from_slice(text.as_bytes()));
        self.names = if copied.is_some() { Names::One } else { Names::TooLong };
        self.length = copied.map_or(0, |()| text.len());
    }

    /// The text, where there is exactly one of bearable length. It is the peer's: escape it before it is shown.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let text = self.text.get(..self.length)?;
        (self.names == Names::One).then(|| core::str::from_utf8(text).ok()).flatten()
    }

    /// Compares it with a device, byte by byte.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn check(&self, device: &DeviceIdentity) -> Result<(), IdentityError> {
        match self.names {
            Names::None => Err(IdentityError::Nothing),
            Names::Several => Err(IdentityError::Several),
            Names::TooLong => Err(IdentityError::TooLong),
            Names::One => compare(self.text().unwrap_or_default(), device),
        }
    }
}

/// The text, escaped, or why there is none.
impl fmt::Display for ClaimedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.names {
            Names::None => f.write_str("none"),
            Names::Several => f.write_str("several"),
            Names::TooLong => f.write_str("too long"),
            Names::One => self.text().unwrap_or_default().escape_default().fmt(f),
        }
    }
}

impl fmt::Debug for ClaimedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimedIdentity({:?}: {:?})", self.names, self.text())
    }
}

fn compare(found: &str, device: &DeviceIdentity) -> Result<(), IdentityError> {
    let mut expected = Text { bytes: [0; MAX_TEXT], length: 0 };
    write!(expected, "{device}").map_err(|_| IdentityError::TooLong)?;
    let mut found = found.split(':');
    for (field, part) in fields(device).zip(expected.as_str().split(':')) {
        match found.next() {
            None => return Err(IdentityError::Missing(field)),
            Some(same) if same == part => {}
            Some(_) => return Err(IdentityError::Differs(field)),
        }
    }
    found.next().map_or(Ok(()), |_| Err(IdentityError::Excess))
}

fn fields(device: &DeviceIdentity) -> impl Iterator<Item = IdentityField> {
    use IdentityField::{ClassCode, Device, Revision, Serial, Subsystem, SubsystemVendor, Vendor};
    let subsystem = device.subsystem.map(|_| [SubsystemVendor, Subsystem]);
    [Vendor, Device, ClassCode, Revision]
        .into_iter()
        .chain(subsystem.into_iter().flatten())
        .chain(device.serial.map(|_| Serial))
}

struct Text {
    bytes: [u8; MAX_TEXT],
    length: usize,
}

impl Text {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.checked_add(text.len()).ok_or(fmt::Error)?;
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
