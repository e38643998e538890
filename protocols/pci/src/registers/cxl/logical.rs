//! DVSECs that say how a package is divided: logical devices (CXL 3.x, 8.1.10), functions that are not CXL's (8.1.4).

use crate::registers::dvsec::{Dvsec, HEADER_2};
use crate::registers::field::high_half;
use crate::{AccessError, ConfigSpace};

/// Offset of the first of the eight Non-CXL Function Map registers.
const FUNCTION_MAP: u16 = 0x0c;
/// The most logical devices there can be.
const MOST_LOGICAL_DEVICES: u16 = 16;

/// Reads how many logical devices there are, 1-16: one register, part of the headers. `None` for a number that is not
/// defined.
pub fn logical_devices<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<Option<u16>, AccessError> {
    let number = high_half(dvsec.register(config, HEADER_2)?);
    Ok((1..=MOST_LOGICAL_DEVICES).contains(&number).then_some(number))
}

/// Reads the map of functions that do neither CXL.cache nor CXL.mem: eight registers.
///
/// Register n, bit m stands for function n of device m; with ARI for function 32 n + m **(secondary)**.
pub fn non_cxl_functions<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<[u32; 8], AccessError> {
    let mut map = [0; 8];
    for (register, at) in map.iter_mut().zip((FUNCTION_MAP..).step_by(4)) {
        *register = dvsec.register(config, at)?;
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    const DVSEC: Dvsec =
        Dvsec { offset: 0x200, vendor: super::super::VENDOR, id: 9, revision: 0, length: 0x2c };

    #[test]
    fn numbers_of_logical_devices_that_are_not_defined_are_none() {
        let with = |number: u32| logical_devices(&mut Image::new(4096).with(0x208, number << 16 | 9), &DVSEC);
        assert_eq!((with(0), with(1), with(16), with(17)), (Ok(None), Ok(Some(1)), Ok(Some(16)), Ok(None)));
    }

    #[test]
    fn the_function_map_is_eight_registers() {
        let mut image = Image::new(4096).with(0x20c, 2).with(0x228, 0x8000_0000);
        assert_eq!(non_cxl_functions(&mut image, &DVSEC), Ok([2, 0, 0, 0, 0, 0, 0, 0x8000_0000]));
        let short = Dvsec { length: 0x28, ..DVSEC };
        assert_eq!(non_cxl_functions(&mut image, &short), Err(AccessError::OutOfRange(0x228)));
    }
}
