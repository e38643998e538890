//! The machine's own Debian mirror, read from its apt sources; only the suite is changed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// One apt source in deb822 form, without its suites and components.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Source {
    uri: String,
    suites: Vec<String>,
    /// Lines such as `Signed-By:` and `Trusted:`, kept as they are.
    options: Vec<String>,
}

/// The deb822 text of sources for Debian 12: release, backports and security.
pub fn debian_12() -> Result<String> {
    let codename = codename()?;
    let all = installed()?;
    let release = find(&all, &codename).with_context(|| format!("no apt source for suite {codename}"))?;
    let security = find(&all, &format!("{codename}-security"))
        .with_context(|| format!("no apt source for {codename}-security"))?;
    Ok(format!(
        "{}\n{}",
        stanza(release, &["bookworm", "bookworm-backports"]),
        stanza(security, &["bookworm-security"])
    ))
}

fn codename() -> Result<String> {
    let release = fs::read_to_string("/etc/os-release").context("no /etc/os-release: this is not Debian")?;
    let field = |name: &str| {
        release
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(|v| v.trim_matches('"'))
    };
    if field("ID") != Some("debian") {
        bail!("this is not Debian");
    }
    Ok(field("VERSION_CODENAME").context("/etc/os-release names no release")?.to_owned())
}

fn find<'a>(sources: &'a [Source], suite: &str) -> Option<&'a Source> {
    sources.iter().find(|source| source.suites.iter().any(|s| s.trim_end_matches("/updates") == suite))
}

fn stanza(source: &Source, suites: &[&str]) -> String {
    let mut text =
        format!("Types: deb\nURIs: {}\nSuites: {}\nComponents: main\n", source.uri, suites.join(" "));
    for option in &source.options {
        text.push_str(option);
        text.push('\n');
    }
    text
}

fn installed() -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in files()? {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        match path.extension().and_then(|e| e.to_str()) {
            Some("sources") => sources.extend(text.split("\n\n").filter_map(deb822)),
            _ => sources.extend(text.lines().filter_map(one_line)),
        }
    }
    Ok(sources)
}

fn files() -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    if Path::new("/etc/apt/sources.list").exists() {
        files.push("/etc/apt/sources.list".into());
    }
    if let Ok(parts) = fs::read_dir("/etc/apt/sources.list.d") {
        for part in parts {
            files.push(part?.path());
        }
    }
    files.sort();
    files.retain(|f: &PathBuf| f.extension().is_some_and(|e| e == "list" || e == "sources"));
    Ok(files)
}

/// A stanza of `Name: value` lines; a line that starts with a space goes on the one before.
fn deb822(stanza: &str) -> Option<Source> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in stanza.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        if line.starts_with([' ', '\t']) {
            let (_, value) = fields.last_mut()?;
            value.push('\n');
            value.push_str(line);
        } else {
            let (name, value) = line.split_once(':')?;
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    let field =
        |name: &str| fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
    let enabled = !field("Enabled").is_some_and(|v| v.eq_ignore_ascii_case("no"));
    let binary = field("Types")?.split_whitespace().any(|t| t == "deb");
    let kept =
        |name: &str| ["signed-by", "trusted", "allow-insecure"].contains(&name.to_ascii_lowercase().as_str());
    (enabled && binary).then(|| Source {
        uri: field("URIs").unwrap_or_default().split_whitespace().next().unwrap_or_default().to_owned(),
        suites: field("Suites").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        options: fields.iter().filter(|(n, _)| kept(n)).map(|(n, v)| format!("{n}: {v}")).collect(),
    })
}

/// `deb [signed-by=/a trusted=yes] URI SUITE COMPONENT...`
fn one_line(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let option = |word: &str| match word.split_once('=')? {
        ("signed-by", value) => Some(format!("Signed-By: {value}")),
        ("trusted", value) => Some(format!("Trusted: {value}")),
        _ => None,
    };
    Some(Source {
        uri: words.next()?.to_owned(),
        suites: vec![words.next()?.to_owned()],
        options: options.split_whitespace().filter_map(option).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_source_read_alike() {
        let old =
            one_line("deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main").unwrap();
        let new = deb822(
            "# comment\nTypes: deb deb-src\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n\
             Signed-By: /k.gpg",
        )
        .unwrap();
        assert_eq!(old, new);
    }

    #[test]
    fn a_disabled_or_source_only_stanza_is_none() {
        assert_eq!(deb822("Types: deb-src\nURIs: http://m.example/\nSuites: x\n"), None);
        assert_eq!(deb822("Enabled: no\nTypes: deb\nURIs: http://m.example/\nSuites: x\n"), None);
        assert_eq!(one_line("# deb http://m.example/debian bookworm main"), None);
    }

    #[test]
    fn an_embedded_key_stays_whole() {
        let source =
            deb822("Types: deb\nURIs: http://m.example/\nSuites: a b\nSigned-By:\n -----BEGIN\n .\n x")
                .unwrap();
        assert_eq!(stanza(&source, &["c"]).lines().count(), 8);
    }
}
