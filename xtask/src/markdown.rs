//! As much of Markdown as the project's own documents use: headings, links, inline code, fenced blocks.

/// Something that stands on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// Its text.
    pub text: String,
    /// The line, counted from one.
    pub line: usize,
}

/// The lines outside fenced blocks, numbered from one.
pub fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    numbered(text).filter(|(_, _, fenced)| !fenced).map(|(number, line, _)| (number, line))
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let mut inside = false;
    text.lines().enumerate().map(move |(index, line)| {
        let fenced = inside || is_fence(line);
        inside ^= is_fence(line);
        (index + 1, line, fenced)
    })
}

fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with("```")
}

/// Every piece of inline code.
pub fn inline_code(text: &str) -> Vec<At> {
    let pieces = |(line, text): (usize, &str)| {
        let codes: Vec<_> =
            text.split('`').skip(1).step_by(2).map(|code| At { text: code.to_owned(), line }).collect();
        codes
    };
    prose(text).flat_map(pieces).collect()
}

/// The target of every inline link.
pub fn links(text: &str) -> Vec<At> {
    let mut found = Vec::new();
    for (line, text) in prose(text) {
        let targets = text.match_indices("](").filter_map(|(at, _)| text[at + 2..].split(')').next());
        found.extend(targets.map(|target| At { text: target.to_owned(), line }));
    }
    found
}

/// The anchors that links may point at: one a heading.
pub fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

/// A heading's anchor: lower case, hyphens for spaces, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# One: a `Map`\n```text\n# not\n[x](y) `z`\n```\nsee [b](c.md#d) and `e` and [f](#g)\n";

    fn texts(found: Vec<At>) -> Vec<String> {
        found.into_iter().map(|at| at.text).collect()
    }

    #[test]
    fn what_stands_in_a_fence_is_no_prose() {
        assert_eq!(texts(links(TEXT)), ["c.md#d", "#g"]);
        assert_eq!(texts(inline_code(TEXT)), ["Map", "e"]);
    }

    #[test]
    fn a_heading_is_an_anchor() {
        assert_eq!(anchors(TEXT), ["one-a-map"]);
        assert_eq!(anchors("### D1 — a library, no driver"), ["d1--a-library-no-driver"]);
    }
}
