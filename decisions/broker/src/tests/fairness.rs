//! Round robin by client, against a model that is too simple to be wrong; and whatever order things come in.

use std::collections::{BTreeMap, VecDeque};
use std::vec;

use proptest::prelude::*;

use super::*;

/// The naive model of one mailbox: clients in the order of their turns, each with its requests.
#[derive(Default)]
struct Model {
    turns: VecDeque<ClientId>,
    requests: BTreeMap<ClientId, VecDeque<RequestId>>,
    has_turn: Option<ClientId>,
}

impl Model {
    fn ask(&mut self, client: ClientId, request: RequestId) {
        let requests = self.requests.entry(client).or_default();
        if requests.is_empty() && self.has_turn != Some(client) {
            self.turns.push_back(client);
        }
        requests.push_back(request);
    }

    /// Who has had a turn and wants another is the last.
    fn turn_is_over(&mut self) {
        let client = self.has_turn.take();
        self.turns.extend(client.filter(|client| !self.requests[client].is_empty()));
    }

    fn next(&mut self) -> Option<RequestId> {
        self.has_turn = self.turns.pop_front();
        self.requests.get_mut(&self.has_turn?)?.pop_front()
    }
}

proptest! {
    /// Row B17: what is started is what the model starts, in its order, however many requests each client makes.
    #[test]
    fn turns_are_the_models(steps in prop::collection::vec(prop::option::weighted(0.7, 0_usize..4), 1..120)) {
        let (mut stage, device) = stage();
        let instance = device.instance(FIRST);
        let clients: Vec<_> = (0..4).map(|_| stage.connect(USER)).collect();
        let mut model = Model::default();
        let (mut expected, mut running) = (None, None);
        for step in steps {
            match (step, running) {
                (Some(client), _) => {
                    // A client that has as much under way as it may is refused, and there is nothing to model.
                    let Ok(request) = stage.ask(clients[client], instance) else { continue };
                    model.ask(clients[client], request);
                }
                (None, Some(request)) => {
                    stage.answer(instance, request, 0);
                    model.turn_is_over();
                    (running, expected) = (None, None);
                }
                (None, None) => {}
            }
            expected = expected.or_else(|| model.next());
            for act in stage.acts() {
                match act {
                    Act::Start { request, .. } => running = Some(request),
                    Act::Answer { client, request, .. } => stage.broker.collected(client, request, stage.now),
                    _ => {}
                }
            }
            prop_assert_eq!(running, expected);
        }
    }

    /// Whatever happens, in whatever order: every request that was taken gets one answer, exchanges do not overlap, and
    /// in the end nothing is left over.
    #[test]
    fn everybody_gets_one_answer(steps in prop::collection::vec((0_u8..14, 0_usize..3, 0_usize..2, 0_u64..8000), 1..200)) {
        let (mut stage, _) = stage();
        let mut clients: Vec<_> = (0..3).map(|_| stage.connect(Who::Internal)).collect();
        let mut devices = vec![];
        for bus in 0..2 {
            devices.push(Some(stage.broker.arrive(address(bus), &[FIRST], Condition::Clean, stage.now)));
        }
        let mut ledger = Ledger::default();
        for (what, who, which, millis) in steps {
            let client = clients[who];
            let bus = u8::try_from(which).unwrap();
            if let Some(instance) = devices[which].map(|device| device.instance(FIRST)) {
                let now = stage.now;
                let taken = match what {
                    0 => stage.ask(client, instance).ok(),
                    1 => stage.claim(client, instance).ok(),
                    2 => stage.broker.claim(client, instance, Urgency::Urgent, seconds(millis), now).ok(),
                    3 => stage.broker.detach(client, instance, now).ok(),
                    4 => stage.broker.lock_config(client, instance.device(), seconds(millis), now).ok(),
                    5 => stage.broker.submit(client, Ask::new(instance, Protocol::DISCOVERY, 0, 1).urgent(), now).ok(),
                    6 => stage.broker.abort(client, instance, now).err().and(None),
                    _ => None,
                };
                ledger.open.extend(taken.map(|request| (request, client)));
            }
            match what {
                7 => ledger.report(&mut stage, address(bus), Outcome::Answered(Reply { payload: 0, bytes: 1 })),
                8 => ledger.report(&mut stage, address(bus), Outcome::Dead),
                9 => stage.pass(Duration::from_millis(millis)),
                10 => {
                    stage.broker.vanish(address(bus), stage.now);
                    devices[which] = None;
                }
                11 => devices[which] = Some(stage.broker.arrive(address(bus), &[FIRST], Condition::Clean, stage.now)),
                12 => {
                    stage.broker.disconnect(client, stage.now);
                    ledger.open.retain(|_, owner| *owner != client);
                    ledger.held.retain(|_, owner| *owner != client);
                    clients[who] = stage.connect(Who::Internal);
                }
                13 => if let Some((&request, _)) = ledger.held.iter().find(|(_, owner)| **owner == client) {
                    prop_assert!(stage.broker.release(client, request, stage.now).is_ok());
                    ledger.held.remove(&request);
                },
                _ => {}
            }
            ledger.take(&mut stage);
        }
        for _ in 0..200 {
            for bus in 0..2 {
                ledger.report(&mut stage, address(bus), Outcome::Answered(Reply { payload: 0, bytes: 1 }));
                ledger.take(&mut stage);
            }
            stage.pass(seconds(10));
            ledger.take(&mut stage);
        }
        prop_assert!(ledger.open.is_empty() && ledger.held.is_empty());
    }
}

/// Row B17: one that asks again as soon as it has its answer has as many turns as one with eight requests at once.
#[test]
fn more_requests_at_once_are_no_more_turns() {
    let (mut stage, device) = stage();
    let instance = device.instance(FIRST);
    let (greedy, modest) = (stage.connect(USER), stage.connect(USER));
    let mut turns = BTreeMap::from([(greedy, 0_u32), (modest, 0)]);
    let mut waiting = BTreeMap::from([(greedy, 0), (modest, 0)]);
    let mut running = None;
    for _ in 0..100 {
        // The one before has its answer once the next one has begun.
        for (client, most) in [(greedy, 8), (modest, 1)] {
            while waiting[&client] < most {
                stage.ask(client, instance).unwrap();
                *waiting.get_mut(&client).unwrap() += 1;
            }
        }
        if let Some(request) = running.take() {
            stage.answer(instance, request, 0);
        }
        for act in stage.acts() {
            match act {
                Act::Start { request, .. } => running = Some(request),
                Act::Answer { client, request, .. } => {
                    stage.broker.collected(client, request, stage.now);
                    *waiting.get_mut(&client).unwrap() -= 1;
                    *turns.get_mut(&client).unwrap() += 1;
                }
                _ => {}
            }
        }
    }
    assert!(turns[&greedy].abs_diff(turns[&modest]) <= 1, "{turns:?}");
}

/// Who waits for what, who has what, and what is under way.
#[derive(Default)]
struct Ledger {
    open: BTreeMap<RequestId, ClientId>,
    held: BTreeMap<RequestId, ClientId>,
    running: BTreeMap<Address, RequestId>,
}

impl Ledger {
    fn report(&mut self, stage: &mut Stage, address: Address, outcome: Outcome<u32>) {
        let Some(request) = self.running.remove(&address) else { return };
        let mailbox = crate::MailboxId { address, offset: FIRST };
        stage.broker.completed(mailbox, request, outcome, stage.now).unwrap();
    }

    fn take(&mut self, stage: &mut Stage) {
        for act in stage.acts() {
            match act {
                Act::Start { instance, request, .. } => {
                    assert_eq!(self.running.insert(instance.mailbox.address, request), None, "they overlap");
                }
                Act::Stop { instance, request } => {
                    assert_eq!(self.running.get(&instance.mailbox.address), Some(&request));
                }
                Act::Answer { client, request, .. } => {
                    assert_eq!(self.open.remove(&request), Some(client), "one answer, to the right one");
                    stage.broker.collected(client, request, stage.now);
                }
                Act::Granted { client, request } => {
                    assert_eq!(self.open.remove(&request), Some(client));
                    self.held.insert(request, client);
                    stage.broker.collected(client, request, stage.now);
                }
                Act::Ended { client, request, .. } => assert_eq!(self.held.remove(&request), Some(client)),
            }
        }
    }
}
