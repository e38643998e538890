//! Configuration spaces: what is in them, and what a write changes.
//!
//! Functions of one make have the same registers and differ in their values only. So the places and the write masks
//! are kept once for all of them, and a function holds nothing but its values.

mod conventional;
mod cxl;
mod draft;
mod extended;
mod header;

use std::collections::HashMap;
use std::sync::Arc;

use crate::plan::Planned;
use crate::scenario::Problem;
pub(crate) use conventional::Vectors;
use draft::Draft;

/// Bytes of a function's configuration space.
pub(crate) const SIZE: u16 = 4096;

/// A run of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Block {
    /// Offset of the first.
    start: u16,
    /// Its index among all registers of the layout.
    first: u16,
    /// How many there are.
    count: u16,
}

/// How one register takes a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Masks {
    /// Bits that take the value written.
    writable: u32,
    /// Bits that a one clears.
    clearable: u32,
}

/// Where a function has registers, and how they take writes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Layout {
    blocks: Vec<Block>,
    masks: Vec<Masks>,
    /// What a reset leaves in the bits that can be written.
    defaults: Vec<u32>,
}

impl Layout {
    fn index(&self, offset: u16) -> Option<usize> {
        let after = self.blocks.partition_point(|block| block.start <= offset);
        let block = self.blocks.get(after.checked_sub(1)?)?;
        let within = (offset.saturating_sub(block.start)) >> 2;
        (within < block.count).then(|| usize::from(block.first.saturating_add(within)))
    }
}

/// One function's configuration space, but for what lies behind its mailboxes.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    layout: Arc<Layout>,
    values: Box<[u32]>,
}

impl Space {
    /// The register at `offset`; zero where there is none.
    pub fn read(&self, offset: u16) -> u32 {
        self.layout.index(offset).and_then(|index| self.values.get(index)).copied().unwrap_or(0)
    }

    /// Writes the register at `offset` as far as its bits let themselves be written.
    pub fn write(&mut self, offset: u16, value: u32) {
        let Some(index) = self.layout.index(offset) else { return };
        let (Some(register), Some(masks)) = (self.values.get_mut(index), self.layout.masks.get(index)) else {
            return;
        };
        let kept = *register & !masks.writable & !(masks.clearable & value);
        *register = kept | value & masks.writable;
    }

    /// Brings back what can be written to what it is after a reset.
    pub fn reset(&mut self) {
        let layout = self.layout.masks.iter().zip(&self.layout.defaults);
        for (register, (masks, default)) in self.values.iter_mut().zip(layout) {
            *register = *register & !masks.writable & !masks.clearable | default;
        }
    }

    /// Bytes it takes in memory, its share in the layout left out.
    pub fn memory(&self) -> usize {
        size_of_val::<[u32]>(&self.values)
    }
}

/// The layouts there are, so that equal ones are kept once.
#[derive(Debug, Default)]
pub(crate) struct Layouts {
    known: HashMap<Layout, Arc<Layout>>,
}

impl Layouts {
    fn share(&mut self, layout: Layout) -> Arc<Layout> {
        if let Some(known) = self.known.get(&layout) {
            return Arc::clone(known);
        }
        let shared = Arc::new(layout.clone());
        self.known.insert(layout, Arc::clone(&shared));
        shared
    }
}

/// What a function's configuration space turned out to be.
#[derive(Debug)]
pub(crate) struct Built {
    pub space: Space,
    /// Offsets of its DOE capabilities, in the order of the scenario.
    pub mailboxes: Vec<u16>,
    /// Its MSI or MSI-X capability.
    pub vectors: Option<Vectors>,
    /// The register and the bit by which it, or what is below it, is reset.
    pub reset: Option<(u16, u32)>,
}

/// Builds the configuration space of a planned function.
pub(crate) fn build(planned: &Planned<'_>, layouts: &mut Layouts) -> Result<Built, Problem> {
    let mut draft = Draft::default();
    header::write(&mut draft, planned);
    let conventional = conventional::write(&mut draft, planned).ok_or(Problem::NoRoom)?;
    let mailboxes = extended::write(&mut draft, planned).ok_or(Problem::NoRoom)?;
    let (layout, values) = draft.finish();
    let space = Space { layout: layouts.share(layout), values };
    Ok(Built { space, mailboxes, vectors: conventional.vectors, reset: conventional.reset })
}

#[cfg(test)]
mod tests;
