//! What a requester is made of.

use lanewarden_crypto::Provider;

use crate::transcript::Record;

/// The parts. `()` stands for one that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<P, R = ()> {
    /// Algorithms and randomness.
    pub provider: P,
    /// Is told what is said.
    pub record: R,
}

impl<P: Provider> Parts<P> {
    /// A provider alone.
    pub const fn new(provider: P) -> Self {
        Self { provider, record: () }
    }
}

impl<P, R> Parts<P, R> {
    /// With somebody who is told what is said.
    pub fn with_record<N: Record>(self, record: N) -> Parts<P, N> {
        Parts { provider: self.provider, record }
    }
}

/// The types of the parts. [`Parts`] are all there are.
pub trait Endpoint {
    /// Algorithms and randomness.
    type Provider: Provider;
    /// Is told what is said.
    type Record: Record;
}

impl<P: Provider, R: Record> Endpoint for Parts<P, R> {
    type Provider = P;
    type Record = R;
}

/// The parts of an endpoint.
pub type PartsOf<E> = Parts<<E as Endpoint>::Provider, <E as Endpoint>::Record>;
/// Its hashes.
pub(super) type HashOf<E> = <<E as Endpoint>::Provider as Provider>::Hash;
/// Its public keys.
pub type KeyOf<E> = <<E as Endpoint>::Provider as Provider>::VerifyingKey;
