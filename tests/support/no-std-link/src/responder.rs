//! A responder of one slot and a few measurements.

use lanewarden_crypto::{Provider, Signer};
use lanewarden_spdm::Identities;
use lanewarden_spdm::message::ValueType;
use lanewarden_spdm::responder::{Measurement, MeasurementSource, Parts, Value};

/// A chain in slot 0, and who signs.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'c, S> {
    /// The certificates, root first, one after the other.
    pub certificates: &'c [u8],
    /// Has the leaf's key.
    pub signer: S,
}

impl<S: Signer> Identities for Slot<'_, S> {
    fn provisioned(&self) -> u8 {
        1
    }

    fn certificates(&self, slot: u8) -> Option<&[u8]> {
        (slot == 0).then_some(self.certificates)
    }

    fn signer(&mut self, slot: u8) -> Option<&mut dyn Signer> {
        if slot == 0 { Some(&mut self.signer) } else { None }
    }
}

/// What is measured, by index from 1.
#[derive(Clone, Copy, Debug)]
pub struct Firmware<'m>(pub &'m [&'m [u8]]);

impl MeasurementSource for Firmware<'_> {
    fn count(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        let value = Value::Measured(self.0.get(usize::from(place))?);
        let (index, kind) = (place.checked_add(1)?, ValueType::MUTABLE_FIRMWARE);
        Some(Measurement { index, kind, is_tcb: true, value })
    }
}

/// Parts of a responder that has these.
pub type SmallParts<'p, P, S> = Parts<P, Slot<'p, S>, Firmware<'p>>;

/// Those parts.
pub fn small<'p, P: Provider, S: Signer>(
    provider: P,
    identities: Slot<'p, S>,
    measured: &'p [&'p [u8]],
) -> SmallParts<'p, P, S> {
    Parts::new(provider).with_identities(identities).with_measurements(Firmware(measured))
}
