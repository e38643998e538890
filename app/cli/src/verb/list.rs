//! `list`: all functions as a tree, with their mailboxes and, per memory, the path figures.

use lanewarden_doe::Host;
use lanewarden_inventory::{Class, Inventory, MailboxError};
use lanewarden_render::tree;
use serde::Serialize;

use crate::args::Sharing;
use crate::exit::{Exit, Failure};
use crate::json;
use crate::output::{Outcome, Output, terminal_is_ascii, terminal_width};
use crate::picture;
use crate::verb::{partial, paths, scan_all, warn_of_partial};

/// Lists the machine. What could not be asked is said beside it and is no failure of the list.
pub fn run<M: Host>(machine: &M, sharing: Sharing, output: &Output) -> Outcome {
    let inventory = scan_all(machine, sharing)?;
    if output.json() {
        print_json(&inventory, "lanewarden.list/1", output)?;
    } else {
        print_tree(&inventory, output)?;
    }
    conclude(&inventory, output);
    Ok(Exit::Ok)
}

/// The tree, for people.
pub fn print_tree(inventory: &Inventory, output: &Output) -> Result<(), Failure> {
    let options = tree::Options {
        width: terminal_width(),
        style: tree::Style::Coloured,
        glyphs: if terminal_is_ascii() { tree::Glyphs::Ascii } else { tree::Glyphs::Box },
    };
    output.print(&tree::topology(&picture::topology(inventory, ""), &options))?;
    if output.verbose() > 0 && !inventory.memories.paths.is_empty() {
        let paths: Vec<_> = inventory.memories.paths.iter().collect();
        output.print(&format!("\n{}", paths::text(&paths, output.verbose())))?;
    }
    Ok(())
}

/// The same for programs.
pub fn print_json(inventory: &Inventory, schema: &'static str, output: &Output) -> Result<(), Failure> {
    output.print_json(&Json { schema, functions: json::functions(inventory) })
}

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    functions: Vec<json::Entry>,
}

/// Says what is missing and why.
pub fn conclude(inventory: &Inventory, output: &Output) {
    for (address, error) in &inventory.unreadable {
        output.warn(&Failure::new(Class::of(*error).into(), format!("{address}: {error}")));
    }
    warn_of_partial(partial(inventory), output);
    for disorder in inventory.hierarchy.disorders() {
        output.warn(&Failure::new(Exit::Protocol, disorder));
    }
    for mailbox in &inventory.mailboxes {
        let Some(error) = mailbox.error() else { continue };
        // That the kernel uses a mailbox is as it should be, and stands in the list.
        if !matches!(error, MailboxError::InUse(_)) || output.verbose() > 0 {
            Failure::of_report(mailbox).iter().for_each(|failure| output.warn(failure));
        }
    }
}
