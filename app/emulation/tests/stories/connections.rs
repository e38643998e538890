//! Mailboxes that speak SPDM over several connections.

use lanewarden_doe::{Error, Mailbox, Policy, Protocol, Request, exchange};
use lanewarden_pci::{Function, Machine};
use lanewarden_sim::{FunctionConfig, Simulator};

use crate::support::{World, one};

const GET_VERSION: [u8; 4] = [0x10, 0x84, 0, 0];
/// GET_CAPABILITIES of 1.1.
const GET_CAPABILITIES: [u8; 12] = [0x11, 0xe1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

struct Host {
    machine: Simulator,
    config: FunctionConfig,
    mailbox: Mailbox<Vec<u8>>,
}

impl Host {
    fn new(world: &World) -> Self {
        let machine = world.machine.clone();
        let address = machine.address("drive").unwrap();
        let mut config = machine.open(address).unwrap();
        let function = Function::read(address, &mut config).unwrap();
        let mailbox = Mailbox::new(function.does[0], vec![0; 4096], Policy::default());
        Self { machine, config, mailbox }
    }

    /// The code of the answer.
    fn ask(&mut self, connection: u16, message: &[u8]) -> Result<u8, Error> {
        let request = Request::new(Protocol::CMA_SPDM_WITH_CONNECTION, message).connection(connection);
        exchange(&mut self.mailbox, &mut self.config, &self.machine, &request).map(|answer| answer[1])
    }
}

#[test]
fn each_connection_negotiates_for_itself_and_there_is_a_bound() {
    let world = World::new(&one("{}").replace("\"cma_spdm\"", "\"cma_spdm_with_connection\""));
    let mut host = Host::new(&world);
    assert_eq!(host.ask(1, &GET_VERSION), Ok(0x04));
    assert_eq!(host.ask(2, &GET_CAPABILITIES), Ok(0x7f), "VERSION comes first");
    assert_eq!(host.ask(1, &GET_CAPABILITIES), Ok(0x61));
    for connection in 3..=8 {
        assert_eq!(host.ask(connection, &GET_VERSION), Ok(0x04));
    }
    assert_eq!(host.ask(9, &GET_VERSION), Err(Error::Timeout), "eight are kept");
    assert_eq!(host.ask(2, &GET_VERSION), Ok(0x04));
}
