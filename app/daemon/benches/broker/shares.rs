//! Many clients on few mailboxes, in virtual time: how many exchanges each gets, and how long it waits for one.

use std::time::Duration;

use lanewarden_broker::{ClientId, Instance, Limits};
use lanewarden_daemon::engine::{Engine, Ticket};
use lanewarden_sim::Simulator;
use lanewarden_time::{Clock, Instant};

use crate::stage;

const CLIENTS: usize = 64;
const MAILBOXES: usize = 16;
const SPAN: Duration = Duration::from_secs(5);
const ANSWER_US: u32 = 100;

/// What one client does.
struct Player {
    client: ClientId,
    /// How many requests it has at once.
    at_once: usize,
    /// Whether it goes on to another mailbox after each answer.
    wanders: bool,
    at: usize,
    open: Vec<(Ticket, Instant)>,
    served: u32,
}

pub fn measure() {
    println!(
        "{CLIENTS} clients on {MAILBOXES} mailboxes that answer in {ANSWER_US} us, {SPAN:?} of virtual time\n\
         who asks                                      exchanges  share, max/min  wait, median / p99 / max"
    );
    play("each one of four on a mailbox, one at a time", |_| (1, false));
    play("every other one with eight at once", |number| {
        (if (number / MAILBOXES).is_multiple_of(2) { 8 } else { 1 }, false)
    });
    play("all wander from mailbox to mailbox", |_| (1, true));
}

fn play(name: &str, how: impl Fn(usize) -> (usize, bool)) {
    let machine = stage::machine(MAILBOXES, ANSWER_US);
    let limits = Limits { clients_per_user: CLIENTS, ..Limits::default() };
    let mut engine = stage::engine(machine.clone(), limits);
    let instances: Vec<_> =
        stage::mailboxes(&machine).into_iter().map(|mailbox| stage::instance(&engine, mailbox)).collect();
    let mut players: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (at_once, wanders) = how(number);
            let client = stage::client(&mut engine, number as u32);
            Player { client, at_once, wanders, at: number % MAILBOXES, open: Vec::new(), served: 0 }
        })
        .collect();
    let end = machine.now() + SPAN;
    let mut waits = Vec::new();
    while machine.now() < end {
        players.iter_mut().for_each(|player| player.ask(&mut engine, &instances));
        let next = engine.run().unwrap();
        drop(engine.take_events());
        let before = waits.len();
        players.iter_mut().for_each(|player| player.collect(&mut engine, &mut waits));
        // Whoever has an answer asks again before time goes on.
        if waits.len() == before {
            machine.wait_until(next);
        }
    }
    report(name, &players, waits);
}

fn report(name: &str, players: &[Player], mut waits: Vec<Duration>) {
    waits.sort();
    let at = |percent| waits[(waits.len() - 1) * percent / 100];
    let served = || players.iter().map(|player| player.served);
    let (most, least) = (served().max().unwrap(), served().min().unwrap());
    println!(
        "{name:44}  {:9}  {:14.3}  {:?} / {:?} / {:?}",
        waits.len(),
        f64::from(most) / f64::from(least),
        at(50),
        at(99),
        at(100),
    );
}

impl Player {
    /// Takes the answers that are there.
    fn collect(&mut self, engine: &mut Engine<Simulator>, waits: &mut Vec<Duration>) {
        let now = engine.now();
        let mut open = std::mem::take(&mut self.open);
        open.retain_mut(|(ticket, since)| {
            let Ok(told) = ticket.told.try_recv() else { return true };
            told.unwrap();
            waits.push(now.since(*since));
            self.served += 1;
            engine.tell(|broker, now| broker.collected(self.client, ticket.request, now));
            false
        });
        self.open = open;
    }

    fn ask(&mut self, engine: &mut Engine<Simulator>, instances: &[Instance]) {
        while self.open.len() < self.at_once {
            // Each at a pace of its own, so that they do not go about in step.
            self.at += if self.wanders { 1 + 2 * (self.served as usize % 7) } else { 0 };
            let instance = instances[self.at % instances.len()];
            let ticket = engine.exchange(self.client, stage::discovery(instance)).unwrap();
            self.open.push((ticket, engine.now()));
        }
    }
}
