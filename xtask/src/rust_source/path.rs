//! Paths such as `std::{fs, io::Read}`, written out one by one.

use proc_macro2::{Delimiter, TokenTree};

use super::{each_level, line};

/// A path and the line it starts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// `std::io::Read`, braces written out; `*` for a glob.
    pub text: String,
    /// Where it starts.
    pub line: usize,
}

/// Every path that begins at the crate named `root`, at any depth.
pub fn paths(tokens: &[TokenTree], root: &str) -> Vec<Path> {
    let mut found = Vec::new();
    each_level(tokens, &mut |siblings| {
        for at in 0..siblings.len() {
            if is_root(siblings, at, root) {
                let line = line(&siblings[at]);
                found.extend(tails(siblings, at).into_iter().map(|text| Path { text, line }));
            }
        }
    });
    found
}

/// Every path of a `use`, given the tokens between the keyword and the semicolon. A renamed one ends in `as NAME`.
pub fn use_paths(header: &[TokenTree]) -> Vec<String> {
    tails(header, 0)
}

fn is_root(tokens: &[TokenTree], at: usize, root: &str) -> bool {
    let is_name = matches!(&tokens[at], TokenTree::Ident(ident) if ident == root);
    let is_crate =
        at >= 1 && matches!(&tokens[at - 1], TokenTree::Ident(word) if word == "crate" || word == "use");
    is_name && !continues(tokens, at) && (is_separator(tokens, at + 1) || is_crate)
}

/// Whether the name at `at` is a later part of a path, or a field.
fn continues(tokens: &[TokenTree], at: usize) -> bool {
    match tokens[..at].last() {
        Some(TokenTree::Punct(punct)) if punct.as_char() == '.' => true,
        Some(TokenTree::Punct(punct)) if punct.as_char() == ':' && at >= 3 => {
            matches!(&tokens[at - 3], TokenTree::Ident(_)) && is_separator(tokens, at - 2)
        }
        _ => false,
    }
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon =
        |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == ':');
    is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
}

/// The paths that start at `at`: one, or as many as its braces hold.
fn tails(tokens: &[TokenTree], at: usize) -> Vec<String> {
    let head = match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        Some(TokenTree::Punct(punct)) if punct.as_char() == '*' => return vec!["*".to_owned()],
        Some(TokenTree::Punct(punct)) if punct.as_char() == ':' => return tails(tokens, at + 2),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inner: Vec<_> = group.stream().into_iter().collect();
            let parts = inner.split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ','));
            return parts.flat_map(|part| tails(part, 0)).collect();
        }
        _ => return Vec::new(),
    };
    if is_separator(tokens, at + 1) {
        let tails = tails(tokens, at + 3);
        if !tails.is_empty() {
            return tails.into_iter().map(|tail| format!("{head}::{tail}")).collect();
        }
    }
    match (tokens.get(at + 1), tokens.get(at + 2)) {
        (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(alias))) if word == "as" => {
            vec![format!("{head} as {alias}")]
        }
        _ => vec![head],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust_source::Source;

    fn found(text: &str) -> Vec<String> {
        paths(&Source::parse(text).unwrap().all, "std").into_iter().map(|path| path.text).collect()
    }

    #[test]
    fn braces_are_written_out() {
        assert_eq!(
            found("use std::{fs, io::{self, Read}, time::*};"),
            ["std::fs", "std::io::self", "std::io::Read", "std::time::*"]
        );
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        assert_eq!(found("fn a() { b(|| ::std::thread::sleep(c)); }"), ["std::thread::sleep"]);
        assert_eq!(found("extern crate std;"), ["std"]);
        assert_eq!(found("use std as s;"), ["std as s"]);
    }

    #[test]
    fn words_that_only_look_like_the_root_are_not_paths() {
        assert_eq!(
            found("fn a() { crate::std::b(); c.std::<u8>(); let std = \"std::fs\"; } // std::fs"),
            [""; 0]
        );
    }
}
