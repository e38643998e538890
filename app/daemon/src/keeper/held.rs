//! One session, from its claim to its end.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lanewarden_attestation::session::{Command, Course, Done, Judge, Opening, SessionReport};
use lanewarden_attestation::{Dialogue, Trust, settings};
use lanewarden_aws_lc::AwsLc;
use lanewarden_broker::{Ask, ClientId, Instance, Protocol, Refusal, RequestId, Urgency, Who};
use lanewarden_doe::{Declined, NotCarried};
use lanewarden_inventory::{Conversation, MailboxError, Step, Turn};
use lanewarden_ipc::Fault;
use lanewarden_ipc::session::Session;
use lanewarden_pci::Machine;
use lanewarden_spdm::certificate::DeviceIdentity;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::{Answer, Asked, Handle, Key, Wish, ended, revoked};
use crate::engine::{Outgoing, Told};
use crate::shared::Shared;

/// How often it is looked whether the key is still valid, and said that the mailbox is still wanted.
const LOOK: Duration = Duration::from_secs(1);
/// How long a session waits for its mailbox.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a session is to be.
pub struct Plan {
    /// What the device says that it is, which its certificate has to say too.
    pub identity: DeviceIdentity,
    pub instance: Instance,
    pub connection: Option<u16>,
    pub user: Option<u32>,
    pub asked: mpsc::Sender<Asked>,
}

type Talk<'t> = Dialogue<AwsLc, Course<'t, AwsLc>>;
type Opened = oneshot::Sender<Result<Session, Fault>>;

/// The claim on the mailbox; it goes with the session, however that ends.
struct Claim<M: Machine> {
    shared: Rc<Shared<M>>,
    client: ClientId,
    request: RequestId,
    instance: Instance,
}

impl<M: Machine> Drop for Claim<M> {
    fn drop(&mut self) {
        let client = self.client;
        self.shared.with(|engine| engine.disconnect(client));
    }
}

/// Opens a session, keeps it, and ends it.
pub async fn hold<M: Machine>(
    shared: Rc<Shared<M>>,
    plan: Plan,
    mut wishes: mpsc::Receiver<Asked>,
    opened: Opened,
) {
    let claim = match Claim::take(&shared, plan.instance).await {
        Ok(claim) => claim,
        Err(refusal) => {
            let _ = opened.send(Err(refusal.into()));
            return;
        }
    };
    let basis = Rc::clone(&shared.keeper.basis);
    let trust = Trust::new(&basis.anchors, &basis.revocations, now());
    let opening =
        Opening::Exchange(Box::new(Judge::new(AwsLc, &trust, None, false).of_device(plan.identity)));
    let course = Course::new(opening, VecDeque::new()).staying();
    let protocol = match plan.connection {
        Some(_) => Protocol::CMA_SPDM_WITH_CONNECTION,
        None => Protocol::CMA_SPDM,
    };
    let talk = Dialogue::new(AwsLc, settings(), course);
    let talk = talk.in_objects(protocol, plan.connection.unwrap_or_default());
    let mut held = Held { claim, talk, plan, key: None, waiting: VecDeque::new(), opened: Some(opened) };
    held.run(&mut wishes).await;
    held.close(&mut wishes);
}

/// Unix seconds.
fn now() -> Option<u64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

impl<M: Machine> Claim<M> {
    async fn take(shared: &Rc<Shared<M>>, instance: Instance) -> Result<Self, Refusal> {
        let client = shared.with(|engine| engine.connect(Who::Internal))?;
        let ticket = shared.with(|engine| {
            engine.ask(|broker, now| broker.claim(client, instance, Urgency::Normal, PATIENCE, now))
        });
        let ticket = ticket.inspect_err(|_| shared.with(|engine| engine.disconnect(client)))?;
        let claim = Self { shared: Rc::clone(shared), client, request: ticket.request, instance };
        ticket.told.await.map_err(|_| Refusal::Cancelled)??;
        claim.collected(claim.request);
        Ok(claim)
    }

    fn collected(&self, request: RequestId) {
        self.shared.with(|engine| engine.tell(|broker, now| broker.collected(self.client, request, now)));
    }

    /// Says that the mailbox is still wanted; false if it has been lost.
    fn keep(&self) -> bool {
        let (client, request) = (self.client, self.request);
        self.shared.with(|engine| engine.tell(|broker, now| broker.keep(client, request, now))).is_ok()
    }

    async fn exchange(
        &self,
        protocol: Protocol,
        outgoing: Outgoing,
    ) -> Result<crate::engine::Object, Refusal> {
        let bytes = outgoing.payload.len().saturating_add(outgoing.longest);
        let ask = Ask::new(self.instance, protocol, outgoing, bytes);
        let client = self.client;
        let ticket = self.shared.with(|engine| engine.exchange(client, ask))?;
        let request = ticket.request;
        let told = ticket.told.await.map_err(|_| Refusal::Cancelled)?;
        self.collected(request);
        match told? {
            Told::Object(object) => Ok(object),
            Told::Granted => Err(Refusal::Cancelled),
        }
    }
}

struct Held<'t, M: Machine> {
    claim: Claim<M>,
    talk: Talk<'t>,
    plan: Plan,
    /// Once it is open.
    key: Option<Rc<dyn Key>>,
    /// Who waits for what is being done, in order.
    waiting: VecDeque<oneshot::Sender<Answer>>,
    opened: Option<Opened>,
}

/// What comes next.
enum Next {
    Say(Protocol, Outgoing),
    Wait(Duration),
    Over,
}

impl<M: Machine> Held<'_, M> {
    async fn run(&mut self, wishes: &mut mpsc::Receiver<Asked>) {
        loop {
            match self.next() {
                Next::Over => return,
                Next::Say(protocol, outgoing) => self.say(protocol, outgoing).await,
                Next::Wait(time) => self.wait(time, wishes).await,
            }
            self.tell();
        }
    }

    fn next(&mut self) -> Next {
        let present = self.claim.shared.look(crate::engine::Engine::now);
        let longest = self.talk.longest();
        match self.talk.turn(present) {
            Turn::Over => Next::Over,
            Turn::Wait(at) => Next::Wait(at.since(present)),
            Turn::Say { protocol, alternative, connection, payload, .. } => {
                let payload = payload.to_vec();
                Next::Say(protocol, Outgoing { payload, alternative, connection, longest })
            }
        }
    }

    async fn say(&mut self, protocol: Protocol, outgoing: Outgoing) {
        let said = self.claim.exchange(protocol, outgoing).await;
        let present = self.claim.shared.look(crate::engine::Engine::now);
        match said {
            Ok(object) => self.talk.answer(present, object.protocol, &object.payload),
            Err(refusal) => {
                let error = match refusal {
                    Refusal::Failed(error) => NotCarried::Exchange(error),
                    other => NotCarried::Declined(Declined::Failed(other.to_string())),
                };
                self.talk.failed(&MailboxError::at(Step::Message("session"), error));
            }
        }
    }

    /// Waits for the time, or for something to do; and looks now and then whether the session is still wanted.
    async fn wait(&mut self, time: Duration, wishes: &mut mpsc::Receiver<Asked>) {
        tokio::select! {
            () = sleep(time.min(LOOK)) => {
                let is_revoked = self.key.as_ref().is_some_and(|key| !key.is_valid());
                if is_revoked || !self.claim.keep() {
                    self.talk.script_mut().add(Command::End);
                }
            }
            Some((wish, teller)) = wishes.recv() => {
                self.talk.script_mut().add(match wish {
                    Wish::Send(message) => Command::Request(message),
                    Wish::Renew(operation) => Command::UpdateKeys(operation),
                    Wish::End => Command::End,
                });
                self.waiting.push_back(teller);
            }
        }
    }

    /// Tells whoever waits what has come.
    fn tell(&mut self) {
        let report = self.talk.script().session().copied().filter(|session| session.is_open);
        if let Some(report) = report
            && let Some(opened) = self.opened.take()
        {
            let _ = opened.send(self.name(&report));
        }
        for done in self.talk.script_mut().take_done() {
            let answer = match done {
                Done::Answer(answer) => Ok(answer),
                Done::Refused(failure) => Err(Fault::NotDone(failure.to_string())),
                _ => Ok(Vec::new()),
            };
            if let Some(teller) = self.waiting.pop_front() {
                let _ = teller.send(answer);
            }
        }
    }

    /// Gives the session its key, and puts it among the others.
    fn name(&mut self, report: &SessionReport) -> Result<Session, Fault> {
        let keeper = &self.claim.shared.keeper;
        let instance = self.plan.instance;
        let description = format!(
            "lanewarden:session:{}:{:03x}:{:08x}",
            instance.mailbox.address, instance.mailbox.offset, report.id
        );
        let key = keeper.keyring.add(&description);
        let key: Rc<dyn Key> = match key {
            Ok(key) => key.into(),
            Err(error) => {
                self.talk.script_mut().add(Command::End);
                return Err(Fault::NotDone(format!("the session has no name: {error}")));
            }
        };
        let session = session(&self.plan, key.serial(), report);
        let handle =
            Handle { session: session.clone(), key: Rc::clone(&key), asked: self.plan.asked.clone() };
        keeper.handles.borrow_mut().insert(key.serial(), handle);
        self.key = Some(key);
        Ok(session)
    }

    /// Takes the session's name away, and tells those who still wait.
    fn close(mut self, wishes: &mut mpsc::Receiver<Asked>) {
        if let Some(key) = &self.key {
            self.claim.shared.keeper.handles.borrow_mut().remove(&key.serial());
        }
        wishes.close();
        let failure = self.talk.script().failure().map(ToString::to_string);
        let is_revoked = self.key.as_ref().is_some_and(|key| !key.is_valid());
        let why = || match &failure {
            Some(failure) => Fault::NotDone(failure.clone()),
            None if is_revoked => revoked(),
            None => ended(),
        };
        if let Some(opened) = self.opened.take() {
            let _ = opened.send(Err(why()));
        }
        // Whoever asked for the end has it.
        let is_ended = self.talk.script().session().is_some_and(|session| session.is_ended);
        let mut last = is_ended.then_some(()).filter(|()| failure.is_none() && !is_revoked);
        for teller in self.waiting.drain(..) {
            let _ = teller.send(last.take().map_or_else(|| Err(why()), |()| Ok(Vec::new())));
        }
        while let Ok((_, teller)) = wishes.try_recv() {
            let _ = teller.send(Err(why()));
        }
    }
}

fn session(plan: &Plan, key: i32, report: &SessionReport) -> Session {
    Session {
        key,
        address: plan.instance.mailbox.address,
        generation: plan.instance.generation.number(),
        mailbox: plan.instance.mailbox.offset,
        session_id: report.id,
        user: plan.user,
        secured_version: report.version.map(|version| version.to_string()),
        key_exchange_group: report.group.map(|group| group.name().to_owned()),
        cipher: report.cipher.map(|cipher| cipher.name().to_owned()),
        encrypted: report.is_encrypted,
        heartbeat_s: report.heartbeat.as_secs(),
    }
}
