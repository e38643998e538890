//! Mailboxes as somebody's own.

use std::time::Duration;

use lanewarden_broker::Limits;
use lanewarden_ipc::mailbox::{Abort, Detach, ExchangeRaw, Keep, Release};
use lanewarden_ipc::{CallError, Fault};
use lanewarden_pci::MailboxId;

use crate::support::{Setting, a_moment, claim, discovery, entry, play, try_claim, why, word};

fn brief() -> Setting {
    let limits = Limits { lease: Duration::from_millis(60), ..Limits::default() };
    Setting { limits, ..Setting::default() }
}

fn detach(mailbox: MailboxId) -> Detach {
    Detach { address: mailbox.address, generation: None, mailbox: mailbox.offset }
}

/// Row D3: a table is read under a claim; whoever else wants the mailbox is told whose it is.
#[test]
fn the_owner_is_named() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("quick");
        let (mut owner, mut other) = (stage.client().await, stage.client().await);
        assert_eq!(why(owner.call(&entry(mailbox, 0)).await), "unclaimed");
        let claimed = owner.call(&claim(mailbox)).await.unwrap();
        assert_eq!(why(owner.call(&claim(mailbox)).await), "already_held");
        owner.call(&entry(mailbox, 0)).await.unwrap();
        let refused = other.call(&try_claim(mailbox)).await.unwrap_err();
        let CallError::Fault(Fault::Refused { refused, process }) = refused else { panic!("{refused:?}") };
        assert_eq!((refused.word, process), ("busy", Some(std::process::id())));
        assert_eq!(why(other.call(&Release { claim: claimed.claim }).await), "unknown", "it is another's");
        owner.call(&Release { claim: claimed.claim }).await.unwrap();
        other.call(&try_claim(mailbox)).await.unwrap();
    });
}

/// Rows B8, B15: a claim on which nothing is said ends, and whoever had it is told that, not that there was none.
#[test]
fn a_silent_claim_is_lost_and_that_is_said() {
    play(brief(), async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut owner = stage.client().await;
        let claimed = owner.call(&claim(mailbox)).await.unwrap();
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            owner.call(&Keep { claim: claimed.claim }).await.unwrap();
        }
        stage.client().await.call(&claim(mailbox)).await.unwrap();
        let lost = owner.call(&entry(mailbox, 0)).await;
        assert_eq!(why(lost), "silent");
        assert_eq!(word(owner.call(&Keep { claim: claimed.claim }).await), "preempted");
        assert_eq!(word(owner.call(&Release { claim: claimed.claim }).await), "preempted");
        owner.call(&claim(mailbox)).await.unwrap();
        owner.call(&entry(mailbox, 0)).await.unwrap();
    });
}

/// Rows D5, B15: an operator takes a mailbox from whoever has it, exchanges raw objects on it, and is on record.
#[test]
fn an_operator_takes_a_mailbox_away() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("quick");
        let (mut user, mut operator) = (stage.client().await, stage.client().await);
        user.call(&claim(mailbox)).await.unwrap();
        let detached = operator.call(&detach(mailbox)).await.unwrap();
        assert_eq!(why(user.call(&entry(mailbox, 0)).await), "detached");
        assert_eq!(word(user.call(&claim(mailbox)).await), "busy");
        operator.call(&ExchangeRaw(entry(mailbox, 0))).await.unwrap();
        operator.call(&Release { claim: detached.claim }).await.unwrap();
        user.call(&claim(mailbox)).await.unwrap();
        let audit = stage.audit();
        let process = std::process::id();
        assert_eq!(audit.len(), 2, "{audit:?}");
        assert!(audit[0].contains(&format!("process {process}: detach of {mailbox}")), "{}", audit[0]);
        assert!(audit[1].contains("raw exchange of 1e98:02"), "{}", audit[1]);
    });
}

/// Row B10: an abort ends every exchange, each caller hears it once, and the mailbox goes on.
#[test]
fn an_abort_ends_all_exchanges() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("slow");
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let mut client = stage.client().await;
            waiting.push(tokio::spawn(async move { word(client.call(&discovery(mailbox)).await) }));
        }
        a_moment().await;
        let abort = Abort { address: mailbox.address, generation: None, mailbox: mailbox.offset };
        stage.client().await.call(&abort).await.unwrap();
        for client in waiting {
            assert_eq!(client.await.unwrap(), "cancelled");
        }
        stage.client().await.call(&discovery(mailbox)).await.unwrap();
    });
}

/// What is refused is not on record as done.
#[test]
fn what_the_policy_refuses_is_not_on_record() {
    let rule = lanewarden_daemon::policy::Rule {
        verbs: vec![lanewarden_daemon::policy::Verb::Claim],
        ..lanewarden_daemon::policy::Rule::everything(lanewarden_daemon::policy::Caller::Anyone)
    };
    let setting = Setting { policy: crate::support::only(rule), ..Setting::default() };
    play(setting, async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut user = stage.client().await;
        assert_eq!(why(user.call(&detach(mailbox)).await), "permission");
        assert_eq!(why(user.call(&ExchangeRaw(entry(mailbox, 0))).await), "permission");
        let abort = Abort { address: mailbox.address, generation: None, mailbox: mailbox.offset };
        assert_eq!(why(user.call(&abort).await), "permission");
        assert!(stage.audit().is_empty(), "{:?}", stage.audit());
    });
}
