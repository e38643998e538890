//! Man pages and completion scripts, made from the one definition of the command line.

use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use roff::{Roff, bold, roman};

use crate::examples::{self, EXIT_STATUS, Example, OF_MANY};
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};

/// Prints a completion script.
pub fn completions(shell: Shell, output: &Output) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut examples::command(), "lanewarden", &mut script);
    output.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}

/// Writes `lanewarden.1` and a page for each verb into `directory`.
pub fn man(directory: &Path) -> Outcome {
    std::fs::create_dir_all(directory).map_err(|e| Failure::file(directory, "create", &e))?;
    let mut command = examples::command().disable_help_subcommand(true);
    command.build();
    pages(&command, "lanewarden", directory)?;
    Ok(Exit::Ok)
}

fn pages(command: &Command, words: &str, directory: &Path) -> Result<(), Failure> {
    let path = directory.join(format!("{}.1", words.replace(' ', "-")));
    let mut text = Vec::new();
    page(command, examples::of(words), &mut text)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|e| Failure::file(&path, "write", &e))?;
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        pages(verb, &format!("{words} {}", verb.get_name()), directory)?;
    }
    Ok(())
}

/// One page. Examples and exit status have sections of their own, where a reader of man pages looks for them.
fn page(command: &Command, examples: &[Example], out: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(command.clone()).title(command.get_display_name().unwrap_or("lanewarden"));
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if command.get_subcommands().any(|verb| !verb.is_hide_set()) {
        man.render_subcommands_section(out)?;
    }
    let mut rest = Roff::new();
    rest.control("SH", ["EXAMPLES"]);
    for (line, what) in examples {
        rest.control("TP", []).text([bold(*line)]).text([roman(*what)]);
    }
    rest.control("SH", ["EXIT STATUS"]);
    for (code, what) in EXIT_STATUS {
        rest.control("TP", []).text([bold(code.to_string())]).text([roman(what)]);
    }
    rest.control("PP", []).text([roman(OF_MANY)]);
    rest.to_writer(out)?;
    if command.get_version().is_some() { man.render_version_section(out) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_with_its_sections() {
        let folder = tempfile::tempdir().unwrap();
        man(folder.path()).unwrap();
        let mut names: Vec<_> =
            folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names.len(), 34, "{names:?}");
        for name in names {
            let page = std::fs::read_to_string(folder.path().join(&name)).unwrap();
            for section in ["NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES", "\"EXIT STATUS\""] {
                assert!(page.contains(&format!(".SH {section}\n")), "{name:?} lacks {section}");
            }
        }
    }
}
