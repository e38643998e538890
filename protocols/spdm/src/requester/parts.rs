//! What a requester is made of.

use lanewarden_crypto::Provider;

use crate::identity::Identities;
use crate::session::Sessions;
use crate::transcript::Record;

/// The parts. `()` stands for one that is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts<P, R = (), S = (), I = ()> {
    /// Algorithms and randomness.
    pub provider: P,
    /// Is told what is said.
    pub record: R,
    /// Room for sessions.
    pub sessions: S,
    /// Certificate chains of its own and their keys, to be authenticated with.
    pub identities: I,
}

impl<P: Provider> Parts<P> {
    /// A provider alone.
    pub const fn new(provider: P) -> Self {
        Self { provider, record: (), sessions: (), identities: () }
    }
}

impl<P: Provider, R, S, I> Parts<P, R, S, I> {
    /// With somebody who is told what is said.
    pub fn with_record<N: Record>(self, record: N) -> Parts<P, N, S, I> {
        let Self { provider, sessions, identities, .. } = self;
        Parts { provider, record, sessions, identities }
    }

    /// With room for sessions.
    pub fn with_sessions<N: Sessions<P>>(self, sessions: N) -> Parts<P, R, N, I> {
        let Self { provider, record, identities, .. } = self;
        Parts { provider, record, sessions, identities }
    }

    /// With certificate chains of its own.
    pub fn with_identities<N: Identities>(self, identities: N) -> Parts<P, R, S, N> {
        let Self { provider, record, sessions, .. } = self;
        Parts { provider, record, sessions, identities }
    }
}

/// The types of the parts. [`Parts`] are all there are.
pub trait Endpoint {
    /// Algorithms and randomness.
    type Provider: Provider;
    /// Is told what is said.
    type Record: Record;
    /// Room for sessions.
    type Sessions: Sessions<Self::Provider>;
    /// Certificate chains of its own and their keys.
    type Identities: Identities;
}

impl<P: Provider, R: Record, S: Sessions<P>, I: Identities> Endpoint for Parts<P, R, S, I> {
    type Provider = P;
    type Record = R;
    type Sessions = S;
    type Identities = I;
}

/// The parts of an endpoint.
pub type PartsOf<E> = Parts<
    <E as Endpoint>::Provider,
    <E as Endpoint>::Record,
    <E as Endpoint>::Sessions,
    <E as Endpoint>::Identities,
>;
/// Its hashes.
pub(super) type HashOf<E> = <<E as Endpoint>::Provider as Provider>::Hash;
/// Where it keeps what belongs to sessions.
pub(super) type Kept<E, T> = <<E as Endpoint>::Sessions as Sessions<<E as Endpoint>::Provider>>::Keep<T>;
/// Its halves of key exchanges.
pub(super) type HalfOf<E> = <<E as Endpoint>::Provider as Provider>::KeyExchange;
/// Its public keys.
pub type KeyOf<E> = <<E as Endpoint>::Provider as Provider>::VerifyingKey;
