//! A scan of the whole machine.

use std::collections::BTreeMap;

use lanewarden_cxl::cdat::Table;
use lanewarden_doe::{Error, Host};
use lanewarden_pci::{AccessError, Address, Function, Hierarchy, Machine, MailboxId};

use crate::schedule::work;
use crate::{
    FunctionReport, MailboxError, MailboxReport, Memories, Options, Progress, TableReport, TableSource, Work,
};

/// Everything a scan found.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The functions.
    pub hierarchy: Hierarchy,
    /// What the kernel says of them, by address.
    pub functions: BTreeMap<Address, FunctionReport>,
    /// The mailboxes, in the order of function and offset.
    pub mailboxes: Vec<MailboxReport>,
    /// Functions that are there and could not be read.
    pub unreadable: Vec<(Address, AccessError)>,
    /// The memories and the paths to them.
    pub memories: Memories,
}

/// Why there is no inventory at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// The functions cannot even be listed.
    #[error("cannot list the machine's functions: {0}")]
    List(AccessError),
    /// There is no such function.
    #[error("there is no function {0}")]
    NotFound(Address),
    /// The function cannot be read.
    #[error("{0}: {1}")]
    Read(Address, AccessError),
}

/// Scans a machine: reads every function, asks every mailbox, computes every path.
///
/// What cannot be seen or does not answer is noted where its result would have been; the rest goes on.
pub fn scan<H: Host>(
    host: &H,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Inventory, ScanError> {
    let (functions, unreadable) = read_functions(host, progress)?;
    let hierarchy = Hierarchy::new(functions);
    let functions = hierarchy.iter().map(|(_, f)| (f.address, ask_kernel(host, f))).collect();
    let everything = mailboxes(&hierarchy).map(|(id, doe)| (id, doe, Work::Everything)).collect();
    let mut mailboxes = work(host, everything, options, progress);
    add_kernel_tables(host, &hierarchy, &mut mailboxes);
    let memories = Memories::compute(host, &hierarchy, &mailboxes);
    Ok(Inventory { hierarchy, functions, mailboxes, unreadable, memories })
}

/// Reads one function.
pub fn read_function<M: Machine>(machine: &M, address: Address) -> Result<Function, ScanError> {
    let read = |mut config| Function::read(address, &mut config);
    machine.open(address).and_then(read).map_err(|error| match error {
        AccessError::Gone => ScanError::NotFound(address),
        error => ScanError::Read(address, error),
    })
}

/// The mailboxes of all functions.
pub fn mailboxes(
    hierarchy: &Hierarchy,
) -> impl Iterator<Item = (MailboxId, lanewarden_pci::registers::doe::Doe)> + '_ {
    hierarchy.iter().flat_map(|(_, function)| {
        let address = function.address;
        function.does.iter().map(move |doe| (MailboxId { address, offset: doe.offset }, *doe))
    })
}

type Functions = (Vec<Function>, Vec<(Address, AccessError)>);

fn read_functions<M: Machine>(
    machine: &M,
    progress: &mut dyn FnMut(Progress),
) -> Result<Functions, ScanError> {
    let addresses = machine.functions().map_err(ScanError::List)?;
    let total = addresses.len();
    let (mut functions, mut unreadable) = (Vec::with_capacity(total), Vec::new());
    for (done, address) in addresses.into_iter().enumerate() {
        match machine.open(address).and_then(|mut config| Function::read(address, &mut config)) {
            Ok(function) => functions.push(function),
            Err(error) => unreadable.push((address, error)),
        }
        progress(Progress { phase: "functions", done: done.saturating_add(1), total });
    }
    Ok((functions, unreadable))
}

/// What the kernel says of a function.
pub fn ask_kernel<M: Machine>(machine: &M, function: &Function) -> FunctionReport {
    let address = function.address;
    FunctionReport {
        driver: machine.driver(address),
        cxl_objects: machine.cxl_objects(address),
        doe_features: machine.kernel_doe_features(address),
    }
}

/// Where the kernel uses a mailbox and we may not, its published copy of the table takes the place of ours.
fn add_kernel_tables<M: Machine>(machine: &M, hierarchy: &Hierarchy, mailboxes: &mut [MailboxReport]) {
    for mailbox in mailboxes.iter_mut().filter(|mailbox| was_refused(mailbox)) {
        let first = hierarchy.find(mailbox.address()).and_then(|id| hierarchy.get(id)?.does.first().copied());
        // The kernel takes the first instance that speaks table access; which that is we were not let to ask.
        if first.is_some_and(|first| first.offset != mailbox.id.offset) {
            continue;
        }
        let Some(bytes) = machine.kernel_cdat(mailbox.address()) else { continue };
        let table = Table::parse(bytes).map_err(MailboxError::KernelTable);
        mailbox.table = Some(TableReport { source: TableSource::Kernel, table });
    }
}

/// A reading of our own that failed is not replaced: what is wrong with it would be hidden.
fn was_refused(mailbox: &MailboxReport) -> bool {
    matches!(
        mailbox.features,
        Some(Err(MailboxError::InUse(_)
            | MailboxError::Lock(_)
            | MailboxError::Declined { .. }
            | MailboxError::Exchange { source: Error::Access { .. }, .. }))
    )
}
