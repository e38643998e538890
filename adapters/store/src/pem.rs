//! PEM (RFC 7468): blocks, and what people write between them.

use der::pem;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Block {
        label: String,
        der: Vec<u8>,
    },
    /// What stands before, between or behind blocks.
    Text {
        /// Its first line, counted from 1.
        line: usize,
        text: &'a [u8],
    },
}

/// Whether these bytes have a block, or the beginning of one.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    find(bytes, BEGIN).is_some()
}

/// All parts. Each block must be well-formed and end.
pub(crate) fn parts(bytes: &[u8]) -> Result<Vec<Part<'_>>, pem::Error> {
    let mut parts = Vec::new();
    let (mut rest, mut line) = (bytes, 1_usize);
    while let Some(start) = find(rest, BEGIN) {
        let (text, from) = rest.split_at_checked(start).unwrap_or((rest, &[]));
        let end = end_of(from).ok_or(pem::Error::PostEncapsulationBoundary)?;
        let (block, after) = from.split_at_checked(end).unwrap_or((from, &[]));
        let (label, der) = pem::decode_vec(block)?;
        parts.extend([Part::Text { line, text }, Part::Block { label: label.to_owned(), der }]);
        line = line.saturating_add(ends(text)).saturating_add(ends(block));
        rest = after;
    }
    parts.push(Part::Text { line, text: rest });
    Ok(parts)
}

/// How many lines end here.
fn ends(lines: &[u8]) -> usize {
    lines.iter().filter(|&&byte| byte == b'\n').count()
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

    fn block(label: &str, der: &[u8]) -> Part<'static> {
        Part::Block { label: label.to_owned(), der: der.to_vec() }
    }

    #[test]
    fn parts_come_in_their_order() {
        assert_eq!(
            parts(TWO.as_bytes()).unwrap(),
            [
                Part::Text { line: 1, text: b"first\n" },
                block("A", &[1, 2, 3]),
                Part::Text { line: 5, text: b"between\n" },
                block("B", &[4, 5, 6]),
                Part::Text { line: 8, text: b"" },
            ]
        );
    }

    #[test]
    fn a_block_that_does_not_end_is_refused() {
        let cut = TWO.strip_suffix("-----END B-----").unwrap();
        assert!(parts(cut.as_bytes()).is_err());
        assert!(parts(b"-----BEGIN ").is_err());
    }

    proptest! {
        #[test]
        fn a_damaged_file_gives_parts_or_an_error(at in 0..TWO.len(), byte: u8) {
            let mut bytes = TWO.as_bytes().to_vec();
            bytes[at] = byte;
            if let Ok(found) = parts(&bytes) {
                prop_assert!(found.len() <= 5);
            }
        }
    }
}
