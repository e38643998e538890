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
        let mut out = io::stdout().lock();
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Says something that is no data.
    pub fn note(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{text}");
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
        self.note(&format!("{head}{kind}{head:#}: {}", failure.message));
        if let Some(text) = &failure.hint {
            self.note(&format!("{hint}hint{hint:#}: {text}"));
        }
    }
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
