//! What a responder is made of. What it is not made of, it does not claim.

mod measurement;
mod peers;
mod vendor;

use lanewarden_crypto::Provider;

use crate::identity::Identities;
use crate::session::Sessions;
use crate::transcript::Record;

pub use measurement::{Measurement, MeasurementSource, Support, Value};
pub use peers::{PresharedKeys, Requesters};
pub use vendor::{Context, VendorHandler};

/// The parts. `()` stands for one that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<P, I = (), M = (), V = (), R = (), S = (), K = (), Q = ()> {
    /// Algorithms and randomness.
    pub provider: P,
    /// Certificate chains and their keys: CERT and CHAL, and with sessions KEY_EX.
    pub identities: I,
    /// Measurements: MEAS.
    pub measurements: M,
    /// Answers to vendor-defined requests.
    pub vendor: V,
    /// Is told what is said outside of sessions.
    pub record: R,
    /// Room for sessions: MAC, ENCRYPT, KEY_UPD, HBEAT, ENCAP, where they can begin.
    pub sessions: S,
    /// Keys that are shared with requesters: with sessions, PSK.
    pub psk: K,
    /// Whom it trusts of the requesters: MUT_AUTH and ENCAP.
    pub requesters: Q,
}

impl<P: Provider> Parts<P> {
    /// A provider alone.
    pub const fn new(provider: P) -> Self {
        Self {
            provider,
            identities: (),
            measurements: (),
            vendor: (),
            record: (),
            sessions: (),
            psk: (),
            requesters: (),
        }
    }
}

/// The parts with one in another's place.
macro_rules! with {
    ($parts:ident, $place:ident: $new:expr, keeps $($kept:ident),*) => {
        Parts { $place: $new, $($kept: $parts.$kept),* }
    };
}

impl<P, I, M, V, R, S, K, Q> Parts<P, I, M, V, R, S, K, Q> {
    /// With certificate chains and their keys.
    pub fn with_identities<N: Identities>(self, new: N) -> Parts<P, N, M, V, R, S, K, Q> {
        with!(self, identities: new, keeps provider, measurements, vendor, record, sessions, psk, requesters)
    }

    /// With measurements.
    pub fn with_measurements<N: MeasurementSource>(self, new: N) -> Parts<P, I, N, V, R, S, K, Q> {
        with!(self, measurements: new, keeps provider, identities, vendor, record, sessions, psk, requesters)
    }

    /// With answers to vendor-defined requests.
    pub fn with_vendor<N: VendorHandler>(self, new: N) -> Parts<P, I, M, N, R, S, K, Q> {
        with!(self, vendor: new, keeps provider, identities, measurements, record, sessions, psk, requesters)
    }

    /// With somebody who is told what is said.
    pub fn with_record<N: Record>(self, new: N) -> Parts<P, I, M, V, N, S, K, Q> {
        with!(self, record: new, keeps provider, identities, measurements, vendor, sessions, psk, requesters)
    }

    /// With room for sessions.
    pub fn with_sessions<N: Sessions<P>>(self, new: N) -> Parts<P, I, M, V, R, N, K, Q>
    where
        P: Provider,
    {
        with!(self, sessions: new, keeps provider, identities, measurements, vendor, record, psk, requesters)
    }

    /// With keys that are shared with requesters.
    pub fn with_psk<N: PresharedKeys>(self, new: N) -> Parts<P, I, M, V, R, S, N, Q> {
        with!(self, psk: new, keeps provider, identities, measurements, vendor, record, sessions, requesters)
    }

    /// With requesters that are trusted.
    pub fn with_requesters<N: Requesters<P>>(self, new: N) -> Parts<P, I, M, V, R, S, K, N>
    where
        P: Provider,
    {
        with!(self, requesters: new, keeps provider, identities, measurements, vendor, record, sessions, psk)
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
    /// Room for sessions.
    type Sessions: Sessions<Self::Provider>;
    /// Keys that are shared with requesters.
    type Psk: PresharedKeys;
    /// Whom it trusts of the requesters.
    type Requesters: Requesters<Self::Provider>;
}

impl<P, I, M, V, R, S, K, Q> Endpoint for Parts<P, I, M, V, R, S, K, Q>
where
    P: Provider,
    I: Identities,
    M: MeasurementSource,
    V: VendorHandler,
    R: Record,
    S: Sessions<P>,
    K: PresharedKeys,
    Q: Requesters<P>,
{
    type Provider = P;
    type Identities = I;
    type Measurements = M;
    type Vendor = V;
    type Record = R;
    type Sessions = S;
    type Psk = K;
    type Requesters = Q;
}

/// The parts of an endpoint.
pub type PartsOf<E> = Parts<
    <E as Endpoint>::Provider,
    <E as Endpoint>::Identities,
    <E as Endpoint>::Measurements,
    <E as Endpoint>::Vendor,
    <E as Endpoint>::Record,
    <E as Endpoint>::Sessions,
    <E as Endpoint>::Psk,
    <E as Endpoint>::Requesters,
>;
/// Its hashes.
pub(super) type HashOf<E> = <<E as Endpoint>::Provider as Provider>::Hash;
/// Where it keeps what belongs to sessions.
pub(super) type Kept<E, T> = <<E as Endpoint>::Sessions as Sessions<<E as Endpoint>::Provider>>::Keep<T>;
/// Where it keeps what belongs to the authentication of requesters.
pub(super) type Asked<E, T> = <<E as Endpoint>::Requesters as Requesters<<E as Endpoint>::Provider>>::Keep<T>;
/// Its keys to check signatures with.
pub(super) type KeyOf<E> = <<E as Endpoint>::Provider as Provider>::VerifyingKey;
