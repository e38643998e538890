//! `topology`: the machine as a picture.

use std::path::Path;

use crate::args::Sharing;
use crate::exit::Exit;
use crate::output::{Outcome, Output};
use crate::picture;
use crate::verb::{files, list, scan_all};
use lanewarden_doe::Host;

/// Draws the machine into a file, or, without one, as a tree in the terminal.
pub fn run<M: Host>(machine: &M, svg: Option<&Path>, sharing: Sharing, output: &Output) -> Outcome {
    files::check_output("--svg", svg, output)?;
    let inventory = scan_all(machine, sharing)?;
    if let Some(path) = svg {
        let picture = lanewarden_render::svg::topology(&picture::topology(&inventory, "Lanewarden"));
        files::write(path, picture.as_bytes(), "picture", output)?;
    }
    if output.json() {
        list::print_json(&inventory, "lanewarden.topology/1", output)?;
    } else if svg.is_none() {
        list::print_tree(&inventory, output)?;
    }
    list::conclude(&inventory, output);
    Ok(Exit::Ok)
}
