//! From an object that has arrived to its answer.

use lanewarden_doe::{Header, Object, Protocol};

use super::{Mailbox, Removal, Stage, Surroundings, faults, raw};
use crate::event::What;
use crate::handler::{Compliance, Handler, Incoming, Reply, Tables, discover};
use crate::scenario::FaultKind;

impl Mailbox {
    /// A whole object has arrived.
    pub(super) fn receive(&mut self, around: &mut Surroundings<'_>) -> Option<Removal> {
        self.received = self.received.saturating_add(1);
        self.stage = Stage::Open;
        let (header, payload) = self.wake(around).device.request().map(|(h, p)| (h, p.to_vec()))?;
        let (protocol, dwords) = (header.protocol, header.dwords());
        around.note(self.offset, || What::Received { protocol, dwords });
        let received = self.received;
        let spoiling = match &mut self.faults {
            Some(faults) => faults.spoil(received, protocol, around.now, around.random).to_vec(),
            None => Vec::new(),
        };
        for kind in &spoiling {
            around.note(self.offset, || What::Fault { kind: kind.name() });
        }
        for kind in &spoiling {
            match *kind {
                FaultKind::Removed { noticed_after_ms } => {
                    return Some(Removal::noticed_after_ms(noticed_after_ms));
                }
                FaultKind::ChangingTable if protocol == Protocol::CXL_TABLE_ACCESS => {
                    *around.tables = around.tables.as_ref().map(Tables::changed);
                }
                _ => {}
            }
        }
        let mut reply = self.reply(header, &payload, &spoiling, around);
        faults::spoil_reply(&mut reply, protocol, &payload, &spoiling);
        self.give(header, &reply, &spoiling, around);
        None
    }

    /// What the device itself would answer.
    fn reply(
        &self,
        header: Header,
        payload: &[u8],
        spoiling: &[FaultKind],
        around: &mut Surroundings<'_>,
    ) -> Reply {
        let protocol = header.protocol;
        let incoming = Incoming { protocol, connection: header.connection, payload, now: around.now };
        if let Some((_, handler)) = around.handlers.iter_mut().find(|(of, _)| *of == protocol) {
            return handler.handle(&incoming);
        }
        if protocol == Protocol::DISCOVERY {
            return discover(&self.traits.protocols, self.traits.max_dwords, payload);
        }
        if !self.traits.protocols.contains(&protocol) {
            return Reply::Discard;
        }
        match protocol {
            Protocol::CXL_TABLE_ACCESS => {
                let payload = faults::other_entry(payload, spoiling);
                around.tables.as_ref().map_or(Reply::Discard, |tables| tables.answer(&payload))
            }
            Protocol::CXL_COMPLIANCE => Compliance.handle(&incoming),
            // Of no meaning here: it comes back as it went.
            Protocol { vendor, .. } if vendor != Protocol::PCI_SIG && vendor != Protocol::CXL => {
                Reply::answer(payload.to_vec())
            }
            _ => Reply::Discard,
        }
    }

    /// Puts the answer into the mailbox, with what is wrong with it.
    fn give(
        &mut self,
        request: Header,
        reply: &Reply,
        spoiling: &[FaultKind],
        around: &mut Surroundings<'_>,
    ) {
        let usual = self.traits.answer_time;
        let (now, offset) = (around.now, self.offset);
        let awake = self.wake(around);
        let Reply::Answer { payload, after } = reply else {
            let failed = *reply == Reply::Fail;
            if failed {
                awake.device.fail()
            } else {
                awake.device.discard()
            }
            around.note(offset, || if failed { What::Failed } else { What::Dropped });
            return;
        };
        let ready = now + faults::lateness(spoiling).or(*after).unwrap_or(usual);
        let object =
            Object::new(request.protocol, request.connection, payload).ok().map(|object| raw(&object));
        let fits = |object: &Vec<u8>| object.len() <= awake.room;
        let Some(mut object) = object.filter(fits) else {
            awake.device.fail();
            around.note(offset, || What::Failed);
            return;
        };
        faults::spoil_object(&mut object, spoiling);
        awake.answer_raw(&object, ready);
        let dwords = awake.present;
        around.note(offset, || What::Answered { ready, dwords });
    }
}
