//! A daemon that comes after one that was killed.

use lanewarden_daemon::journal::{Journal, Mark};
use lanewarden_ipc::status::Status;
use lanewarden_sim::{Scenario, Simulator};

use crate::support::{Setting, TWO_MEMORIES, discovery, play_on, walk};

/// What an earlier daemon had under way is aborted before the next exchange, once, and said.
#[test]
fn what_was_under_way_is_found_and_aborted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let machine = Simulator::new(&Scenario::parse(TWO_MEMORIES).unwrap()).unwrap();
    let mailbox = machine.mailboxes(machine.address("quick").unwrap())[0];
    let claimed = machine.mailboxes(machine.address("slow").unwrap())[1];
    let (mut journal, _) = Journal::open(&path).unwrap();
    journal.mark(mailbox, Mark::Exchange);
    journal.mark(claimed, Mark::Claimed);
    drop(journal);
    machine.keep_events(1000);
    let setting = Setting { journal: Some(path), ..Setting::default() };
    play_on(machine.clone(), setting, async |stage| {
        let mut client = stage.client().await;
        let report = client.call(&Status::default()).await.unwrap();
        assert_eq!(report.findings.len(), 2, "{:?}", report.findings);
        assert!(
            report.findings.iter().any(|finding| finding.starts_with(&format!("{mailbox}: an exchange")))
        );
        assert!(report.findings.iter().any(|finding| finding.starts_with(&format!("{claimed}: a client"))));
        client.call(&discovery(mailbox)).await.unwrap();
        walk(&mut client, mailbox).await.unwrap();
    });
    let events = machine.take_events();
    let aborts = events.iter().filter(|event| format!("{event:?}").contains("Abort")).count();
    assert_eq!(aborts, 1, "{events:#?}");
}

/// What is not ours in the same function's other mailbox is left alone.
#[test]
fn only_the_mailbox_that_was_ours_is_aborted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let machine = Simulator::new(&Scenario::parse(TWO_MEMORIES).unwrap()).unwrap();
    let both = machine.mailboxes(machine.address("slow").unwrap());
    let (mut journal, _) = Journal::open(&path).unwrap();
    journal.mark(both[0], Mark::Exchange);
    drop(journal);
    machine.keep_events(1000);
    let setting = Setting { journal: Some(path), ..Setting::default() };
    play_on(machine.clone(), setting, async |stage| {
        let mut client = stage.client().await;
        let report = client.call(&Status::default()).await.unwrap();
        let device = report.devices.iter().find(|device| device.address == both[0].address).unwrap();
        let conditions: Vec<_> = device.mailboxes.iter().map(|mailbox| mailbox.condition.as_str()).collect();
        assert_eq!(conditions, ["touched", "clean"]);
        client.call(&discovery(both[1])).await.unwrap();
    });
    assert!(!machine.take_events().iter().any(|event| format!("{event:?}").contains("Abort")));
}

/// A daemon that ends in good order leaves nothing to find.
#[test]
fn a_daemon_that_ends_in_good_order_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let machine = Simulator::new(&Scenario::parse(TWO_MEMORIES).unwrap()).unwrap();
    let setting = Setting { journal: Some(path.clone()), ..Setting::default() };
    play_on(machine, setting, async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut client = stage.client().await;
        walk(&mut client, mailbox).await.unwrap();
        client.call(&crate::support::claim(mailbox)).await.unwrap();
        let slow = stage.mailbox("slow");
        let mut other = stage.client().await;
        tokio::spawn(async move { other.call(&discovery(slow)).await });
        crate::support::a_moment().await;
        let text = std::fs::read_to_string(&path).unwrap();
        let marks: Vec<_> = text.lines().map(|line| &line[..1]).collect();
        assert_eq!(marks, ["c", "!"], "{text}");
    });
    assert!(Journal::open(&folder.path().join("journal")).unwrap().1.is_empty());
}
