use proptest::prelude::*;

use super::*;
use crate::face::Shape;
use crate::sample;

fn screen_scale(layout: &Layout<'_>) -> f64 {
    (1600.0 / layout.width).min(1100.0 / layout.height)
}

/// The columns that the children of the first root are in.
fn columns(layout: &Layout<'_>) -> usize {
    let mut lefts: Vec<f64> = layout.cards.iter().skip(1).map(|card| card.rect.x).collect();
    lefts.sort_by(f64::total_cmp);
    lefts.dedup();
    lefts.len()
}

#[test]
fn a_server_is_read_from_left_to_right() {
    let machine = sample::server();
    let layout = Layout::new(&machine);
    for edge in &layout.edges {
        let (first, last) = (edge.points.first().unwrap(), edge.points.last().unwrap());
        assert!(first.x < last.x, "{edge:?}");
    }
    assert!(screen_scale(&layout) > 0.85, "{} x {}", layout.width, layout.height);
}

#[test]
fn many_siblings_stand_in_columns_and_do_not_make_a_tower() {
    let machine = sample::wide();
    let layout = Layout::new(&machine);
    assert!(columns(&layout) >= 4);
    let portion = layout.width / layout.height;
    assert!((0.8..3.0).contains(&portion), "{} x {}", layout.width, layout.height);
}

#[test]
fn siblings_with_something_below_them_stand_in_columns_too() {
    let machine = sample::ports();
    let layout = Layout::new(&machine);
    assert!(columns(&layout) >= 6);
    let portion = layout.width / layout.height;
    assert!((0.8..3.0).contains(&portion), "{} x {}", layout.width, layout.height);
}

#[test]
fn twelve_levels_fit_on_a_screen() {
    let machine = sample::deep();
    let layout = Layout::new(&machine);
    assert!(screen_scale(&layout) > 0.85, "{} x {}", layout.width, layout.height);
}

#[test]
fn a_wider_and_faster_link_is_drawn_thicker() {
    let of = |megatransfers, width| thickness(&Link { megatransfers, width, degraded: None });
    assert!(of(2_500, 1) < of(2_500, 4));
    assert!(of(32_000, 4) < of(32_000, 16));
    assert!((of(u32::MAX, 255) - of(128_000, 255)).abs() < 2.0);
    assert!((of(0, 0) - of(2_500, 1)).abs() < 0.01);
}

/// What an edge passes through: its lines, as wide as they are drawn.
fn strokes(edge: &Edge) -> Vec<Rect> {
    let half = edge.look.thickness / 2.0;
    let stroke = |ends: &[Point]| {
        let (a, b) = (ends[0], ends[1]);
        let (x, y) = (a.x.min(b.x), a.y.min(b.y));
        let (width, height) = ((a.x - b.x).abs(), (a.y - b.y).abs());
        assert!(width < 0.01 || height < 0.01, "only right angles: {ends:?}");
        // Widened across the line, not along it: it ends at the card.
        if height < width {
            Rect::new(x, y - half, width, 2.0 * half)
        } else {
            Rect::new(x - half, y, 2.0 * half, height)
        }
    };
    edge.points.windows(2).map(stroke).collect()
}

fn apart(what: &str, rects: &[Rect]) -> Result<(), TestCaseError> {
    for (at, one) in rects.iter().enumerate() {
        for two in rects.iter().skip(at.saturating_add(1)) {
            prop_assert!(!one.overlaps(*two), "{what}: {one:?} and {two:?}");
        }
    }
    Ok(())
}

/// Cards and labels lie apart, and no edge runs through a card or through a label of another edge.
fn tidy(cards: &[Rect], edges: &[Edge]) -> Result<(), TestCaseError> {
    let labels = edges.iter().filter_map(|edge| edge.label.as_ref()).map(|label| label.rect);
    apart("cards and labels", &cards.iter().copied().chain(labels).collect::<Vec<_>>())?;
    for (at, edge) in edges.iter().enumerate() {
        let others = edges.iter().enumerate().filter(|(other, _)| *other != at);
        let labels = others.filter_map(|(_, edge)| edge.label.as_ref()).map(|label| label.rect);
        let obstacles: Vec<Rect> = cards.iter().copied().chain(labels).collect();
        for stroke in strokes(edge) {
            let hit = obstacles.iter().find(|obstacle| obstacle.overlaps(stroke));
            prop_assert!(hit.is_none(), "an edge through {hit:?}: {stroke:?}");
        }
    }
    Ok(())
}

/// Texts lie apart and in the card, each in a rectangle that has room for it.
fn legible(card: &Card<'_>) -> Result<(), TestCaseError> {
    let whole = Rect { x: 0.0, y: 0.0, ..card.rect };
    let mut texts = Vec::new();
    let mut pills = Vec::new();
    for part in &card.face.parts {
        prop_assert!(whole.contains(part.rect), "{part:?} on {whole:?}");
        match &part.shape {
            Shape::Text { content, set, .. } => {
                prop_assert!(set.width(content) <= part.rect.width + 0.01, "{part:?}");
                texts.push(part.rect);
            }
            Shape::Pill(crate::face::Pill::Panel) | Shape::Rule => {}
            Shape::Pill(_) | Shape::Icon => pills.push(part.rect),
        }
    }
    for text in &texts {
        let clear = pills.iter().all(|pill| pill.contains(*text) || !pill.overlaps(*text));
        prop_assert!(clear, "text over the edge of a pill: {text:?}");
    }
    apart("pills", &pills)?;
    apart("texts", &texts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_card_label_or_edge_is_in_another_s_way_in_any_plan(machine in sample::machines()) {
        let entries = arrange::entries(&machine.roots);
        for plan in Plan::candidates(&entries) {
            let tree = Arrangement::new(&entries, plan);
            let whole = Rect::new(0.0, 0.0, tree.width, tree.height);
            prop_assert!(tree.cards.iter().all(|card| whole.contains(*card)));
            tidy(&tree.cards, &arrange::edges(&entries, &tree, Point::default()))?;
        }
    }

    #[test]
    fn all_of_a_picture_is_legible(machine in sample::machines()) {
        let layout = Layout::new(&machine);
        let whole = Rect::new(0.0, 0.0, layout.width, layout.height);
        let cards: Vec<Rect> = layout.cards.iter().map(|card| card.rect).collect();
        let headings: Vec<Rect> = layout.heading.iter().map(|heading| heading.rect).collect();
        let legend: Vec<Rect> = layout.legend.iter().map(|entry| entry.rect).collect();
        let all = [cards.clone(), headings, legend].concat();
        apart("all", &all)?;
        prop_assert!(all.iter().all(|rect| whole.contains(*rect)));
        tidy(&cards, &layout.edges)?;
        for heading in &layout.heading {
            prop_assert!(heading.set.width(&heading.content) <= heading.rect.width);
        }
        for (content, rect) in layout.edges.iter().filter_map(|edge| edge.label.as_ref()).flat_map(|label| {
            label.lines.iter().map(|(content, _)| (content, label.rect))
        }) {
            prop_assert!(Type::Link.width(content) <= rect.width);
        }
        layout.cards.iter().try_for_each(legible)?;
    }
}
