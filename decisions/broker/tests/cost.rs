//! What an exchange costs once everything has grown to what is used.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]

use core::time::Duration;

use lanewarden_alloc_probe::counted;
use lanewarden_broker::{
    Act, Address, Ask, Broker, ClientId, Condition, Instance, Instant, Limits, Outcome, Protocol, Reply, Who,
};

/// Each client asks once and everything is served, `rounds` times.
fn work(
    broker: &mut Broker<(), ()>,
    clients: &[ClientId],
    mailboxes: &[Instance],
    rounds: u64,
    from: Instant,
) {
    for round in 0..rounds {
        let now = from + Duration::from_micros(round);
        for (client, instance) in clients.iter().zip(mailboxes.iter().cycle()) {
            broker.submit(*client, Ask::new(*instance, Protocol::DISCOVERY, (), 64), now).unwrap();
        }
        while let Some(act) = broker.next_act() {
            match act {
                Act::Start { instance, request, .. } => {
                    let reply = Outcome::Answered(Reply { payload: (), bytes: 64 });
                    broker.completed(instance.mailbox, request, reply, now).unwrap();
                }
                Act::Answer { client, request, .. } => broker.collected(client, request, now),
                _ => {}
            }
        }
        while broker.next_event().is_some() {}
        broker.advance(now);
    }
}

fn many() -> (Broker<(), ()>, Vec<ClientId>, Vec<Instance>) {
    let now = Instant::ORIGIN;
    let mut broker = Broker::new(Limits::default(), lanewarden_broker::Rules::default());
    let mailboxes = (0..2000_u16).map(|index| {
        let [bus, devfn] = index.to_be_bytes();
        let device = broker.arrive(Address::from_devfn(0, bus, devfn), &[0x100], Condition::Clean, now);
        device.instance(0x100)
    });
    let mailboxes: Vec<_> = mailboxes.step_by(400).collect();
    let clients =
        (0..20).map(|process| broker.connect(Who::User { user: 1, process }, now).unwrap()).collect();
    (broker, clients, mailboxes)
}

#[test]
fn an_exchange_allocates_nothing() {
    let (mut broker, clients, mailboxes) = many();
    let ((), growing) = counted(|| work(&mut broker, &clients, &mailboxes, 100, Instant::from_millis(1)));
    assert!(growing > 0, "the probe counts");
    let ((), taken) = counted(|| work(&mut broker, &clients, &mailboxes, 1000, Instant::from_millis(2)));
    assert_eq!(taken, 0);
    assert_eq!(broker.statistics().answered, 22_000);
}
