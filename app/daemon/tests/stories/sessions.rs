//! SPDM sessions that the daemon keeps.

use std::rc::Rc;
use std::time::Duration;

use lanewarden_daemon::policy::{Devices, Protocols, Rule, Verb};
use lanewarden_ipc::session::{End, List, Open, Renew, Send};
use lanewarden_ipc::{Base64, CallError, Client, Fault};
use lanewarden_pci::{Address, MailboxId};
use lanewarden_sim::{Scenario, Simulator};

use crate::support::{Keys, Setting, Stage, claim, only, play_on, try_claim, word};

/// HEARTBEAT in SPDM 1.3 (DSP0274 1.3, 10.19).
const HEARTBEAT: [u8; 4] = [0x13, 0xe8, 0, 0];

/// Plays on a machine with a memory that proves who it is.
fn play<F: Future<Output = ()>>(setting: Setting, story: impl FnOnce(Rc<Stage>) -> F) {
    let scenario = Scenario::default();
    let machine = Simulator::new(&scenario).unwrap();
    let emulation = lanewarden_emulation::attach(&machine, &scenario).unwrap();
    let anchors = if setting.anchors.is_empty() { emulation.anchors() } else { Vec::new() };
    play_on(machine, Setting { anchors, ..setting }, story);
}

fn spdm(stage: &Stage, name: &str) -> MailboxId {
    let mailboxes = stage.machine.mailboxes(stage.address(name));
    // A memory has its table in the first, an accelerator something of its own in the last.
    if name.starts_with("mem") { mailboxes[1] } else { mailboxes[0] }
}

fn open(mailbox: MailboxId) -> Open {
    let MailboxId { address, offset: mailbox } = mailbox;
    Open { address, generation: None, mailbox, connection: None }
}

async fn send(client: &mut Client, key: i32) -> Result<Vec<u8>, CallError> {
    client.call(&Send { key, message: Base64(HEARTBEAT.to_vec()) }).await.map(|answer| answer.message.0)
}

fn fault<T: std::fmt::Debug>(result: Result<T, CallError>) -> Fault {
    match result {
        Err(CallError::Fault(fault)) => fault,
        other => panic!("not refused: {other:?}"),
    }
}

/// Rows T2, T3, T20: one client opens a session, another uses it by its key and ends it.
#[test]
fn a_session_is_used_by_its_key() {
    let keys = Keys::default();
    play(Setting { keys: keys.clone(), ..Setting::default() }, async |stage| {
        let mailbox = spdm(&stage, "mem0");
        let (mut opener, mut user) = (stage.client().await, stage.client().await);
        let session = opener.call(&open(mailbox)).await.unwrap().session;
        assert_eq!((session.address, session.mailbox), (mailbox.address, mailbox.offset));
        assert_eq!(session.user, Some(lanewarden_linux::user()));
        assert!(session.encrypted && session.cipher.is_some());
        let name = format!(
            "lanewarden:session:{}:{:03x}:{:08x}",
            mailbox.address, mailbox.offset, session.session_id
        );
        assert_eq!(keys.valid(), [name], "the key names the session and holds nothing else");
        drop(opener);

        let answer = send(&mut user, session.key).await.unwrap();
        assert_eq!(answer[..2], [0x13, 0x68], "HEARTBEAT_ACK");
        user.call(&Renew { key: session.key }).await.unwrap();
        assert_eq!(send(&mut user, session.key).await.unwrap()[..2], [0x13, 0x68]);
        assert_eq!(user.call(&List {}).await.unwrap().sessions, std::slice::from_ref(&session));
        assert_eq!(
            word(user.call(&try_claim(mailbox)).await),
            "busy",
            "the mailbox is the daemon's meanwhile"
        );

        user.call(&End { key: session.key }).await.unwrap();
        assert!(matches!(fault(send(&mut user, session.key).await), Fault::SessionEnded(_)));
        assert!(keys.valid().is_empty());
        assert!(user.call(&List {}).await.unwrap().sessions.is_empty());
        user.call(&claim(mailbox)).await.unwrap();
    });
}

/// Row T3: whoever revokes the key ends the session, on the device too.
#[test]
fn revoking_the_key_ends_the_session() {
    let keys = Keys::default();
    play(Setting { keys: keys.clone(), ..Setting::default() }, async |stage| {
        let mailbox = spdm(&stage, "mem0");
        let mut client = stage.client().await;
        let session = client.call(&open(mailbox)).await.unwrap().session;
        send(&mut client, session.key).await.unwrap();
        keys.revoke(session.key);
        let Fault::SessionEnded(why) = fault(send(&mut client, session.key).await) else { panic!() };
        assert!(why.contains("revoked"), "{why}");
        // Within the time in which it is looked, the session is ended and the mailbox free.
        client.call(&claim(mailbox)).await.unwrap();
        assert!(client.call(&List {}).await.unwrap().sessions.is_empty());
    });
}

/// A session that nobody uses is kept alive for longer than a lease lasts.
#[test]
fn a_session_outlives_a_lease() {
    let limits = lanewarden_broker::Limits { lease: Duration::from_millis(1500), ..Default::default() };
    play(Setting { limits, ..Setting::default() }, async |stage| {
        let mut client = stage.client().await;
        let session = client.call(&open(spdm(&stage, "mem0"))).await.unwrap().session;
        tokio::time::sleep(Duration::from_secs(2)).await;
        send(&mut client, session.key).await.unwrap();
    });
}

/// Whom the daemon does not trust it opens no session with, and a device without sessions is said to have none.
#[test]
fn no_session_is_opened_with_whom_is_not_trusted() {
    play(Setting::default(), async |stage| {
        let mut client = stage.client().await;
        for (name, why) in [("mem1", "serial"), ("drive", "CERT_CAP"), ("accelerator", "not valid after")] {
            let result = client.call(&open(spdm(&stage, name))).await;
            let Fault::NotDone(message) = fault(result) else { panic!("{name}") };
            assert!(message.contains(why), "{name}: {message}");
        }
        assert!(client.call(&List {}).await.unwrap().sessions.is_empty());
        let gone: Address = "0000:ff:00.0".parse().unwrap();
        assert_eq!(word(client.call(&open(MailboxId { address: gone, offset: 0x100 })).await), "gone");
        assert!(matches!(fault(send(&mut client, 4711).await), Fault::SessionEnded(_)));
    });
}

/// Row T20: a request that fails fails alone where the session stands, and what is no message is refused.
#[test]
fn what_is_no_message_is_refused() {
    play(Setting::default(), async |stage| {
        let mut client = stage.client().await;
        let session = client.call(&open(spdm(&stage, "mem0"))).await.unwrap().session;
        let short = client.call(&Send { key: session.key, message: Base64(vec![0x13]) }).await;
        assert!(matches!(fault(short), Fault::InvalidParameter(_)));
        // GET_MEASUREMENTS of an operation that there is not.
        let refused =
            client.call(&Send { key: session.key, message: Base64(vec![0x13, 0xe0, 0, 0x7f]) }).await;
        let Fault::NotDone(why) = fault(refused) else { panic!() };
        assert!(why.contains("refuse"), "{why}");
        send(&mut client, session.key).await.unwrap();
    });
}

/// A daemon that ends tells its devices: nothing of its sessions is left, and the journal has nothing to tell.
#[test]
fn sessions_end_with_the_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let keys = Keys::default();
    let setting = Setting { keys: keys.clone(), journal: Some(path.clone()), ..Setting::default() };
    play(setting, async |stage| {
        let mailbox = spdm(&stage, "mem0");
        let mut client = stage.client().await;
        let session = client.call(&open(mailbox)).await.unwrap().session;
        send(&mut client, session.key).await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("c {} {:03x}", mailbox.address, mailbox.offset)), "{text}");
    });
    assert!(keys.valid().is_empty());
    assert!(lanewarden_daemon::journal::Journal::open(&folder.path().join("journal")).unwrap().1.is_empty());
}

/// A user who may not use sessions with a device does not, whoever opened them.
#[test]
fn sessions_are_for_those_whom_the_policy_lets() {
    let rule = Rule {
        callers: Vec::new(),
        devices: vec![Devices::All],
        protocols: vec![Protocols::All],
        verbs: vec![Verb::Read, Verb::Exchange, Verb::Claim],
        allows: true,
    };
    play(Setting { policy: only(rule), ..Setting::default() }, async |stage| {
        let mut client = stage.client().await;
        assert_eq!(fault(client.call(&open(spdm(&stage, "mem0"))).await), Fault::PermissionDenied);
        client.call(&claim(spdm(&stage, "mem0"))).await.unwrap();
    });
}
