//! The registers of one DOE capability (PCIe 6.x, 7.9.24), with errors that say where in an exchange they happened. The
//! mailboxes take and give whole DWs only.

use lanewarden_pci::registers::doe::{CONTROL, Control, READ_MAILBOX, STATUS, Status, WRITE_MAILBOX};
use lanewarden_pci::{AccessError, ConfigSpace};

use crate::{Error, Phase};

pub(super) struct Registers<'a, C> {
    config: &'a mut C,
    offset: u16,
}

impl<'a, C: ConfigSpace> Registers<'a, C> {
    pub fn new(config: &'a mut C, offset: u16) -> Self {
        Self { config, offset }
    }

    /// The Status register. All ones is what a function reads as that has vanished; the vendor ID then decides.
    pub fn status(&mut self, phase: Phase) -> Result<Status, Error> {
        let bits = self.read(STATUS, phase)?;
        let gone = bits == u32::MAX
            && self.config.read(0).map_err(|source| Error::Access { phase, source })? == bits;
        if gone {
            return Err(Error::Access { phase, source: AccessError::Gone });
        }
        Ok(Status::from_bits_truncate(bits))
    }

    /// Control: GO and Abort act when written and read as zero; the other bits are set as they are given.
    pub fn control(&mut self, control: Control, phase: Phase) -> Result<(), Error> {
        self.write(CONTROL, control.bits(), phase)
    }

    /// Write Data Mailbox: appends a DW to the request.
    pub fn append(&mut self, dword: u32) -> Result<(), Error> {
        self.write(WRITE_MAILBOX, dword, Phase::Write)
    }

    /// Read Data Mailbox: the current DW of the answer.
    pub fn peek(&mut self) -> Result<u32, Error> {
        self.read(READ_MAILBOX, Phase::Read)
    }

    /// Goes on to the next DW of the answer. Any value does.
    pub fn acknowledge(&mut self) -> Result<(), Error> {
        self.write(READ_MAILBOX, 0, Phase::Read)
    }

    /// Before the last acknowledge: Data Object Ready must still stand, as Linux checks too. Otherwise what was read
    /// was not all of the answer.
    pub fn expect_ready(&mut self) -> Result<(), Error> {
        match self.status(Phase::Read)? {
            s if s.contains(Status::ERROR) => Err(Error::Faulted(Phase::Read)),
            s if s.contains(Status::READY) => Ok(()),
            _ => Err(Error::Truncated),
        }
    }

    /// Interrupt Status, which is cleared by writing one: the next interrupt comes only after that.
    pub fn clear_interrupt(&mut self) -> Result<(), Error> {
        self.write(STATUS, Status::INTERRUPT.bits(), Phase::Await)
    }

    fn read(&mut self, register: u16, phase: Phase) -> Result<u32, Error> {
        self.config
            .read(self.offset.saturating_add(register))
            .map_err(|source| Error::Access { phase, source })
    }

    fn write(&mut self, register: u16, value: u32, phase: Phase) -> Result<(), Error> {
        let offset = self.offset.saturating_add(register);
        self.config.write(offset, value).map_err(|source| Error::Access { phase, source })
    }
}
