//! Rust source as trees of tokens: exact about comments, strings and nesting, knowing nothing of types.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

mod item;
mod path;

pub use item::{Item, Kind, items};
pub use path::{paths, use_paths};

/// One file.
pub struct Source {
    /// Everything in it.
    pub all: Vec<TokenTree>,
    /// What is left without `#[cfg(test)]`.
    pub product: Vec<TokenTree>,
}

impl Source {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self> {
        let stream: TokenStream = text.parse().map_err(|error| anyhow!("{error}"))?;
        let all: Vec<_> = stream.into_iter().collect();
        Ok(Self { product: without_tests(&all), all })
    }

    /// The attributes that hold for the whole file (`#![...]`), as text without spaces.
    pub fn inner_attributes(&self) -> Vec<String> {
        let attribute = |window: &[TokenTree]| match window {
            [TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(group)]
                if hash.as_char() == '#' && bang.as_char() == '!' =>
            {
                Some(squeezed(group))
            }
            _ => None,
        };
        self.all.windows(3).filter_map(attribute).collect()
    }

    /// Names of the modules that live in files of their own and are there for tests only.
    pub fn test_modules(&self) -> Vec<String> {
        let tests =
            items(&self.all).into_iter().filter(|item| item.kind == Kind::Module && item.body.is_none());
        tests.filter(Item::is_for_tests).map(|item| item.name).collect()
    }
}

/// The tokens with everything that exists only under `cfg(test)` taken out, at every depth.
fn without_tests(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens[at..]) {
            at = item::end_of_annotated(tokens, at);
            continue;
        }
        kept.push(match &tokens[at] {
            TokenTree::Group(group) => TokenTree::Group(pruned(group)),
            token => token.clone(),
        });
        at += 1;
    }
    kept
}

fn pruned(group: &Group) -> Group {
    let inner: Vec<_> = group.stream().into_iter().collect();
    let mut copy = Group::new(group.delimiter(), without_tests(&inner).into_iter().collect());
    copy.set_span(group.span());
    copy
}

/// Whether `#[cfg(test)]`, or `#[cfg(all(test, ...))]`, starts here.
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    match tokens {
        [TokenTree::Punct(hash), TokenTree::Group(group), ..] if hash.as_char() == '#' => {
            group.delimiter() == Delimiter::Bracket && is_test_condition(&squeezed(group))
        }
        _ => false,
    }
}

fn is_test_condition(attribute: &str) -> bool {
    attribute == "cfg(test)" || attribute.starts_with("cfg(all(test,")
}

/// A group's contents as text without spaces.
pub fn squeezed(group: &Group) -> String {
    group.stream().to_string().split_whitespace().collect()
}

/// The line, counted from one, that a token stands on.
pub fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

/// Calls `visit` with every run of sibling tokens, the outermost first.
pub fn each_level(tokens: &[TokenTree], visit: &mut impl FnMut(&[TokenTree])) {
    visit(tokens);
    for token in tokens {
        if let TokenTree::Group(group) = token {
            let inner: Vec<_> = group.stream().into_iter().collect();
            each_level(&inner, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(text: &str) -> String {
        let kept = Source::parse(text).unwrap().product;
        kept.into_iter().collect::<TokenStream>().to_string()
    }

    #[test]
    fn tests_are_left_out_and_nothing_else() {
        let text = "fn kept() {} #[cfg(test)] #[allow(x)] mod tests { fn gone() {} } fn also() {}";
        assert_eq!(product(text), "fn kept () { } fn also () { }");
    }

    #[test]
    fn tests_are_left_out_at_every_depth() {
        assert_eq!(
            product("impl X { #[cfg(test)] fn gone<A, B>() {} fn kept() {} }"),
            "impl X { fn kept () { } }"
        );
        assert_eq!(product("enum X { #[cfg(test)] Gone(u8), Kept }"), "enum X { Kept }");
    }

    #[test]
    fn a_use_of_several_names_ends_at_its_semicolon() {
        assert_eq!(product("#[cfg(test)] use a::{b, c}; fn kept() {}"), "fn kept () { }");
    }

    #[test]
    fn modules_of_tests_in_other_files_are_known() {
        let source = Source::parse("#[cfg(test)] mod tests; mod object; #[cfg(test)] mod inline {}").unwrap();
        assert_eq!(source.test_modules(), ["tests"]);
    }

    #[test]
    fn inner_attributes_are_read_from_the_file_only() {
        let source = Source::parse("#![no_std]\n#![forbid(unsafe_code)]\nmod x { #![allow(y)] }").unwrap();
        assert_eq!(source.inner_attributes(), ["no_std", "forbid(unsafe_code)"]);
    }
}
