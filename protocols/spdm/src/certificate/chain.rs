//! A chain that is in memory as a whole.

use lanewarden_crypto::Provider;

use super::layout::{ChainHeader, Size, fitting};
use super::walk::{Walk, World};
use super::{Certificate, ChainError, Revocations, Rules, TrustAnchors, Validated, digest};

/// A chain (DSP0274 1.3, 10.8): the header, and as many certificates as its length says, end to end.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a> {
    bytes: &'a [u8],
    rules: Rules,
    header: ChainHeader,
}

impl<'a> Chain<'a> {
    /// Reads the header and where the certificates begin and end; they are read when they are asked for.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn parse(bytes: &'a [u8], rules: Rules) -> Result<Self, ChainError> {
        let received = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let header = bytes.get(..ChainHeader::size(&rules));
        let header = header.ok_or(ChainError::Incomplete { received, length: 0 })?;
        let header = ChainHeader::read(header, &rules)?;
        let chain = Self { bytes, rules, header };
        chain.slices().try_for_each(|slice| slice.map(drop))?;
        if received > header.length {
            return Err(ChainError::Excess(header.length));
        }
        Ok(chain)
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &ChainHeader {
        &self.header
    }

    /// The certificates without the header, as the kernel and others keep them.
    #[must_use]
    pub fn certificates_der(&self) -> &'a [u8] {
        self.bytes.get(ChainHeader::size(&self.rules)..).unwrap_or_default()
    }

    /// The certificates, from the root down.
    pub fn certificates(&self) -> impl Iterator<Item = Result<Certificate<'a>, ChainError>> + use<'a> {
        self.slices().enumerate().map(|(index, slice)| {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            Certificate::parse(slice?.0).map_err(|error| ChainError::Certificate { index, error })
        })
    }

    /// Checks it by all rules.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn validate<P: Provider, A: TrustAnchors, R: Revocations>(
        &self,
        provider: &P,
        anchors: &A,
        revocations: &R,
    ) -> Result<Validated<P>, ChainError> {
        let unsupported = ChainError::UnsupportedHash(self.rules.hash);
        let world = World { provider, anchors, revocations };
        let mut walk = Walk::new(self.rules, self.header.root_hash);
        for slice in self.slices() {
            let (der, last) = slice?;
            walk.take(&world, der, last)?;
        }
        walk.finish(&world, digest(provider, self.rules.hash, self.bytes).ok_or(unsupported)?)
    }

    const fn slices(&self) -> Slices<'a> {
        let at = ChainHeader::size(&self.rules);
        Slices { bytes: self.bytes, length: self.header.length, at, index: 0 }
    }
}

/// The bytes of each certificate, and whether it is the last.
struct Slices<'a> {
    bytes: &'a [u8],
    length: u32,
    at: usize,
    index: u32,
}

impl<'a> Iterator for Slices<'a> {
    type Item = Result<(&'a [u8], bool), ChainError>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = u32::try_from(self.at).ok().filter(|at| *at < self.length)?;
        let slice = self.slice(at);
        self.at = match slice {
            Ok((der, _)) => self.at.saturating_add(der.len()),
            Err(_) => usize::MAX,
        };
        self.index = self.index.saturating_add(1);
        Some(slice)
    }
}

impl<'a> Slices<'a> {
    fn slice(&self, at: u32) -> Result<(&'a [u8], bool), ChainError> {
        let received = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let incomplete = ChainError::Incomplete { received, length: self.length };
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Size::Is(size) = fitting(rest, at, self.length, self.index)? else { return Err(incomplete) };
        let der = usize::try_from(size).ok().and_then(|size| rest.get(..size)).ok_or(incomplete)?;
        Ok((der, at.checked_add(size) == Some(self.length)))
    }
}
