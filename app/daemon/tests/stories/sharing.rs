//! Many users of the same mailboxes.

use std::time::{Duration, Instant};

use lanewarden_daemon::hotplug::Change;
use lanewarden_ipc::Fault;
use tokio::task::JoinSet;

use crate::support::{Setting, a_moment, claim, discovery, entry, play, try_claim, walk, word};

/// Rows B12, B13: users of the same protocol on the same mailbox each get the whole table, every time.
#[test]
fn users_of_one_mailbox_get_their_tables() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("quick");
        let table = walk(&mut stage.client().await, mailbox).await.unwrap();
        let mut readers = JoinSet::new();
        for _ in 0..8 {
            let mut client = stage.client().await;
            let table = table.clone();
            readers.spawn(async move {
                for _ in 0..25 {
                    assert!(walk(&mut client, mailbox).await.unwrap() == table);
                }
            });
        }
        readers.join_all().await;
    });
}

/// Row D11: who waits for a slow mailbox keeps nobody from another.
#[test]
fn a_slow_mailbox_delays_no_other() {
    play(Setting::default(), async |stage| {
        let (slow, quick) = (stage.mailbox("slow"), stage.mailbox("quick"));
        let mut waiting = stage.client().await;
        let slow = tokio::spawn(async move {
            waiting.call(&discovery(slow)).await.unwrap();
            Instant::now()
        });
        a_moment().await;
        let mut client = stage.client().await;
        for _ in 0..20 {
            client.call(&discovery(quick)).await.unwrap();
        }
        let quick = Instant::now();
        assert!(quick < slow.await.unwrap(), "twenty quick ones are done before the slow one");
    });
}

/// Rows B3, D3: a client that dies in the middle of an exchange loses its claim, and the mailbox serves the next one.
#[test]
fn a_client_that_dies_lets_go() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("slow");
        let mut dying = stage.client().await;
        dying.call(&claim(mailbox)).await.unwrap();
        let exchange = tokio::spawn(async move { dying.call(&entry(mailbox, 0)).await });
        a_moment().await;
        let mut next = stage.client().await;
        assert_eq!(word(next.call(&try_claim(mailbox)).await), "busy");
        exchange.abort();
        let _ = exchange.await;
        next.call(&claim(mailbox)).await.unwrap();
        next.call(&entry(mailbox, 0)).await.unwrap();
    });
}

/// Row T22: all who wait for a device that is pulled out hear it, and what comes in its place is another.
#[test]
fn a_device_that_is_pulled_out_is_gone_for_all() {
    play(Setting::default(), async |stage| {
        let (mailbox, address) = (stage.mailbox("slow"), stage.address("slow"));
        let mut client = stage.client().await;
        let held = client.call(&claim(mailbox)).await.unwrap();
        let exchange = tokio::spawn(async move {
            let first = word(client.call(&entry(mailbox, 0)).await);
            let again = word(client.call(&entry(mailbox, 0)).await);
            (first, again)
        });
        a_moment().await;
        stage.tell(Change::Removed(address));
        assert_eq!(exchange.await.unwrap(), ("gone", "gone"));

        stage.tell(Change::Added(address));
        a_moment().await;
        let mut client = stage.client().await;
        let anew = client.call(&claim(mailbox)).await.unwrap();
        assert_ne!(anew.generation, held.generation);
        let old =
            lanewarden_ipc::mailbox::Exchange { generation: Some(held.generation), ..entry(mailbox, 0) };
        assert_eq!(word(client.call(&old).await), "gone");
        client.call(&entry(mailbox, 0)).await.unwrap();
    });
}

/// Row B8: a user has so many connections, and more are told so and closed.
#[test]
fn a_user_has_a_bounded_number_of_connections() {
    let limits = lanewarden_broker::Limits { clients_per_user: 3, ..Default::default() };
    play(Setting { limits, ..Setting::default() }, async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut clients = Vec::new();
        for _ in 0..3 {
            let mut client = stage.client().await;
            client.call(&discovery(mailbox)).await.unwrap();
            clients.push(client);
        }
        let refused = stage.client().await.call(&discovery(mailbox)).await;
        let Err(lanewarden_ipc::CallError::Fault(Fault::Refused { refused, .. })) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!((refused.word, refused.why.as_deref()), ("denied", Some("clients")));
        clients.pop();
        tokio::time::sleep(Duration::from_millis(20)).await;
        stage.client().await.call(&discovery(mailbox)).await.unwrap();
    });
}
