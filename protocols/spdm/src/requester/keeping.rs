//! HEARTBEAT, KEY_UPDATE and END_SESSION (DSP0274 1.3, 10.20, 10.21 and 10.24): a session is kept, and ends.

use super::{Core, Endpoint, Event, Operation};
use crate::error::{Misuse, Reason, Violation};
use crate::message::{
    EndSession, EndSessionAck, Header, Heartbeat, KeyOperation, KeyUpdate, Reader, RequesterFlags,
    ResponderFlags, Writer,
};
use crate::session::{Seating, Sessions};
use lanewarden_crypto::Provider;

/// An update of keys: what is asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    asked: KeyUpdate,
}

impl Update {
    /// Whether it is new keys that are tried.
    pub fn verifies(self) -> bool {
        self.asked.operation == KeyOperation::VerifyNewKey
    }
}

impl<E: Endpoint> Core<E> {
    /// Refuses what one of the two has not said it can do.
    fn needs_both(
        &self,
        requester: RequesterFlags,
        responder: ResponderFlags,
        name: &'static str,
    ) -> Result<(), Reason> {
        self.needs(responder, name)?;
        let own = self.agreed()?.requester.contains(requester);
        if own { Ok(()) } else { Err(Misuse::Version.into()) }
    }

    pub fn begin_heartbeat(&mut self) -> Result<(), Reason> {
        self.needs_both(RequesterFlags::HBEAT, ResponderFlags::HBEAT, "heartbeat (HBEAT_CAP)")?;
        self.operation = Operation::Heartbeat;
        Ok(())
    }

    pub fn complete_heartbeat<'a>(&self, message: &[u8]) -> Result<Event<'a>, Reason> {
        let mut reader = Reader::new(message);
        Header::decode(&mut reader)?;
        Heartbeat::decode(&reader)?;
        Ok(Event::Alive(self.lane_id()?))
    }

    pub fn begin_update(&mut self, operation: KeyOperation) -> Result<(), Reason> {
        self.needs_both(RequesterFlags::KEY_UPD, ResponderFlags::KEY_UPD, "update of keys (KEY_UPD_CAP)")?;
        if operation == KeyOperation::VerifyNewKey {
            return Err(Misuse::Version.into());
        }
        let asked = KeyUpdate { operation, tag: self.fresh_tag()? };
        self.operation = Operation::Update(Update { asked });
        Ok(())
    }

    fn fresh_tag(&self) -> Result<u8, Reason> {
        let mut tag = [0];
        self.parts.provider.random(&mut tag).map_err(|_| Reason::NoRandomness)?;
        let [tag] = tag;
        Ok(tag)
    }

    /// With all keys updated, the acknowledgement comes under new ones already.
    pub fn encode_update(
        &mut self,
        update: Update,
        lane: u32,
        writer: &mut Writer<'_>,
    ) -> Result<(), Reason> {
        update.asked.encode(self.version(), true, writer)?;
        if update.asked.operation == KeyOperation::UpdateAllKeys {
            let session = self.parts.sessions.seats_mut().session_mut(lane).ok_or(Misuse::NoSession)?;
            session.expect_renewed();
        }
        Ok(())
    }

    /// Whether it goes on: a new key is used at once, to see that the peer has it.
    pub fn complete_update<'a>(&mut self, update: Update, message: &[u8]) -> Result<Event<'a>, Reason> {
        let mut reader = Reader::new(message);
        let header = Header::decode(&mut reader)?;
        let (acknowledged, _) = KeyUpdate::decode(header, &reader)?;
        let id = self.lane_id()?;
        let session = self.parts.sessions.seats_mut().session_mut(id).ok_or(Misuse::NoSession)?;
        if acknowledged != update.asked || session.expects_renewed() {
            return Err(Violation::KeyUpdate.into());
        }
        if update.asked.operation == KeyOperation::VerifyNewKey {
            return Ok(Event::Renewed(id));
        }
        session.renew_outgoing(&self.parts.provider).ok_or(Reason::NoSessionCrypto)?;
        let asked = KeyUpdate { operation: KeyOperation::VerifyNewKey, tag: self.fresh_tag()? };
        self.operation = Operation::Update(Update { asked });
        Ok(Event::Continue)
    }

    pub fn begin_end(&mut self, clear_state: bool) -> Result<(), Reason> {
        self.operation = Operation::End(EndSession { clear_state });
        Ok(())
    }

    pub fn complete_end<'a>(&mut self, message: &[u8]) -> Result<Event<'a>, Reason> {
        let mut reader = Reader::new(message);
        Header::decode(&mut reader)?;
        EndSessionAck::decode(&reader)?;
        Ok(Event::Ended(self.lane_id()?))
    }

    pub fn lane_id(&self) -> Result<u32, Reason> {
        self.lane.ok_or(Reason::Misuse(Misuse::NoSession))
    }
}
