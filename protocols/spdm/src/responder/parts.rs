//! What a responder is made of. What it is not made of, it does not claim.

use lanewarden_crypto::{Digest, Provider};

use crate::identity::Identities;
use crate::message::{ErrorCode, Registry, ValueType};
use crate::transcript::Record;

/// The parts. `()` stands for one that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<P, I = (), M = (), V = (), R = ()> {
    /// Algorithms and randomness.
    pub provider: P,
    /// Certificate chains and their keys: CERT and CHAL.
    pub identities: I,
    /// Measurements: MEAS.
    pub measurements: M,
    /// Answers to vendor-defined requests.
    pub vendor: V,
    /// Is told what is said.
    pub record: R,
}

impl<P: Provider> Parts<P> {
    /// A provider alone.
    pub const fn new(provider: P) -> Self {
        Self { provider, identities: (), measurements: (), vendor: (), record: () }
    }
}

impl<P, I, M, V, R> Parts<P, I, M, V, R> {
    /// With certificate chains and their keys.
    pub fn with_identities<N: Identities>(self, identities: N) -> Parts<P, N, M, V, R> {
        let Self { provider, measurements, vendor, record, .. } = self;
        Parts { provider, identities, measurements, vendor, record }
    }

    /// With measurements.
    pub fn with_measurements<N: MeasurementSource>(self, measurements: N) -> Parts<P, I, N, V, R> {
        let Self { provider, identities, vendor, record, .. } = self;
        Parts { provider, identities, measurements, vendor, record }
    }

    /// With answers to vendor-defined requests.
    pub fn with_vendor<N: VendorHandler>(self, vendor: N) -> Parts<P, I, M, N, R> {
        let Self { provider, identities, measurements, record, .. } = self;
        Parts { provider, identities, measurements, vendor, record }
    }

    /// With somebody who is told what is said.
    pub fn with_record<N: Record>(self, record: N) -> Parts<P, I, M, V, N> {
        let Self { provider, identities, measurements, vendor, .. } = self;
        Parts { provider, identities, measurements, vendor, record }
    }
}

/// The types of the parts. [`Parts`] are all there are.
pub trait Endpoint {
    /// Algorithms and randomness.
    type Provider: Provider;
    /// Certificate chains and their keys.
    type Identities: Identities;
    /// Measurements.
    type Measurements: MeasurementSource;
    /// Answers to vendor-defined requests.
    type Vendor: VendorHandler;
    /// Is told what is said.
    type Record: Record;
}

impl<P, I, M, V, R> Endpoint for Parts<P, I, M, V, R>
where
    P: Provider,
    I: Identities,
    M: MeasurementSource,
    V: VendorHandler,
    R: Record,
{
    type Provider = P;
    type Identities = I;
    type Measurements = M;
    type Vendor = V;
    type Record = R;
}

/// The parts of an endpoint.
pub type PartsOf<E> = Parts<
    <E as Endpoint>::Provider,
    <E as Endpoint>::Identities,
    <E as Endpoint>::Measurements,
    <E as Endpoint>::Vendor,
    <E as Endpoint>::Record,
>;
/// Its hashes.
pub(super) type HashOf<E> = <<E as Endpoint>::Provider as Provider>::Hash;

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

/// Answers vendor-defined requests.
pub trait VendorHandler {
    /// Whether there is one.
    const PRESENT: bool = true;

    /// Answers a request of this registry: writes the payload of the answer and returns its length.
    ///
    /// # Errors
    /// The code of the ERROR to answer with; [`ErrorCode::UNSUPPORTED_REQUEST`] for a registry it does not know.
    fn handle(
        &mut self,
        registry: Registry<'_>,
        request: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode>;
}

impl VendorHandler for () {
    const PRESENT: bool = false;

    fn handle(&mut self, _: Registry<'_>, _: &[u8], _: &mut [u8]) -> Result<usize, ErrorCode> {
        Err(ErrorCode::UNSUPPORTED_REQUEST)
    }
}
