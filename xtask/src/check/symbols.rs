//! Row T23: the documents are held against what the crates export.
//!
//! A path in backticks such as `lanewarden_doe::Mailbox::poll` must name something public; so must one such as
//! `Mailbox::poll`, where a crate of ours has a type of that name. The reader knows modules, `pub` items, re-exports and
//! the members of types by the type's name; it knows no types, so a method that a trait of another crate provides is
//! looked for by name only, and what a macro makes up is not seen.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenTree;

use super::documents::top_documents;
use super::purity::folder_of_modules;
use crate::finding::{Finding, Rule};
use crate::markdown;
use crate::rust_source::{Item, Kind, items, use_paths};
use crate::tree::Tree;

const SYMBOLS: Rule = Rule {
    name: "symbols",
    remedy: "write the name the crate exports today, as `crate_name::Item` or `crate_name::Type::member`",
};

const OURS: &str = "lanewarden";

/// Every name in the documents that no crate exports.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let exports: BTreeMap<_, _> = libraries(tree).collect();
    let mut found = Vec::new();
    for (file, text) in top_documents(tree) {
        let named = markdown::inline_code(text)
            .into_iter()
            .filter_map(|code| Some((code.line, path_in(&code.text)?)));
        let unknown = named.filter(|(_, path)| !is_known(&exports, path));
        found.extend(
            unknown
                .map(|(line, path)| SYMBOLS.broken(file, line, format!("no public `{}`", path.join("::")))),
        );
    }
    found
}

/// Whether a path leads somewhere. One that names no crate of ours does, unless it is a member of a type of ours.
fn is_known(exports: &BTreeMap<String, Exports>, path: &[String]) -> bool {
    if path[0] == OURS || path[0].starts_with(&format!("{OURS}_")) {
        return exports.get(&path[0]).is_some_and(|known| known.has(&path[1..]));
    }
    let mut members = exports.values().filter_map(|known| known.members.get(&path[0])).peekable();
    members.peek().is_none() || path.len() != 2 || members.any(|members| members.contains(&path[1]))
}

/// The path that a piece of inline code is, if it is one.
fn path_in(code: &str) -> Option<Vec<String>> {
    let code = code.trim_end_matches("()").trim_end_matches('!');
    let parts: Vec<_> = code.split("::").map(str::to_owned).collect();
    let is_name = |part: &String| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    (parts.len() > 1 && parts.iter().all(is_name)).then_some(parts)
}

fn libraries(tree: &Tree) -> impl Iterator<Item = (String, Exports)> {
    let targets = tree.packages.iter().flat_map(|package| &package.targets);
    let libraries = targets.filter(|target| target.kind == "lib");
    libraries.map(|target| {
        let mut exports = Exports::default();
        exports.read_file(tree, &target.path, "");
        (target.name.replace('-', "_"), exports)
    })
}

/// What a crate exports. Modules are named by their path within the crate; the root is the empty name.
#[derive(Default)]
struct Exports {
    modules: BTreeMap<String, BTreeSet<String>>,
    /// Modules whose names are all re-exported, by the module that does so.
    globs: BTreeMap<String, Vec<String>>,
    members: BTreeMap<String, BTreeSet<String>>,
}

impl Exports {
    fn has(&self, path: &[String]) -> bool {
        self.has_in("", path, 8)
    }

    fn has_in(&self, module: &str, path: &[String], depth: u8) -> bool {
        let Some((first, rest)) = path.split_first() else { return true };
        if self.modules.get(module).is_some_and(|names| names.contains(first)) {
            let child = join(module, first);
            return match rest {
                [] => true,
                _ if self.modules.contains_key(&child) => self.has_in(&child, rest, depth),
                [member] => self.members.get(first).is_some_and(|members| members.contains(member)),
                _ => false,
            };
        }
        let globs = self.globs.get(module).into_iter().flatten();
        depth > 0 && globs.into_iter().any(|glob| self.has_in(glob, path, depth - 1))
    }

    fn read_file(&mut self, tree: &Tree, file: &str, module: &str) {
        let Some(source) = tree.sources.get(file) else { return };
        self.read_items(tree, folder_of_modules(file), module, &source.product);
    }

    fn read_items(&mut self, tree: &Tree, folder: &str, module: &str, tokens: &[TokenTree]) {
        self.modules.entry(module.to_owned()).or_default();
        for item in items(tokens) {
            self.read_item(tree, folder, module, &item);
        }
    }

    fn read_item(&mut self, tree: &Tree, folder: &str, module: &str, item: &Item) {
        match item.kind {
            Kind::Module => self.read_module(tree, folder, module, item),
            Kind::Use if item.public => self.re_export(module, &item.header),
            Kind::Impl => self.read_impl(item),
            Kind::Call => self.read_items(tree, folder, module, item.body.as_deref().unwrap_or_default()),
            Kind::Macro => self.export("", &item.name),
            _ => self.read_definition(module, item),
        }
    }

    fn export(&mut self, module: &str, name: &str) {
        self.modules.entry(module.to_owned()).or_default().insert(name.to_owned());
    }

    fn read_module(&mut self, tree: &Tree, folder: &str, module: &str, item: &Item) {
        let child = join(module, &item.name);
        if item.public {
            self.export(module, &item.name);
        }
        let inner = format!("{folder}/{}", item.name);
        match &item.body {
            Some(body) => self.read_items(tree, &inner, &child, body),
            None => {
                self.read_file(tree, &format!("{inner}.rs"), &child);
                self.read_file(tree, &format!("{inner}/mod.rs"), &child);
            }
        }
    }

    fn re_export(&mut self, module: &str, header: &[TokenTree]) {
        for path in use_paths(header) {
            let name = path.rsplit("::").next().unwrap_or_default();
            let name = name.rsplit(" as ").next().unwrap_or_default();
            if name == "*" {
                let target =
                    path.trim_end_matches("::*").trim_start_matches("crate::").trim_start_matches("self::");
                let globs = self.globs.entry(module.to_owned()).or_default();
                globs.push(join(module, target));
                globs.push(target.to_owned());
            } else {
                self.export(module, name);
            }
        }
    }

    fn read_definition(&mut self, module: &str, item: &Item) {
        if item.public {
            self.export(module, &item.name);
        }
        let body = item.body.as_deref().unwrap_or_default();
        let names: Vec<_> = match item.kind {
            Kind::Enum => variants(body),
            Kind::Trait => items(body).into_iter().map(|item| item.name).collect(),
            Kind::Struct => fields(body),
            _ => return,
        };
        self.members.entry(item.name.clone()).or_default().extend(names);
    }

    fn read_impl(&mut self, item: &Item) {
        let (name, of_trait) = implemented(&item.header);
        let inner = items(item.body.as_deref().unwrap_or_default()).into_iter();
        let public = inner.filter(|inner| of_trait || inner.public).map(|inner| inner.name);
        self.members.entry(name).or_default().extend(public);
    }
}

fn join(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}::{name}") }
}

/// The type that an `impl` is for, and whether it implements a trait.
fn implemented(header: &[TokenTree]) -> (String, bool) {
    let mut depth = 0_i32;
    let mut name = String::new();
    let mut of_trait = false;
    for token in header {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' => depth -= 1,
            TokenTree::Ident(word) if depth == 0 && word == "where" => break,
            TokenTree::Ident(word) if depth == 0 && word == "for" => of_trait = true,
            TokenTree::Ident(word) if depth == 0 => name = word.to_string(),
            _ => {}
        }
    }
    (name, of_trait)
}

/// Names that follow the start, or a comma, at the top level of an enum's body.
fn variants(body: &[TokenTree]) -> Vec<String> {
    let parts = body.split(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
    parts.filter_map(|part| part.iter().find_map(word)).collect()
}

/// Names that follow `pub`, or `const` as in a set of flags, at the top level of a struct's body.
fn fields(body: &[TokenTree]) -> Vec<String> {
    let pairs = body.windows(2).filter_map(|pair| Some((word(&pair[0])?, word(&pair[1])?)));
    pairs.filter(|(keyword, _)| keyword == "pub" || keyword == "const").map(|(_, name)| name).collect()
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Package;

    fn unknown(document: &str) -> Vec<String> {
        let tree = Tree::planted(&[
            ("ARCHITECTURE.md", document),
            (
                "protocols/doe/src/lib.rs",
                "mod object; pub mod registers; pub use object::{Object, Kind as Sort}; pub use wire::*;
                 mod wire { pub struct Raw; fn hidden() {} }",
            ),
            (
                "protocols/doe/src/object.rs",
                "pub struct Object { pub vendor: u16, secret: u8 } pub enum Kind { A(u8), #[x] B }
                 impl<'a, T: Into<u8>> Object where T: Copy { pub fn decode() {} fn inner() {} }
                 impl From<u8> for Object { fn from(x: u8) -> Self {} }
                 #[cfg(test)] mod tests { pub fn gone() {} }",
            ),
            (
                "protocols/doe/src/registers.rs",
                "pub mod doe { pub const ID: u16 = 1; } bitflags! { pub struct Control: u32 { const GO = 1; } }
                 pub trait Read { fn read(); } pub(crate) fn inside() {}",
            ),
        ]);
        let found = findings(&tree.with(Package::sound("protocols/doe")));
        found.into_iter().map(|finding| finding.what.replace("no public ", "")).collect()
    }

    /// Row T23: what the architecture document names is what the crates export.
    #[test]
    fn what_is_exported_may_be_named() {
        let names = [
            "Object",
            "Object::vendor",
            "Object::decode()",
            "Object::from",
            "Sort",
            "Raw",
            "registers",
            "registers::doe::ID",
            "registers::Control::GO",
            "registers::Read::read",
        ];
        let document: String = names.iter().map(|name| format!("`lanewarden_doe::{name}` ")).collect();
        assert_eq!(unknown(&document), [""; 0]);
    }

    /// Row T23: a name that no crate exports, or that is private, fails the check.
    #[test]
    fn what_is_not_exported_is_found() {
        for name in [
            "Kind",
            "object::Object",
            "Object::secret",
            "Object::inner",
            "wire::Raw",
            "registers::inside",
            "hidden",
            "gone",
            "registers::doe::GONE",
            "Raw::decode",
        ] {
            assert_eq!(unknown(&format!("`lanewarden_doe::{name}`")), [format!("`lanewarden_doe::{name}`")]);
        }
        assert_eq!(unknown("`lanewarden_gone::Object`"), ["`lanewarden_gone::Object`"]);
        assert_eq!(unknown("`Object::secret` `Object::decode` `Vec::new`"), ["`Object::secret`"]);
    }

    #[test]
    fn other_code_is_not_taken_for_a_path() {
        assert_eq!(
            unknown(
                "`lanewarden list` `lanewarden-doe` `core::fmt` `lanewarden_doe::Object<T>` lanewarden_x::Y"
            ),
            [""; 0]
        );
    }
}
