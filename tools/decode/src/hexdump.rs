//! Bytes as a dump of rows.

use std::fmt::Write;

/// Bytes in a row.
const ROW: usize = 16;

/// Rows of sixteen bytes with their offset and their printable ASCII, of at most `most` bytes; a last line names what is
/// left out.
pub fn hexdump(bytes: &[u8], most: usize, indent: &str) -> String {
    let shown = bytes.get(..most).unwrap_or(bytes);
    let mut text = String::new();
    for (number, row) in shown.chunks(ROW).enumerate() {
        let pairs: String = row.iter().map(|byte| format!("{byte:02x} ")).collect();
        let ascii: String = row.iter().map(|byte| printable(*byte)).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{indent}{:04x}  {pairs:<48} {ascii}", number.saturating_mul(ROW));
    }
    if shown.len() < bytes.len() {
        let _ = writeln!(text, "{indent}... {} bytes in all", bytes.len());
    }
    text
}

fn printable(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { byte.into() } else { '.' }
}
