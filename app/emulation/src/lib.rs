//! Emulated devices that prove who they are, or fail to in a planned way: responders behind the mailboxes of a
//! [`Simulator`].
//!
//! A scenario says how each function answers ([`lanewarden_sim::scenario::Spdm`]); [`attach`] puts a responder behind
//! each mailbox that speaks SPDM, on root ports, switch ports and endpoints alike. Everything that is left to chance
//! comes from the scenario's seed, so the same machine says the same bytes each time. Keys and certificates are made
//! when a device is first spoken to, and a machine of thousands of devices starts as fast as without.
//!
//! ```
//! use lanewarden_sim::{Scenario, Simulator};
//!
//! let scenario = Scenario::default();
//! let machine = Simulator::new(&scenario)?;
//! let emulation = lanewarden_emulation::attach(&machine, &scenario)?;
//! assert_eq!(emulation.anchors().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod authorities;
mod device;
mod handler;
mod keys;
mod measured;
mod misbehaviour;
mod random;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use lanewarden_doe::Protocol;
use lanewarden_pci::{AccessError, MailboxId};
use lanewarden_sim::{Handler, Scenario, Simulator};

use authorities::{Authorities, Issuer};
use handler::{OfConnections, Single};

/// Why a responder could not be put behind a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// The mailbox is not there: the machine is another than the scenario's, or the function was pulled out.
    #[error("no responder at {address}, offset {offset:#x}: {source}", address = .mailbox.address, offset = .mailbox.offset)]
    Mailbox {
        /// Which.
        mailbox: MailboxId,
        /// Why.
        source: AccessError,
    },
}

/// What stands behind the responders of a machine.
pub struct Emulation {
    authorities: Arc<Authorities>,
    issuers: BTreeSet<Issuer>,
}

impl Emulation {
    /// DER of the roots that the machine's owner trusts: those of all authorities that issue for its devices, and of
    /// the default one in any case. They are made when they are first asked for.
    #[must_use]
    pub fn anchors(&self) -> Vec<Vec<u8>> {
        let roots = self.issuers.iter().filter_map(|issuer| self.authorities.get(issuer).ok());
        roots.filter_map(|authority| authority.root().map(<[u8]>::to_vec)).collect()
    }
}

impl fmt::Debug for Emulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulation").field("issuers", &self.issuers).finish_non_exhaustive()
    }
}

/// Puts a responder behind each mailbox that speaks SPDM. The scenario is the one that the machine was built from.
///
/// # Errors
/// [`AttachError`].
pub fn attach(simulator: &Simulator, scenario: &Scenario) -> Result<Emulation, AttachError> {
    let authorities = Arc::new(Authorities::new(scenario));
    let mut issuers = BTreeSet::from([Issuer::usual()]);
    for device in simulator.spdm_devices() {
        let mailbox = device.mailbox;
        if device.spdm.attests {
            issuers.extend(Issuer::trusted(&device.spdm));
        }
        let device = Arc::new(device);
        for protocol in &device.protocols {
            let (device, authorities) = (Arc::clone(&device), Arc::clone(&authorities));
            let handler: Box<dyn Handler> = if *protocol == Protocol::CMA_SPDM {
                Box::new(Single::new(device, authorities))
            } else {
                Box::new(OfConnections::new(device, authorities))
            };
            simulator
                .attach(mailbox, *protocol, handler)
                .map_err(|source| AttachError::Mailbox { mailbox, source })?;
        }
    }
    Ok(Emulation { authorities, issuers })
}
