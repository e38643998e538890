//! Who may do what.

use lanewarden_broker::Protocol;
use lanewarden_daemon::policy::{Devices, Protocols, Rule, Verb};
use lanewarden_ipc::machine::{Describe, Functions};
use lanewarden_ipc::mailbox::{Detach, ExchangeRaw, Release};
use lanewarden_ipc::status::{Monitor, Status};
use lanewarden_ipc::{CallError, Fault};

use lanewarden_sim::{Scenario, Simulator};

use crate::support::{Setting, claim, discovery, entry, only, play, play_on, walk, why};

fn rule(verbs: &[Verb]) -> Rule {
    Rule {
        callers: Vec::new(),
        devices: vec![Devices::All],
        protocols: vec![Protocols::One(Protocol::CXL_TABLE_ACCESS)],
        verbs: verbs.to_vec(),
        allows: true,
    }
}

/// Rows B19, D7: whoever may read tables may do that, on the devices that are named, and nothing else.
#[test]
fn a_user_does_what_the_policy_lets_it() {
    let policy = only(rule(&[Verb::Exchange, Verb::Claim]));
    play(Setting { policy, ..Setting::default() }, async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut client = stage.client().await;
        walk(&mut client, mailbox).await.unwrap();
        assert_eq!(why(client.call(&discovery(mailbox)).await), "permission");
        assert_eq!(why(client.call(&ExchangeRaw(entry(mailbox, 0))).await), "permission");
        let detach = Detach { address: mailbox.address, generation: None, mailbox: mailbox.offset };
        assert_eq!(why(client.call(&detach).await), "permission");
        assert!(matches!(
            client.call(&Status::default()).await,
            Err(CallError::Fault(Fault::PermissionDenied))
        ));
        assert!(matches!(client.call(&Monitor {}).await, Err(CallError::Fault(Fault::PermissionDenied))));
        assert!(matches!(client.call(&Functions {}).await, Err(CallError::Fault(Fault::PermissionDenied))));
    });
}

#[test]
fn whoever_may_only_look_changes_nothing() {
    let policy = only(rule(&[Verb::Read]));
    play(Setting { policy, ..Setting::default() }, async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut client = stage.client().await;
        let functions = client.call(&Functions {}).await.unwrap().addresses;
        assert!(functions.contains(&mailbox.address.to_string()));
        let described = client.call(&Describe { address: mailbox.address }).await.unwrap();
        assert!(described.function.generation.is_some());
        client.call(&Status::default()).await.unwrap();
        assert_eq!(why(client.call(&claim(mailbox)).await), "permission");
    });
}

/// Row D6: compliance mode is closed in production, to whoever may do everything else.
#[test]
fn compliance_is_closed_in_production() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("slow");
        let compliance = lanewarden_ipc::mailbox::Exchange { kind: 0, ..entry(mailbox, 0) };
        let mut client = stage.client().await;
        assert_eq!(why(client.call(&compliance).await), "permission");
        assert_eq!(why(client.call(&ExchangeRaw(compliance)).await), "permission");
    });
}

/// Row T15: a root port, and the ports of a switch, offer what speaks SPDM in them, by a rule on their class; each is taken
/// and given back without the others hearing of it.
#[test]
fn ports_of_every_kind_offer_their_mailboxes() {
    const PORT: u16 = 0x0604;
    let spdm = vec![Protocols::One(Protocol::CMA_SPDM)];
    let ports =
        Rule { devices: vec![Devices::Class(PORT)], protocols: spdm, ..rule(&[Verb::Claim, Verb::Exchange]) };
    let machine = Simulator::new(&Scenario::default()).unwrap();
    play_on(machine, Setting { policy: only(ports), ..Setting::default() }, async |stage| {
        let mut clients = Vec::new();
        for name in ["cxl-root", "switch", "switch-0"] {
            let mut client = stage.client().await;
            let mailbox = *stage.machine.mailboxes(stage.address(name)).last().unwrap();
            let claimed = client.call(&claim(mailbox)).await.unwrap();
            clients.push((client, claimed.claim));
        }
        for (mut client, claim) in clients {
            client.call(&Release { claim }).await.unwrap();
        }
        let mut client = stage.client().await;
        assert_eq!(why(client.call(&claim(stage.mailbox("mem0"))).await), "permission", "it is no port");
    });
}
