//! Names of users and groups, as this machine's own files have them.
//!
//! Accounts of a directory service have no line there; rules name them by number. So whether somebody may use a mailbox
//! depends on no network, and no library that might ask one is loaded.

use std::path::Path;

/// Names and numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    users: Vec<(String, u32)>,
    groups: Vec<(String, u32)>,
}

impl Accounts {
    /// Those of this machine. A file that cannot be read has none.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let read = |path: &str| std::fs::read_to_string(Path::new(path)).unwrap_or_default();
        Self::parse(&read("/etc/passwd"), &read("/etc/group"))
    }

    /// Those of two files in the form of `passwd(5)` and `group(5)`. Other lines are passed over.
    #[must_use]
    pub fn parse(passwd: &str, group: &str) -> Self {
        let entries = |text: &str| text.lines().filter_map(entry).collect();
        Self { users: entries(passwd), groups: entries(group) }
    }

    /// The number of a user, by its name or as it stands.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<u32> {
        find(&self.users, name)
    }

    /// The number of a group, by its name or as it stands.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<u32> {
        find(&self.groups, name)
    }
}

fn find(entries: &[(String, u32)], name: &str) -> Option<u32> {
    let named = entries.iter().find(|(known, _)| known == name).map(|(_, number)| *number);
    named.or_else(|| name.parse().ok())
}

/// In both files the name is the first field and the number the third.
fn entry(line: &str) -> Option<(String, u32)> {
    let mut fields = line.split(':');
    let (name, number) = (fields.next()?, fields.nth(1)?);
    Some((name.to_owned(), number.parse().ok()?))
}
