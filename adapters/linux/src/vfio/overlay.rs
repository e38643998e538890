//! Capabilities that VFIO leaves out of the list, put back.
//!
//! VFIO makes the list of extended capabilities anew from those it knows and skips the others, but the registers of those
//! are still the device's own. So where one is has to come from elsewhere, and then it can be used. One is listed all the
//! same where the capability before it is passed through as the device has it, pointer included (a DVSEC).

use lanewarden_pci::capability::{self, EXTENDED_START, Found};
use lanewarden_pci::registers::doe;
use lanewarden_pci::{AccessError, ConfigSpace};

/// What is kept of a header while its pointer to the next one is replaced.
const ID_AND_VERSION: u32 = 0x000f_ffff;
const VERSION_1: u32 = 1 << 16;

/// The headers that read otherwise than VFIO has them.
#[derive(Debug, Default)]
pub struct Overlay(Vec<(u16, u32)>);

impl Overlay {
    /// Puts DOE capabilities at these offsets into the list of a space, behind those that VFIO shows.
    ///
    /// One that the list has is left as it is. The header of the first place in the space is always VFIO's: where the
    /// capability lies there, version 1 is assumed. Elsewhere what the device has there must be a DOE capability, else the
    /// space has none there, or the kernel hides it: [`AccessError::OutOfRange`] with the offset.
    pub fn new<C: ConfigSpace>(config: &mut C, offsets: &[u16]) -> Result<Self, AccessError> {
        let listed = listed(config)?;
        let mut overlay = Self::default();
        let mut last = listed.last().copied().unwrap_or(EXTENDED_START);
        for &offset in offsets {
            let header = config.read(offset)?;
            if offset == EXTENDED_START {
                overlay.set(offset, in_first_place(header)?);
            } else if !listed.contains(&offset) {
                let before = overlay.applied(last, config.read(last)?);
                overlay.set(last, before & ID_AND_VERSION | u32::from(offset) << 20);
                overlay.set(offset, elsewhere(header, offset)?);
                last = offset;
            }
        }
        Ok(overlay)
    }

    /// What a register reads as.
    pub fn applied(&self, offset: u16, value: u32) -> u32 {
        self.0.iter().find(|(at, _)| *at == offset).map_or(value, |(_, header)| *header)
    }

    fn set(&mut self, offset: u16, header: u32) {
        self.0.retain(|(at, _)| *at != offset);
        self.0.push((offset, header));
    }
}

/// Where the list has its entries. One that is broken ends where it breaks.
fn listed<C: ConfigSpace>(config: &mut C) -> Result<Vec<u16>, AccessError> {
    let mut offsets = Vec::new();
    for found in capability::extended(config) {
        if let Found::Entry(entry) = found? {
            offsets.push(entry.offset);
        }
    }
    Ok(offsets)
}

/// VFIO's stand-in has no ID and no version, but points on.
fn in_first_place(header: u32) -> Result<u32, AccessError> {
    match header & ID_AND_VERSION {
        0 => Ok(header | VERSION_1 | u32::from(doe::ID)),
        own if own & 0xffff == u32::from(doe::ID) => Ok(header),
        _ => Err(AccessError::OutOfRange(EXTENDED_START)),
    }
}

/// The last of the list: what it points to in the device, VFIO's list has too.
fn elsewhere(header: u32, offset: u16) -> Result<u32, AccessError> {
    let is_doe = header & 0xffff == u32::from(doe::ID);
    if is_doe { Ok(header & ID_AND_VERSION) } else { Err(AccessError::OutOfRange(offset)) }
}

#[cfg(test)]
mod tests {
    use lanewarden_pci::Image;

    use super::*;

    /// The list as VFIO shows it: 0x100 (hidden or AER), 0x140; the device has DOE at 0x190 and 0x1c0 too.
    fn image(first: u32) -> Image {
        Image::new(4096)
            .with(0x100, 0x1400_0000 | first)
            .with(0x140, 0x0001_0003)
            .with(0x190, 0x1c02_002e)
            .with(0x1c0, 0x0001_002e)
    }

    struct Seen<'a>(&'a mut Image, Overlay);

    impl ConfigSpace for Seen<'_> {
        fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
            Ok(self.1.applied(offset, self.0.read(offset)?))
        }

        fn write(&mut self, offset: u16, value: u32) -> Result<(), AccessError> {
            self.0.write(offset, value)
        }

        fn size(&self) -> u16 {
            self.0.size()
        }
    }

    fn list(image: &mut Image, offsets: &[u16]) -> Vec<(u16, u16, u8)> {
        let overlay = Overlay::new(image, offsets).unwrap();
        capability::extended(&mut Seen(image, overlay))
            .map(|found| match found.unwrap() {
                Found::Entry(entry) => (entry.offset, entry.id, entry.version),
                Found::Anomaly(anomaly) => panic!("{anomaly}"),
            })
            .collect()
    }

    #[test]
    fn hidden_mailboxes_stand_at_the_end_of_the_list() {
        let seen = list(&mut image(0x0002_0001), &[0x190, 0x1c0]);
        assert_eq!(seen, [(0x100, 1, 2), (0x140, 3, 1), (0x190, 0x2e, 2), (0x1c0, 0x2e, 1)]);
    }

    #[test]
    fn one_in_the_first_place_takes_the_stand_ins() {
        let seen = list(&mut image(0), &[0x100, 0x190]);
        assert_eq!(seen, [(0x100, 0x2e, 1), (0x140, 3, 1), (0x190, 0x2e, 2)]);
    }

    #[test]
    fn one_that_the_kernel_shows_stays_as_it_is() {
        let mut image = image(0x0002_0001).with(0x140, 0x1901_0003);
        let seen = list(&mut image, &[0x190]);
        assert_eq!(seen, [(0x100, 1, 2), (0x140, 3, 1), (0x190, 0x2e, 2), (0x1c0, 0x2e, 1)]);
    }

    #[test]
    fn where_no_mailbox_is_none_is_made_up() {
        assert_eq!(
            Overlay::new(&mut image(0x0002_0001), &[0x100]).unwrap_err(),
            AccessError::OutOfRange(0x100)
        );
        assert_eq!(
            Overlay::new(&mut image(0x0002_0001), &[0x200]).unwrap_err(),
            AccessError::OutOfRange(0x200)
        );
        assert_eq!(Overlay::new(&mut image(0), &[0xffc]).unwrap_err(), AccessError::OutOfRange(0xffc));
    }
}
