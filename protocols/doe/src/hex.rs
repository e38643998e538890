//! Objects as people write them: bytes in hexadecimal.

/// Text that is no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// Something that is neither a digit nor a separator, at this character (from 1).
    #[error("no hexadecimal digit at character {0}")]
    Digit(usize),
    /// A byte with one digit.
    #[error("the byte that ends at character {0} has one digit only")]
    Half(usize),
    /// More bytes than the buffer holds.
    #[error("more than {0} bytes")]
    NoRoom(usize),
}

/// Parses bytes of two digits each into the front of `out`. White space and colons may stand between bytes, `0x`
/// before the first. Half as many bytes as the text is long are always room enough.
///
/// # Errors
/// [`HexError`], with the place; what stands in `out` is then of no use.
pub fn parse<'b>(text: &str, out: &'b mut [u8]) -> Result<&'b [u8], HexError> {
    let skip = if text.starts_with("0x") { 2 } else { 0 };
    let (mut length, mut high, mut last) = (0_usize, None, 0);
    for (position, character) in (1..).zip(text.chars()).skip(skip) {
        let separator = character == ':' || character.is_ascii_whitespace();
        match (character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()), high.take()) {
            (Some(low), Some(first)) => {
                *out.get_mut(length).ok_or(HexError::NoRoom(length))? = first << 4 | low;
                length = length.saturating_add(1);
            }
            (Some(first), None) => high = Some(first),
            (None, _) if !separator => return Err(HexError::Digit(position)),
            (None, Some(_)) => return Err(HexError::Half(last)),
            (None, None) => {}
        }
        last = position;
    }
    match high {
        Some(_) => Err(HexError::Half(last)),
        None => Ok(out.get(..length).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_are_pasted() {
        let mut out = [0; 3];
        assert_eq!(parse("", &mut out), Ok(&[][..]));
        assert_eq!(parse("0x0102ff", &mut out), Ok(&[1, 2, 255][..]));
        assert_eq!(parse("01:02 FF\n", &mut out), Ok(&[1, 2, 255][..]));
    }

    #[test]
    fn what_is_no_byte_is_named_by_its_place() {
        let mut out = [0; 3];
        assert_eq!(parse("01 2", &mut out), Err(HexError::Half(4)));
        assert_eq!(parse("01 2 03", &mut out), Err(HexError::Half(4)));
        assert_eq!(parse("0z", &mut out), Err(HexError::Digit(2)));
        assert_eq!(parse("01,02", &mut out), Err(HexError::Digit(3)));
        assert_eq!(parse("010x", &mut out), Err(HexError::Digit(4)));
        assert_eq!(parse("\u{1f980}", &mut out), Err(HexError::Digit(1)));
        assert_eq!(parse("01020304", &mut out), Err(HexError::NoRoom(3)));
    }
}
