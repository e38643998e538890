//! What is printed where: data to standard output, talk to standard error.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

use crate::exit::{Exit, Failure};

/// How the user wants to be answered.
pub struct Output {
    json: bool,
    verbose: u8,
}

/// What a verb comes to: a code even where it has printed what it could.
pub type Outcome = Result<Exit, Failure>;

impl Output {
    /// Output as the command line asks for.
    pub fn new(json: bool, verbose: u8) -> Self {
        Self { json, verbose }
    }

    /// Whether to print JSON instead of a table.
    pub fn json(&self) -> bool {
        self.json
    }

    /// How many times `-v` was given.
    pub fn verbose(&self) -> u8 {
        self.verbose
    }

    /// Prints data for people. Styles are dropped where standard output is no terminal or `NO_COLOR` is set.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Prints data for programs: one object.
    pub fn print_json(&self, value: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(value).map_err(|e| Failure::new(Exit::Failure, e))?;
        text.push('\n');
        self.print_bytes(text.as_bytes())
    }

    /// Prints data for programs that comes bit by bit: one object in one line.
    pub fn print_json_line(&self, value: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string(value).map_err(|e| Failure::new(Exit::Failure, e))?;
        text.push('\n');
        self.print_bytes(text.as_bytes())
    }

    /// Writes bytes that are data as they are.
    pub fn print_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        written(out.write_all(bytes).and_then(|()| out.flush()))
    }

    /// Says something that is no data.
    pub fn note(&self, text: &str) {
        say(&escaped(text));
    }

    /// Reports a failure, if it is one, and gives the process' exit code.
    pub fn conclude(&self, outcome: Outcome) -> ExitCode {
        let exit = outcome.unwrap_or_else(|failure| {
            self.report("error", &failure);
            failure.exit
        });
        ExitCode::from(exit as u8)
    }

    /// Reports a failure that does not end the verb.
    pub fn warn(&self, failure: &Failure) {
        self.report("warning", failure);
    }

    fn report(&self, kind: &str, failure: &Failure) {
        use anstyle::{AnsiColor, Style};
        let color = if kind == "error" { AnsiColor::Red } else { AnsiColor::Yellow };
        let (head, hint) = (Style::new().bold().fg_color(Some(color.into())), Style::new().bold());
        say(&format!("{head}{kind}{head:#}: {}", escaped(&failure.message)));
        if let Some(text) = &failure.hint {
            say(&format!("{hint}hint{hint:#}: {}", escaped(text)));
        }
    }
}

/// Standard error may be closed, and nobody is left then to be told.
fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// What is said may quote files, devices and the kernel: nothing in it may command the terminal. Its lines stay.
fn escaped(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(lanewarden_render::text::escape).collect();
    lines.join("\n")
}

/// How wide the terminal on standard output is; `None` where there is none.
pub fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into())
}

/// A reader that has seen enough closes the pipe. That is no error.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => {
            other.map_err(|error| Failure::new(Exit::Failure, format!("cannot write the output: {error}")))
        }
    }
}

/// Whether there is a terminal and the user's locale says it shows nothing beyond ASCII.
pub fn terminal_is_ascii() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    terminal_width().is_some() && locale.is_some_and(|locale| locale == "C" || locale == "POSIX")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scenario's text comes back in its error message, and a device's in others.
    #[test]
    fn nothing_that_is_said_commands_the_terminal() {
        let hostile = "line 1: \u{1b}]0;owned\u{7}\nline 2: \u{9b}31m \u{202e}";
        let said = escaped(hostile);
        assert_eq!(said.lines().count(), 2);
        assert!(said.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{said:?}");
    }
}
