//! A requester from the first message to the verdict, in the steps that a program needs of it.
//!
//! Steps are not inlined: the frame of what leads through them would be as large as all of them, under every
//! verification.

use core::fmt;

use lanewarden_spdm::Error;
use lanewarden_spdm::certificate::{
    ChainError, ChainReader, Leaf, Revocations, Rules, TrustAnchors, Validated,
};
use lanewarden_spdm::message::KeyOperation;
use lanewarden_spdm::requester::{
    ChallengeRequest, Endpoint, Event, KeyOf, MeasurementRequest, PeerKey, Requester, RunError,
    SessionRequest, Transport, run,
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

/// A chain that is being read.
type Reading<'c, P, A, V> = Option<ChainReader<P, A, V, &'c mut [u8]>>;

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
    #[inline(never)]
    pub fn meet(&mut self) -> Result<(), Failure<T::Error>> {
        self.requester.connect()?;
        self.run(|_| ())?;
        self.requester.digests()?;
        self.run(|_| ())
    }

    /// CERTIFICATE, and the verdict: a chain that is trusted is shown, and its key known. `certificate` is as long as the
    /// longest certificate that is taken.
    ///
    /// # Errors
    /// [`Failure`].
    #[inline(never)]
    pub fn read_chain<A: TrustAnchors, V: Revocations>(
        &mut self,
        judge: Judge<E::Provider, A, V>,
        certificate: &mut [u8],
        show: impl FnOnce(&Validated<E::Provider>),
    ) -> Result<(), Failure<T::Error>> {
        // A reader is large: what is given back would be in two places.
        let mut reader = None;
        self.begin(judge, certificate, &mut reader)?;
        self.feed(&mut reader)?;
        self.conclude(&mut reader, show)
    }

    #[inline(never)]
    fn begin<'c, A: TrustAnchors, V: Revocations>(
        &self,
        judge: Judge<E::Provider, A, V>,
        certificate: &'c mut [u8],
        reader: &mut Reading<'c, E::Provider, A, V>,
    ) -> Result<(), Failure<T::Error>> {
        let digest = *self.requester.digest(SLOT).ok_or(Failure::Unsuited)?;
        let rules = Rules::responder(digest.algorithm(), judge.now);
        let Judge { provider, anchors, revocations, .. } = judge;
        let made = ChainReader::new(provider, anchors, revocations, rules, certificate)?;
        *reader = Some(made.knowing(digest));
        Ok(())
    }

    #[inline(never)]
    fn feed<A: TrustAnchors, V: Revocations>(
        &mut self,
        reader: &mut Reading<'_, E::Provider, A, V>,
    ) -> Result<(), Failure<T::Error>> {
        let mut read = Ok(());
        self.requester.certificate(SLOT)?;
        self.run(|event| {
            if let (Event::Portion(portion), Some(reader), Ok(())) = (event, reader.as_mut(), &read) {
                read = reader.push(portion.bytes);
            }
        })?;
        Ok(read?)
    }

    #[inline(never)]
    fn conclude<A: TrustAnchors, V: Revocations>(
        &mut self,
        reader: &mut Reading<'_, E::Provider, A, V>,
        show: impl FnOnce(&Validated<E::Provider>),
    ) -> Result<(), Failure<T::Error>> {
        let validated = reader.take().ok_or(ChainError::Refused)?.finish()?;
        if !validated.is_trusted() {
            return Err(Failure::Distrusted);
        }
        show(&validated);
        self.know(&validated.leaf)
    }

    /// CERTIFICATE, and nothing made of it but that it fits its digest.
    ///
    /// # Errors
    /// [`Failure`].
    #[inline(never)]
    pub fn skip_chain(&mut self) -> Result<(), Failure<T::Error>> {
        self.requester.certificate(SLOT)?;
        self.run(|_| ())
    }

    /// Takes the key of a chain that is trusted for the device's.
    ///
    /// # Errors
    /// [`Failure::Unsuited`].
    #[inline(never)]
    pub fn know(&mut self, leaf: &Leaf<E::Provider>) -> Result<(), Failure<T::Error>> {
        let algorithm = self.requester.connection().and_then(|connection| connection.signature);
        if !algorithm.is_some_and(|algorithm| leaf.suits(algorithm)) {
            return Err(Failure::Unsuited);
        }
        self.requester.know(SLOT, PeerKey { key: leaf.key().clone(), chain: *leaf.chain_digest() });
        Ok(())
    }

    /// CHALLENGE, with the key that is known.
    ///
    /// # Errors
    /// [`Failure`].
    #[inline(never)]
    pub fn challenge(&mut self) -> Result<(), Failure<T::Error>> {
        self.requester.challenge(ChallengeRequest { slot: SLOT, ..ChallengeRequest::default() })?;
        self.run(|_| ())
    }

    /// MEASUREMENTS, all of them and signed.
    ///
    /// # Errors
    /// [`Failure`].
    #[inline(never)]
    pub fn measurements(&mut self) -> Result<(), Failure<T::Error>> {
        self.requester.measurements(MeasurementRequest::all_signed(SLOT))?;
        self.run(|_| ())
    }

    /// KEY_EXCHANGE and FINISH, measurements in the session, new keys for both, and the end.
    ///
    /// # Errors
    /// [`Failure`].
    #[inline(never)]
    pub fn session(&mut self) -> Result<(), Failure<T::Error>> {
        let mut id = None;
        self.requester.key_exchange(SessionRequest { slot: SLOT, ..SessionRequest::default() })?;
        self.run(|event| {
            if let Event::Opened(opened) = event {
                id = Some(opened);
            }
        })?;
        let id = id.ok_or(Failure::Unsuited)?;
        self.requester.within(id).measurements(MeasurementRequest::all_signed(SLOT))?;
        self.run(|_| ())?;
        self.requester.within(id).update_keys(KeyOperation::UpdateAllKeys)?;
        self.run(|_| ())?;
        self.requester.within(id).end(false)?;
        self.run(|_| ())
    }

    /// VERSION to CHALLENGE_AUTH, the chain fresh and [shown](Self::read_chain).
    ///
    /// # Errors
    /// [`Failure`].
    #[inline(never)]
    pub fn authenticate<A: TrustAnchors, V: Revocations>(
        &mut self,
        judge: Judge<E::Provider, A, V>,
        certificate: &mut [u8],
        show: impl FnOnce(&Validated<E::Provider>),
    ) -> Result<(), Failure<T::Error>> {
        self.meet()?;
        self.read_chain(judge, certificate, show)?;
        self.challenge()
    }

    #[inline(never)]
    fn run(&mut self, show: impl FnMut(Event<'_>)) -> Result<(), Failure<T::Error>> {
        Ok(run(self.requester, self.transport, self.clock, self.answer, show)?)
    }
}
