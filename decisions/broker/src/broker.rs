//! The broker: clients that come and go, time that passes.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Reverse;

use lanewarden_pci::Address;
use lanewarden_time::Instant;

use crate::desk::{Client, Desk, Timer};
use crate::function::Function;
use crate::{
    Act, ClientId, Denial, Event, Firmware, Gate, Limits, Loss, Permission, Refusal, RequestId, What, Who,
};

/// Who may use which mailbox. `Q` and `A` are the payloads of requests and answers; `R` answers what the broker does not
/// decide. The driving contract is at the head of the crate.
#[derive(Clone, Debug)]
pub struct Broker<Q, A, R = crate::Rules> {
    pub(crate) functions: BTreeMap<Address, Function<Q>>,
    pub(crate) desk: Desk<Q, A>,
    pub(crate) rules: R,
    pub(crate) last_client: u64,
    pub(crate) last_generation: u64,
}

impl<Q, A, R: Permission + Gate + Firmware> Broker<Q, A, R> {
    /// A broker without clients and devices.
    #[must_use]
    pub fn new(limits: Limits, rules: R) -> Self {
        let (functions, desk) = (BTreeMap::new(), Desk::new(limits));
        Self { functions, desk, rules, last_client: 0, last_generation: 0 }
    }

    /// What it asks for decisions that are not its own. After a change that may let something go on that waits, call
    /// [`Self::reconsider`].
    pub fn rules_mut(&mut self) -> &mut R {
        &mut self.rules
    }

    /// What it asks for decisions that are not its own.
    #[must_use]
    pub fn rules(&self) -> &R {
        &self.rules
    }

    /// The next thing to do; to be called after every other call until there is none.
    pub fn next_act(&mut self) -> Option<Act<Q, A>> {
        self.desk.acts.pop_front()
    }

    /// The oldest event that has not been taken. A gap in the numbers shows that some were dropped.
    pub fn next_event(&mut self) -> Option<Event> {
        self.desk.events.pop()
    }

    /// When [`Self::advance`] has to be called, if nothing else happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.desk.timers.peek().map(|Reverse((at, _))| *at)
    }

    /// Ends what has lasted too long.
    pub fn advance(&mut self, now: Instant) {
        while let Some((at, timer)) = self.desk.pop_timer(now) {
            match timer {
                Timer::Function(address) => {
                    let function =
                        self.functions.get_mut(&address).filter(|function| function.armed == Some(at));
                    if let Some(function) = function {
                        function.armed = None;
                        function.settle(&mut self.desk, &self.rules, now);
                    }
                }
                Timer::Client(client) => self.look_at_client(client, at, now),
            }
        }
    }

    /// Looks again at what waits: the rules have changed.
    pub fn reconsider(&mut self, now: Instant) {
        for function in self.functions.values_mut() {
            function.settle(&mut self.desk, &self.rules, now);
        }
    }

    /// A client has come.
    ///
    /// # Errors
    /// [`Denial::Clients`] if there are too many, or too many of this user; the daemon itself always finds a place.
    pub fn connect(&mut self, who: Who, now: Instant) -> Result<ClientId, Refusal> {
        if !self.has_place_for(who) {
            return Err(Refusal::Denied(Denial::Clients));
        }
        self.last_client = self.last_client.wrapping_add(1);
        let client = ClientId(self.last_client);
        self.desk.clients.insert(client, Client::new(who));
        self.desk.note(now, What::Connected(client, who));
        Ok(client)
    }

    fn has_place_for(&self, who: Who) -> bool {
        let Who::User { user, .. } = who else { return true };
        let is_same = |other: &&Client| matches!(other.who, Who::User { user: other, .. } if other == user);
        let clients = &self.desk.clients;
        let of_the_user = clients.values().filter(is_same).count();
        clients.len() < self.desk.limits.clients && of_the_user < self.desk.limits.clients_per_user
    }

    /// A client has gone or died. What it held ends, what it waited for is forgotten; an exchange of its own goes on to
    /// its end, and the answer goes to nobody.
    pub fn disconnect(&mut self, client: ClientId, now: Instant) {
        let Some(account) = self.desk.clients.remove(&client) else { return };
        self.desk.note(now, What::Disconnected(client));
        self.drop_all(client, addresses(&account), None, now);
    }

    /// A client has got this answer, or was told of this grant.
    pub fn collected(&mut self, client: ClientId, request: RequestId, now: Instant) {
        let limits = self.desk.limits;
        let Some(account) = self.desk.clients.get_mut(&client) else { return };
        let place = account.uncollected.iter().position(|answer| answer.request == request);
        let Some(answer) = place.and_then(|place| account.uncollected.remove(place)) else { return };
        account.bytes = account.bytes.saturating_sub(answer.bytes);
        if account.stalled && account.uncollected.is_empty() {
            account.stalled = false;
            self.desk.note(now, What::Recovered(client));
        } else {
            let (due, mut armed) = (account.due(&limits), account.armed);
            self.desk.arm(Timer::Client(client), due, &mut armed);
            self.remember(client, armed);
        }
    }

    fn remember(&mut self, client: ClientId, armed: Option<Instant>) {
        if let Some(account) = self.desk.clients.get_mut(&client) {
            account.armed = armed;
        }
    }

    fn look_at_client(&mut self, client: ClientId, at: Instant, now: Instant) {
        let limits = self.desk.limits;
        let Some(account) = self.desk.clients.get_mut(&client) else { return };
        if account.armed != Some(at) {
            return;
        }
        let (due, mut armed) = (account.due(&limits), None);
        if due.is_some_and(|due| due <= now) {
            (account.stalled, account.armed) = (true, None);
            let addresses = addresses(account);
            self.desk.note(now, What::Stalled(client));
            self.drop_all(client, addresses, Some(Loss::Uncollected), now);
        } else {
            self.desk.arm(Timer::Client(client), due, &mut armed);
            self.remember(client, armed);
        }
    }

    /// Ends what a client holds and waits for, but for exchanges under way: of those one that is gone gets none, and one
    /// that is merely stopped does.
    fn drop_all(&mut self, client: ClientId, addresses: Vec<Address>, loss: Option<Loss>, now: Instant) {
        for address in addresses {
            let Some(function) = self.functions.get_mut(&address) else { continue };
            function.drop_client(client, loss, &mut self.desk, now);
            function.settle(&mut self.desk, &self.rules, now);
        }
    }
}

/// The functions that a client has something to do with.
fn addresses(account: &Client) -> Vec<Address> {
    let open = account.open.iter().map(|open| open.address);
    let mut addresses: Vec<_> = open.chain(account.held.iter().map(|held| held.address)).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}
