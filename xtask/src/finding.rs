//! What a check has to say: where, which rule, what to do.

use std::fmt;

/// One broken rule at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// File, relative to the top of the tree.
    pub file: String,
    /// Line, counted from one; zero for the file as a whole.
    pub line: usize,
    /// The rule's short name.
    pub rule: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}: {}\n    do: {}", self.rule, self.what, self.remedy)
    }
}

/// A rule: its name and the remedy that goes with every breach of it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Short name, as printed.
    pub name: &'static str,
    /// What to do about a breach.
    pub remedy: &'static str,
}

impl Rule {
    /// A breach of this rule.
    pub fn broken(self, file: &str, line: usize, what: impl Into<String>) -> Finding {
        Finding { file: file.to_owned(), line, rule: self.name, what: what.into(), remedy: self.remedy }
    }
}

/// Prints the findings in order of place and says whether there were none.
pub fn report(mut findings: Vec<Finding>) -> bool {
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{finding}");
    }
    findings.is_empty()
}
