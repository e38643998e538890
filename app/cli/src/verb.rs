//! One module per verb. Each does its work on any [`Host`] and prints a table or one JSON
//! object; the shape of the object is the verb's own and frozen by its schema's number.

pub mod attest;
pub mod cdat;
pub mod claim;
pub mod daemon;
pub mod decode;
pub mod discover;
pub mod exchange;
mod files;
#[cfg(test)]
mod images;
pub mod list;
pub mod monitor;
pub mod paths;
pub mod release;
pub mod respond;
pub mod show;
pub mod spdm;
pub mod status;
pub mod topology;
pub mod verify;
pub mod vfio;

use lanewarden_doe::{Host, Protocol};
use lanewarden_inventory::{
    Inventory, MailboxReport, Options, ScanError, Work, find, mailboxes, read_function, scan, work,
};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Address, Function, Hierarchy, Machine, MailboxId};

use crate::args::{DeviceArgument, HexOffset, Sharing};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::progress::Bar;

impl From<Sharing> for Options {
    fn from(sharing: Sharing) -> Self {
        Self { shared: sharing.unsafe_shared, ..Self::default() }
    }
}

/// Scans the whole machine, with a progress bar.
fn scan_all<M: Host>(machine: &M, sharing: Sharing) -> Result<Inventory, Failure> {
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

/// What asking the mailboxes of many functions came to.
struct Asked {
    /// The mailboxes.
    mailboxes: Vec<MailboxReport>,
    /// How many functions hide a part in which there may be mailboxes.
    partial: usize,
    /// Functions that are there and could not be read.
    unreadable: Vec<Failure>,
}

/// Does the same work on every mailbox of a function, or of all.
fn on_mailboxes<M: Host>(
    machine: &M,
    device: Option<Address>,
    work_on: &Work,
    sharing: Sharing,
) -> Result<Asked, Failure> {
    let (functions, unreadable) = match device {
        Some(address) => (vec![function_with_mailbox(machine, address)?], Vec::new()),
        None => scan_functions(machine)?,
    };
    let partial = functions.iter().filter(|function| function.is_partial()).count();
    let hierarchy = Hierarchy::new(functions);
    let chosen = mailboxes(&hierarchy).map(|(id, doe)| (id, doe, work_on.clone())).collect();
    let mut bar = Bar::new();
    let mailboxes = work(machine, chosen, sharing.into(), &mut |progress| bar.show(progress));
    Ok(Asked { mailboxes, partial, unreadable })
}

fn scan_functions<M: Machine>(machine: &M) -> Result<(Vec<Function>, Vec<Failure>), Failure> {
    let (mut functions, mut unreadable) = (Vec::new(), Vec::new());
    for address in machine.functions().map_err(ScanError::List)? {
        match read_function(machine, address) {
            Ok(function) => functions.push(function),
            Err(error) => unreadable.push(error.into()),
        }
    }
    Ok((functions, unreadable))
}

/// How many functions of an inventory hide a part.
fn partial(inventory: &Inventory) -> usize {
    inventory.hierarchy.iter().filter(|(_, function)| function.is_partial()).count()
}

/// Says that parts of functions could not be read, if any could not.
fn warn_of_partial(partial: usize, output: &Output) {
    let functions = match partial {
        0 => return,
        1 => "1 function".to_owned(),
        many => format!("{many} functions"),
    };
    let message = format!("capabilities of {functions} could not be read, nor mailboxes in them");
    output.warn(&Failure::new(Exit::Permission, message).hint("run as root to see them"));
}

/// The mailbox that serves a protocol: the first that says so. A mailbox before it that could not say may be the one
/// that the user means, and is warned of.
fn choose(reports: &[MailboxReport], protocol: Protocol, output: &Output) -> Option<(MailboxId, Doe)> {
    let chosen = find(reports, protocol)?;
    let before = reports.iter().take_while(|report| report.id != chosen.id);
    before.filter_map(Failure::of_report).for_each(|failure| output.warn(&failure));
    Some((chosen.id, chosen.capability))
}

/// The mailbox the user names, or the first that speaks the protocol: discovery tells, where there are several.
fn mailbox_for<M: Host>(
    machine: &M,
    function: &Function,
    protocol: Protocol,
    named: Option<u16>,
    sharing: Sharing,
    output: &Output,
) -> Result<(MailboxId, Doe), Failure> {
    let hierarchy = Hierarchy::new(vec![function.clone()]);
    let all: Vec<_> = mailboxes(&hierarchy).collect();
    if let Some(offset) = named {
        let named = all.into_iter().find(|(id, _)| id.offset == offset);
        return named.ok_or_else(|| no_mailbox(function, offset));
    }
    if let [only] = all.as_slice() {
        return Ok(*only);
    }
    let jobs = all.iter().map(|(id, doe)| (*id, *doe, Work::Discovery)).collect();
    let reports = work(machine, jobs, sharing.into(), &mut |_| ());
    choose(&reports, protocol, output).ok_or_else(|| no_speaker(function.address, protocol, &reports))
}

/// The mailbox the user names, or the only one.
fn the_mailbox(function: &Function, named: Option<HexOffset>) -> Result<(MailboxId, Doe), Failure> {
    let address = function.address;
    let chosen = match (named, function.does.as_slice()) {
        (Some(HexOffset(offset)), all) => all.iter().find(|doe| doe.offset == offset),
        (None, [only]) => Some(only),
        (None, _) => {
            let message = format!("{address}: the function has several mailboxes");
            return Err(Failure::new(Exit::Usage, message)
                .hint(offsets(function, "name one with --mailbox; there are some")));
        }
    };
    let doe = chosen.copied().ok_or_else(|| no_mailbox(function, named.map_or(0, |named| named.0)))?;
    Ok((MailboxId { address, offset: doe.offset }, doe))
}

fn offsets(function: &Function, before: &str) -> String {
    let offsets: Vec<_> = function.does.iter().map(|doe| format!("{:03x}", doe.offset)).collect();
    format!("{before} at {}", offsets.join(", "))
}

fn no_mailbox(function: &Function, offset: u16) -> Failure {
    Failure::new(Exit::NotFound, format!("{}: no DOE mailbox at {offset:03x}", function.address))
        .hint(offsets(function, "it has mailboxes"))
}

/// A mailbox that could not be asked may well be the one: then that is what is wrong.
fn no_speaker(address: Address, protocol: Protocol, reports: &[MailboxReport]) -> Failure {
    reports.iter().find_map(Failure::of_report).unwrap_or_else(|| {
        let message = format!("{address}: no mailbox is known to speak {protocol}");
        Failure::new(Exit::NotFound, message).hint("name one with --mailbox; `doe discover` lists them")
    })
}

/// The function, if it has a mailbox.
fn function_with_mailbox<M: Machine>(machine: &M, address: Address) -> Result<Function, Failure> {
    let function = read_function(machine, address)?;
    require_mailbox(address, &function)?;
    Ok(function)
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

#[cfg(test)]
mod tests {
    use lanewarden_pci::Image;

    use super::images::Images;
    use super::*;

    fn memory() -> Address {
        "0000:0d:00.0".parse().unwrap()
    }

    fn image() -> Image {
        Image::new(4096).with(0x00, 0x0010_1b36)
    }

    /// Row T8: the kernel's names lead to the functions that its CXL objects hang on.
    #[test]
    fn a_device_is_found_by_its_address_and_by_its_cxl_objects() {
        let other = "0000:0e:00.0".parse().unwrap();
        let machine = Images::of([(memory(), Ok(image())), (other, Ok(image()))]);
        let machine = machine.object(memory(), "mem0").object(other, "mem1").object(other, "endpoint3");
        let find = |name: &str| resolve(&machine, &name.parse().unwrap()).map_err(|failure| failure.exit);
        assert_eq!(find("0d:00.0"), Ok(memory()));
        assert_eq!(find("mem0"), Ok(memory()));
        assert_eq!(find("endpoint3"), Ok(other));
        assert_eq!(find("mem7"), Err(Exit::NotFound));
    }
}
