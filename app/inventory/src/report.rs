//! What a scan found, function by function and mailbox by mailbox.

use std::time::Duration;

use lanewarden_cxl::cdat::Table;
use lanewarden_doe::{CollocationWarning, Feature, Protocol, Statistics, collocation};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Address, Claim, MailboxId};

use crate::MailboxError;

/// What the machine's kernel says of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionReport {
    /// The driver bound to it.
    pub driver: Option<String>,
    /// The CXL core's objects on it.
    pub cxl_objects: Vec<String>,
    /// The kernel's own list of DOE features, where it has one.
    pub doe_features: Option<Vec<String>>,
}

/// One mailbox.
#[derive(Clone, Debug)]
pub struct MailboxReport {
    /// Which one.
    pub id: MailboxId,
    /// Its capability.
    pub capability: Doe,
    /// Who else uses it.
    pub claim: Option<Claim>,
    /// What it speaks; `None` where that was not asked.
    pub features: Option<Result<Vec<Feature>, MailboxError>>,
    /// The table in it, where it speaks table access.
    pub table: Option<TableReport>,
    /// What was read, in the end, of a table that could not be read whole: what there is of its header and its
    /// structures. Empty where the mailbox gave a whole one, or nothing.
    pub partial_table: Vec<u8>,
    /// The payload of the answer to a request of the caller's own.
    pub answer: Option<Result<Vec<u8>, MailboxError>>,
    /// Whether an abort did not finish: it is of no use any more.
    pub dead: bool,
    /// What the mailbox has seen.
    pub statistics: Statistics,
    /// From the start of the work on all mailboxes to the end of that on this one.
    pub elapsed: Duration,
}

/// A table and where it comes from.
#[derive(Clone, Debug)]
pub struct TableReport {
    /// Who read it.
    pub source: TableSource,
    /// The table.
    pub table: Result<Table, MailboxError>,
}

/// Who read a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableSource {
    /// This program, through the mailbox.
    Mailbox,
    /// The kernel, which publishes its copy.
    Kernel,
}

/// The mailbox that serves a protocol: the first in order that speaks it.
#[must_use]
pub fn find(mailboxes: &[MailboxReport], protocol: Protocol) -> Option<&MailboxReport> {
    mailboxes.iter().find(|mailbox| mailbox.speaks(protocol))
}

impl MailboxReport {
    /// Of one that has not been asked anything.
    #[must_use]
    pub fn new(id: MailboxId, capability: Doe) -> Self {
        Self {
            id,
            capability,
            claim: None,
            features: None,
            table: None,
            partial_table: Vec::new(),
            answer: None,
            dead: false,
            statistics: Statistics::default(),
            elapsed: Duration::ZERO,
        }
    }

    /// The function that has the mailbox.
    #[must_use]
    pub fn address(&self) -> Address {
        self.id.address
    }

    /// The protocols it is known to speak.
    pub fn protocols(&self) -> impl Iterator<Item = Protocol> + '_ {
        self.features.iter().flatten().flatten().map(|feature| feature.protocol)
    }

    /// Whether it is known to speak `protocol`.
    #[must_use]
    pub fn speaks(&self, protocol: Protocol) -> bool {
        self.protocols().any(|p| p == protocol)
    }

    /// What is unusual about the protocols that share it.
    #[must_use]
    pub fn warnings(&self) -> Vec<CollocationWarning> {
        collocation(&self.protocols().collect::<Vec<_>>()).collect()
    }

    /// The first thing that went wrong with it.
    #[must_use]
    pub fn error(&self) -> Option<&MailboxError> {
        let features = self.features.as_ref().and_then(|r| r.as_ref().err());
        let table = self.table.as_ref().and_then(|t| t.table.as_ref().err());
        let answer = self.answer.as_ref().and_then(|r| r.as_ref().err());
        features.or(table).or(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(offset: u16, protocols: &[Protocol]) -> MailboxReport {
        let address = Address::from_devfn(0, 1, 0);
        let capability = Doe { offset, version: 1, interrupt: None, attention: false, async_messages: false };
        let features =
            protocols.iter().map(|protocol| Feature { protocol: *protocol, limits: None }).collect();
        MailboxReport {
            features: Some(Ok(features)),
            ..MailboxReport::new(MailboxId { address, offset }, capability)
        }
    }

    /// Row T10: the unit is the instance, and the first that speaks a protocol serves it, be there a second or not.
    #[test]
    fn the_first_instance_serves_a_protocol() {
        let cdat = Protocol::CXL_TABLE_ACCESS;
        let mailboxes = [
            mailbox(0x100, &[Protocol::DISCOVERY, Protocol::CMA_SPDM]),
            mailbox(0x120, &[Protocol::DISCOVERY, cdat]),
            mailbox(0x140, &[Protocol::DISCOVERY, cdat]),
        ];
        assert_eq!(find(&mailboxes, cdat).map(|found| found.id.offset), Some(0x120));
        assert!(find(&mailboxes, Protocol::CXL_COMPLIANCE).is_none());
    }
}
