//! Measurements, as their source has them.

use lanewarden_crypto::Digest;

use crate::message::ValueType;

/// Which measurements a source gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// None.
    None,
    /// Some.
    Present {
        /// Whether they are made anew for every request.
        fresh: bool,
    },
}

/// A measurement as its source has it.
#[derive(Clone, Copy, Debug)]
pub struct Measurement<'a> {
    /// Its index, 1 to 254.
    pub index: u8,
    /// What it is of.
    pub kind: ValueType,
    /// Whether it is of the trusted computing base.
    pub is_tcb: bool,
    /// Its value.
    pub value: Value<'a>,
}

/// A measurement's value.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// What was measured. It is sent as a digest, and as it is where that is asked for.
    Measured(&'a [u8]),
    /// A digest that was made before.
    Digest(Digest),
    /// A number, a version, a manifest: always sent as it is.
    Plain(&'a [u8]),
}

/// Measurements.
pub trait MeasurementSource {
    /// What it gives.
    const SUPPORT: Support = Support::Present { fresh: false };

    /// How many there are, 254 at the most.
    fn count(&self) -> u8;

    /// One of them, by its place from 0; in ascending order of their indices.
    fn measurement(&self, place: u8) -> Option<Measurement<'_>>;
}

impl MeasurementSource for () {
    const SUPPORT: Support = Support::None;

    fn count(&self) -> u8 {
        0
    }

    fn measurement(&self, _: u8) -> Option<Measurement<'_>> {
        None
    }
}
