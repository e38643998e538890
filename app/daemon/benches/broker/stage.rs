//! The machine, and those who ask.

use lanewarden_broker::{Ask, ClientId, Instance, Limits, MailboxId, Protocol, Who};
use lanewarden_daemon::engine::{Engine, Object, Outgoing, Told};
use lanewarden_daemon::policy::{Policy, Subject};
use lanewarden_pci::Machine;
use lanewarden_sim::{Scenario, Simulator};
use lanewarden_time::{Clock, Instant};

/// The request of discovery's first entry.
pub const DISCOVERY: [u8; 4] = [0; 4];
/// The payload of its answer, in bytes.
pub const ANSWER: usize = 4;

/// So many memories, whose mailboxes answer after so long.
pub fn machine(memories: usize, answer_us: u32) -> Simulator {
    let port = |number| {
        format!(
            "[[bridges.ports]]\nname = \"port-{number}\"\n[[bridges.ports.functions]]\nkind = \"memory\"\n\
             name = \"memory-{number}\"\ndoe = [{{ protocols = [\"table_access\"], answer_us = {answer_us} }}]\n"
        )
    };
    let ports: String = (0..memories).map(port).collect();
    let text = format!("name = \"bench\"\nseed = 1\n[[bridges]]\nuid = 1\ncxl = true\n{ports}");
    Simulator::new(&Scenario::parse(&text).unwrap()).unwrap()
}

pub fn mailboxes(machine: &Simulator) -> Vec<MailboxId> {
    machine.functions().unwrap().into_iter().flat_map(|address| machine.mailboxes(address)).collect()
}

/// An engine in the machine's own time, in which user 1 may do everything.
pub fn engine(machine: Simulator, limits: Limits) -> Engine<Simulator> {
    let mut engine = Engine::new(machine, Clock::now, limits, Policy::of_one(1));
    engine.discover(|_| false).unwrap();
    engine
}

pub fn client(engine: &mut Engine<Simulator>, process: u32) -> ClientId {
    let role = engine.policy().admit(Subject { user: 1, groups: vec![1] });
    engine.connect(Who::User { user: 1, process, role }).unwrap()
}

pub fn instance(engine: &Engine<Simulator>, mailbox: MailboxId) -> Instance {
    engine.device(mailbox.address, None).unwrap().instance(mailbox.offset)
}

pub fn discovery(instance: Instance) -> Ask<Outgoing> {
    let outgoing =
        Outgoing { payload: DISCOVERY.to_vec(), alternative: None, connection: 0, longest: ANSWER };
    Ask::new(instance, Protocol::DISCOVERY, outgoing, DISCOVERY.len() + ANSWER)
}

/// One exchange, from the call to when the client has its answer.
pub fn exchange(engine: &mut Engine<Simulator>, client: ClientId, instance: Instance) -> Object {
    let mut ticket = engine.exchange(client, discovery(instance)).unwrap();
    loop {
        let next = engine.run();
        if let Ok(told) = ticket.told.try_recv() {
            engine.tell(|broker, now| broker.collected(client, ticket.request, now));
            drop(engine.take_events());
            let Ok(Told::Object(object)) = told else { unreachable!("{told:?}") };
            return object;
        }
        engine.machine().wait_until(next.unwrap_or(Instant::ORIGIN));
    }
}
