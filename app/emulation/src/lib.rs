//! Emulated devices that prove who they are, or fail to in a planned way: responders behind the mailboxes of a
//! [`Simulator`].
//!
//! A scenario says how each function answers ([`lanewarden_sim::scenario::Spdm`]); [`attach`] puts a responder behind
//! each mailbox that speaks SPDM, on root ports, switch ports and endpoints alike. Everything that is left to chance
//! comes from the scenario's seed, so the same machine says the same bytes each time to who says the same. Where a
//! mailbox carries secured messages too, sessions can be opened. Keys and certificates are made when a device is first
//! spoken to, and a machine of thousands of devices starts as fast as without.
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
use std::sync::{Arc, Mutex};

use lanewarden_pci::{AccessError, MailboxId};
use lanewarden_sim::{Scenario, Simulator, SpdmDevice};
use lanewarden_spdm::binding::MessageKind;

use authorities::{Authorities, Issuer};
use handler::{Hearing, Responders, TYPES};

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
        if device.spdm.attests {
            issuers.extend(Issuer::trusted(&device.spdm));
        }
        attach_to(simulator, &Arc::new(device), &authorities)?;
    }
    Ok(Emulation { authorities, issuers })
}

/// What is plain and what is said in sessions go to the same responders, each in its type of objects.
fn attach_to(
    simulator: &Simulator,
    device: &Arc<SpdmDevice>,
    authorities: &Arc<Authorities>,
) -> Result<(), AttachError> {
    let mailbox = device.mailbox;
    for types @ [plain, secured] in TYPES {
        if !device.protocols.contains(&plain) {
            continue;
        }
        let has_sessions = device.protocols.contains(&secured);
        let responders = Responders::new(Arc::clone(device), Arc::clone(authorities), has_sessions);
        let responders = Arc::new(Mutex::new(responders));
        let kinds = types.into_iter().zip([MessageKind::Plain, MessageKind::Secured]);
        for (protocol, kind) in kinds.filter(|(_, kind)| has_sessions || *kind == MessageKind::Plain) {
            let hearing = Hearing::new(kind, Arc::clone(&responders));
            simulator
                .attach(mailbox, protocol, Box::new(hearing))
                .map_err(|source| AttachError::Mailbox { mailbox, source })?;
        }
    }
    Ok(())
}
