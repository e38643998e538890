//! The devices that speak SPDM, for whoever attaches what answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lanewarden_doe::Protocol;
use lanewarden_pci::{AccessError, ConfigSpace, Function, MailboxId};
use lanewarden_spdm::certificate::DeviceIdentity;

use super::inner::{self, Index, Inner};
use crate::scenario::{Spdm, longest_message};
use crate::space::{SIZE, Space};

/// A mailbox that speaks SPDM, and what answers at it has to know.
#[derive(Clone, Debug)]
pub struct SpdmDevice {
    /// Where it is.
    pub mailbox: MailboxId,
    /// What the scenario calls its function.
    pub name: Option<String>,
    /// Those of SPDM's protocols that it lists, of which one at least is not of sessions.
    pub protocols: Vec<Protocol>,
    /// What the function's configuration space says it is.
    pub identity: DeviceIdentity,
    /// The longest message it carries, in bytes.
    pub longest_message: u32,
    /// How long an answer takes that takes no work.
    pub answer_time: Duration,
    /// How it answers.
    pub spdm: Arc<Spdm>,
}

/// Configuration space as it is, without an access.
struct Still<'s>(&'s Space);

impl ConfigSpace for Still<'_> {
    fn read(&mut self, offset: u16) -> Result<u32, AccessError> {
        Ok(self.0.read(offset))
    }

    fn write(&mut self, _: u16, _: u32) -> Result<(), AccessError> {
        Ok(())
    }

    fn size(&self) -> u16 {
        SIZE
    }
}

impl Inner {
    pub fn spdm_devices(&self) -> Vec<SpdmDevice> {
        let names: HashMap<Index, &String> = self.names.iter().map(|(name, index)| (*index, name)).collect();
        let usual = Arc::new(Spdm::default());
        let mut devices = Vec::new();
        for (_, index) in &self.by_address {
            let Some(function) = self.function(*index) else { continue };
            let spdm = self.spdm.get(index).unwrap_or(&usual);
            function.spdm_devices(names.get(index).copied(), spdm, &mut devices);
        }
        devices
    }
}

impl inner::Function {
    fn spdm_devices(&self, name: Option<&String>, spdm: &Arc<Spdm>, devices: &mut Vec<SpdmDevice>) {
        let plain = [Protocol::CMA_SPDM, Protocol::CMA_SPDM_WITH_CONNECTION];
        let secured = [Protocol::SECURED_CMA_SPDM, Protocol::SECURED_CMA_SPDM_WITH_CONNECTION];
        let speaks = |protocols: &[Protocol]| plain.iter().any(|one| protocols.contains(one));
        let spoken = || plain.into_iter().chain(secured);
        let mut mailboxes = self.mailboxes.iter().filter(|one| speaks(&one.traits().protocols)).peekable();
        // Functions that speak no SPDM need not be read.
        let Some(identity) = mailboxes.peek().and_then(|_| self.device_identity()) else { return };
        devices.extend(mailboxes.map(|mailbox| SpdmDevice {
            mailbox: MailboxId { address: self.address, offset: mailbox.offset },
            name: name.cloned(),
            protocols: spoken().filter(|one| mailbox.traits().protocols.contains(one)).collect(),
            identity,
            longest_message: longest_message(mailbox.traits().max_dwords),
            answer_time: mailbox.traits().answer_time,
            spdm: Arc::clone(spdm),
        }));
    }

    /// As a host reads it.
    fn device_identity(&self) -> Option<DeviceIdentity> {
        let function = Function::read(self.address, &mut Still(&self.space)).ok()?;
        let header = function.header;
        let class = header.class;
        Some(DeviceIdentity {
            vendor_id: header.vendor,
            device_id: header.device,
            class_code: u32::from_be_bytes([0, class.base, class.sub, class.interface]),
            revision: header.revision,
            subsystem: header.subsystem,
            serial: function.serial.map(|serial| serial.0),
        })
    }
}
