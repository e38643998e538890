//! A configuration space while it is written.

use super::{Block, Layout, Masks, SIZE};

/// Offset of the first conventional capability.
const CONVENTIONAL: u16 = 0x40;
/// Offset of the first extended capability.
const EXTENDED: u16 = 0x100;
/// Offset of the Capabilities Pointer.
const CAPABILITIES_POINTER: u16 = 0x34;

/// Registers are added from low offsets to high ones.
#[derive(Debug)]
pub(super) struct Draft {
    blocks: Vec<Block>,
    values: Vec<u32>,
    /// Values after a reset, of bits that can be written.
    defaults: Vec<u32>,
    masks: Vec<Masks>,
    /// Where the next conventional capability goes.
    conventional: u16,
    /// The last one, or the Capabilities Pointer.
    last_conventional: u16,
    /// Where the next extended capability goes.
    extended: u16,
    /// The last one.
    last_extended: Option<u16>,
}

impl Default for Draft {
    fn default() -> Self {
        let mut draft = Self {
            blocks: Vec::new(),
            values: Vec::new(),
            defaults: Vec::new(),
            masks: Vec::new(),
            conventional: CONVENTIONAL,
            last_conventional: CAPABILITIES_POINTER,
            extended: EXTENDED,
            last_extended: None,
        };
        draft.add_registers(0, CONVENTIONAL);
        draft
    }
}

impl Draft {
    /// Adds `size` bytes of registers, all zero and read-only, right after the last block or further up.
    fn add_registers(&mut self, start: u16, size: u16) {
        let count = size.div_ceil(4);
        let first = u16::try_from(self.values.len()).unwrap_or(u16::MAX);
        match self.blocks.last_mut() {
            Some(last) if last.start.saturating_add(last.count.saturating_mul(4)) == start => {
                last.count = last.count.saturating_add(count);
            }
            _ => self.blocks.push(Block { start, first, count }),
        }
        let length = self.values.len().saturating_add(count.into());
        self.values.resize(length, 0);
        self.defaults.resize(length, 0);
        self.masks.resize(length, Masks::default());
    }

    /// Adds a conventional capability of `size` bytes and links it into the list; `None` where no room is left.
    pub fn capability(&mut self, id: u8, size: u16) -> Option<u16> {
        let at = self.conventional;
        let end = at.checked_add(size.next_multiple_of(4)).filter(|end| *end <= EXTENDED)?;
        self.add_registers(at, size);
        self.set(at, u32::from(id));
        let link = if self.last_conventional == CAPABILITIES_POINTER { 0 } else { 8 };
        self.set(self.last_conventional, u32::from(at) << link);
        (self.last_conventional, self.conventional) = (at, end);
        Some(at)
    }

    /// Adds an extended capability of `size` bytes and links it into the list; `None` where no room is left.
    pub fn extended(&mut self, id: u16, version: u8, size: u16) -> Option<u16> {
        let at = self.extended;
        let end = at.checked_add(size.checked_next_multiple_of(4)?).filter(|end| *end <= SIZE)?;
        self.add_registers(at, size);
        self.set(at, u32::from(id) | u32::from(version) << 16);
        if let Some(last) = self.last_extended {
            self.set(last, u32::from(at) << 20);
        }
        (self.last_extended, self.extended) = (Some(at), end);
        Some(at)
    }

    /// Sets bits of the register at `offset`, as the hardware does.
    pub fn set(&mut self, offset: u16, bits: u32) -> &mut Self {
        if let Some(register) = self.index(offset).and_then(|index| self.defaults.get_mut(index)) {
            *register |= bits;
        }
        self.configure(offset, bits)
    }

    /// Sets bits of the register at `offset`, as firmware does: a reset clears them again.
    pub fn configure(&mut self, offset: u16, bits: u32) -> &mut Self {
        if let Some(register) = self.index(offset).and_then(|index| self.values.get_mut(index)) {
            *register |= bits;
        }
        self
    }

    /// Lets bits of the register at `offset` be written.
    pub fn writable(&mut self, offset: u16, bits: u32) -> &mut Self {
        if let Some(masks) = self.index(offset).and_then(|index| self.masks.get_mut(index)) {
            masks.writable |= bits;
        }
        self
    }

    /// Lets bits of the register at `offset` be cleared by writing ones.
    pub fn clearable(&mut self, offset: u16, bits: u32) -> &mut Self {
        if let Some(masks) = self.index(offset).and_then(|index| self.masks.get_mut(index)) {
            masks.clearable |= bits;
        }
        self
    }

    pub fn finish(self) -> (Layout, Box<[u32]>) {
        let mut defaults = self.defaults;
        for (value, masks) in defaults.iter_mut().zip(&self.masks) {
            *value &= masks.writable;
        }
        let layout = Layout { blocks: self.blocks, masks: self.masks, defaults };
        (layout, self.values.into_boxed_slice())
    }

    /// Nearly always in the last block.
    fn index(&self, offset: u16) -> Option<usize> {
        let block = self.blocks.iter().rfind(|block| block.start <= offset)?;
        let within = offset.saturating_sub(block.start) >> 2;
        (within < block.count).then(|| usize::from(block.first.saturating_add(within)))
    }
}
