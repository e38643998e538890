//! SPDM sessions that the daemon keeps for its clients.
//!
//! Each is a task that has its mailbox claimed, as a client of the broker like any other, and holds a dialogue over it: it
//! sends what is asked for, and heartbeats when nothing is. Its name is a key in a keyring: while that is valid the session
//! is used, and when it is revoked the session ends.

mod held;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use lanewarden_broker::Instance;
use lanewarden_ipc::Fault;
use lanewarden_ipc::session::Session;
use lanewarden_pci::Machine;
use lanewarden_spdm::message::KeyOperation;
use lanewarden_store::{Anchors, Revocations};
use tokio::sync::{mpsc, oneshot};

use crate::shared::Shared;

/// Requests that wait for one session.
const QUEUE: usize = 16;
/// Sessions at once.
const MOST: usize = 256;

/// A key that names a session and goes with it.
pub trait Key {
    /// Its serial number.
    fn serial(&self) -> i32;

    /// Whether it is there and has not been revoked.
    fn is_valid(&self) -> bool;
}

/// Makes keys.
pub trait Keyring {
    /// A key of this description.
    ///
    /// # Errors
    /// In words.
    fn add(&self, description: &str) -> Result<Box<dyn Key>, String>;
}

/// The kernel's keyring.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kernel;

impl Key for lanewarden_linux::Key {
    fn serial(&self) -> i32 {
        lanewarden_linux::Key::serial(self)
    }

    fn is_valid(&self) -> bool {
        lanewarden_linux::Key::is_valid(self)
    }
}

impl Keyring for Kernel {
    fn add(&self, description: &str) -> Result<Box<dyn Key>, String> {
        let key = lanewarden_linux::Key::add(description).map_err(|error| error.to_string())?;
        Ok(Box::new(key))
    }
}

/// Whom the daemon trusts.
pub struct Basis {
    /// Roots.
    pub anchors: Anchors,
    /// What is trusted no more.
    pub revocations: Revocations,
}

/// What is asked for in a session.
pub(crate) enum Wish {
    Send(Vec<u8>),
    Renew(KeyOperation),
    End,
}

type Answer = Result<Vec<u8>, Fault>;

/// A wish, and whom to tell.
pub(crate) type Asked = (Wish, oneshot::Sender<Answer>);

struct Handle {
    session: Session,
    key: Rc<dyn Key>,
    asked: mpsc::Sender<Asked>,
}

/// The sessions that there are.
pub struct Keeper {
    basis: Rc<Basis>,
    keyring: Box<dyn Keyring>,
    handles: RefCell<BTreeMap<i32, Handle>>,
}

impl Keeper {
    /// Without sessions.
    pub fn new(basis: Basis, keyring: impl Keyring + 'static) -> Self {
        Self { basis: Rc::new(basis), keyring: Box::new(keyring), handles: RefCell::default() }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`Fault::NotDone`], where the device cannot be read, or as the broker refuses.
    pub async fn open<M: Machine + 'static>(
        shared: &Rc<Shared<M>>,
        instance: Instance,
        connection: Option<u16>,
        user: Option<u32>,
    ) -> Result<Session, Fault> {
        if shared.keeper.handles.borrow().len() >= MOST {
            return Err(Fault::NotDone("there are as many sessions as there may be".to_owned()));
        }
        let (asked, wishes) = mpsc::channel(QUEUE);
        let (opened, told) = oneshot::channel();
        let identity = shared.look(|engine| engine.identity(instance.mailbox.address))?;
        let plan = held::Plan { identity, instance, connection, user, asked };
        tokio::task::spawn_local(held::hold(Rc::clone(shared), plan, wishes, opened));
        told.await.unwrap_or_else(|_| Err(Fault::NotDone("the session has ended".to_owned())))
    }

    /// Which device a session is with.
    ///
    /// # Errors
    /// [`Fault::SessionEnded`].
    pub fn find(&self, key: i32) -> Result<Session, Fault> {
        let handles = self.handles.borrow();
        let handle = handles.get(&key).ok_or_else(ended)?;
        if handle.key.is_valid() { Ok(handle.session.clone()) } else { Err(revoked()) }
    }

    /// Does something in a session.
    ///
    /// # Errors
    /// [`Fault::SessionEnded`], or [`Fault::NotDone`].
    pub(crate) async fn ask(&self, key: i32, wish: Wish) -> Answer {
        self.find(key)?;
        let asked = self.handles.borrow().get(&key).map(|handle| handle.asked.clone());
        let (teller, told) = oneshot::channel();
        let asked = asked.ok_or_else(ended)?;
        asked.send((wish, teller)).await.map_err(|_| ended())?;
        told.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Ends all sessions.
    pub async fn end_all(&self) {
        let keys: Vec<_> = self.handles.borrow().keys().copied().collect();
        for key in keys {
            // One that has ended meanwhile is as good.
            let _ = self.ask(key, Wish::End).await;
        }
    }

    /// The sessions that there are, by their keys.
    pub fn list(&self) -> Vec<Session> {
        self.handles.borrow().values().map(|handle| handle.session.clone()).collect()
    }
}

fn ended() -> Fault {
    Fault::SessionEnded("there is no such session any more".to_owned())
}

fn revoked() -> Fault {
    Fault::SessionEnded("the key of the session has been revoked".to_owned())
}
