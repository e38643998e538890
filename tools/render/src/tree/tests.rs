#![allow(clippy::arithmetic_side_effects)]

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::model::{Kind, Topology};
use crate::sample;

fn at(width: usize) -> Options {
    Options { width: Some(width), ..Options::default() }
}

#[test]
fn a_server_on_a_wide_terminal() {
    assert_snapshot!(topology(&sample::server(), &Options::default()));
}

#[test]
fn a_server_on_120_columns() {
    assert_snapshot!(topology(&sample::server(), &at(120)));
}

#[test]
fn a_server_on_80_columns() {
    assert_snapshot!(topology(&sample::server(), &at(80)));
}

#[test]
fn a_server_on_60_columns() {
    assert_snapshot!(topology(&sample::server(), &at(60)));
}

#[test]
fn a_server_in_ascii() {
    let ascii = Options { glyphs: Glyphs::Ascii, ..at(80) };
    let text = topology(&sample::server(), &ascii);
    assert!(text.is_ascii(), "{text}");
    assert_snapshot!(text);
}

#[test]
fn a_server_in_colour_says_the_same() {
    let coloured = topology(&sample::server(), &Options { style: Style::Coloured, ..at(120) });
    assert_snapshot!(coloured.replace('\x1b', "␛"));
    assert_eq!(without_sequences(&coloured), topology(&sample::server(), &at(120)));
}

#[test]
fn a_device_cannot_write_to_the_terminal() {
    let hostile = Topology {
        roots: vec![sample::node(Kind::Storage, "0000:01:00.0", "\x1b[2J\r\u{202e}evil\n", Vec::new())],
        ..Topology::default()
    };
    assert_snapshot!(topology(&hostile, &Options::default()), @r"
    FUNCTION      DEVICE
    0000:01:00.0  Storage: \x1b[2J\r\u{202e}evil\n
    ");
}

/// Leaves out what `Style::Coloured` adds.
fn without_sequences(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
}

fn trees() -> impl Strategy<Value = Item> {
    let cells = prop::collection::vec(("\\PC{0,40}", "\\PC{0,40}"), 0..4).prop_map(|texts| {
        let cell = |(one, two): &(String, String)| {
            let mut cell = Cell::text(one, Role::Strong);
            cell.line([Span::new(one, Role::Plain), Span::new(two, Role::Dim)]);
            cell
        };
        texts.iter().map(cell).collect::<Vec<_>>()
    });
    let leaf = cells.clone().prop_map(|cells| Item { cells, children: Vec::new() });
    leaf.prop_recursive(6, 40, 5, move |inner| {
        (cells.clone(), prop::collection::vec(inner, 0..5))
            .prop_map(|(cells, children)| Item { cells, children })
    })
}

proptest! {
    #[test]
    fn any_tree_keeps_to_its_width_where_its_first_column_can(
        items in prop::collection::vec(trees(), 0..3),
        width in 20_usize..140,
    ) {
        let columns = [
            Column { title: "A", least: 4, lines: 1 },
            Column { title: "B", least: 4, lines: 2 },
            Column { title: "C", least: 4, lines: 3 },
        ];
        let rows = guide::rows(&items, Glyphs::Box);
        let first = |row: &Row<'_>| {
            text::columns(&row.rest).max(row.cells.first().map_or(0, Cell::width) + text::columns(&row.first))
        };
        let widest = rows.iter().map(first).max().unwrap_or(0);
        let text = render(&items, &columns, &at(width));
        for line in text.lines() {
            prop_assert!(text::columns(line) <= width.max(widest + GAP + fit::LEAST), "{line:?}");
            prop_assert_eq!(line.trim_end_matches(' '), line);
        }
    }
}
