//! What the machine calls when an object has arrived. Nothing is made before the first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lanewarden_doe::Protocol;
use lanewarden_sim::{Handler, Incoming, Reply, SpdmDevice};
use lanewarden_spdm::binding::MessageKind;

use crate::authorities::Authorities;
use crate::device::Device;

/// The most connections that a mailbox keeps. What comes for another one is dropped.
const MOST_CONNECTIONS: usize = 8;

/// The types of objects in which a responder hears plain messages and secured ones: without connections, and with.
pub(crate) const TYPES: [[Protocol; 2]; 2] = [
    [Protocol::CMA_SPDM, Protocol::SECURED_CMA_SPDM],
    [Protocol::CMA_SPDM_WITH_CONNECTION, Protocol::SECURED_CMA_SPDM_WITH_CONNECTION],
];

/// The responders of a mailbox that hear these types of objects: one for each connection, and one alone where there are
/// none, whose number is 0.
pub(crate) struct Responders {
    device: Arc<SpdmDevice>,
    authorities: Arc<Authorities>,
    /// Whether what is said in sessions can come.
    has_sessions: bool,
    made: BTreeMap<u16, Device>,
}

impl Responders {
    pub fn new(device: Arc<SpdmDevice>, authorities: Arc<Authorities>, has_sessions: bool) -> Self {
        Self { device, authorities, has_sessions, made: BTreeMap::new() }
    }

    fn handle(&mut self, kind: MessageKind, incoming: &Incoming<'_>) -> Reply {
        let connection = incoming.connection;
        let is_new = !self.made.contains_key(&connection);
        // No session begins with a secured message.
        if is_new && (kind == MessageKind::Secured || self.made.len() >= MOST_CONNECTIONS) {
            return Reply::Discard;
        }
        if is_new {
            // Keys or certificates cannot be made: no scenario that was checked can bring that about.
            let made = Device::new(&self.device, &self.authorities, connection, self.has_sessions);
            let Ok(device) = made else { return Reply::Fail };
            self.made.insert(connection, device);
        }
        let device = self.made.get_mut(&connection);
        device.map_or(Reply::Fail, |device| device.handle(incoming.now, kind, incoming.payload))
    }

    fn reset(&mut self) {
        self.made.values_mut().for_each(Device::reset);
    }
}

/// Hears one type of objects.
pub(crate) struct Hearing {
    kind: MessageKind,
    responders: Arc<Mutex<Responders>>,
}

impl Hearing {
    pub const fn new(kind: MessageKind, responders: Arc<Mutex<Responders>>) -> Self {
        Self { kind, responders }
    }

    fn responders(&self) -> MutexGuard<'_, Responders> {
        self.responders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Hearing {
    fn handle(&mut self, incoming: &Incoming<'_>) -> Reply {
        self.responders().handle(self.kind, incoming)
    }

    fn reset(&mut self) {
        self.responders().reset();
    }
}
