//! Certificate chains that come in portions.

use lanewarden_spdm::certificate::{Chain, Rules};
use lanewarden_spdm::crypto::HashAlgorithm;

use crate::Value;

/// The most certificates of a chain that are named.
const MOST_NAMED: usize = 16;
/// Bytes of the longest chain whose length 16 bits hold.
const LONGEST: usize = u16::MAX as usize;

/// The chains of a side's slots, so far as they have come.
#[derive(Debug, Default)]
pub struct Chains([Vec<u8>; 16]);

impl Chains {
    /// Takes a portion; gives the whole chain with the last.
    pub fn take(&mut self, slot: u8, offset: u16, portion: &[u8], remainder: u16) -> Option<Vec<u8>> {
        let chain = self.0.get_mut(usize::from(slot))?;
        if offset == 0 {
            chain.clear();
        }
        let fits = chain.len() == usize::from(offset) && chain.len().saturating_add(portion.len()) <= LONGEST;
        if !fits {
            chain.clear();
            return None;
        }
        chain.extend(portion);
        (remainder == 0).then(|| std::mem::take(chain))
    }
}

/// The subjects of a chain's certificates, from the root down; of one that cannot be read, why.
pub fn subjects(chain: &[u8], hash: HashAlgorithm) -> Value {
    let chain = match Chain::parse(chain, Rules::responder(hash, None)) {
        Ok(chain) => chain,
        Err(error) => return Value::List(vec![error.to_string().into()]),
    };
    let named = chain.certificates().take(MOST_NAMED).map(|certificate| match certificate {
        Ok(certificate) => certificate.subject().to_string().into(),
        Err(error) => error.to_string().into(),
    });
    Value::List(named.collect())
}
