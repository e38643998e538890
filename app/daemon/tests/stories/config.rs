//! Configuration space, written past the mailboxes.

use std::time::Duration;

use lanewarden_broker::Limits;
use lanewarden_ipc::config::{Lock, Unlock, Write};
use lanewarden_ipc::machine::ReadConfig;
use lanewarden_ipc::{CallError, Fault};

use crate::support::{Setting, a_moment, claim, discovery, play, word};

/// The interrupt line: the one register of every function that can be written and does nothing.
const LINE: u16 = 0x3c;

/// Rows B5, D13: whoever has configuration space alone may write it, keeps mailboxes idle meanwhile, and is on record.
#[test]
fn a_lock_is_for_those_who_write() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("quick");
        let address = mailbox.address;
        let (mut writer, mut other) = (stage.client().await, stage.client().await);
        let not_locked = writer.call(&Write { lock: 7, offset: LINE, value: 1 }).await;
        assert!(matches!(not_locked, Err(CallError::Fault(Fault::NotLocked))));
        let locked = writer.call(&Lock { address, generation: None, patience_ms: None }).await.unwrap();
        let tried = other.call(&Lock { address, generation: None, patience_ms: Some(0) }).await;
        assert_eq!(word(tried), "busy");
        let waiting = tokio::spawn(async move { other.call(&discovery(mailbox)).await });
        a_moment().await;
        assert!(!waiting.is_finished(), "mailboxes are idle while somebody writes past them");
        writer.call(&Write { lock: locked.lock, offset: LINE, value: 0x2a }).await.unwrap();
        let read = ReadConfig { address, generation: Some(locked.generation), offset: LINE, count: 1 };
        let read = writer.call(&read).await.unwrap().registers;
        assert_eq!(read.0[0], 0x2a);
        writer.call(&Unlock { lock: locked.lock }).await.unwrap();
        waiting.await.unwrap().unwrap();
        let audit = stage.audit();
        assert!(audit[0].ends_with(&format!("write of 0x0000002a to {address} [03c]: done")), "{audit:?}");
    });
}

/// Row B5: a lock ends by itself, and nothing is written under it then.
#[test]
fn a_lock_that_is_over_lets_nothing_through() {
    let limits = Limits { config: Duration::from_millis(20), ..Limits::default() };
    play(Setting { limits, ..Setting::default() }, async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut writer = stage.client().await;
        let lock = Lock { address: mailbox.address, generation: None, patience_ms: None };
        let locked = writer.call(&lock).await.unwrap();
        stage.client().await.call(&claim(mailbox)).await.unwrap();
        let write = writer.call(&Write { lock: locked.lock, offset: LINE, value: 1 }).await;
        assert!(matches!(write, Err(CallError::Fault(Fault::NotLocked))));
    });
}
