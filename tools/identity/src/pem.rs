//! PEM (RFC 7468): blocks, with whatever people write between them.

use der::pem;
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// One block. Its content may be a private key.
pub(crate) struct Block {
    pub(crate) label: String,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// A certificate in DER as PEM; `None` for one that is too long for it.
#[must_use]
pub fn certificate(der: &[u8]) -> Option<String> {
    pem::encode_string("CERTIFICATE", pem::LineEnding::LF, der).ok()
}

/// Whether these bytes have a block, or the beginning of one.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    find(bytes, BEGIN).is_some()
}

/// All blocks. Each must be well-formed and end.
pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, pem::Error> {
    let mut blocks = Vec::new();
    let mut rest = bytes;
    while let Some(start) = find(rest, BEGIN) {
        let from = rest.get(start..).unwrap_or_default();
        let end = end_of(from).ok_or(pem::Error::PostEncapsulationBoundary)?;
        let (block, after) = from.split_at_checked(end).unwrap_or((from, &[]));
        let (label, der) = pem::decode_vec(block)?;
        blocks.push(Block { label: label.to_owned(), der: Zeroizing::new(der) });
        rest = after;
    }
    Ok(blocks)
}

/// Where the line with END ends.
fn end_of(block: &[u8]) -> Option<usize> {
    let line = find(block, END)?;
    let after = block.get(line..)?;
    let length = after.iter().position(|&byte| byte == b'\n').map_or(after.len(), |at| at.saturating_add(1));
    line.checked_add(length)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TWO: &str = "first\n-----BEGIN A-----\nAQID\n-----END A-----\nbetween\n-----BEGIN B-----\r\nBAUG\r\n-----END B-----";

    #[test]
    fn blocks_are_found_among_other_text() {
        let found = blocks(TWO.as_bytes()).unwrap();
        let found: Vec<_> = found.iter().map(|block| (block.label.as_str(), block.der.as_slice())).collect();
        assert_eq!(found, [("A", &[1, 2, 3][..]), ("B", &[4, 5, 6][..])]);
    }

    #[test]
    fn a_block_that_does_not_end_is_refused() {
        let cut = TWO.strip_suffix("-----END B-----").unwrap();
        assert!(blocks(cut.as_bytes()).is_err());
        assert!(blocks(b"-----BEGIN ").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_give_blocks_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = blocks(&bytes);
        }

        #[test]
        fn a_damaged_file_gives_blocks_or_an_error(at in 0..TWO.len(), byte: u8) {
            let mut bytes = TWO.as_bytes().to_vec();
            bytes[at] = byte;
            if let Ok(found) = blocks(&bytes) {
                prop_assert!(found.len() <= 2);
            }
        }
    }
}
