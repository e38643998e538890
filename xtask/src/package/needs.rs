//! The packages whose libraries a program is linked with.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use object::read::elf::{ElfFile64, FileHeader, SectionHeader};
use object::{Endianness, elf};

/// The packages, with the version of the C library from which on it has all that the program asks for. A program with
/// everything linked in needs none.
pub fn of(program: &[u8]) -> Result<Vec<String>> {
    let asked = asked(program)?;
    let mut packages = BTreeSet::new();
    for (library, _) in &asked {
        packages.insert(match library.as_str() {
            "libgcc_s.so.1" => "libgcc-s1".to_owned(),
            "libc.so.6" | "libm.so.6" => libc(&asked),
            loader if loader.starts_with("ld-linux-") => libc(&asked),
            other => bail!("which package has {other} is not known here"),
        });
    }
    Ok(packages.into_iter().collect())
}

fn libc(asked: &[(String, Vec<String>)]) -> String {
    let versions = asked.iter().flat_map(|(_, versions)| versions);
    let newest = versions.filter_map(|version| number(version.strip_prefix("GLIBC_")?)).max();
    newest.map_or("libc6".to_owned(), |(major, minor)| format!("libc6 (>= {major}.{minor})"))
}

/// `2.34` or `2.2.5`: the first two numbers.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Each library with the versions of symbols that are asked of it.
fn asked(program: &[u8]) -> Result<Vec<(String, Vec<String>)>> {
    let file = ElfFile64::<Endianness>::parse(program).context("not a program of this machine")?;
    let (endian, header) = (file.endian(), file.elf_header());
    let sections = header.sections(endian, program)?;
    let mut asked: Vec<(String, Vec<String>)> = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if let Some((entries, link)) = sections.iter().find_map(|s| s.dynamic(endian, program).ok().flatten()) {
        let strings = sections.strings(endian, program, link)?;
        for entry in entries.iter().filter(|entry| entry.d_tag.get(endian) == elf::DT_NEEDED) {
            let at = u32::try_from(entry.d_val.get(endian))?;
            asked.push((text(strings.get(at).map_err(|()| anyhow::anyhow!("no name"))?), Vec::new()));
        }
    }
    if let Some((mut needs, link)) = sections.gnu_verneed(endian, program)? {
        let strings = sections.strings(endian, program, link)?;
        while let Some((need, mut entries)) = needs.next()? {
            let library = text(need.file(endian, strings)?);
            let mut versions = Vec::new();
            while let Some(entry) = entries.next()? {
                versions.push(text(entry.name(endian, strings)?));
            }
            asked.push((library, versions));
        }
    }
    Ok(asked)
}
