//! One exchange in process: by the mailbox core alone, and through broker and engine, in turn. Times are the thread's own on
//! the processor, the emulated machine's work included in both.

use std::hint::black_box;

use lanewarden_broker::{Act, Ask, Broker, Condition, Limits, MailboxId, Outcome, Reply, Rules, Who};
use lanewarden_doe::{Mailbox, Policy, Protocol, Request};
use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Function, Machine};
use lanewarden_sim::{FunctionConfig, Simulator};
use lanewarden_time::Instant;
use rustix::time::ClockId;

use crate::series::Series;
use crate::stage;

const ROUNDS: usize = 301;
const COUNT: usize = 500;

pub fn measure() {
    println!("an exchange in process, {ROUNDS} rounds of {COUNT}; ns on the processor, min / median / max");
    let machine = stage::machine(1, 10);
    let mailbox = stage::mailboxes(&machine)[0];
    let mut core = Core::new(&machine, mailbox);
    let mut engine = stage::engine(machine.clone(), Limits::default());
    let client = stage::client(&mut engine, 1);
    let instance = stage::instance(&engine, mailbox);
    let mut decisions = Decisions::new(mailbox);
    let (mut alone, mut through, mut decided) = (Series::default(), Series::default(), Series::default());
    for _ in 0..ROUNDS {
        alone.time(COUNT, ClockId::ThreadCPUTime, || drop(black_box(core.exchange())));
        through.time(COUNT, ClockId::ThreadCPUTime, || {
            drop(black_box(stage::exchange(&mut engine, client, instance)));
        });
        decided.time(COUNT, ClockId::ThreadCPUTime, || decisions.once());
    }
    let mut above = through.above(&alone);
    println!("the mailbox core alone    {}", alone.text());
    println!("broker and engine         {}", through.text());
    println!("more, round by round      {}", above.text());
    println!("the broker's decisions    {}\n", decided.text());
}

/// The core, its mailbox and nobody else.
pub struct Core {
    machine: Simulator,
    config: FunctionConfig,
    mailbox: Mailbox<[u8; 64]>,
}

impl Core {
    pub fn new(machine: &Simulator, mailbox: MailboxId) -> Self {
        let mut config = machine.open(mailbox.address).unwrap();
        let doe: Doe = Function::read(mailbox.address, &mut config).unwrap().does[0];
        Self { machine: machine.clone(), config, mailbox: Mailbox::new(doe, [0; 64], Policy::default()) }
    }

    pub fn exchange(&mut self) -> Vec<u8> {
        let request = Request::new(Protocol::DISCOVERY, &stage::DISCOVERY);
        let answer = lanewarden_doe::exchange(&mut self.mailbox, &mut self.config, &self.machine, &request);
        answer.unwrap().to_vec()
    }
}

/// The broker with a mailbox that answers at once.
struct Decisions {
    broker: Broker<(), ()>,
    ask: Ask<()>,
    client: lanewarden_broker::ClientId,
}

impl Decisions {
    fn new(mailbox: MailboxId) -> Self {
        let now = Instant::ORIGIN;
        let mut broker = Broker::new(Limits::default(), Rules::default());
        let device = broker.arrive(mailbox.address, &[mailbox.offset], Condition::Clean, now);
        let client = broker.connect(Who::User { user: 1, process: 1, role: 0 }, now).unwrap();
        let ask = Ask::new(device.instance(mailbox.offset), Protocol::DISCOVERY, (), 8);
        Self { broker, ask, client }
    }

    fn once(&mut self) {
        let (broker, now) = (&mut self.broker, Instant::ORIGIN);
        broker.submit(self.client, self.ask.clone(), now).unwrap();
        while let Some(act) = broker.next_act() {
            match act {
                Act::Start { instance, request, .. } => {
                    let reply = Outcome::Answered(Reply { payload: (), bytes: 4 });
                    broker.completed(instance.mailbox, request, reply, now).unwrap();
                }
                Act::Answer { client, request, .. } => broker.collected(client, request, now),
                _ => {}
            }
        }
        while broker.next_event().is_some() {}
        black_box(broker.deadline());
    }
}
