//! A requester from the first message to the verdict, in the steps that a program needs of it.

use core::fmt;

use lanewarden_spdm::Error;
use lanewarden_spdm::certificate::{
    ChainError, ChainReader, Leaf, Revocations, Rules, TrustAnchors, Validated,
};
use lanewarden_spdm::requester::{
    ChallengeRequest, Endpoint, Event, KeyOf, MeasurementRequest, PeerKey, Requester, RunError, Transport,
    run,
};
use lanewarden_time::Clock;

/// The slot that is asked for.
const SLOT: u8 = 0;

/// Why a device is not authenticated.
#[derive(Debug)]
pub enum Failure<E> {
    /// By what was said, or something was not carried.
    Run(RunError<E>),
    /// Its chain cannot be read.
    Chain(ChainError),
    /// Its chain is not trusted.
    Distrusted,
    /// It says nothing of its chain, or its key does not make the signatures that were agreed on.
    Unsuited,
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(error) => error.fmt(f),
            Self::Chain(error) => error.fmt(f),
            Self::Distrusted => f.write_str("the chain is not trusted"),
            Self::Unsuited => f.write_str("the device shows no key that suits"),
        }
    }
}

impl<E> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Self::Run(RunError::Spdm(error))
    }
}

impl<E> From<RunError<E>> for Failure<E> {
    fn from(error: RunError<E>) -> Self {
        Self::Run(error)
    }
}

impl<E> From<ChainError> for Failure<E> {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

/// A requester with all that it is driven with.
#[derive(Debug)]
pub struct Driven<'d, E: Endpoint, B, T, C> {
    /// The requester.
    pub requester: &'d mut Requester<E, B>,
    /// What carries its messages.
    pub transport: &'d mut T,
    /// The time.
    pub clock: &'d C,
    /// Room for an answer.
    pub answer: &'d mut [u8],
}

/// By what a chain is judged.
#[derive(Clone, Copy, Debug)]
pub struct Judge<P, A, V> {
    /// Who checks signatures.
    pub provider: P,
    /// Whom to trust.
    pub anchors: A,
    /// Whom no more.
    pub revocations: V,
    /// The time, in Unix seconds.
    pub now: Option<u64>,
}

impl<E, B, T, C> Driven<'_, E, B, T, C>
where
    E: Endpoint,
    KeyOf<E>: Clone,
    B: AsRef<[u8]> + AsMut<[u8]>,
    T: Transport,
    C: Clock,
{
    /// VERSION to DIGESTS.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn meet(&mut self) -> Result<(), Failure<T::Error>> {
        self.requester.connect()?;
        self.run(|_| ())?;
        self.requester.digests()?;
        self.run(|_| ())
    }

    /// CERTIFICATE, and the verdict. `certificate` is as long as the longest certificate that is taken.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn read_chain<A: TrustAnchors, V: Revocations>(
        &mut self,
        judge: Judge<E::Provider, A, V>,
        certificate: &mut [u8],
    ) -> Result<Validated<E::Provider>, Failure<T::Error>> {
        let digest = *self.requester.digest(SLOT).ok_or(Failure::Unsuited)?;
        let rules = Rules::responder(digest.algorithm(), judge.now);
        let Judge { provider, anchors, revocations, .. } = judge;
        let reader = ChainReader::new(provider, anchors, revocations, rules, certificate)?;
        let mut reader = reader.knowing(digest);
        let mut read = Ok(());
        self.requester.certificate(SLOT)?;
        self.run(|event| {
            if let (Event::Portion(portion), Ok(())) = (event, &read) {
                read = reader.push(portion.bytes);
            }
        })?;
        read?;
        Ok(reader.finish()?)
    }

    /// CERTIFICATE, and nothing made of it but that it fits its digest.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn skip_chain(&mut self) -> Result<(), Failure<T::Error>> {
        self.requester.certificate(SLOT)?;
        self.run(|_| ())
    }

    /// CHALLENGE, with the key of a chain that is trusted.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn challenge(&mut self, leaf: &Leaf<E::Provider>) -> Result<(), Failure<T::Error>> {
        let algorithm = self.requester.connection().and_then(|connection| connection.signature);
        if !algorithm.is_some_and(|algorithm| leaf.suits(algorithm)) {
            return Err(Failure::Unsuited);
        }
        self.challenge_key(PeerKey { key: leaf.key().clone(), chain: *leaf.chain_digest() })
    }

    /// CHALLENGE, with a key from elsewhere.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn challenge_key(&mut self, key: PeerKey<KeyOf<E>>) -> Result<(), Failure<T::Error>> {
        self.requester.know(SLOT, key);
        self.requester.challenge(ChallengeRequest { slot: SLOT, ..ChallengeRequest::default() })?;
        self.run(|_| ())
    }

    /// MEASUREMENTS, all of them and signed.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn measurements(&mut self) -> Result<(), Failure<T::Error>> {
        self.requester.measurements(MeasurementRequest::all_signed(SLOT))?;
        self.run(|_| ())
    }

    /// VERSION to CHALLENGE_AUTH, the chain fresh.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn authenticate<A: TrustAnchors, V: Revocations>(
        &mut self,
        judge: Judge<E::Provider, A, V>,
        certificate: &mut [u8],
    ) -> Result<Validated<E::Provider>, Failure<T::Error>> {
        self.meet()?;
        let validated = self.read_chain(judge, certificate)?;
        if !validated.is_trusted() {
            return Err(Failure::Distrusted);
        }
        self.challenge(&validated.leaf)?;
        Ok(validated)
    }

    fn run(&mut self, show: impl FnMut(Event<'_>)) -> Result<(), Failure<T::Error>> {
        Ok(run(self.requester, self.transport, self.clock, self.answer, show)?)
    }
}
