//! `cxl cdat`: a Coherent Device Attribute Table, from a mailbox or a file.

use std::io::{Read, Write};
use std::path::Path;

use lanewarden_cxl::cdat::Table;
use lanewarden_doe::Protocol;
use lanewarden_inventory::{MailboxReport, Work, find, mailboxes, read_function, work};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Address, Hierarchy, Machine, MailboxId};
use serde::Serialize;

use crate::args::Cdat;
use crate::exit::{Exit, Failure};
use crate::json::structure::Structure;
use crate::output::{Outcome, Output};
use crate::verb::{require_mailbox, resolve_optional};

/// No table is longer: its entries come in objects of 2^18 DW at most and are at most 65,535.
const MOST: u64 = 1 << 20;

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    tables: [TableJson; 1],
}

#[derive(Serialize)]
struct TableJson {
    address: Option<String>,
    revision: u8,
    sequence: u32,
    length_bytes: usize,
    checksum: u8,
    structures: Vec<Structure>,
}

/// Prints the table of a file.
pub fn from_file(cdat: &Cdat, output: &Output) -> Outcome {
    let path = cdat.from.as_deref().unwrap_or_else(|| Path::new("-"));
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(path).and_then(|file| file.take(MOST.saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(|error| Failure::file(path, "read", &error))?;
    let table = Table::parse(bytes).map_err(|error| {
        Failure::new(Exit::Protocol, format!("{}: {error}", path.display()))
            .hint("--from takes the raw bytes of a table, as `cxl cdat --raw` and the kernel's CDAT files hold them")
    })?;
    print(cdat, None, &table, output)
}

/// Reads and prints the table of a function.
pub fn run<M: Machine>(machine: &M, cdat: &Cdat, output: &Output) -> Outcome {
    let Some(address) = resolve_optional(machine, cdat.device.as_ref())? else {
        return Err(Failure::new(Exit::Usage, "no device"));
    };
    let (id, doe) = mailbox(machine, address, cdat)?;
    let first = read(machine, id, doe, cdat)?;
    for round in 2..=cdat.repeat {
        if read(machine, id, doe, cdat)?.bytes() != first.bytes() {
            return Err(Failure::new(
                Exit::Protocol,
                format!("{id}: reading {round} differs from the first"),
            ));
        }
    }
    print(cdat, Some(address), &first, output)
}

/// The mailbox with table access: the only one, or the first that says so.
fn mailbox<M: Machine>(machine: &M, address: Address, cdat: &Cdat) -> Result<(MailboxId, Doe), Failure> {
    let function = read_function(machine, address)?;
    require_mailbox(address, &function)?;
    let hierarchy = Hierarchy::new(vec![function]);
    let all: Vec<_> = mailboxes(&hierarchy).collect();
    let jobs = all.iter().map(|(id, doe)| (*id, *doe, Work::Discovery)).collect();
    let reports = work(machine, jobs, cdat.sharing.into(), &mut |_| ());
    let chosen = find(&reports, Protocol::CXL_TABLE_ACCESS);
    let found = chosen.and_then(|chosen| all.into_iter().find(|(id, _)| *id == chosen.id));
    found.ok_or_else(|| no_table(address, &reports))
}

fn no_table(address: Address, reports: &[MailboxReport]) -> Failure {
    match reports.iter().find_map(Failure::of_report) {
        Some(failure) => failure,
        None => {
            Failure::new(Exit::NotFound, format!("{address}: no mailbox speaks CXL Table Access (1e98:02)"))
                .hint(
                    "CXL memory and the upstream ports of CXL switches have tables; `doe discover` shows who",
                )
        }
    }
}

fn read<M: Machine>(machine: &M, id: MailboxId, doe: Doe, cdat: &Cdat) -> Result<Table, Failure> {
    let reports = work(machine, vec![(id, doe, Work::Table)], cdat.sharing.into(), &mut |_| ());
    if let Some(failure) = reports.first().and_then(Failure::of_report) {
        return Err(failure);
    }
    match reports.into_iter().next().and_then(|report| report.table?.table.ok()) {
        Some(table) => Ok(table),
        None => Err(Failure::new(Exit::Failure, format!("{id}: the table was not read"))),
    }
}

fn print(cdat: &Cdat, address: Option<Address>, table: &Table, output: &Output) -> Outcome {
    if let Some(path) = &cdat.raw {
        return write_raw(path, table, output);
    }
    let header = table.header();
    if output.json() {
        let json = TableJson {
            address: address.map(|address| address.to_string()),
            revision: header.revision,
            sequence: header.sequence,
            length_bytes: table.bytes().len(),
            checksum: header.checksum,
            structures: table.entries().map(Into::into).collect(),
        };
        output.print_json(&Json { schema: "lanewarden.tables/1", tables: [json] })?;
    } else {
        output.print(&text(table, output.verbose()))?;
    }
    Ok(Exit::Ok)
}

fn write_raw(path: &Path, table: &Table, output: &Output) -> Outcome {
    let bytes = table.bytes();
    if path == Path::new("-") {
        let written = std::io::stdout().lock().write_all(bytes);
        written.map_err(|error| Failure::file(path, "write", &error))?;
    } else {
        std::fs::write(path, bytes).map_err(|error| Failure::file(path, "write", &error))?;
        output.note(&format!("{} bytes written to {}", bytes.len(), path.display()));
    }
    Ok(Exit::Ok)
}

/// A line for the header and one for each structure; with `-v` its bytes below.
fn text(table: &Table, verbose: u8) -> String {
    let mut text = format!("{}\n", table.header());
    for entry in table.entries() {
        match entry.structure() {
            Ok(structure) => text.push_str(&format!("  {structure}\n")),
            Err(error) => text.push_str(&format!("  malformed: {error}\n")),
        }
        if verbose > 0 {
            let hex: Vec<_> = entry.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            text.push_str(&format!("    {:05x}: {}\n", entry.offset, hex.join(" ")));
        }
    }
    text
}
