//! A state as bytes, without what does not matter: names are numbered in the order in which they are met, times are
//! counted from the present. Every field is named here, so that a new one cannot be forgotten.

use std::vec::Vec;

use super::world::{Seat, Wait, World};
use crate::desk::Client;
use crate::function::{Exclusive, Function};
use crate::queue::{Lane, Queue, Waiting, Want};
use crate::slot::{Hold, Kind, Running, Slot};
use crate::{Act, ClientId, Generation, Instant, Limits, RequestId};

pub struct Codec {
    pub out: Vec<u8>,
    now: Instant,
    limits: Limits,
    clients: Vec<ClientId>,
    requests: Vec<RequestId>,
    generations: Vec<Generation>,
}

fn number<T: PartialEq>(known: &mut Vec<T>, name: T) -> u8 {
    let place = known.iter().position(|other| *other == name).unwrap_or_else(|| {
        known.push(name);
        known.len() - 1
    });
    u8::try_from(place).unwrap()
}

impl Codec {
    fn byte(&mut self, byte: impl Into<u8>) {
        self.out.push(byte.into());
    }

    fn count(&mut self, count: usize) {
        self.byte(u8::try_from(count).unwrap());
    }

    fn client(&mut self, client: ClientId) {
        let byte = number(&mut self.clients, client);
        self.byte(byte);
    }

    fn request(&mut self, request: RequestId) {
        let byte = number(&mut self.requests, request);
        self.byte(byte);
    }

    fn generation(&mut self, generation: Generation) {
        let byte = number(&mut self.generations, generation);
        self.byte(byte);
    }

    /// A time to come, in milliseconds from now; 0 if there is none.
    fn later(&mut self, at: Option<Instant>) {
        let millis = at.map_or(0, |at| 1 + at.since(self.now).as_millis());
        self.out.extend(u16::try_from(millis).unwrap_or(u16::MAX).to_le_bytes());
    }

    fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    fn list<T>(&mut self, values: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.count(values.len());
        values.for_each(|value| write(self, value));
    }

    fn waiting(&mut self, waiting: &Waiting<()>) {
        let Waiting { request, until, want } = waiting;
        self.request(*request);
        self.later(Some(*until));
        match want {
            // The rest of what is asked for is the same for all, or follows from where it waits.
            Want::Exchange(_) => self.byte(0),
            Want::Claim => self.byte(1),
        }
    }

    fn lane(&mut self, lane: &Lane<()>, is_on: bool) {
        // Before the next turn nobody asks by it.
        self.option(lane.turn.filter(|_| is_on), Self::client);
        self.list(lane.lines.iter(), |codec, line| {
            codec.client(line.client);
            codec.list(line.waiting.iter(), Self::waiting);
        });
    }

    fn exclusive(&mut self, lock: &Exclusive) {
        let Exclusive { device, request, client, until } = lock;
        self.generation(device.generation);
        self.request(*request);
        self.client(*client);
        self.later(Some(*until));
    }

    fn running(&mut self, running: Running) {
        let Running { instance, request, client, until, stopping } = running;
        self.generation(instance.generation);
        self.request(request);
        self.option(client, Self::client);
        self.later(until);
        self.byte(stopping);
    }

    fn hold(&mut self, slot: &Slot<()>, hold: Hold) {
        let Hold { request, client, kind, heard, contended } = hold;
        self.request(request);
        self.client(client);
        self.byte(match kind {
            Kind::Claim(urgency) => urgency as u8,
            Kind::Detached => 2,
        });
        // While it is spoken on the time of the last word does not matter; it is set anew when that ends.
        let spoken_on =
            !slot.own.is_empty() || slot.running.is_some_and(|running| running.client == Some(client));
        self.later((!spoken_on).then(|| heard + self.limits.lease));
        self.later(contended.map(|since| since + self.limits.turn));
    }

    fn slot(&mut self, slot: &Slot<()>) {
        let Slot {
            instance,
            present,
            dead,
            blocked,
            condition,
            running,
            hold,
            own,
            queue,
            earliest,
            firmware,
            owed,
        } = slot;
        self.generation(instance.generation);
        for flag in [*present, *dead, *blocked, *owed] {
            self.byte(flag);
        }
        self.byte(*condition as u8);
        self.option(*running, Self::running);
        self.option(*hold, |codec, hold| codec.hold(slot, hold));
        self.list(own.iter(), Self::waiting);
        let Queue { urgent, normal, in_a_row } = queue;
        self.lane(urgent, slot.is_on());
        self.lane(normal, slot.is_on());
        self.byte(*in_a_row);
        // A bound from below, looked at when it comes up: what it is does not matter beyond that it is not too late.
        let _ = earliest;
        self.byte(firmware.is_some());
    }

    fn function(&mut self, function: &Function<()>) {
        // What is armed is checked by itself.
        let Function { address, generation, slots, lock, wanted, armed: _ } = function;
        self.byte(address.bus);
        self.option(*generation, Self::generation);
        self.list(slots.iter(), |codec, slot| {
            codec.byte(u8::try_from(slot.instance.mailbox.offset >> 8).unwrap());
            codec.slot(slot);
        });
        self.option(lock.as_ref(), Self::exclusive);
        self.list(wanted.iter(), Self::exclusive);
    }

    fn account(&mut self, account: &Client) {
        let Client { who: _, open, held, uncollected, bytes: _, stalled, armed: _ } = account;
        self.list(open.iter(), |codec, open| codec.request(open.request));
        self.list(held.iter(), |codec, held| codec.request(held.request));
        self.list(uncollected.iter(), |codec, answer| {
            codec.request(answer.request);
            codec.later((!stalled).then_some(answer.since + codec.limits.collect));
        });
        self.byte(*stalled);
    }

    fn seat(&mut self, seat: &Seat) {
        let Seat { who: _, client, collects, awaiting, holds, uncollected } = seat;
        self.client(*client);
        self.byte(*collects);
        self.list(awaiting.iter(), |codec, wait| {
            let Wait { request, target: _, want, passed } = *wait;
            codec.request(request);
            codec.byte(want as u8);
            codec.byte(passed);
        });
        self.list(holds.iter(), |codec, wait| codec.request(wait.request));
        self.list(uncollected.iter(), |codec, request| codec.request(*request));
    }
}

impl World {
    /// This state as bytes: the same for states that differ in nothing that matters. Seats of the same kind are put in
    /// the order that gives the smallest.
    pub fn canonical(&self) -> Vec<u8> {
        let orders: &[&[usize]] = match self.seats.len() {
            2 => &[&[0, 1]],
            _ => &[&[0, 1, 2], &[0, 2, 1]],
        };
        orders.iter().map(|order| self.encode(order)).min().unwrap()
    }

    fn encode(&self, order: &[usize]) -> Vec<u8> {
        let mut codec = Codec {
            out: Vec::with_capacity(512),
            now: self.now,
            limits: self.broker.desk.limits,
            clients: Vec::new(),
            requests: Vec::new(),
            generations: Vec::new(),
        };
        for seat in order.iter().map(|index| &self.seats[*index]) {
            codec.seat(seat);
            if let Some(account) = self.broker.desk.clients.get(&seat.client) {
                codec.account(account);
            }
        }
        codec.list(self.broker.functions.values(), Codec::function);
        codec.list(self.mailboxes.iter(), |codec, mailbox| {
            codec.option(mailbox.flying, |codec, flying| {
                codec.request(flying.request);
                codec.generation(flying.instance.generation);
                codec.byte(flying.told_to_stop);
            });
            codec.byte(mailbox.dead);
            codec.byte(mailbox.strangers);
        });
        codec.byte(self.firmware());
        codec.byte(u8::try_from(self.resets).unwrap());
        debug_assert!(self.broker.desk.acts.is_empty(), "{:?}", core::mem::size_of::<Act<(), ()>>());
        codec.out
    }
}
