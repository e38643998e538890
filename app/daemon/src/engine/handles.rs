//! Mailboxes that are open: those in use, and some that were.

use std::collections::BTreeMap;

use lanewarden_broker::{Instance, MailboxId};
use lanewarden_doe::{Mailbox, Policy};
use lanewarden_pci::AccessError;
use lanewarden_pci::registers::doe::Doe;

/// How many are kept open though nothing is under way on them. Each takes a file descriptor.
const MOST_IDLE: usize = 64;
/// Buffers that are longer than this are not kept.
const USUAL_ROOM: usize = 4608;

struct Handle<C> {
    instance: Instance,
    config: C,
    mailbox: Mailbox<Vec<u8>>,
}

/// What is open.
pub struct Handles<C>(BTreeMap<MailboxId, Handle<C>>);

impl<C> Default for Handles<C> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<C> Handles<C> {
    /// The mailbox of an instance, with this much room, opened if it is not open.
    pub fn open(
        &mut self,
        instance: Instance,
        doe: Doe,
        room: usize,
        open: impl FnOnce() -> Result<C, AccessError>,
        busy: impl Fn(MailboxId) -> bool,
    ) -> Result<&mut Mailbox<Vec<u8>>, AccessError> {
        let id = instance.mailbox;
        if self.0.get(&id).is_none_or(|handle| handle.instance != instance) {
            self.make_place(busy);
            let mailbox = Mailbox::new(doe, Vec::new(), Policy::default());
            self.0.insert(id, Handle { instance, config: open()?, mailbox });
        }
        let handle = self.0.get_mut(&id).ok_or(AccessError::Gone)?;
        let mailbox = &mut handle.mailbox;
        if mailbox.room() < room || mailbox.room() > USUAL_ROOM.max(room) {
            // Nothing is under way: the broker begins one exchange at a time.
            let _ = mailbox.replace_buffer(vec![0; room]);
        }
        Ok(mailbox)
    }

    fn make_place(&mut self, busy: impl Fn(MailboxId) -> bool) {
        if self.0.len() < MOST_IDLE {
            return;
        }
        if let Some(idle) = self.0.keys().copied().find(|id| !busy(*id)) {
            self.0.remove(&idle);
        }
    }

    /// One that is open.
    pub fn get(&mut self, id: MailboxId) -> Option<(&mut Mailbox<Vec<u8>>, &mut C)> {
        self.0.get_mut(&id).map(|handle| (&mut handle.mailbox, &mut handle.config))
    }

    /// Ends the exchange on one.
    pub fn cancel(&mut self, id: MailboxId) {
        if let Some(handle) = self.0.get_mut(&id) {
            handle.mailbox.cancel();
        }
    }

    /// Closes one.
    pub fn close(&mut self, id: MailboxId) {
        self.0.remove(&id);
    }
}
