//! REQUIREMENTS.md, line by line: rows and milestones are read, everything else is kept as it is.

use std::collections::BTreeSet;
use std::fmt;

use super::answer::Answer;
use super::evidence::Shown;

/// The document.
#[derive(Debug, PartialEq, Eq)]
pub struct Ledger {
    lines: Vec<Line>,
}

#[derive(Debug, PartialEq, Eq)]
enum Line {
    Row(Row),
    Milestone(Milestone),
    Other(String),
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// `B6`.
    pub id: String,
    /// The milestones that must answer it; the first of them that is done makes it due.
    pub milestones: Vec<String>,
    /// What is asked, in one sentence.
    pub statement: String,
    /// The answer's cell, as it stands.
    pub answer: String,
    /// The tests that show it.
    pub tests: BTreeSet<String>,
}

/// A part of the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// What it brings.
    pub brings: String,
}

/// How far a milestone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its rows must have answers.
    Done,
    /// Rows without an answer are named, and allowed.
    InProgress,
    /// Rows without an answer are expected.
    Planned,
}

impl State {
    fn parse(cell: &str) -> Option<Self> {
        match cell {
            "done" => Some(Self::Done),
            "in progress" => Some(Self::InProgress),
            "planned" => Some(Self::Planned),
            _ => None,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::InProgress => "in progress",
            Self::Planned => "planned",
        })
    }
}

impl Ledger {
    /// Reads the document's text.
    pub fn parse(text: &str) -> Self {
        Self { lines: text.lines().map(Line::parse).collect() }
    }

    /// The rows with the lines, counted from one, that they stand on.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &Row)> {
        self.lines.iter().enumerate().filter_map(|(index, line)| match line {
            Line::Row(row) => Some((index + 1, row)),
            _ => None,
        })
    }

    /// The milestones.
    pub fn milestones(&self) -> impl Iterator<Item = &Milestone> {
        self.lines.iter().filter_map(|line| match line {
            Line::Milestone(milestone) => Some(milestone),
            _ => None,
        })
    }

    /// Whether one of the row's milestones is in this state.
    pub fn is_in(&self, row: &Row, state: State) -> bool {
        self.milestones()
            .any(|milestone| milestone.state == state && row.milestones.contains(&milestone.name))
    }

    /// Whether a row should say that it is shown: it has tests, and work on a milestone of its own has begun. Tests
    /// that come before the milestone show a part only.
    pub fn is_ripe(&self, row: &Row) -> bool {
        let begun = self.is_in(row, State::InProgress) || self.is_in(row, State::Done);
        Answer::parse(&row.answer) == Some(Answer::Planned) && begun && !row.tests.is_empty()
    }

    /// Writes the tests that were found into the rows; a planned row that has some becomes shown when it is ripe.
    pub fn take_up(&mut self, shown: &Shown) {
        for line in &mut self.lines {
            if let Line::Row(row) = line {
                row.tests = shown.get(&row.id).cloned().unwrap_or_default();
            }
        }
        let ripe: Vec<_> =
            self.rows().filter(|(_, row)| self.is_ripe(row)).map(|(_, row)| row.id.clone()).collect();
        for line in &mut self.lines {
            if let Line::Row(row) = line
                && ripe.contains(&row.id)
            {
                row.answer = "shown".to_owned();
            }
        }
    }
}

impl Line {
    fn parse(line: &str) -> Self {
        let cells = cells(line);
        match cells.as_slice() {
            [id, milestones, statement, answer, tests] if is_id(id) => Self::Row(Row {
                id: id.clone(),
                milestones: milestones.split(", ").map(str::to_owned).collect(),
                statement: statement.clone(),
                answer: answer.clone(),
                tests: tests
                    .split("<br>")
                    .map(|test| test.trim_matches('`'))
                    .filter(|test| !test.is_empty())
                    .map(str::to_owned)
                    .collect(),
            }),
            [name, state, brings] => match State::parse(state) {
                Some(state) => {
                    Self::Milestone(Milestone { name: name.clone(), state, brings: brings.clone() })
                }
                None => Self::Other(line.to_owned()),
            },
            _ => Self::Other(line.to_owned()),
        }
    }
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix("| ").and_then(|line| line.strip_suffix('|')).unwrap_or_default();
    inner.split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// A letter and a number.
pub fn is_id(cell: &str) -> bool {
    let digits = cell.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or_default();
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| match line {
            Line::Row(row) => writeln!(f, "{row}"),
            Line::Milestone(Milestone { name, state, brings }) => {
                writeln!(f, "| {name} | {state} | {brings} |")
            }
            Line::Other(text) => writeln!(f, "{text}"),
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, milestones, statement, answer, tests } = self;
        let tests: Vec<_> = tests.iter().map(|test| format!("`{test}`")).collect();
        let (milestones, tests) = (milestones.join(", "), tests.join("<br>"));
        let gap = if tests.is_empty() { "" } else { " " };
        write!(f, "| {id} | {milestones} | {statement} | {answer} |{gap}{tests} |")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Head\n\n| foundation | in progress | the house |\n|---|---|---|\n\
        | B6 | foundation, broker | sharing | planned | |\n| B7 | broker | answers | shown | `a b::c`<br>`d e` |\n";

    #[test]
    fn what_is_read_is_written_back() {
        assert_eq!(Ledger::parse(TEXT).to_string(), TEXT);
    }

    #[test]
    fn rows_and_milestones_are_told_from_other_lines() {
        let ledger = Ledger::parse(TEXT);
        let rows: Vec<_> =
            ledger.rows().map(|(line, row)| (line, row.id.as_str(), row.tests.len())).collect();
        assert_eq!(rows, [(5, "B6", 0), (6, "B7", 2)]);
        assert_eq!(
            ledger.milestones().map(|milestone| milestone.state).collect::<Vec<_>>(),
            [State::InProgress]
        );
    }

    #[test]
    fn tests_that_were_found_replace_those_that_stood_there() {
        let mut ledger = Ledger::parse(TEXT);
        ledger.take_up(&Shown::from([("B6".into(), ["x y".into()].into())]));
        let rows: Vec<_> = ledger.rows().map(|(_, row)| row.to_string()).collect();
        assert_eq!(
            rows,
            ["| B6 | foundation, broker | sharing | shown | `x y` |", "| B7 | broker | answers | shown | |"]
        );
    }

    #[test]
    fn tests_that_come_before_a_milestone_do_not_answer_its_rows() {
        let mut ledger = Ledger::parse("| broker | planned | x |\n| B6 | broker | sharing | planned | |");
        ledger.take_up(&Shown::from([("B6".into(), ["x y".into()].into())]));
        assert_eq!(
            ledger.rows().next().unwrap().1.to_string(),
            "| B6 | broker | sharing | planned | `x y` |"
        );
    }
}
