//! Marks that do not belong in a finished tree: overlong files, notes to self, paths of somebody's machine.

use proc_macro2::TokenTree;

use crate::finding::{Finding, Rule};
use crate::rust_source::{Source, each_level, line};
use crate::tree::Tree;

const LENGTH: Rule = Rule { name: "length", remedy: "split the file by subject" };
const UNFINISHED: Rule =
    Rule { name: "unfinished", remedy: "finish it, or leave it out and say so in the documents" };
const MACHINE: Rule =
    Rule { name: "machine-path", remedy: "name the place relative to the tree, or take it as an argument" };

const LONGEST: usize = 1000;

/// Macros that say "later". Spelled apart so that a plain search of this tree finds none.
const LATER: [&str; 2] = [concat!("to", "do"), concat!("unimple", "mented")];

/// Words that say "later" in a comment.
const NOTES: [&str; 2] = [concat!("FIX", "ME"), concat!("X", "XX")];

/// Folders that exist on one machine only.
const MACHINES: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/Us", "ers/")];

/// Every such mark.
pub fn findings(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (file, source) in &tree.sources {
        found.extend(unfinished(file, source));
    }
    for (file, text) in &tree.texts {
        if file.ends_with(".lock") {
            continue;
        }
        let lines = text.lines().count();
        if file.ends_with(".rs") && lines > LONGEST {
            found.push(LENGTH.broken(file, 0, format!("{lines} lines, more than {LONGEST}")));
        }
        let numbered = text.lines().enumerate();
        found.extend(numbered.flat_map(|(index, line)| in_line(file, index + 1, line)));
    }
    found
}

fn unfinished(file: &str, source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    each_level(&source.all, &mut |tokens| {
        for pair in tokens.windows(2) {
            if let [TokenTree::Ident(name), TokenTree::Punct(bang)] = pair
                && bang.as_char() == '!'
                && LATER.iter().any(|later| name == later)
            {
                found.push(UNFINISHED.broken(file, line(&pair[0]), format!("`{name}!`")));
            }
        }
    });
    found
}

fn in_line(file: &str, number: usize, line: &str) -> Vec<Finding> {
    let notes = NOTES.iter().filter(|note| has_word(line, note));
    let notes = notes.map(|note| UNFINISHED.broken(file, number, format!("`{note}`")));
    let machines = MACHINES.iter().filter(|folder| has_absolute(line, folder));
    let machines = machines.map(|folder| MACHINE.broken(file, number, format!("`{folder}`")));
    notes.chain(machines).collect()
}

fn has_word(line: &str, word: &str) -> bool {
    let is_outside = |character: Option<char>| !character.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let ends = |at: usize| {
        is_outside(line[..at].chars().next_back()) && is_outside(line[at + word.len()..].chars().next())
    };
    line.match_indices(word).any(|(at, _)| ends(at))
}

/// Whether the folder starts a path here, rather than continuing one.
fn has_absolute(line: &str, folder: &str) -> bool {
    let starts = |at: usize| {
        !line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '*'))
    };
    line.match_indices(folder).any(|(at, _)| starts(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted(file: &str, text: &str) -> Vec<String> {
        findings(&Tree::planted(&[(file, text)])).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_file_may_be_a_thousand_lines_long() {
        assert_eq!(planted("sim/src/a.rs", &"\n".repeat(1000)), [""; 0]);
        assert_eq!(planted("sim/src/a.rs", &"\n".repeat(1001)), ["1001 lines, more than 1000"]);
        assert_eq!(planted("tests/data.txt", &"\n".repeat(1001)), [""; 0]);
    }

    #[test]
    fn unfinished_code_is_found_and_talk_of_it_is_not() {
        let later = LATER[0];
        assert_eq!(planted("a.rs", &format!("fn a() {{ b({later}!()) }}")), [format!("`{later}!`")]);
        assert_eq!(planted("a.rs", &format!("const A: &str = \"{later}!\";")), [""; 0]);
    }

    #[test]
    fn notes_are_found_in_any_text() {
        let note = NOTES[0];
        assert_eq!(planted("a.toml", &format!("# {note}: later")), [format!("`{note}`")]);
        assert_eq!(planted("a.toml", &format!("# PRE{note}")), [""; 0]);
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        for folder in MACHINES {
            assert_eq!(planted("a.md", &format!("see {folder}x")), [format!("`{folder}`")]);
            assert_eq!(planted("a.md", &format!("see target{folder}x")), [""; 0]);
        }
    }
}
