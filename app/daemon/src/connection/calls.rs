//! What is done for each method.

use std::time::Duration;

use lanewarden_broker::{Address, Ask, Denial, Instance, Protocol, Refusal, RequestId, Urgency};
use lanewarden_ipc::machine::MOST_REGISTERS;
use lanewarden_ipc::service::{Description, Info, Nothing};
use lanewarden_ipc::{
    Base64, Call, Fault, Incoming, Reply, config, interface, machine, mailbox, service, session, status,
};
use lanewarden_pci::{AccessError, ConfigSpace, Machine};

use super::{Closed, Connection};
use crate::engine::{Outgoing, Told};

/// The longest payload of an object, in bytes.
const LONGEST: usize = (lanewarden_doe::MAX_DWORDS as usize - 2) * 4;

fn patience(millis: Option<u64>) -> Duration {
    millis.map_or(Duration::MAX, Duration::from_millis)
}

impl<M: Machine + 'static> Connection<M> {
    /// Answers one call.
    pub(super) async fn answer(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        if call.upgrade {
            let fault = Fault::InvalidParameter("upgrade".to_owned());
            return self.reply(call, Err::<Nothing, _>(fault), None).await;
        }
        match call.method.as_ref() {
            mailbox::Exchange::METHOD => self.exchange(call, false).await,
            mailbox::ExchangeRaw::METHOD => self.exchange(call, true).await,
            mailbox::Claim::METHOD => self.claim(call).await,
            mailbox::Detach::METHOD => self.detach(call).await,
            config::Lock::METHOD => self.lock(call).await,
            status::Status::METHOD => self.status(call).await,
            status::Monitor::METHOD => self.monitor(call).await,
            session::Open::METHOD => self.open_session(call).await,
            session::Send::METHOD => self.send_in_session(call).await,
            session::Renew::METHOD => self.renew_session(call).await,
            session::End::METHOD => self.end_session(call).await,
            session::List::METHOD => self.simple(call, Self::sessions).await,
            mailbox::Release::METHOD => self.simple(call, Self::release).await,
            mailbox::Keep::METHOD => self.simple(call, Self::keep).await,
            mailbox::Abort::METHOD => self.simple(call, Self::abort).await,
            config::Unlock::METHOD => self.simple(call, Self::unlock).await,
            config::Write::METHOD => self.simple(call, Self::write).await,
            machine::Functions::METHOD => self.simple(call, Self::functions).await,
            machine::Describe::METHOD => self.simple(call, Self::describe).await,
            machine::ReadConfig::METHOD => self.simple(call, Self::read_config).await,
            machine::KernelClaim::METHOD => self.simple(call, Self::kernel_claim).await,
            machine::KernelCdat::METHOD => self.simple(call, Self::kernel_cdat).await,
            machine::HostBridge::METHOD => self.simple(call, Self::host_bridge).await,
            machine::AcpiTables::METHOD => self.simple(call, Self::acpi_tables).await,
            service::GetInfo::METHOD => self.simple(call, Self::info).await,
            service::GetInterfaceDescription::METHOD => self.simple(call, Self::description).await,
            other => {
                let fault = Fault::MethodNotFound(other.to_owned());
                self.reply(call, Err::<Nothing, _>(fault), None).await
            }
        }
    }

    /// A call that is answered at once.
    async fn simple<C: Call>(
        &mut self,
        call: &Incoming<'_>,
        method: fn(&mut Self, C) -> Result<C::Reply, Fault>,
    ) -> Result<(), Closed> {
        let result = call.parameters().and_then(|parameters| method(self, parameters));
        self.reply(call, result, None).await
    }

    fn instance(&self, address: Address, generation: Option<u64>, offset: u16) -> Result<Instance, Refusal> {
        let device = self.shared.look(|engine| engine.device(address, generation))?;
        Ok(device.instance(offset))
    }

    async fn exchange(&mut self, call: &Incoming<'_>, raw: bool) -> Result<(), Closed> {
        let parameters = match raw {
            true => call.parameters().map(|mailbox::ExchangeRaw(exchange)| exchange),
            false => call.parameters(),
        };
        let exchange: mailbox::Exchange = match parameters {
            Ok(exchange) => exchange,
            Err(fault) => return self.reply(call, Err::<Nothing, _>(fault), None).await,
        };
        let instance = match self.instance(exchange.address, exchange.generation, exchange.mailbox) {
            Ok(instance) => instance,
            Err(refusal) => return self.reply(call, Err::<Nothing, _>(refusal.into()), None).await,
        };
        let protocol = Protocol::new(exchange.vendor, exchange.kind);
        let ask = ask(instance, protocol, exchange, raw);
        let client = self.client;
        let (result, request) = match self.shared.with(|engine| engine.exchange(client, ask)) {
            Ok(ticket) => {
                if raw {
                    let what = format!("raw exchange of {protocol} on {}", instance.mailbox);
                    self.shared.record(self.who, &what);
                }
                let request = ticket.request;
                (self.told(ticket).await?, Some(request))
            }
            Err(refusal) => (Err(self.lost_or(refusal, instance)), None),
        };
        let result = match result {
            Ok(Told::Object(object)) => Ok(mailbox::Object {
                vendor: object.protocol.vendor,
                kind: object.protocol.kind,
                payload: Base64(object.payload),
            }),
            Ok(Told::Granted) => Err(Fault::Unknown("an exchange was granted".to_owned())),
            Err(refusal) => Err(refusal.into()),
        };
        self.reply(call, result, request).await
    }

    /// Who says that there is no claim may have lost it.
    fn lost_or(&self, refusal: Refusal, instance: Instance) -> Refusal {
        if refusal != Refusal::Denied(Denial::Unclaimed) {
            return refusal;
        }
        let had = self.claims.values().rev().find(|(_, of)| *of == instance);
        let lost = had.and_then(|(claim, _)| self.shared.look(|engine| engine.loss(self.client, *claim)));
        lost.map_or(refusal, Refusal::Preempted)
    }

    async fn claim(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        let client = self.client;
        let asked = call.parameters().map_err(Refused::Wrong).and_then(|claim: mailbox::Claim| {
            let instance = self.instance(claim.address, claim.generation, claim.mailbox)?;
            let patience = patience(claim.patience_ms);
            let ticket = self.shared.with(|engine| {
                engine.ask(|broker, now| broker.claim(client, instance, Urgency::Normal, patience, now))
            })?;
            Ok((ticket, instance))
        });
        self.hold(call, asked).await
    }

    async fn detach(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        let client = self.client;
        let asked = call.parameters().map_err(Refused::Wrong).and_then(|detach: mailbox::Detach| {
            let instance = self.instance(detach.address, detach.generation, detach.mailbox)?;
            let ticket =
                self.shared.with(|engine| engine.ask(|broker, now| broker.detach(client, instance, now)))?;
            self.shared.record(self.who, &format!("detach of {}", instance.mailbox));
            Ok((ticket, instance))
        });
        self.hold(call, asked).await
    }

    async fn hold(
        &mut self,
        call: &Incoming<'_>,
        asked: Result<(crate::engine::Ticket, Instance), Refused>,
    ) -> Result<(), Closed> {
        let (ticket, instance) = match asked {
            Ok(asked) => asked,
            Err(refused) => return self.reply(call, Err::<Nothing, _>(refused.into()), None).await,
        };
        let request = ticket.request;
        let told = self.told(ticket).await?;
        let result = told.map_err(Fault::from).map(|_| {
            self.forget(instance);
            self.claims.insert(request.number(), (request, instance));
            mailbox::Claimed { claim: request.number(), generation: instance.generation.number() }
        });
        self.reply(call, result, Some(request)).await
    }

    /// Forgets claims on this mailbox, which have ended, so that no more are known than there are mailboxes.
    fn forget(&mut self, instance: Instance) {
        let mailbox = instance.mailbox;
        let ended = self.claims.extract_if(.., |_, (_, of)| of.mailbox == mailbox);
        let ended: Vec<_> = ended.map(|(_, (request, _))| request).collect();
        self.forget_losses(&ended);
    }

    fn forget_losses(&self, ended: &[RequestId]) {
        let client = self.client;
        self.shared.with(|engine| ended.iter().for_each(|request| engine.forget_loss(client, *request)));
    }

    async fn lock(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        let client = self.client;
        let asked = call.parameters().map_err(Refused::Wrong).and_then(|lock: config::Lock| {
            let device = self.shared.look(|engine| engine.device(lock.address, lock.generation))?;
            let patience = patience(lock.patience_ms);
            let ticket = self
                .shared
                .with(|engine| engine.ask(|broker, now| broker.lock_config(client, device, patience, now)))?;
            Ok((ticket, device))
        });
        let (ticket, device) = match asked {
            Ok(asked) => asked,
            Err(refused) => return self.reply(call, Err::<Nothing, _>(refused.into()), None).await,
        };
        let request = ticket.request;
        let told = self.told(ticket).await?;
        let result = told.map_err(Fault::from).map(|_| {
            // What it had of this function before has ended, or it would not have this.
            let ended = self.locks.extract_if(.., |_, (_, of)| of.address == device.address);
            let ended: Vec<_> = ended.map(|(_, (request, _))| request).collect();
            self.forget_losses(&ended);
            self.locks.insert(request.number(), (request, device));
            config::Locked { lock: request.number(), generation: device.generation.number() }
        });
        self.reply(call, result, Some(request)).await
    }

    /// Events one reply after the other, until the client goes; or those that are known.
    async fn monitor(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        if let Err(fault) = self.may_read(None) {
            return self.reply(call, Err::<Nothing, _>(fault), None).await;
        }
        if !call.more || call.oneway {
            let events = self.shared.feed.borrow().history();
            return self.reply(call, Ok(status::Events { events }), None).await;
        }
        let listener = self.shared.feed.borrow_mut().listen();
        loop {
            let events = tokio::select! {
                events = listener.next() => events,
                closed = self.closed() => return Err(closed),
            };
            self.send(&Reply::new(status::Events { events }).continues()).await?;
        }
    }

    /// Until the client goes. What it says meanwhile waits, and more than that is too much.
    async fn closed(&mut self) -> Closed {
        use futures_util::StreamExt;
        while self.takes_more() {
            match self.incoming.next().await {
                Some(Ok(message)) => match String::from_utf8(message.into()) {
                    Ok(text) => self.waiting.push_back(text),
                    Err(_) => return Closed,
                },
                _ => return Closed,
            }
        }
        Closed
    }

    fn release(&mut self, release: mailbox::Release) -> Result<Nothing, Fault> {
        let (request, _) = self.claims.remove(&release.claim).ok_or(UNKNOWN)?;
        self.give_back(request)
    }

    fn unlock(&mut self, unlock: config::Unlock) -> Result<Nothing, Fault> {
        let (request, _) = self.locks.remove(&unlock.lock).ok_or(Fault::NotLocked)?;
        self.give_back(request).map_err(|_| Fault::NotLocked)
    }

    fn give_back(&mut self, request: RequestId) -> Result<Nothing, Fault> {
        let client = self.client;
        let lost = self.shared.look(|engine| engine.loss(client, request));
        self.forget_losses(&[request]);
        self.shared
            .with(|engine| engine.tell(|broker, now| broker.release(client, request, now)))
            .map(|()| Nothing {})
            .map_err(|refusal| lost.map_or(refusal, Refusal::Preempted).into())
    }

    fn keep(&mut self, keep: mailbox::Keep) -> Result<Nothing, Fault> {
        let client = self.client;
        let (request, _) = *self.claims.get(&keep.claim).ok_or(UNKNOWN)?;
        let lost = self.shared.look(|engine| engine.loss(client, request));
        self.shared
            .with(|engine| engine.tell(|broker, now| broker.keep(client, request, now)))
            .map(|()| Nothing {})
            .map_err(|refusal| lost.map_or(refusal, Refusal::Preempted).into())
    }

    fn abort(&mut self, abort: mailbox::Abort) -> Result<Nothing, Fault> {
        let instance = self.instance(abort.address, abort.generation, abort.mailbox)?;
        let client = self.client;
        self.shared.with(|engine| engine.tell(|broker, now| broker.abort(client, instance, now)))?;
        self.shared.record(self.who, &format!("abort of {}", instance.mailbox));
        Ok(Nothing {})
    }

    fn write(&mut self, write: config::Write) -> Result<Nothing, Fault> {
        let (_, device) = *self.locks.get(&write.lock).ok_or(Fault::NotLocked)?;
        let (config::Write { offset, value, .. }, client) = (write, self.client);
        let written = self.shared.with(|engine| engine.write_config(client, device, offset, value));
        let written = written.ok_or(Fault::NotLocked)?;
        let came_of_it = written.map_or_else(|error| error.to_string(), |()| "done".to_owned());
        let what = format!("write of {value:#010x} to {} [{offset:03x}]: {came_of_it}", device.address);
        self.shared.record(self.who, &what);
        written.map_err(Fault::Access)?;
        Ok(Nothing {})
    }

    /// In several replies, where one would be too long and the client takes them.
    async fn status(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        let report = match call.parameters().and_then(|status| self.report(status)) {
            Ok(report) => report,
            Err(fault) => return self.reply(call, Err::<Nothing, _>(fault), None).await,
        };
        for reply in report.replies() {
            if reply.further.is_none() || !call.more || call.oneway {
                return self.reply(call, Ok(reply), None).await;
            }
            self.answer_with(&Reply::new(reply).continues()).await?;
        }
        Ok(())
    }

    fn report(&self, status::Status { address }: status::Status) -> Result<status::Report, Fault> {
        // It names all clients, and what was found, too.
        self.may_read(None)?;
        self.may_read(address)?;
        let snapshot = self.shared.look(crate::engine::Engine::snapshot);
        let is_meant = |function: &&lanewarden_broker::FunctionStatus| {
            address.is_none_or(|address| function.device.address == address)
        };
        let uptime = self.shared.started.elapsed().as_millis();
        Ok(status::Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            uptime_ms: u64::try_from(uptime).unwrap_or(u64::MAX),
            findings: self.shared.findings.clone(),
            clients: snapshot.clients.iter().map(Into::into).collect(),
            devices: snapshot.functions.iter().filter(is_meant).map(Into::into).collect(),
            further: None,
            statistics: snapshot.statistics.into(),
        })
    }

    pub(super) fn may_read(&self, device: Option<Address>) -> Result<(), Fault> {
        let may = self.shared.with(|engine| engine.policy().may_read(self.who, device));
        if may { Ok(()) } else { Err(Fault::PermissionDenied) }
    }

    fn functions(&mut self, _: machine::Functions) -> Result<machine::Addresses, Fault> {
        self.may_read(None)?;
        let addresses = self.shared.look(|engine| engine.machine().functions())?;
        Ok(machine::Addresses { addresses: addresses.iter().map(ToString::to_string).collect() })
    }

    fn describe(&mut self, describe: machine::Describe) -> Result<machine::Described, Fault> {
        let address = describe.address;
        self.may_read(Some(address))?;
        self.shared.look(|engine| {
            let machine = engine.machine();
            let config_bytes = machine.open(address)?.size();
            let device = engine.device(address, None).ok();
            let function = machine::Function {
                address,
                generation: device.map(|device| device.generation.number()),
                config_bytes,
                driver: machine.driver(address),
                cxl_objects: machine.cxl_objects(address),
                doe_features: machine.kernel_doe_features(address),
            };
            Ok(machine::Described { function })
        })
    }

    fn read_config(&mut self, read: machine::ReadConfig) -> Result<machine::Registers, Fault> {
        let address = read.address;
        self.may_read(Some(address))?;
        if read.count > MOST_REGISTERS {
            return Err(Fault::InvalidParameter("count".to_owned()));
        }
        self.shared.look(|engine| {
            if let Some(generation) = read.generation {
                engine.device(address, Some(generation))?;
            }
            let mut config = engine.machine().open(address)?;
            let mut registers = Vec::with_capacity(usize::from(read.count).saturating_mul(4));
            for index in 0..read.count {
                let offset = index.checked_mul(4).and_then(|bytes| bytes.checked_add(read.offset));
                let offset = offset.ok_or(AccessError::OutOfRange(read.offset))?;
                registers.extend(config.read(offset)?.to_le_bytes());
            }
            Ok(machine::Registers { registers: Base64(registers) })
        })
    }

    fn kernel_claim(&mut self, claim: machine::KernelClaim) -> Result<machine::Claimed, Fault> {
        self.may_read(Some(claim.address))?;
        let mailbox = lanewarden_pci::MailboxId { address: claim.address, offset: claim.mailbox };
        let claim = self.shared.look(|engine| engine.machine().claim(mailbox));
        Ok(machine::Claimed { claim: claim.map(Into::into) })
    }

    fn kernel_cdat(&mut self, cdat: machine::KernelCdat) -> Result<machine::Published, Fault> {
        self.may_read(Some(cdat.address))?;
        let table = self.shared.look(|engine| engine.machine().kernel_cdat(cdat.address));
        Ok(machine::Published { table: table.map(Base64) })
    }

    fn host_bridge(&mut self, bridge: machine::HostBridge) -> Result<machine::HostBridgeUid, Fault> {
        self.may_read(None)?;
        let uid = self.shared.look(|engine| engine.machine().host_bridge_uid(bridge.segment, bridge.bus));
        Ok(machine::HostBridgeUid { uid })
    }

    fn acpi_tables(&mut self, tables: machine::AcpiTables) -> Result<machine::Tables, Fault> {
        self.may_read(None)?;
        let signature = tables.signature.as_bytes().try_into();
        let signature = signature.map_err(|_| Fault::InvalidParameter("signature".to_owned()))?;
        let tables = self.shared.look(|engine| engine.machine().acpi_tables(signature))?;
        Ok(machine::Tables { tables: tables.into_iter().map(Base64).collect() })
    }

    fn info(&mut self, _: service::GetInfo) -> Result<Info, Fault> {
        let own = interface::ALL.iter().map(|(name, _)| (*name).to_owned());
        Ok(Info {
            vendor: "The Lanewarden authors".to_owned(),
            product: "Lanewarden".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            url: String::new(),
            interfaces: std::iter::once("org.varlink.service".to_owned()).chain(own).collect(),
        })
    }

    fn description(&mut self, asked: service::GetInterfaceDescription) -> Result<Description, Fault> {
        let text = interface::find(&asked.interface).ok_or(Fault::InterfaceNotFound(asked.interface))?;
        Ok(Description { description: text.to_owned() })
    }
}

const UNKNOWN: Refusal = Refusal::Denied(Denial::Unknown);

/// Why nothing was even asked for.
enum Refused {
    Wrong(Fault),
    Broker(Refusal),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Broker(refusal)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Wrong(fault) => fault,
            Refused::Broker(refusal) => refusal.into(),
        }
    }
}

fn ask(instance: Instance, protocol: Protocol, exchange: mailbox::Exchange, raw: bool) -> Ask<Outgoing> {
    let longest = usize::try_from(exchange.longest).unwrap_or(LONGEST).min(LONGEST);
    let bytes = exchange.payload.0.len().saturating_add(longest);
    let outgoing = Outgoing {
        payload: exchange.payload.0,
        alternative: exchange.or_type.map(|kind| Protocol::new(exchange.vendor, kind)),
        connection: exchange.connection.unwrap_or_default(),
        longest,
    };
    let ask = Ask::new(instance, protocol, outgoing, bytes).patience(patience(exchange.patience_ms));
    if raw { ask.raw() } else { ask }
}
