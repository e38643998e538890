use proptest::prelude::*;

use super::*;
use crate::sample;

#[test]
fn a_server_is_drawn_as_it_was_reviewed() {
    insta::assert_snapshot!(topology(&sample::server()));
}

#[test]
fn a_picture_needs_nothing_beside_it() {
    let svg = topology(&sample::server());
    let outside = svg.replace(r#"xmlns="http://www.w3.org/2000/svg""#, "");
    for reference in ["http", "<script", "href", "@import", "@font-face", "url("] {
        assert!(!outside.contains(reference), "{reference}");
    }
}

#[test]
fn a_name_cannot_leave_its_text() {
    let hostile = Topology {
        title: "</title><script>alert(1)</script>".to_owned(),
        roots: vec![sample::node(Kind::Storage, "0000:01:00.0", "<b>&\"'\u{0}\u{fffe}", Vec::new())],
        ..Topology::default()
    };
    let svg = topology(&hostile);
    assert!(svg.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(svg.contains(r"&lt;b&gt;&amp;&quot;&#39;\x00\u{fffe}"));
    well_formed(&svg).unwrap();
}

#[test]
fn each_function_has_a_title_that_says_all_of_it() {
    let svg = topology(&sample::server());
    let title = "<title>0000:04:00.0 Memory\nSamsung Electronics CXL Memory Expander\nmem1\nendpoint1\n16 GiB\n\
        link 16 GT/s x8 (x16 at 32 GT/s capable)\n\
        DOE 0x160: Discovery, CDAT (in use: kernel, cxl_port)\n\
        DOE 0x190: Discovery, SPDM, Secured SPDM\nlimits mem1</title>";
    assert!(svg.contains(title), "{svg}");
}

#[test]
fn a_function_on_its_own_says_what_its_link_is_on_its_card() {
    let svg = topology(&sample::single());
    assert!(svg.contains(">32 GT/s x16</text>"), "{svg}");
    assert!(!svg.contains("lw-edge\" "), "{svg}");
}

#[test]
fn a_machine_without_functions_is_a_picture_too() {
    let svg = topology(&Topology::default());
    well_formed(&svg).unwrap();
    assert!(svg.contains(r#"<title id="lw-title">PCIe topology</title>"#));
}

/// Whether tags are balanced and all else is text that XML allows. Enough of a parser for what is written here.
fn well_formed(svg: &str) -> Result<(), String> {
    let allowed = |c: char| c == '\n' || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    if let Some(c) = svg.chars().find(|c| !allowed(*c)) {
        return Err(format!("character {:x}", u32::from(c)));
    }
    let mut open = Vec::new();
    let mut pieces = svg.split('<');
    if pieces.next() != Some("") {
        return Err("text before the document".to_owned());
    }
    for piece in pieces {
        let (tag, text) = piece.split_once('>').ok_or_else(|| format!("a tag without an end: {piece}"))?;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or_default());
        }
        if tag.matches('"').count() % 2 == 1 || text.contains('>') {
            return Err(format!("not escaped: {piece}"));
        }
        let entities = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        if text.split('&').skip(1).any(|after| !entities.iter().any(|entity| after.starts_with(entity))) {
            return Err(format!("an unknown entity: {text}"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("left open: {open:?}")) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_machine_becomes_well_formed_xml_with_a_card_for_each_function(machine in sample::machines()) {
        let svg = topology(&machine);
        prop_assert_eq!(well_formed(&svg), Ok(()));
        let mut nodes: Vec<&Node> = machine.roots.iter().collect();
        let mut count = 0_usize;
        while let Some(node) = nodes.pop() {
            count = count.saturating_add(1);
            nodes.extend(&node.children);
        }
        prop_assert_eq!(svg.matches("role=\"graphics-symbol img\"").count(), count);
    }
}
