//! DVSECs of global persistent flush (CXL 3.x, 8.1.6 and 8.1.7): how long a power-fail flush may take.

use core::time::Duration;

use crate::registers::dvsec::{Dvsec, HEADER_2};
use crate::registers::field::{bits8, high_half, low_half};
use crate::{AccessError, ConfigSpace};

/// Offset of a port's Phase 1 (15:0) and Phase 2 (31:16) Control.
const PHASES: u16 = 0x0c;
/// Offset of a device's Phase 2 Power.
const POWER: u16 = 0x0c;

/// How long a port waits for each phase; `None` where the scale is not defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpfPort {
    /// Phase 1: caches are flushed.
    pub phase_1: Option<Duration>,
    /// Phase 2: memory is made persistent.
    pub phase_2: Option<Duration>,
}

impl GpfPort {
    /// Reads the DVSEC: one register.
    pub fn read<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<Self, AccessError> {
        let phases = dvsec.register(config, PHASES)?;
        Ok(Self { phase_1: duration(low_half(phases)), phase_2: duration(high_half(phases)) })
    }
}

/// What a device needs for phase 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpfDevice {
    /// Time; `None` where the scale is not defined.
    pub duration: Option<Duration>,
    /// Power in milliwatts.
    pub power_milliwatts: u32,
}

impl GpfDevice {
    /// Reads the DVSEC: two registers, one of them part of the headers.
    pub fn read<C: ConfigSpace>(config: &mut C, dvsec: &Dvsec) -> Result<Self, AccessError> {
        let time = high_half(dvsec.register(config, HEADER_2)?);
        Ok(Self { duration: duration(time), power_milliwatts: dvsec.register(config, POWER)? })
    }
}

/// Bits 3:0 count units of bits 11:8: 1 us, 10 us and so on up to 10 s.
fn duration(register: u16) -> Option<Duration> {
    let microseconds = 10_u64.checked_pow(u32::from(bits8(register.into(), 8, 4)))?;
    let unit = (microseconds <= 10_000_000).then_some(Duration::from_micros(microseconds))?;
    unit.checked_mul(u32::from(register & 0xf))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Image;

    const DVSEC: Dvsec =
        Dvsec { offset: 0x200, vendor: super::super::VENDOR, id: 4, revision: 0, length: 0x10 };

    #[test]
    fn a_port_waits_for_each_phase() {
        let mut image = Image::new(4096).with(0x20c, 0x0702_0603);
        let port = GpfPort::read(&mut image, &DVSEC).unwrap();
        let expected =
            GpfPort { phase_1: Some(Duration::from_secs(3)), phase_2: Some(Duration::from_secs(20)) };
        assert_eq!(port, expected);
    }

    #[test]
    fn a_device_needs_time_and_power() {
        let mut image = Image::new(4096).with(0x208, 0x010f_0005).with(0x20c, 33_000);
        let device = GpfDevice::read(&mut image, &DVSEC).unwrap();
        assert_eq!(device.duration, Some(Duration::from_micros(150)));
        assert_eq!(device.power_milliwatts, 33_000);
    }

    #[test]
    fn an_undefined_scale_is_no_time() {
        assert_eq!((duration(0x0801), duration(0x0f0f)), (None, None));
        assert_eq!(duration(0x0700), Some(Duration::ZERO));
    }
}
