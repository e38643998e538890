//! Making text from a peer safe to show, and short enough.
//!
//! A device's name, a kernel's message or a protocol's text can hold anything: escape sequences that rewrite the
//! screen, direction marks that make one address look like another, a megabyte of marks that take no room. [`escape`]
//! makes all of that visible; [`ellipsis`] keeps what is left within a number of terminal columns.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many combining marks a character keeps. More of them leave the line they are on.
const MARKS: usize = 3;

/// How many columns a terminal gives `text`.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.width()
}

/// `text` with everything that does not stand for itself made visible: control characters as `\n` or `\x1b`,
/// direction marks, invisible characters and marks piled on marks as `\u{202e}`.
///
/// The result is one line. A backslash of the text stays as it is: this is for eyes, not for reading back.
///
/// ```
/// assert_eq!(lanewarden_render::text::escape("NVMe\x1b[2J"), r"NVMe\x1b[2J");
/// ```
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len());
    let mut marks: usize = 0;
    for c in text.chars() {
        marks = if is_mark(c) { marks.saturating_add(1) } else { 0 };
        push_visible(&mut visible, c, marks > MARKS);
    }
    if visible == text { Cow::Borrowed(text) } else { Cow::Owned(visible) }
}

/// Takes no column of its own, so that a terminal draws it over the character before it.
fn is_mark(c: char) -> bool {
    c.width() == Some(0)
}

fn push_visible(out: &mut String, c: char, piled: bool) {
    let number = u32::from(c);
    // Writing to a string cannot fail.
    let _ = match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        _ if c.is_control() => write!(out, "\\x{number:02x}"),
        _ if piled || is_unseen(number) => write!(out, "\\u{{{number:x}}}"),
        _ => out.write_char(c),
    };
}

/// Characters that are not seen, or that change how others are seen (Unicode: Default_Ignorable_Code_Point,
/// Bidi_Control, line and paragraph separators, noncharacters, private use).
fn is_unseen(number: u32) -> bool {
    const RANGES: [(u32, u32); 22] = [
        (0x00ad, 0x00ad),
        (0x034f, 0x034f),
        (0x061c, 0x061c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x206f),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xe000, 0xf8ff),
        (0xfdd0, 0xfdef),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfffb),
        (0x1_bca0, 0x1_bca3),
        (0x1_d173, 0x1_d17a),
        (0xe_0000, 0xe_0fff),
        (0xf_0000, 0xf_ffff),
        (0x10_0000, 0x10_ffff),
    ];
    number & 0xfffe == 0xfffe || RANGES.iter().any(|(first, last)| (*first..=*last).contains(&number))
}

/// `text` within `limit` terminal columns, the last of which is an ellipsis where something was cut.
///
/// ```
/// assert_eq!(lanewarden_render::text::ellipsis("Samsung Electronics", 8), "Samsung…");
/// ```
#[must_use]
pub fn ellipsis(text: &str, limit: usize) -> Cow<'_, str> {
    ellipsis_with(text, limit, "…")
}

/// As [`ellipsis`], with a mark of the caller's choice; `~` suits a terminal that has ASCII only.
#[must_use]
pub fn ellipsis_with<'a>(text: &'a str, limit: usize, mark: &str) -> Cow<'a, str> {
    if columns(text) <= limit {
        return Cow::Borrowed(text);
    }
    let mark = if columns(mark) <= limit { mark } else { "" };
    let (head, _) = split_at_column(text, limit.saturating_sub(columns(mark)));
    Cow::Owned(format!("{}{mark}", head.trim_end()))
}

/// `text` cut where the first part is as long as it can be within `limit` columns; no character is cut in two.
#[must_use]
pub fn split_at_column(text: &str, limit: usize) -> (&str, &str) {
    let mut used: usize = 0;
    let end = text
        .char_indices()
        .find(|(_, c)| {
            used = used.saturating_add(c.width().unwrap_or(0));
            used > limit
        })
        .map_or(text.len(), |(at, _)| at);
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(escape("Micron CXL 9th gen"), Cow::Borrowed(_)));
        assert!(matches!(escape("Größe 内存 é"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(escape("a\x1b]0;owned\x07b"), r"a\x1b]0;owned\x07b");
        assert_eq!(escape("one\r\ntwo\tthree"), r"one\r\ntwo\tthree");
        assert_eq!(escape("\u{9b}31m"), r"\x9b31m");
    }

    #[test]
    fn what_turns_text_around_or_hides_in_it_is_shown() {
        assert_eq!(escape("mem\u{202e}0"), r"mem\u{202e}0");
        assert_eq!(escape("a\u{200b}b\u{2066}c\u{feff}"), r"a\u{200b}b\u{2066}c\u{feff}");
        assert_eq!(escape("x\u{e0041}\u{ffff}"), r"x\u{e0041}\u{ffff}");
    }

    #[test]
    fn marks_pile_up_only_so_far() {
        let piled = format!("e{}", "\u{301}".repeat(5));
        assert_eq!(escape(&piled), format!("e{}\\u{{301}}\\u{{301}}", "\u{301}".repeat(3)));
    }

    #[test]
    fn long_text_ends_in_an_ellipsis_within_its_columns() {
        assert_eq!(ellipsis("0000:01:00.0", 12), "0000:01:00.0");
        assert_eq!(ellipsis("0000:01:00.0", 5), "0000…");
        assert_eq!(ellipsis("内存扩展", 4), "内…");
        assert_eq!(ellipsis_with("0000:01:00.0", 5, "~"), "0000~");
        assert_eq!(ellipsis("abc", 0), "");
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_visible_line_of_bounded_size(text: String, limit in 0_usize..80) {
            let visible = escape(&text);
            prop_assert!(!visible.chars().any(|c| c.is_control() || is_unseen(u32::from(c))));
            prop_assert!(visible.chars().count() <= visible.width().saturating_mul(4).saturating_add(4));
            let cut = ellipsis(&visible, limit);
            prop_assert!(columns(&cut) <= limit);
        }
    }
}
