//! Items: what stands at the level of a module, an `impl` or a macro's body.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::{is_test_condition, line, squeezed};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `mod`.
    Module,
    /// `fn`.
    Function,
    /// `struct` or `union`.
    Struct,
    /// `enum`.
    Enum,
    /// `trait`.
    Trait,
    /// `const`, `static` or `type`.
    Value,
    /// `use`.
    Use,
    /// `impl`.
    Impl,
    /// `macro_rules!`.
    Macro,
    /// A macro that is called where an item may stand.
    Call,
}

/// One item.
#[derive(Debug)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Its name; empty for `use` and `impl`.
    pub name: String,
    /// Declared `pub`, without restriction.
    pub public: bool,
    /// Its outer attributes as text without spaces, documentation comments among them.
    pub attributes: Vec<String>,
    /// What stands between the name and the body.
    pub header: Vec<TokenTree>,
    /// What stands in braces (for macro calls, in any brackets).
    pub body: Option<Vec<TokenTree>>,
    /// The line it begins on, attributes included.
    pub first_line: usize,
    /// The line its name, or its keyword, stands on.
    pub line: usize,
}

impl Item {
    /// Whether the item exists under `cfg(test)` only.
    pub fn is_for_tests(&self) -> bool {
        self.attributes.iter().any(|attribute| is_test_condition(attribute))
    }

    /// Whether the test runner runs it: `#[test]`, `#[rstest]`, or an attribute of another crate's that ends in `test`.
    pub fn is_test(&self) -> bool {
        let runs = |attribute: &String| {
            let name = attribute.split('(').next().unwrap_or_default();
            matches!(name.rsplit("::").next(), Some("test" | "rstest"))
        };
        self.kind == Kind::Function && self.attributes.iter().any(runs)
    }

    /// Whether the test runner leaves it out.
    pub fn is_ignored(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute == "ignore" || attribute.starts_with("ignore="))
    }
}

/// The items among sibling tokens; tokens that belong to none are passed over.
pub fn items(tokens: &[TokenTree]) -> Vec<Item> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (item, next) = Reader { tokens, at }.item();
        found.extend(item);
        at = next;
    }
    found
}

/// Where the item, statement, variant or field ends whose first attribute stands at `at`.
pub fn end_of_annotated(tokens: &[TokenTree], at: usize) -> usize {
    let mut reader = Reader { tokens, at };
    reader.attributes();
    let is_item = reader.word().is_some_and(|word| STARTERS.contains(&word.as_str()));
    let ends_at_brace = reader.word().as_deref() != Some("use");
    while let Some(token) = reader.peek() {
        reader.at += 1;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            TokenTree::Punct(punct) if punct.as_char() == ',' && !is_item => break,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && ends_at_brace => break,
            _ => {}
        }
    }
    reader.at
}

const STARTERS: [&str; 16] = [
    "pub", "fn", "mod", "use", "impl", "struct", "enum", "union", "trait", "const", "static", "type",
    "unsafe", "async", "extern", "let",
];

struct Reader<'a> {
    tokens: &'a [TokenTree],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a TokenTree> {
        self.tokens.get(self.at)
    }

    fn word(&self) -> Option<String> {
        match self.peek() {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        }
    }

    fn word_after(&self, steps: usize) -> Option<String> {
        Reader { tokens: self.tokens, at: self.at + steps }.word()
    }

    fn is_punct(&self, steps: usize, character: char) -> bool {
        matches!(self.tokens.get(self.at + steps), Some(TokenTree::Punct(punct)) if punct.as_char() == character)
    }

    fn group(&self, steps: usize) -> Option<&'a Group> {
        match self.tokens.get(self.at + steps) {
            Some(TokenTree::Group(group)) => Some(group),
            _ => None,
        }
    }

    /// Passes over attributes, inner ones too, and returns the outer ones.
    fn attributes(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        while self.is_punct(0, '#') {
            let inner = usize::from(self.is_punct(1, '!'));
            let Some(group) = self.group(1 + inner) else { break };
            if inner == 0 {
                found.push(squeezed(group));
            }
            self.at += 2 + inner;
        }
        found
    }

    /// Passes over a visibility and says whether it is a full `pub`.
    fn visibility(&mut self) -> bool {
        if self.word().as_deref() != Some("pub") {
            return false;
        }
        self.at += 1;
        let restricted = self.group(0).is_some_and(|group| group.delimiter() == Delimiter::Parenthesis);
        self.at += usize::from(restricted);
        !restricted
    }

    fn modifiers(&mut self) {
        while let Some(word) = self.word() {
            let follows = self.word_after(1);
            let is_modifier = match word.as_str() {
                "unsafe" | "async" | "default" => follows.is_some(),
                "const" => matches!(follows.as_deref(), Some("fn" | "unsafe" | "async" | "extern")),
                "extern" => matches!(self.tokens.get(self.at + 1), Some(TokenTree::Literal(_))),
                _ => false,
            };
            if !is_modifier {
                return;
            }
            self.at += 1 + usize::from(word == "extern");
        }
    }

    /// The item that starts here, if one does, and where to go on.
    fn item(mut self) -> (Option<Item>, usize) {
        let first_line = self.peek().map_or(0, line);
        let attributes = self.attributes();
        let public = self.visibility();
        self.modifiers();
        let at_line = self.peek().map_or(0, line);
        let Some((kind, name)) = self.kind_and_name() else {
            return (None, self.at + 1);
        };
        let (header, body) = self.header_and_body(kind);
        let item = Item { kind, name, public, attributes, header, body, first_line, line: at_line };
        (Some(item), self.at)
    }

    fn kind_and_name(&mut self) -> Option<(Kind, String)> {
        let word = self.word()?;
        let kind = match word.as_str() {
            "mod" => Kind::Module,
            "fn" => Kind::Function,
            "struct" | "union" => Kind::Struct,
            "enum" => Kind::Enum,
            "trait" => Kind::Trait,
            "const" | "static" | "type" => Kind::Value,
            "use" => Kind::Use,
            "impl" => Kind::Impl,
            _ if self.is_punct(1, '!') => return self.macro_name(&word),
            _ => return None,
        };
        self.at += 1;
        if self.word().as_deref() == Some("mut") {
            self.at += 1;
        }
        if matches!(kind, Kind::Use | Kind::Impl) {
            return Some((kind, String::new()));
        }
        let name = self.word()?;
        self.at += 1;
        Some((kind, name))
    }

    fn macro_name(&mut self, word: &str) -> Option<(Kind, String)> {
        self.at += 2;
        if word != "macro_rules" {
            return Some((Kind::Call, word.to_owned()));
        }
        let name = self.word()?;
        self.at += 1;
        Some((Kind::Macro, name))
    }

    /// Reads on to the item's end: a semicolon, or the body.
    fn header_and_body(&mut self, kind: Kind) -> (Vec<TokenTree>, Option<Vec<TokenTree>>) {
        let mut header = Vec::new();
        while let Some(token) = self.peek() {
            self.at += 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                TokenTree::Group(group) if is_body(kind, group) => {
                    return (header, Some(group.stream().into_iter().collect()));
                }
                token => header.push(token.clone()),
            }
        }
        (header, None)
    }
}

fn is_body(kind: Kind, group: &Group) -> bool {
    match kind {
        Kind::Use | Kind::Value => false,
        Kind::Call => true,
        _ => group.delimiter() == Delimiter::Brace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust_source::Source;

    fn read(text: &str) -> Vec<Item> {
        items(&Source::parse(text).unwrap().all)
    }

    fn outline(text: &str) -> Vec<(Kind, String, bool)> {
        read(text).into_iter().map(|item| (item.kind, item.name, item.public)).collect()
    }

    #[test]
    fn items_are_told_apart_by_kind_name_and_visibility() {
        let text = "pub struct A(u8); pub(crate) fn b() -> [u8; 4] { c() } pub const fn d() {} pub const E: u8 = { 1 };
                    unsafe extern \"C\" fn f(); enum G { H } pub unsafe trait I {} impl<T> J for K {} use l::{m, n};";
        let expected = [
            (Kind::Struct, "A", true),
            (Kind::Function, "b", false),
            (Kind::Function, "d", true),
            (Kind::Value, "E", true),
            (Kind::Function, "f", false),
            (Kind::Enum, "G", false),
            (Kind::Trait, "I", true),
            (Kind::Impl, "", false),
            (Kind::Use, "", false),
        ];
        assert_eq!(outline(text), expected.map(|(kind, name, public)| (kind, name.to_owned(), public)));
    }

    #[test]
    fn tests_inside_a_macro_are_items_of_its_body() {
        let text = "proptest! { #![proptest_config(x)] /// Row B6: y\n #[test] fn any(a in 0..4u8) { } }";
        let call = read(text).remove(0);
        assert_eq!((call.kind, call.name.as_str()), (Kind::Call, "proptest"));
        let inner = items(&call.body.unwrap());
        assert_eq!(inner.len(), 1);
        assert!(inner[0].is_test());
        assert_eq!(inner[0].name, "any");
    }

    #[test]
    fn a_test_of_another_runner_is_a_test_and_an_attribute_that_only_sounds_like_one_is_not() {
        assert!(read("#[tokio::test(flavor = \"x\")] fn a() {}")[0].is_test());
        assert!(read("#[rstest] #[case(1)] fn a(#[case] n: u8) {}")[0].is_test());
        assert!(!read("#[latest] fn a() {}")[0].is_test());
        assert!(read("#[test] #[ignore = \"slow\"] fn a() {}")[0].is_ignored());
    }

    #[test]
    fn an_item_knows_its_first_line_and_the_line_of_its_name() {
        let item = read("\n/// Says.\n#[test]\nfn a() {}").remove(0);
        assert_eq!((item.first_line, item.line), (2, 4));
    }
}
