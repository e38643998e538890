//! What is done for the methods on sessions.

use lanewarden_broker::Who;
use lanewarden_ipc::service::Nothing;
use lanewarden_ipc::session::{Answer, End, List, Open, Opened, Renew, Send, Sessions};
use lanewarden_ipc::{Base64, Fault, Incoming};
use lanewarden_pci::{Address, Machine};
use lanewarden_spdm::message::KeyOperation;

use super::{Closed, Connection};
use crate::keeper::{Keeper, Wish};

/// The shortest SPDM message, in bytes: version, code, two parameters.
const SHORTEST: usize = 4;

impl<M: Machine + 'static> Connection<M> {
    fn may_keep_sessions(&self, device: Address) -> Result<(), Fault> {
        let may = self.shared.with(|engine| engine.policy().may_keep_sessions(self.who, device));
        if may { Ok(()) } else { Err(Fault::PermissionDenied) }
    }

    /// The session of this key, if its device is one that the caller may use sessions with.
    fn may_use(&self, key: i32) -> Result<(), Fault> {
        let session = self.shared.keeper.find(key)?;
        self.may_keep_sessions(session.address)
    }

    pub(super) async fn open_session(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        let result = self.try_open(call).await;
        self.reply(call, result, None).await
    }

    async fn try_open(&self, call: &Incoming<'_>) -> Result<Opened, Fault> {
        let Open { address, generation, mailbox, connection } = call.parameters()?;
        self.may_keep_sessions(address)?;
        let device = self.shared.look(|engine| engine.device(address, generation))?;
        let user = if let Who::User { user, .. } = self.who { Some(user) } else { None };
        let session = Keeper::open(&self.shared, device.instance(mailbox), connection, user).await?;
        Ok(Opened { session })
    }

    pub(super) async fn send_in_session(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        let result = self.try_send(call).await;
        self.reply(call, result, None).await
    }

    async fn try_send(&self, call: &Incoming<'_>) -> Result<Answer, Fault> {
        let Send { key, message: Base64(message) } = call.parameters()?;
        self.may_use(key)?;
        if message.len() < SHORTEST {
            return Err(Fault::InvalidParameter("message".to_owned()));
        }
        let message = self.shared.keeper.ask(key, Wish::Send(message)).await?;
        Ok(Answer { message: Base64(message) })
    }

    pub(super) async fn renew_session(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        let result = match call.parameters() {
            Ok(Renew { key }) => self.wish(key, Wish::Renew(KeyOperation::UpdateAllKeys)).await,
            Err(fault) => Err(fault),
        };
        self.reply(call, result, None).await
    }

    pub(super) async fn end_session(&mut self, call: &Incoming<'_>) -> Result<(), Closed> {
        let result = match call.parameters() {
            Ok(End { key }) => self.wish(key, Wish::End).await,
            Err(fault) => Err(fault),
        };
        self.reply(call, result, None).await
    }

    async fn wish(&self, key: i32, wish: Wish) -> Result<Nothing, Fault> {
        self.may_use(key)?;
        self.shared.keeper.ask(key, wish).await.map(|_| Nothing {})
    }

    pub(super) fn sessions(&mut self, _: List) -> Result<Sessions, Fault> {
        self.may_read(None)?;
        Ok(Sessions { sessions: self.shared.keeper.list() })
    }
}
