//! The table of comparisons.

use super::guest::Check;
use crate::steps::Outcome;

/// Prints every comparison with both values; fails when one of them does, or when there are none.
pub fn render(checks: &[Check]) -> Outcome {
    print!("{}", table(checks));
    let failed = checks.iter().filter(|check| !check.ok).count();
    println!("{} comparisons, {failed} failed", checks.len());
    if failed == 0 && !checks.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Failed("cargo xtask e2e".into())
    }
}

fn table(checks: &[Check]) -> String {
    let header = ["check", "expected", "seen", "ok"].map(str::to_owned);
    let row = |c: &Check| [c.check.clone(), c.expected.clone(), c.seen.clone(), verdict(c).to_owned()];
    let rows: Vec<[String; 4]> = std::iter::once(header).chain(checks.iter().map(row)).collect();
    // A long complaint in one row must not push the others apart.
    let lengths = |column: usize| rows.iter().map(move |row: &[String; 4]| row[column].chars().count());
    let width = |column: usize| lengths(column).filter(|&length| length <= 72).max().unwrap_or(0);
    let (a, b, c) = (width(0), width(1), width(2));
    rows.iter().map(|[w, x, y, z]| format!("{w:a$}  {x:b$}  {y:c$}  {z}\n")).collect()
}

fn verdict(check: &Check) -> &'static str {
    if check.ok { "yes" } else { "NO" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_a_failure_stands_out() {
        let check =
            |name: &str, ok| Check { check: name.into(), expected: "1".into(), seen: "22".into(), ok };
        assert_eq!(
            table(&[check("long name", true), check("b", false)]),
            "check      expected  seen  ok\nlong name  1         22    yes\nb          1         22    NO\n"
        );
    }
}
