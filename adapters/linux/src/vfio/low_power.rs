//! Low power as the kernel's driver has it.

use super::call::{self, FeatureCall};
use super::error::of_feature;
use super::{Device, FeatureError, LowPower, Request, Wakeup};

impl LowPower for Device {
    type Wakeup = Wakeup;

    fn request(&self, request: Request) -> Result<(), FeatureError> {
        let Request { argsz, flags, word } = request;
        call::feature(self, FeatureCall::new(argsz, flags, word)).map_err(of_feature)
    }

    fn has_low_power(&self) -> bool {
        self.has_low_power
    }
}

#[cfg(test)]
mod tests {
    use vfio_bindings::bindings::vfio as uapi;

    use super::super::{Feature, Operation};
    use super::*;

    #[test]
    fn numbers_and_flags_are_those_of_the_kernels_header() {
        let numbers = [
            uapi::VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
            uapi::VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
            uapi::VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
        ];
        for (feature, number) in Feature::ALL.into_iter().zip(numbers) {
            assert_eq!(Request::set(feature, 0).flags, number | uapi::VFIO_DEVICE_FEATURE_SET);
            let probed = number | uapi::VFIO_DEVICE_FEATURE_PROBE | uapi::VFIO_DEVICE_FEATURE_GET;
            assert_eq!(Request::probe(feature, Operation::Get).flags, probed);
        }
        assert_eq!(Request::NUMBER, uapi::VFIO_DEVICE_FEATURE_MASK);
        let wakeup = size_of::<uapi::vfio_device_low_power_entry_with_wakeup>();
        let head = size_of::<uapi::vfio_device_feature>();
        assert_eq!(Feature::LowPowerExit.argsz() as usize, head);
        assert_eq!(Feature::LowPowerEntryWithWakeup.argsz() as usize, head + wakeup);
    }
}
