//! Everything that is read of a function before it is shown.

use std::collections::BTreeMap;

use lanewarden_doe::Host;
use lanewarden_inventory::{FunctionReport, MailboxReport, ScanError, Work, ask_kernel, read_function, work};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::registers::header::{self, BaseAddress, Bridge, base_addresses};
use lanewarden_pci::{
    AccessError, Address, ConfigSpace, Details, Function, Image, Machine, MailboxId, Memo, Vectors,
};

use crate::args::Sharing;
use crate::progress::Bar;

/// How many registers of a capability are shown as they stand, at most.
const MOST_REGISTERS: u16 = 16;
/// First byte behind the conventional configuration space.
const CONVENTIONAL_END: u16 = 0x100;

/// One function.
pub struct Reading {
    /// The function.
    pub function: Function,
    /// Its capabilities, decoded.
    pub details: Details,
    /// Its Base Address registers.
    pub base_addresses: Vec<BaseAddress>,
    /// Which pin it would interrupt by without MSI: 1 to 4 for INTA to INTD, 0 for none.
    pub interrupt_pin: u8,
    /// What it passes on, where it is a bridge.
    pub bridge: Option<Bridge>,
    /// The interrupt vectors its capabilities need.
    pub vectors: Vectors,
    /// What the kernel says of it.
    pub kernel: FunctionReport,
    /// What its mailboxes have answered; empty until they are asked.
    pub mailboxes: Vec<MailboxReport>,
    /// All of its configuration space that can be reached, from `-vv` on.
    pub dump: Option<Image>,
    registers: BTreeMap<u16, Vec<u32>>,
}

impl Reading {
    /// Reads a function; how much depends on how often `-v` was given. Nothing is written, and no mailbox is asked.
    pub fn new<M: Machine>(machine: &M, address: Address, verbose: u8) -> Result<Self, ScanError> {
        let function = read_function(machine, address)?;
        let kernel = ask_kernel(machine, &function);
        let read = |mut config| Self::of(function, kernel, &mut config, verbose);
        machine.open(address).and_then(read).map_err(|error| match error {
            AccessError::Gone => ScanError::NotFound(address),
            error => ScanError::Read(address, error),
        })
    }

    /// Reads what [`Function`] has not, every register once.
    pub fn of<C: ConfigSpace>(
        function: Function,
        kernel: FunctionReport,
        config: &mut C,
        verbose: u8,
    ) -> Result<Self, AccessError> {
        let mut memo = Memo::new(config);
        let reading = Self {
            details: function.details(&mut memo)?,
            base_addresses: base_addresses(&mut memo, function.header.layout)?,
            interrupt_pin: interrupt_pin(&mut memo)?,
            bridge: is_bridge(&function).then(|| Bridge::read(&mut memo)).transpose()?,
            vectors: Vectors::read(&mut memo, &function, 0)?,
            registers: if verbose > 0 { registers(&mut memo, &function)? } else { BTreeMap::new() },
            dump: (verbose > 1).then(|| Image::capture(&mut memo)).transpose()?,
            function,
            kernel,
            mailboxes: Vec::new(),
        };
        memo.check_present()?;
        Ok(reading)
    }

    /// The registers of the capability at `offset` as they stand, in hexadecimal, without zeros at the end.
    pub fn registers(&self, offset: u16) -> Vec<String> {
        let registers = self.registers.get(&offset).map(Vec::as_slice).unwrap_or_default();
        let used =
            registers.iter().rposition(|register| *register != 0).map_or(0, |last| last.saturating_add(1));
        registers.iter().take(used).map(|register| format!("{register:08x}")).collect()
    }

    fn mailboxes(&self) -> impl Iterator<Item = (MailboxId, Doe, Work)> + '_ {
        let address = self.function.address;
        let each = move |doe: &Doe| (MailboxId { address, offset: doe.offset }, *doe, Work::Discovery);
        self.function.does.iter().map(each)
    }
}

fn interrupt_pin<C: ConfigSpace>(config: &mut C) -> Result<u8, AccessError> {
    let [_, pin, _, _] = config.read(header::INTERRUPT)?.to_le_bytes();
    Ok(pin)
}

/// Whether it has a bridge's header; CardBus bridges have one of their own.
fn is_bridge(function: &Function) -> bool {
    function.header.layout == 1
}

/// Asks the mailboxes of all these functions what they speak, all at once.
pub fn ask_mailboxes<M: Host>(machine: &M, readings: &mut [Reading], sharing: Sharing) {
    let chosen = readings.iter().flat_map(Reading::mailboxes).collect();
    let mut bar = Bar::new();
    let reports = work(machine, chosen, sharing.into(), &mut |progress| bar.show(progress));
    let mut reports = reports.into_iter().peekable();
    for reading in readings {
        // They come in the order in which they were asked for.
        let own = || reports.next_if(|report| report.address() == reading.function.address);
        reading.mailboxes = std::iter::from_fn(own).collect();
    }
}

/// The registers of each capability up to the next one, by the capability's offset.
fn registers<C: ConfigSpace>(
    config: &mut C,
    function: &Function,
) -> Result<BTreeMap<u16, Vec<u32>>, AccessError> {
    let conventional = function.capabilities.iter().map(|entry| u16::from(entry.offset));
    let mut offsets: Vec<_> =
        conventional.chain(function.extended.iter().map(|entry| entry.offset)).collect();
    offsets.sort_unstable();
    let ends = offsets.iter().skip(1).copied().chain([config.size()]).collect::<Vec<_>>();
    let places = offsets.into_iter().zip(ends);
    places.map(|(offset, end)| Ok((offset, block(config, offset, end)?))).collect()
}

fn block<C: ConfigSpace>(config: &mut C, offset: u16, end: u16) -> Result<Vec<u32>, AccessError> {
    let space = if offset < CONVENTIONAL_END { CONVENTIONAL_END } else { u16::MAX };
    let end = end.min(space).min(config.size());
    let places = (offset..end).step_by(4).take(usize::from(MOST_REGISTERS));
    places.map(|at| config.read(at)).collect()
}
