//! Objects as a user types them.

use lanewarden_doe::hex;

/// Parses text as hexadecimal, into room enough and into too little, and holds it against a plain second reading.
pub fn raw_hex(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut room = vec![0; text.len() / 2];
    let mut scant = vec![0; text.len() / 4];
    match hex::parse(text, &mut room) {
        Ok(bytes) => {
            assert_eq!(bytes, plain(text), "the bytes are those that were typed");
            assert_eq!(
                hex::parse(text, &mut scant).is_ok(),
                bytes.len() <= text.len() / 4,
                "what fits is taken"
            );
        }
        Err(hex::HexError::NoRoom(_)) => panic!("half as many bytes as characters are always room enough"),
        Err(hex::HexError::Digit(at) | hex::HexError::Half(at)) => {
            assert!(
                (1..=text.chars().count()).contains(&at),
                "the character that is wrong is one of the text's"
            );
        }
    }
}

/// The digits, two and two, of text that is known to be right.
fn plain(text: &str) -> Vec<u8> {
    let digits: Vec<_> =
        text.strip_prefix("0x").unwrap_or(text).chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}
