//! One module per verb. Each does its work on any [`Machine`] and prints a table or one JSON
//! object; the shape of the object is the verb's own and frozen by its schema's number.

pub mod cdat;
pub mod discover;
pub mod exchange;
pub mod list;
pub mod paths;
pub mod show;
pub mod topology;

use lanewarden_inventory::{
    Inventory, MailboxReport, Options, ScanError, Work, mailboxes, read_function, scan, work,
};
use lanewarden_pci::{Address, Function, Hierarchy, Machine};

use crate::args::{DeviceArgument, Sharing};
use crate::exit::{Exit, Failure};
use crate::progress::Bar;

impl From<Sharing> for Options {
    fn from(sharing: Sharing) -> Self {
        Self { shared: sharing.unsafe_shared, ..Self::default() }
    }
}

/// Scans the whole machine, with a progress bar.
fn scan_all<M: Machine>(machine: &M, sharing: Sharing) -> Result<Inventory, Failure> {
    let mut bar = Bar::new();
    Ok(scan(machine, sharing.into(), &mut |progress| bar.show(progress))?)
}

/// Where the device is that the command line names.
pub fn resolve<M: Machine>(machine: &M, device: &DeviceArgument) -> Result<Address, Failure> {
    let name = match device {
        DeviceArgument::Address(address) => return Ok(*address),
        DeviceArgument::CxlObject(name) => name,
    };
    let mut addresses = machine.functions().map_err(ScanError::List)?.into_iter();
    let found = addresses.find(|address| machine.cxl_objects(*address).contains(name));
    found.ok_or_else(|| {
        let hint = "`lanewarden list` shows the CXL objects of each function; they are there where the kernel's CXL \
                    drivers are";
        Failure::new(Exit::NotFound, format!("there is no CXL object {name} on any function")).hint(hint)
    })
}

/// The same for a device that may be left out.
pub fn resolve_optional<M: Machine>(
    machine: &M,
    device: Option<&DeviceArgument>,
) -> Result<Option<Address>, Failure> {
    device.map(|device| resolve(machine, device)).transpose()
}

/// Does the same work on every mailbox of a function, or of all.
fn on_mailboxes<M: Machine>(
    machine: &M,
    device: Option<Address>,
    work_on: &Work,
    sharing: Sharing,
) -> Result<Vec<MailboxReport>, Failure> {
    let functions = match device {
        Some(address) => vec![read_function(machine, address)?],
        None => scan_functions(machine)?,
    };
    if let (Some(address), [function]) = (device, functions.as_slice()) {
        require_mailbox(address, function)?;
    }
    let hierarchy = Hierarchy::new(functions);
    let chosen = mailboxes(&hierarchy).map(|(id, doe)| (id, doe, work_on.clone())).collect();
    let mut bar = Bar::new();
    Ok(work(machine, chosen, sharing.into(), &mut |progress| bar.show(progress)))
}

fn scan_functions<M: Machine>(machine: &M) -> Result<Vec<Function>, Failure> {
    let addresses = machine.functions().map_err(ScanError::List)?;
    Ok(addresses.into_iter().filter_map(|address| read_function(machine, address).ok()).collect())
}

/// A function without a mailbox, or one whose mailboxes this user cannot see.
fn require_mailbox(address: Address, function: &Function) -> Result<(), Failure> {
    if !function.does.is_empty() {
        return Ok(());
    }
    if function.is_partial() {
        let message = format!("{address}: its extended configuration space cannot be read");
        return Err(Failure::new(Exit::Permission, message).hint("run as root to see its mailboxes"));
    }
    let hint = "`lanewarden list` shows which functions have mailboxes";
    Err(Failure::new(Exit::NotFound, format!("{address}: the function has no DOE mailbox")).hint(hint))
}
