//! A chain read as it comes.

use lanewarden_crypto::{Digest, Hash, Provider};

use super::layout::{ChainHeader, MAX_HEADER, Size, fitting};
use super::walk::{Walk, World};
use super::{ChainError, Revocations, Rules, TrustAnchors, Validated};

/// Reads and checks a chain in portions of any size, and holds one certificate at a time.
///
/// [`push`](Self::push) takes every portion in order, and [`finish`](Self::finish) gives the verdict. The buffer is as
/// long as the longest certificate that is taken. After an error nothing is taken any more.
pub struct ChainReader<P: Provider, A, R, B> {
    provider: P,
    anchors: A,
    revocations: R,
    rules: Rules,
    digest: ChainDigest<P::Hash>,
    state: State<P>,
    buffer: B,
    /// Bytes of a certificate in the buffer.
    filled: usize,
    /// Bytes of the chain that were taken.
    taken: u32,
}

/// The digest of the whole chain.
enum ChainDigest<H> {
    /// As far as it has come.
    Made(H),
    /// The caller makes it.
    Known(Digest),
}

#[expect(clippy::large_enum_variant, reason = "there is no heap to move it to")]
enum State<P: Provider> {
    Header { bytes: [u8; MAX_HEADER], filled: usize },
    Certificates { length: u32, walk: Walk<P> },
    Refused,
}

impl<H: Hash> ChainDigest<H> {
    fn finish(self) -> Digest {
        match self {
            Self::Made(hash) => hash.finish(),
            Self::Known(digest) => digest,
        }
    }
}

impl<P: Provider, A: TrustAnchors, R: Revocations, B: AsMut<[u8]>> ChainReader<P, A, R, B> {
    /// A reader that waits for the first byte.
    ///
    /// # Errors
    /// [`ChainError::UnsupportedHash`].
    pub fn new(provider: P, anchors: A, revocations: R, rules: Rules, buffer: B) -> Result<Self, ChainError> {
        let chain = provider.hash(rules.hash).ok_or(ChainError::UnsupportedHash(rules.hash))?;
        let state = State::Header { bytes: [0; MAX_HEADER], filled: 0 };
        let digest = ChainDigest::Made(chain);
        Ok(Self { provider, anchors, revocations, rules, digest, state, buffer, filled: 0, taken: 0 })
    }

    /// The same for a chain whose digest need not be made a second time.
    ///
    /// The caller sees to it that all that was pushed has this digest, and calls [`finish`](Self::finish) only then. The
    /// [requester](crate::requester::Requester::certificate) holds a chain against what DIGESTS told before it gives
    /// the last portion.
    #[must_use]
    pub fn knowing(self, digest: Digest) -> Self {
        Self { digest: ChainDigest::Known(digest), ..self }
    }

    /// Bytes of the whole chain, once its header has come.
    #[must_use]
    pub const fn length(&self) -> Option<u32> {
        match self.state {
            State::Certificates { length, .. } => Some(length),
            _ => None,
        }
    }

    /// Bytes that have come.
    #[must_use]
    pub const fn received(&self) -> u32 {
        self.taken
    }

    /// Takes the next portion.
    ///
    /// # Errors
    /// [`ChainError`]; the reader is then of no more use.
    pub fn push(&mut self, portion: &[u8]) -> Result<(), ChainError> {
        let mut rest = portion;
        while !rest.is_empty() {
            match self.step(rest) {
                Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
                Err(error) => {
                    self.state = State::Refused;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The verdict, after the last portion.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn finish(self) -> Result<Validated<P>, ChainError> {
        let received = self.taken;
        match self.state {
            State::Certificates { length, walk } if length == received => {
                let world = World {
                    provider: &self.provider,
                    anchors: &self.anchors,
                    revocations: &self.revocations,
                };
                walk.finish(&world, self.digest.finish())
            }
            State::Certificates { length, .. } => Err(ChainError::Incomplete { received, length }),
            State::Header { .. } => Err(ChainError::Incomplete { received, length: 0 }),
            State::Refused => Err(ChainError::Refused),
        }
    }

    /// Takes some of the bytes, at least one, and says how many.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, ChainError> {
        let taken = match self.state {
            State::Header { .. } => self.header(bytes)?,
            State::Certificates { .. } => self.certificate(bytes)?,
            State::Refused => return Err(ChainError::Refused),
        };
        if let ChainDigest::Made(hash) = &mut self.digest {
            hash.update(bytes.get(..taken).unwrap_or_default());
        }
        self.taken =
            u32::try_from(taken).ok().and_then(|taken| self.taken.checked_add(taken)).unwrap_or(u32::MAX);
        Ok(taken)
    }

    // The state is large, and made once.
    #[inline(never)]
    fn header(&mut self, bytes: &[u8]) -> Result<usize, ChainError> {
        let State::Header { bytes: header, filled } = &mut self.state else {
            return Err(ChainError::Refused);
        };
        let wanted = header.get_mut(..ChainHeader::size(&self.rules)).unwrap_or_default();
        let taken = fill(wanted, filled, bytes);
        if *filled == wanted.len() {
            let ChainHeader { length, root_hash } = ChainHeader::read(wanted, &self.rules)?;
            self.state = State::Certificates { length, walk: Walk::new(self.rules, root_hash) };
        }
        Ok(taken)
    }

    /// Takes bytes of one certificate: first those that tell its size, then the others.
    fn certificate(&mut self, bytes: &[u8]) -> Result<usize, ChainError> {
        let State::Certificates { length, walk } = &mut self.state else { return Err(ChainError::Refused) };
        if self.taken == *length {
            return Err(ChainError::Excess(*length));
        }
        let (buffer, index) = (self.buffer.as_mut(), walk.index());
        let begun =
            u32::try_from(self.filled).ok().and_then(|filled| self.taken.checked_sub(filled)).unwrap_or(0);
        let place = Place { begun, length: *length, index };
        let (wanted, _) = place.wanted(buffer, self.filled)?;
        let taken = fill(buffer.get_mut(..wanted).unwrap_or_default(), &mut self.filled, bytes);
        // What is wrong is told as soon as it has come, however it has come.
        let (wanted, is_known) = place.wanted(buffer, self.filled)?;
        if is_known && self.filled == wanted {
            let world =
                World { provider: &self.provider, anchors: &self.anchors, revocations: &self.revocations };
            let end = u32::try_from(wanted).ok().and_then(|wanted| begun.checked_add(wanted));
            walk.take(&world, buffer.get(..wanted).unwrap_or_default(), end == Some(*length))?;
            self.filled = 0;
        }
        Ok(taken)
    }
}

/// Where a certificate stands in a chain.
struct Place {
    begun: u32,
    length: u32,
    index: u32,
}

impl Place {
    /// How many bytes the buffer has to be filled with, and whether they are all of the certificate.
    fn wanted(&self, buffer: &[u8], filled: usize) -> Result<(usize, bool), ChainError> {
        let start = buffer.get(..filled).unwrap_or_default();
        let size = fitting(start, self.begun, self.length, self.index)?;
        let (Size::Needs(bytes) | Size::Is(bytes)) = size;
        let wanted = usize::try_from(bytes).ok().filter(|wanted| *wanted <= buffer.len());
        let missing = ChainError::NoRoom { index: self.index, size: bytes, room: buffer.len() };
        Ok((wanted.ok_or(missing)?, matches!(size, Size::Is(_))))
    }
}

/// Fills the room from where it is filled to, and says with how many bytes.
fn fill(room: &mut [u8], filled: &mut usize, bytes: &[u8]) -> usize {
    let rest = room.get_mut(*filled..).unwrap_or_default();
    let taken = rest.len().min(bytes.len());
    if let (Some(rest), Some(bytes)) = (rest.get_mut(..taken), bytes.get(..taken)) {
        rest.copy_from_slice(bytes);
    }
    *filled = filled.saturating_add(taken);
    taken
}
