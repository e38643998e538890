//! `cxl cdat`: a Coherent Device Attribute Table, from a mailbox or a file.

use std::path::Path;

use lanewarden_cxl::cdat::{Entry, HEADER_SIZE, Header, MAX_SIZE, ParseError, STRUCTURE_HEADER_SIZE, Table};
use lanewarden_doe::{Host, Protocol};
use lanewarden_inventory::{MailboxReport, Work, mailboxes, work};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Address, Hierarchy, MailboxId};
use serde::Serialize;

use crate::args::Cdat;
use crate::exit::{Exit, Failure};
use crate::json::structure::Structure;
use crate::output::{Outcome, Output};
use crate::verb::{choose, files, function_with_mailbox, resolve_optional};

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

/// A table that is none, and what there is of it.
struct Broken {
    failure: Failure,
    bytes: Vec<u8>,
}

/// Prints the table of a file.
pub fn from_file(cdat: &Cdat, output: &Output) -> Outcome {
    files::check_output("--raw", cdat.raw.as_deref(), output)?;
    let path = cdat.from.as_deref().unwrap_or_else(|| Path::new("-"));
    let bytes = files::read(path, MAX_SIZE)?;
    match Table::parse(bytes.as_slice()) {
        Ok(table) => print(cdat, None, &table, output),
        Err(error) => Err(broken_file(path, error, bytes).show(cdat, output)),
    }
}

fn broken_file(path: &Path, error: ParseError, bytes: Vec<u8>) -> Broken {
    let name =
        if files::is_standard(path) { "standard input".to_owned() } else { path.display().to_string() };
    let failure = Failure::new(Exit::Protocol, format!("{name}: {error}"));
    match error {
        ParseError::TooShort { .. } | ParseError::NotCdat { .. } => {
            let hint = "--from takes the raw bytes of a table, as `cxl cdat --raw` and the kernel's CDAT files hold them";
            Broken { failure: failure.hint(hint), bytes: Vec::new() }
        }
        _ => Broken { failure: failure.hint("-v shows what could be read"), bytes },
    }
}

/// Reads and prints the table of a function.
pub fn run<M: Host>(machine: &M, cdat: &Cdat, output: &Output) -> Outcome {
    files::check_output("--raw", cdat.raw.as_deref(), output)?;
    let Some(address) = resolve_optional(machine, cdat.device.as_ref())? else {
        return Err(Failure::new(Exit::Usage, "no device"));
    };
    let (id, doe) = mailbox(machine, address, cdat, output)?;
    let first = match read(machine, id, doe, cdat) {
        Ok(table) => table,
        Err(broken) => {
            keep(cdat, &broken, output)?;
            return Err(broken.show(cdat, output));
        }
    };
    for round in 2..=cdat.repeat {
        let again = read(machine, id, doe, cdat).map_err(|broken| broken.failure)?;
        if again.bytes() != first.bytes() {
            let message = format!("{id}: reading {round} differs from the first");
            let hint = "the device changes its table, or another agent's answers have got in between";
            return Err(Failure::new(Exit::Protocol, message).hint(hint));
        }
    }
    print(cdat, Some(address), &first, output)
}

impl Broken {
    /// Prints what there is of it, for people who ask for more, and gives the failure.
    fn show(self, cdat: &Cdat, output: &Output) -> Failure {
        if output.verbose() == 0 || output.json() || cdat.raw.is_some() || self.bytes.is_empty() {
            return self.failure;
        }
        let printed = output.print(&self.text());
        // The hint was to ask for what has been shown now.
        printed.err().unwrap_or(Failure { hint: None, ..self.failure })
    }

    /// The structures up to where they end to make sense, and the bytes from there on.
    fn text(&self) -> String {
        let mut text = match Header::decode(&self.bytes) {
            Some(header) => format!("Broken: {header}, of which {} bytes could be read\n", self.bytes.len()),
            None => return String::new(),
        };
        let mut offset = HEADER_SIZE;
        while let Some(bytes) = structure_at(&self.bytes, offset) {
            push(&mut text, Entry { offset, bytes }, 1);
            offset = offset.saturating_add(bytes.len());
        }
        if let Some(rest) = self.bytes.get(offset..).filter(|rest| !rest.is_empty()) {
            text.push_str("  no structure:\n");
            push_bytes(&mut text, offset, rest);
        }
        text
    }
}

/// The structure that begins there, where its own length keeps within the bytes.
fn structure_at(bytes: &[u8], offset: usize) -> Option<&[u8]> {
    let rest = bytes.get(offset..)?;
    let &[_, _, low, high] = rest.first_chunk::<STRUCTURE_HEADER_SIZE>()?;
    let length = usize::from(u16::from_le_bytes([low, high]));
    rest.get(..length).filter(|_| length >= STRUCTURE_HEADER_SIZE)
}

/// Writes the bytes of a broken table where those of a whole one were to go.
fn keep(cdat: &Cdat, broken: &Broken, output: &Output) -> Result<(), Failure> {
    let bytes = broken.bytes.as_slice();
    match cdat.raw.as_deref().filter(|_| !bytes.is_empty()) {
        Some(path) => files::write(path, bytes, &format!("{} bytes of a broken table", bytes.len()), output),
        None => Ok(()),
    }
}

/// The mailbox with table access: the only one, or the first that says so.
fn mailbox<M: Host>(
    machine: &M,
    address: Address,
    cdat: &Cdat,
    output: &Output,
) -> Result<(MailboxId, Doe), Failure> {
    let hierarchy = Hierarchy::new(vec![function_with_mailbox(machine, address)?]);
    let jobs = mailboxes(&hierarchy).map(|(id, doe)| (id, doe, Work::Discovery)).collect();
    let reports = work(machine, jobs, cdat.sharing.into(), &mut |_| ());
    choose(&reports, Protocol::CXL_TABLE_ACCESS, output).ok_or_else(|| no_table(address, &reports))
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

fn read<M: Host>(machine: &M, id: MailboxId, doe: Doe, cdat: &Cdat) -> Result<Table, Broken> {
    let reports = work(machine, vec![(id, doe, Work::Table)], cdat.sharing.into(), &mut |_| ());
    let failure = reports.first().and_then(Failure::of_report);
    let failure = failure.unwrap_or_else(|| Failure::new(Exit::Failure, format!("{id}: no table was read")));
    let Some(report) = reports.into_iter().next() else { return Err(Broken { failure, bytes: Vec::new() }) };
    match report.table.map(|report| report.table) {
        Some(Ok(table)) => Ok(table),
        _ => Err(Broken { failure, bytes: report.partial_table }),
    }
}

fn print(cdat: &Cdat, address: Option<Address>, table: &Table, output: &Output) -> Outcome {
    if let Some(path) = &cdat.raw {
        let bytes = table.bytes();
        files::write(path, bytes, &format!("{} bytes", bytes.len()), output)?;
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
    } else if cdat.raw.is_none() {
        output.print(&text(table, output.verbose()))?;
    }
    Ok(Exit::Ok)
}

/// A line for the header and one for each structure; with `-v` its bytes below.
fn text(table: &Table, verbose: u8) -> String {
    let mut text = format!("{}\n", table.header());
    table.entries().for_each(|entry| push(&mut text, entry, verbose));
    text
}

fn push(text: &mut String, entry: Entry<'_>, verbose: u8) {
    match entry.structure() {
        Ok(structure) => text.push_str(&format!("  {structure}\n")),
        Err(error) => text.push_str(&format!("  malformed: {error}\n")),
    }
    if verbose > 0 {
        push_bytes(text, entry.offset, entry.bytes);
    }
}

fn push_bytes(text: &mut String, offset: usize, bytes: &[u8]) {
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.push_str(&format!("    {offset:05x}: {}\n", hex.join(" ")));
}
