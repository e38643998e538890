//! Bytes as they stand, in hexadecimal.

use std::fmt::Write as _;

/// Bytes a line.
const LINE: usize = 16;

/// Sixteen bytes a line with their offset, as lspci has it. Lines like the one before are left out; a `*` stands for
/// them, and where they end the dump the offset of its end follows.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut before, mut repeats) = (None, false);
    for (line, offset) in bytes.chunks(LINE).zip((0_usize..).step_by(LINE)) {
        let again = before == Some(line);
        if again && !repeats {
            text.push_str("*\n");
        } else if !again {
            push_line(&mut text, offset, line);
        }
        (before, repeats) = (Some(line), again);
    }
    if repeats {
        push_line(&mut text, bytes.len(), &[]);
    }
    text
}

fn push_line(text: &mut String, offset: usize, line: &[u8]) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{offset:03x}:");
    for byte in line {
        let _ = write!(text, " {byte:02x}");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_repeat_are_left_out() {
        let mut bytes = vec![0; 80];
        bytes[0] = 0x86;
        bytes[64] = 1;
        bytes.extend([1; 32]);
        insta::assert_snapshot!(hexadecimal(&bytes), @r"
        000: 86 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        010: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        *
        040: 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
        050: 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01
        *
        070:
        ");
    }
}
