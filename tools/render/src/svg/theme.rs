//! The style sheet: sizes from [`Type`], colours for light and for dark.
//!
//! Every class starts with `lw`, so that the picture can stand in a page of others. Light is the default, for viewers
//! that know no media queries.

use std::fmt::Write as _;

use super::kind_class;
use crate::measure::Type;
use crate::model::Kind;

const TYPES: [Type; 12] = [
    Type::Title,
    Type::Subtitle,
    Type::Address,
    Type::Kind,
    Type::Name,
    Type::Chip,
    Type::Offset,
    Type::Badge,
    Type::Small,
    Type::Figure,
    Type::Link,
    Type::Legend,
];

pub(super) const fn class(set: Type) -> &'static str {
    match set {
        Type::Title => "lw-t0",
        Type::Subtitle => "lw-t1",
        Type::Address => "lw-t2",
        Type::Kind => "lw-t3",
        Type::Name => "lw-t4",
        Type::Chip => "lw-t5",
        Type::Offset => "lw-t6",
        Type::Badge => "lw-t7",
        Type::Small => "lw-t8",
        Type::Figure => "lw-t9",
        Type::Link => "lw-t10",
        Type::Legend => "lw-t11",
    }
}

/// A set of colours.
struct Palette {
    page: &'static str,
    card: &'static str,
    border: &'static str,
    /// Panels and chips.
    raised: &'static str,
    text: &'static str,
    dim: &'static str,
    edge: &'static str,
    internal: &'static str,
    /// Fill, border.
    answers: [&'static str; 2],
    /// Fill, border.
    alias: [&'static str; 2],
    /// Line, text, fill.
    limit: [&'static str; 3],
    warning: &'static str,
    bad: &'static str,
    /// The lines on a sign.
    icon: &'static str,
}

const LIGHT: Palette = Palette {
    page: "#f6f7f9",
    card: "#ffffff",
    border: "#d5dae1",
    raised: "#f1f4f7",
    text: "#18212f",
    dim: "#5b6675",
    edge: "#8593a6",
    internal: "#a9b4c2",
    answers: ["#e3eefc", "#b4d0f4"],
    alias: ["#e4f4ea", "#a8d8bb"],
    limit: ["#e8590c", "#b93f00", "#fff0e2"],
    warning: "#8a5a00",
    bad: "#c01c28",
    icon: "#ffffff",
};

const DARK: Palette = Palette {
    page: "#10141a",
    card: "#1a2029",
    border: "#333d4b",
    raised: "#232b36",
    text: "#e6ebf2",
    dim: "#9aa7b8",
    edge: "#6b7a8f",
    internal: "#4d5a6b",
    answers: ["#1c3350", "#2f5584"],
    alias: ["#17352a", "#2b6148"],
    limit: ["#ff8a3d", "#ffab70", "#3a2413"],
    warning: "#e8b64c",
    bad: "#ff7b86",
    icon: "#10141a",
};

/// A kind's colour on light and on dark.
const fn colours(kind: Kind) -> [&'static str; 2] {
    match kind {
        Kind::HostBridge => ["#44546a", "#a3b3c9"],
        Kind::RootPort => ["#2563c9", "#78aefc"],
        Kind::UpstreamPort => ["#6d3fd1", "#b094fb"],
        Kind::DownstreamPort => ["#9a3fc0", "#d79bf3"],
        Kind::Endpoint => ["#52647a", "#9db0c6"],
        Kind::Memory => ["#0b7a55", "#4fd1a1"],
        Kind::Accelerator => ["#c2266f", "#ff86b6"],
        Kind::Storage => ["#0b7490", "#56c8e4"],
        Kind::Network => ["#4f7a0c", "#a8d45c"],
        Kind::Bridge => ["#7a5c3e", "#d1b08a"],
        Kind::Other => ["#66707c", "#aab4c0"],
    }
}

/// The whole sheet.
pub(super) fn sheet() -> String {
    let mut sheet = String::new();
    for set in TYPES {
        let family = if set.is_monospace() {
            "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
        } else {
            "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans','DejaVu Sans',sans-serif"
        };
        let weight = if set.is_bold() { "600" } else { "400" };
        rule(&mut sheet, &format!(".{}", class(set)), &format!("font:{weight} {}px {family}", set.size()));
    }
    rule(&mut sheet, ".lw text", "font-variant-numeric:tabular-nums");
    rule(&mut sheet, ".lw-edge", "fill:none;stroke-linejoin:round");
    rule(&mut sheet, ".lw-internal", "stroke-dasharray:2 4;stroke-linecap:round");
    rule(&mut sheet, ".lw-degraded", "stroke-dasharray:9 4");
    rule(&mut sheet, ".lw-inuse,.lw-notasked", "stroke-dasharray:3 2");
    rule(&mut sheet, ".lw-icon", "fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round");
    colour(&mut sheet, &LIGHT, 0);
    sheet.push_str("@media (prefers-color-scheme:dark){\n");
    colour(&mut sheet, &DARK, 1);
    sheet.push_str("}\n");
    sheet
}

fn rule(sheet: &mut String, selector: &str, body: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(sheet, "{selector}{{{body}}}");
}

/// The colours of a palette; `which` chooses among the kinds' colours.
fn colour(sheet: &mut String, palette: &Palette, which: usize) {
    let Palette { page, card, border, raised, text, dim, edge, internal, warning, bad, icon, .. } = palette;
    let [limit, limit_text, limit_fill] = palette.limit;
    let [answers, answers_border] = palette.answers;
    let [alias, alias_border] = palette.alias;
    let rules = [
        (".lw text", format!("fill:{text}")),
        (".lw text.lw-t1,.lw text.lw-dim", format!("fill:{dim}")),
        (".lw text.lw-warm", format!("fill:{limit_text}")),
        (".lw text.lw-warn", format!("fill:{warning}")),
        (".lw text.lw-bad", format!("fill:{bad}")),
        (".lw-page", format!("fill:{page}")),
        (".lw-card,.lw-label", format!("fill:{card};stroke:{border}")),
        (".lw-rule", format!("fill:{border}")),
        (".lw-panel,.lw-chip", format!("fill:{raised};stroke:{border}")),
        (".lw-answers", format!("fill:{answers};stroke:{answers_border}")),
        (".lw-alias", format!("fill:{alias};stroke:{alias_border}")),
        (".lw-inuse", format!("fill:{card};stroke:{warning}")),
        (".lw-failed", format!("fill:{card};stroke:{bad}")),
        (".lw-notasked", format!("fill:{card};stroke:{dim}")),
        (".lw-limits", format!("fill:{limit_fill};stroke:{limit}")),
        (".lw-edge", format!("stroke:{edge}")),
        (".lw-internal", format!("stroke:{internal}")),
        (".lw-edge.lw-limit", format!("stroke:{limit}")),
        (".lw-label.lw-limit", format!("fill:{limit_fill};stroke:{limit}")),
        (".lw-card.lw-limit", format!("stroke:{limit};stroke-width:2")),
        (".lw-icon", format!("stroke:{icon}")),
    ];
    rules.iter().for_each(|(selector, body)| rule(sheet, selector, body));
    for kind in Kind::ALL {
        let name = kind_class(kind);
        let colour = colours(kind).get(which).copied().unwrap_or_default();
        rule(
            sheet,
            &format!(".lw-{name} .lw-band,.lw-{name} .lw-sign,.lw-{name} text.lw-tone"),
            &format!("fill:{colour}"),
        );
    }
}
