//! The document as people read it.

use anstyle::Style;
use lanewarden_render::text::{columns, escape};
use lanewarden_render::units::capacity;

use super::document::{Audience, Content, Field, Flag, Section, Unit, Value};

/// Columns a block lies to the right of what it is in.
const INDENT: usize = 4;
/// Lists of words are broken before this column.
const WIDTH: usize = 100;

/// The document, one fact a line. Nothing from a device can leave its line or reach the terminal unescaped.
pub fn text(document: &Section, verbose: u8) -> String {
    let mut page = Page { text: String::new(), verbose };
    page.section(document, 0);
    page.text
}

struct Page {
    text: String,
    verbose: u8,
}

impl Page {
    fn section(&mut self, section: &Section, indent: usize) {
        let bold = Style::new().bold();
        self.line(indent, &format!("{bold}{}{bold:#}", escape(&section.title)));
        let inner = indent.saturating_add(INDENT);
        self.fields(&section.fields, inner);
        for part in &section.parts {
            match &part.content {
                _ if !self.shows(part.audience) => {}
                Content::One(section) => section.iter().for_each(|section| self.section(section, inner)),
                Content::Many(sections) => sections.iter().for_each(|section| self.section(section, inner)),
            }
        }
    }

    fn fields(&mut self, fields: &[Field], indent: usize) {
        let shown: Vec<_> = fields
            .iter()
            .filter(|field| self.shows(field.audience))
            .filter_map(|field| Some((field.label, words(field, self.verbose)?)))
            .collect();
        let longest = shown.iter().map(|(label, _)| columns(label)).max().unwrap_or(0);
        for (label, words) in shown {
            let head = format!("{:<1$}", format!("{label}:"), longest.saturating_add(2));
            self.words(indent, &head, &words);
        }
    }

    /// One line, or several where there are many words; the later ones start below the first word.
    fn words(&mut self, indent: usize, head: &str, words: &[String]) {
        let mut line = head.to_owned();
        for (index, word) in words.iter().enumerate() {
            let word = escape(word);
            let start = index == 0;
            let end = [indent, columns(&line), columns(&word), 3].into_iter().fold(0, usize::saturating_add);
            if !start {
                line.push(',');
                if end > WIDTH {
                    self.line(indent, &line);
                    line = " ".repeat(columns(head));
                } else {
                    line.push(' ');
                }
            }
            line.push_str(&word);
        }
        self.line(indent, &line);
    }

    fn line(&mut self, indent: usize, line: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn shows(&self, audience: Audience) -> bool {
        audience.has_people(self.verbose)
    }
}

/// What stands behind the label; `None` where there is nothing to say.
fn words(field: &Field, verbose: u8) -> Option<Vec<String>> {
    if let Some(text) = &field.text {
        return Some(vec![text.clone()]);
    }
    Some(match &field.value {
        Value::Missing => return None,
        Value::Bool(value) => vec![if *value { "yes" } else { "no" }.to_owned()],
        Value::Number(number, unit) => vec![quantity(*number, *unit)],
        Value::Word(text) | Value::Text(text) => vec![text.clone()],
        Value::Numbers(numbers, _) if numbers.is_empty() => return None,
        Value::Numbers(numbers, unit) => numbers.iter().map(|number| quantity(*number, *unit)).collect(),
        Value::List(list) if list.is_empty() => return None,
        Value::List(list) => list.clone(),
        Value::Flags(flags) => bits(flags, verbose),
    })
}

/// The bits that are set; with `-v` all bits, in lspci's way.
fn bits(flags: &[Flag], verbose: u8) -> Vec<String> {
    if verbose > 0 {
        return flags
            .iter()
            .map(|flag| format!("{}{}", flag.label, if flag.set { '+' } else { '-' }))
            .collect();
    }
    let set: Vec<_> = flags.iter().filter(|flag| flag.set).map(|flag| flag.label.clone()).collect();
    if set.is_empty() { vec!["none".to_owned()] } else { set }
}

fn quantity(number: u64, unit: Unit) -> String {
    match unit {
        Unit::None => number.to_string(),
        Unit::Hex(digits) => format!("{number:#0width$x}", width = digits.saturating_add(2)),
        Unit::Bytes => capacity(number),
        Unit::Milliwatts => format!("{} W", thousandths(number)),
        Unit::Milliamperes => format!("{number} mA"),
        Unit::Microseconds => duration(number),
        Unit::Seconds => format!("{number} s"),
        Unit::MegatransfersPerSecond => format!("{} GT/s", thousandths(number)),
    }
}

/// In the largest unit of which it is a whole number.
fn duration(microseconds: u64) -> String {
    let (ms, s) = (microseconds / 1_000, microseconds / 1_000_000);
    match microseconds {
        0 => "0 s".to_owned(),
        _ if microseconds.is_multiple_of(1_000_000) => format!("{s} s"),
        _ if microseconds.is_multiple_of(1_000) => format!("{ms} ms"),
        _ => format!("{microseconds} µs"),
    }
}

/// A thousandth of the number, without zeros at the end.
fn thousandths(number: u64) -> String {
    let (whole, rest) = (number / 1_000, number % 1_000);
    let digits = format!("{rest:03}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { whole.to_string() } else { format!("{whole}.{digits}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(section: &Section, verbose: u8) -> String {
        anstream::adapter::strip_str(&text(section, verbose)).to_string()
    }

    #[test]
    fn labels_are_aligned_and_blocks_indented() {
        let inner = Section::new("Inside").field("b", "Bytes", Value::of(512_u32, Unit::Bytes));
        let section = Section::new("Title")
            .field("a", "A", true)
            .detail("detail", "Detail", 1_u8)
            .data("data", 2_u8)
            .field("absent", "Absent", None::<u8>)
            .field("long", "A long label", "text")
            .part("inner", Some(inner));
        insta::assert_snapshot!(plain(&section, 0), @r"
        Title
            A:            yes
            A long label: text
            Inside
                Bytes: 512 B
        ");
        assert!(plain(&section, 1).contains("Detail:       1"));
    }

    #[test]
    fn flags_are_those_set_and_with_more_detail_all() {
        let flag = |label: &str, set| Flag { name: label.into(), label: label.into(), set };
        let flags = vec![flag("one", true), flag("two", false)];
        assert_eq!(bits(&flags, 0), ["one"]);
        assert_eq!(bits(&flags, 1), ["one+", "two-"]);
        assert_eq!(bits(&[flag("two", false)], 0), ["none"]);
    }

    #[test]
    fn long_lists_go_on_below_their_first_word() {
        let list: Vec<_> = (0..12).map(|n| format!("word number {n}")).collect();
        let section = Section::new("Title").field("list", "List", list);
        insta::assert_snapshot!(plain(&section, 0), @r"
        Title
            List: word number 0, word number 1, word number 2, word number 3, word number 4, word number 5,
                  word number 6, word number 7, word number 8, word number 9, word number 10,
                  word number 11
        ");
    }

    #[test]
    fn text_of_a_device_stays_on_its_line() {
        let section = Section::new("mem\x1b[2J").field("a", "Label", "one\ntwo");
        assert_eq!(plain(&section, 0), "mem\\x1b[2J\n    Label: one\\ntwo\n");
    }

    #[test]
    fn quantities_have_their_units() {
        let text = |number, unit| quantity(number, unit);
        assert_eq!(text(75_500, Unit::Milliwatts), "75.5 W");
        assert_eq!(text(2_500, Unit::MegatransfersPerSecond), "2.5 GT/s");
        assert_eq!(text(150, Unit::Microseconds), "150 µs");
        assert_eq!(text(20_000_000, Unit::Microseconds), "20 s");
        assert_eq!(text(0x1e98, Unit::Hex(4)), "0x1e98");
        assert_eq!(text(5, Unit::Hex(2)), "0x05");
    }
}
