//! How much room text takes, without a font at hand.
//!
//! The picture is drawn with whatever font the viewer has, so widths are those of the widest of the usual ones: what is
//! measured to fit does fit.

use unicode_width::UnicodeWidthChar;

use crate::text;

/// How a piece of text is set. Each is a class of the style sheet as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Title,
    Subtitle,
    Address,
    Kind,
    Name,
    Chip,
    Offset,
    Badge,
    Small,
    Figure,
    Link,
    Legend,
}

impl Type {
    /// In pixels; the style sheet is written from it.
    pub(crate) const fn size(self) -> f64 {
        match self {
            Self::Title => 22.0,
            Self::Subtitle | Self::Address => 13.0,
            Self::Name | Self::Legend => 12.0,
            Self::Figure => 11.5,
            Self::Kind | Self::Chip | Self::Link | Self::Small => 11.0,
            Self::Offset | Self::Badge => 10.5,
        }
    }

    pub(crate) const fn is_monospace(self) -> bool {
        matches!(self, Self::Address | Self::Chip | Self::Offset)
    }

    pub(crate) const fn is_bold(self) -> bool {
        matches!(self, Self::Title | Self::Address | Self::Kind | Self::Link | Self::Figure)
    }

    /// From one baseline to the next.
    pub(crate) fn leading(self) -> f64 {
        (self.size() * 1.35).round()
    }

    /// The room `text` takes on one line, in pixels.
    pub(crate) fn width(self, text: &str) -> f64 {
        text.chars().map(|c| self.advance(c)).sum()
    }

    fn advance(self, c: char) -> f64 {
        let em = if self.is_monospace() { monospace(c) } else { proportional(c) };
        let weight = if self.is_bold() && !self.is_monospace() { 1.12 } else { 1.0 };
        em * weight * self.size()
    }

    /// `text` on one line within a width, with an ellipsis where something was cut.
    pub(crate) fn fit(self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let (head, _) = self.split(text, width - self.advance('…'));
        format!("{}…", head.trim_end())
    }

    /// `text` broken between words into at most `most` lines, the last ending in an ellipsis where something was cut.
    pub(crate) fn wrap(self, text: &str, width: f64, most: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() && lines.len() < most {
            let last = lines.len().saturating_add(1) == most;
            if last || self.width(rest) <= width {
                lines.push(self.fit(rest, width));
                break;
            }
            let (line, after) = self.break_line(rest, width);
            lines.push(line.trim_end().to_owned());
            rest = after.trim_start();
        }
        lines
    }

    /// The longest beginning of `text` within a width that ends where a word does, or else where a character does.
    fn break_line(self, text: &str, width: f64) -> (&str, &str) {
        let (head, tail) = self.split(text, width);
        let space = if tail.starts_with(' ') { None } else { head.rfind(' ') };
        match space.and_then(|at| text.split_at_checked(at)) {
            Some((line, after)) if !line.trim().is_empty() => (line, after),
            _ if head.is_empty() => (text, ""),
            _ => (head, tail),
        }
    }

    fn split(self, text: &str, width: f64) -> (&str, &str) {
        let mut used = 0.0;
        let end = text
            .char_indices()
            .find(|(_, c)| {
                used += self.advance(*c);
                used > width
            })
            .map_or(text.len(), |(at, _)| at);
        text.split_at_checked(end).unwrap_or((text, ""))
    }
}

/// Text of the model, safe to show and of bounded length.
pub(crate) fn peer(text: &str) -> String {
    const LONGEST: usize = 200;
    text::ellipsis(&text::escape(text), LONGEST).into_owned()
}

fn monospace(c: char) -> f64 {
    match c.width() {
        Some(0) | None => 0.0,
        Some(1) => 0.62,
        Some(_) => 1.24,
    }
}

/// Widths of the characters from space to tilde, in hundredths of an em, rounded up.
const ASCII: [u8; 95] = [
    32, 41, 46, 84, 64, 96, 78, 28, 39, 39, 50, 84, 32, 37, 32, 46, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    46, 46, 84, 84, 84, 55, 100, 69, 69, 73, 78, 69, 62, 78, 76, 43, 46, 70, 57, 87, 75, 79, 69, 79, 70, 69,
    64, 74, 69, 99, 69, 64, 69, 46, 46, 46, 84, 64, 64, 62, 64, 56, 64, 62, 36, 64, 64, 28, 35, 60, 28, 98,
    64, 62, 64, 64, 43, 53, 40, 64, 60, 82, 60, 60, 53, 64, 46, 64, 84,
];

fn proportional(c: char) -> f64 {
    let ascii = usize::try_from(u32::from(c)).ok().and_then(|c| ASCII.get(c.checked_sub(0x20)?));
    match (ascii, c.width()) {
        (Some(hundredths), _) => f64::from(*hundredths) / 100.0,
        (None, Some(0) | None) => 0.0,
        (None, Some(1)) => 1.0,
        (None, Some(_)) => 1.1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_breaks_between_words_and_ends_in_an_ellipsis() {
        let lines = Type::Name.wrap("Samsung Electronics Co Ltd NVMe SSD Controller", 140.0, 2);
        assert_eq!(lines, ["Samsung Electronics", "Co Ltd NVMe SSD C…"]);
    }

    #[test]
    fn a_word_that_is_too_long_breaks_anywhere() {
        let lines = Type::Chip.wrap("aaaaaaaaaaaaaaaaaaaaaaaa", 70.0, 9);
        assert_eq!(lines, ["aaaaaaaaaa", "aaaaaaaaaa", "aaaa"]);
    }

    proptest! {
        #[test]
        fn any_text_fits_after_it_was_fitted(text: String, width in 20.0..300.0, most in 1_usize..5) {
            let text = peer(&text);
            prop_assert!(Type::Name.width(&Type::Name.fit(&text, width)) <= width);
            let lines = Type::Name.wrap(&text, width, most);
            prop_assert!(lines.len() <= most);
            for line in lines {
                prop_assert!(Type::Name.width(&line) <= width, "{line:?}");
            }
        }
    }
}
