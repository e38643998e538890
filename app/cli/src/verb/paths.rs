//! `cxl paths`: how far and how wide the path to each memory is.

use lanewarden_cxl::coordinates::{Coordinates, Direction};
use lanewarden_cxl::path::Start;
use lanewarden_doe::Host;
use lanewarden_inventory::{Inventory, MemoryPath};
use lanewarden_pci::Address;
use serde::Serialize;

use crate::args::Sharing;
use crate::exit::{Exit, Failure};
use crate::json;
use crate::output::{Outcome, Output};
use crate::table::Table;
use crate::verb::{partial, scan_all, warn_of_partial};

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    paths: Vec<json::Path>,
}

/// Prints the paths to one memory, or to all.
pub fn run<M: Host>(machine: &M, device: Option<Address>, sharing: Sharing, output: &Output) -> Outcome {
    let inventory = scan_all(machine, sharing)?;
    let wanted = |path: &&MemoryPath| device.is_none_or(|address| path.address == address);
    let paths: Vec<_> = inventory.memories.paths.iter().filter(wanted).collect();
    if let Some(address) = device.filter(|_| paths.is_empty()) {
        return Err(no_memory(&inventory, address));
    }
    if output.json() {
        let paths = paths.iter().map(|path| (*path).into()).collect();
        output.print_json(&Json { schema: "lanewarden.paths/1", paths })?;
    } else if paths.is_empty() {
        output.note("no CXL memory was found");
    } else {
        output.print(&text(&paths, output.verbose()))?;
    }
    Ok(conclude(&inventory, &paths, output))
}

fn no_memory(inventory: &Inventory, address: Address) -> Failure {
    let what = match inventory.hierarchy.find(address) {
        None => "there is no such function".to_owned(),
        Some(_) => "the function is no CXL memory".to_owned(),
    };
    let hint = "`lanewarden cxl paths` lists all CXL memories";
    Failure::new(Exit::NotFound, format!("{address}: {what}")).hint(hint)
}

/// Says which figures are missing and why. Mailboxes count that are on one of the ways.
fn conclude(inventory: &Inventory, paths: &[&MemoryPath], output: &Output) -> Exit {
    if paths.iter().any(|path| path.cpu.start == Start::RootPort) {
        let reason = &inventory.memories.host;
        output.note(&format!("note: paths start at the root port, not at a processor: {reason}"));
    }
    let on_the_way = |address: Address| {
        let above = |path: &&&MemoryPath| {
            let id = inventory.hierarchy.find(path.address);
            let mut way = id.into_iter().flat_map(|id| inventory.hierarchy.path_to_root(id));
            way.any(|id| inventory.hierarchy.get(id).is_some_and(|function| function.address == address))
        };
        paths.iter().any(|path| above(&path))
    };
    let without_table =
        inventory.mailboxes.iter().filter(|m| m.table.as_ref().is_none_or(|t| t.table.is_err()));
    let failed = without_table.filter(|mailbox| on_the_way(mailbox.address()));
    let mut exits = Vec::new();
    if paths.is_empty() && partial(inventory) > 0 {
        warn_of_partial(partial(inventory), output);
        exits.push(Exit::Permission);
    }
    for failure in failed.filter_map(Failure::of_report) {
        exits.push(failure.exit);
        output.warn(&failure);
    }
    Exit::of_all(exits)
}

/// The figures of each path, and with `verbose` each of its hops.
pub fn text(paths: &[&MemoryPath], verbose: u8) -> String {
    let mut table =
        Table::new(&["memory", "range", "from", "read", "write", "read bw", "write bw", "limited by"]);
    for path in paths {
        let c = path.coordinates();
        let [read, write, read_bw, write_bw] = cells(c);
        table.row([
            path.address.to_string(),
            path.cpu
                .range
                .map_or_else(|| "?".into(), |range| lanewarden_render::units::capacity(range.dpa_length)),
            match path.cpu.start {
                Start::Initiator => "processor".into(),
                Start::RootPort => "root port".into(),
            },
            read,
            write,
            read_bw,
            write_bw,
            path.limited_by(Direction::Read).map_or_else(|| "?".into(), ToString::to_string),
        ]);
    }
    let mut text = table.to_string();
    if verbose > 0 {
        paths.iter().for_each(|path| text.push_str(&details(path)));
    }
    text
}

/// Hop by hop, and what others leave of the bandwidth.
fn details(path: &MemoryPath) -> String {
    let mut table = Table::new(&["hop", "read", "write", "read bw", "write bw"]);
    for hop in &path.cpu.hops {
        let [read, write, read_bw, write_bw] = cells(hop.coordinates);
        table.row([hop.part.to_string(), read, write, read_bw, write_bw]);
    }
    let shared = Coordinates {
        read_bandwidth_mb_per_s: path.share.read_bandwidth_mb_per_s,
        write_bandwidth_mb_per_s: path.share.write_bandwidth_mb_per_s,
        ..Coordinates::UNKNOWN
    };
    let [.., read_bw, write_bw] = cells(shared);
    let label = "all memories at the same time".to_owned();
    table.row([label, String::new(), String::new(), read_bw, write_bw]);
    format!("\n{}\n{table}", path.address)
}

fn cells(c: Coordinates) -> [String; 4] {
    let ns = |value: Option<u64>| value.map_or_else(|| "?".into(), |ns| format!("{ns} ns"));
    let mb = |value: Option<u64>| value.map_or_else(|| "?".into(), |mb| format!("{mb} MB/s"));
    [
        ns(c.read_latency_ns),
        ns(c.write_latency_ns),
        mb(c.read_bandwidth_mb_per_s),
        mb(c.write_bandwidth_mb_per_s),
    ]
}
