//! The changelog as Debian wants it, from the project's own.

use anyhow::Result;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::VERSION;

/// As in the control file.
pub const MAINTAINER: &str = "The Lanewarden authors <lanewarden@packages.invalid>";

/// The newest section of `CHANGELOG.md`, as the one entry for the version that is being packaged.
pub fn debian(changelog: &str, date: u64) -> Result<String> {
    let newest = changelog.lines().skip_while(|line| !line.starts_with("## ")).skip(1);
    let newest = newest.take_while(|line| !line.starts_with("## "));
    let mut text = format!("lanewarden ({VERSION}) unstable; urgency=medium\n\n");
    for line in newest.filter(|line| !line.is_empty()) {
        match line.strip_prefix("### ") {
            Some(heading) => text.push_str(&format!("  [ {heading} ]\n")),
            None => text.push_str(&format!("  {line}\n")),
        }
    }
    let date = OffsetDateTime::from_unix_timestamp(i64::try_from(date)?)?.format(&Rfc2822)?;
    text.push_str(&format!("\n -- {MAINTAINER}  {date}\n"));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_section_is_taken() {
        let log = "# Changelog\n\n## Unreleased\n\n### Added\n* One,\n  in two lines.\n\n## 0.0.1\n* Old.\n";
        let text = debian(log, 1_700_000_000).unwrap();
        let body = "  [ Added ]\n  * One,\n    in two lines.\n";
        let tail =
            "\n -- The Lanewarden authors <lanewarden@packages.invalid>  Tue, 14 Nov 2023 22:13:20 +0000\n";
        assert_eq!(text, format!("lanewarden ({VERSION}) unstable; urgency=medium\n\n{body}{tail}"));
    }
}
