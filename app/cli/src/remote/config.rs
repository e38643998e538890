//! Configuration space as the daemon reads it.

use std::collections::BTreeMap;
use std::rc::Rc;

use lanewarden_ipc::machine::{Function, ReadConfig};
use lanewarden_pci::{AccessError, Address, ConfigSpace};

use super::Shared;

/// How many bytes are read at once.
const BLOCK: u16 = 256;

/// One function's configuration space. What has been read is kept as long as it is open.
pub struct RemoteConfig {
    shared: Rc<Shared>,
    address: Address,
    generation: Option<u64>,
    size: u16,
    blocks: BTreeMap<u16, Vec<u8>>,
}

impl RemoteConfig {
    pub(super) fn new(shared: Rc<Shared>, function: &Function) -> Self {
        let Function { address, generation, config_bytes: size, .. } = *function;
        Self { shared, address, generation, size, blocks: BTreeMap::new() }
    }

    fn block(&self, start: u16) -> Result<Vec<u8>, AccessError> {
        let (address, generation) = (self.address, self.generation);
        let count = BLOCK.min(self.size.saturating_sub(start)) / 4;
        let read = ReadConfig { address, generation, offset: start, count };
        Ok(self.shared.access(&read)?.registers.0)
    }
}

impl ConfigSpace for RemoteConfig {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        let outside = AccessError::OutOfRange(offset);
        if !offset.is_multiple_of(4) || offset >= self.size {
            return Err(outside);
        }
        let start = offset.checked_rem(BLOCK).map_or(0, |within| offset.saturating_sub(within));
        if !self.blocks.contains_key(&start) {
            let block = self.block(start)?;
            self.blocks.insert(start, block);
        }
        let register = self.blocks.get(&start).and_then(|block| {
            let from = usize::from(offset.saturating_sub(start));
            block.get(from..)?.first_chunk::<4>()
        });
        register.map(|bytes| u32::from_le_bytes(*bytes)).ok_or(outside)
    }

    /// Writing past all mailboxes is not for verbs on mailboxes.
    fn write(&mut self, _: u16, _: u32) -> Result<(), AccessError> {
        Err(AccessError::Denied)
    }

    fn size(&self) -> u16 {
        self.size
    }
}
