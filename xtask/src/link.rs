//! The smallest requester and responder, linked without std and without an allocator: a program that pulls in either
//! does not link. What they come to is shown.

use std::path::PathBuf;

use anyhow::{Context, Result};
use object::{Object, ObjectSection, SectionKind};

use crate::check;
use crate::steps::{Line, Outcome};

const PACKAGE: &str = "lanewarden-no-std-link";
/// What every other program is larger than.
const NOTHING: &str = "no-std-nothing";

/// The programs, and what is in them.
const PROGRAMS: [(&str, &str); 5] = [
    ("no-std-requester", "requester, rustcrypto"),
    ("no-std-responder", "responder, rustcrypto"),
    ("no-std-requester-stub", "requester, stub"),
    ("no-std-requester-stub-unread", "requester, stub, chain not read"),
    ("no-std-responder-stub", "responder, stub"),
];

/// Bytes of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    code: u64,
    constants: u64,
}

/// Links them for this machine, and for one without an operating system where the toolchain has such a target.
pub fn run() -> Result<Outcome> {
    let bare = check::bare_target()?;
    for target in std::iter::once(None).chain(bare.map(Some)) {
        let outcome = build(target)?;
        if outcome != Outcome::Passed {
            return Ok(outcome);
        }
        print!("{}", table(target.unwrap_or("this machine"), &sizes(target)?));
    }
    Ok(Outcome::Passed)
}

fn build(target: Option<&str>) -> Result<Outcome> {
    let mut line = Line::new("cargo build --quiet --profile small --features programs --bins --package")
        .argument(PACKAGE);
    if let Some(target) = target {
        line = line.argument("--target").argument(target);
    }
    line.run()
}

/// What each program has more than one that does nothing.
fn sizes(target: Option<&str>) -> Result<Vec<(&'static str, Size)>> {
    let mut folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    folder.extend(target);
    folder.push("small");
    let read = |name: &str| {
        let file = crate::tree::top()?.join(folder.join(name));
        size(&std::fs::read(&file).with_context(|| format!("no program {}", file.display()))?)
    };
    let nothing = read(NOTHING)?;
    let one = |(name, about)| read(name).map(|size| (about, size.less(nothing)));
    PROGRAMS.into_iter().map(one).collect()
}

fn size(program: &[u8]) -> Result<Size> {
    let program = object::File::parse(program).context("the program cannot be read")?;
    // How to unwind the stack is in no firmware.
    let is_loaded =
        |section: &object::Section<'_, '_>| section.name().is_ok_and(|name| !name.starts_with(".eh_frame"));
    let of = |kinds: &[SectionKind]| {
        let sections = program.sections().filter(|section| kinds.contains(&section.kind()));
        sections.filter(is_loaded).map(|section| section.size()).sum()
    };
    Ok(Size {
        code: of(&[SectionKind::Text]),
        constants: of(&[SectionKind::ReadOnlyData, SectionKind::ReadOnlyString]),
    })
}

impl Size {
    const fn less(self, other: Self) -> Self {
        Self {
            code: self.code.saturating_sub(other.code),
            constants: self.constants.saturating_sub(other.constants),
        }
    }
}

fn table(target: &str, sizes: &[(&str, Size)]) -> String {
    let mut text = format!("{target}:\n{:31}  {:>7}  {:>9}\n", "bytes", "code", "constants");
    for (about, Size { code, constants }) in sizes {
        text.push_str(&format!("{about:31}  {code:7}  {constants:9}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_program_is_that_of_its_code_and_its_constants() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let Size { code, constants } = size(&own).unwrap();
        assert!(code > 100_000 && constants > 10_000, "{code}, {constants}");
        assert!(code + constants < u64::try_from(own.len()).unwrap());
        assert!(size(b"no program").is_err());
    }

    #[test]
    fn what_does_nothing_is_taken_off() {
        let size = Size { code: 700, constants: 20 }.less(Size { code: 200, constants: 30 });
        assert_eq!(
            table("here", &[("requester", size)]),
            "\
here:
bytes                               code  constants
requester                            500          0
"
        );
    }
}
