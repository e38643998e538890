//! What the machine calls when an object has arrived. Nothing is made before the first.

use std::collections::BTreeMap;
use std::sync::Arc;

use lanewarden_sim::{Handler, Incoming, Reply, SpdmDevice};

use crate::authorities::Authorities;
use crate::device::Device;

/// The most connections that a mailbox keeps. What comes for another one is dropped.
const MOST_CONNECTIONS: usize = 8;

/// What a device is made of, until it is made.
struct Plan {
    device: Arc<SpdmDevice>,
    authorities: Arc<Authorities>,
}

impl Plan {
    /// `None` where keys or certificates cannot be made, which no scenario that was checked can bring about.
    fn make(&self, connection: u16) -> Option<Device> {
        Device::new(&self.device, &self.authorities, connection).ok()
    }
}

/// The responder of a mailbox.
pub(crate) struct Single {
    plan: Plan,
    made: Option<Device>,
}

impl Single {
    pub fn new(device: Arc<SpdmDevice>, authorities: Arc<Authorities>) -> Self {
        Self { plan: Plan { device, authorities }, made: None }
    }
}

impl Handler for Single {
    fn handle(&mut self, incoming: &Incoming<'_>) -> Reply {
        self.made = self.made.take().or_else(|| self.plan.make(0));
        self.made.as_mut().map_or(Reply::Fail, |device| device.handle(incoming.payload))
    }

    fn reset(&mut self) {
        self.made.iter_mut().for_each(Device::reset);
    }
}

/// One responder for each connection of a mailbox.
pub(crate) struct OfConnections {
    plan: Plan,
    made: BTreeMap<u16, Device>,
}

impl OfConnections {
    pub fn new(device: Arc<SpdmDevice>, authorities: Arc<Authorities>) -> Self {
        Self { plan: Plan { device, authorities }, made: BTreeMap::new() }
    }
}

impl Handler for OfConnections {
    fn handle(&mut self, incoming: &Incoming<'_>) -> Reply {
        let connection = incoming.connection;
        if let Some(device) = self.made.get_mut(&connection) {
            return device.handle(incoming.payload);
        }
        if self.made.len() >= MOST_CONNECTIONS {
            return Reply::Discard;
        }
        let Some(mut device) = self.plan.make(connection) else { return Reply::Fail };
        let reply = device.handle(incoming.payload);
        self.made.insert(connection, device);
        reply
    }

    fn reset(&mut self) {
        self.made.values_mut().for_each(Device::reset);
    }
}
