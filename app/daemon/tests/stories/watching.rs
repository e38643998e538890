//! What is shown, and what is heard.

use lanewarden_ipc::status::{MOST_DEVICES, Monitor, Report, Status};
use lanewarden_sim::{Scenario, Simulator};

use crate::support::{Setting, a_moment, claim, discovery, entry, play, play_on};

#[test]
fn the_status_shows_owners_and_clients() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("slow");
        let mut owner = stage.client().await;
        let claimed = owner.call(&claim(mailbox)).await.unwrap();
        let busy = tokio::spawn(async move {
            owner.call(&entry(mailbox, 0)).await.unwrap();
            owner
        });
        a_moment().await;
        let report = stage.client().await.call(&Status::default()).await.unwrap();
        assert_eq!(report.process, std::process::id());
        let device = report.devices.iter().find(|device| device.address == mailbox.address).unwrap();
        let status = device.mailboxes.iter().find(|status| status.mailbox == mailbox.offset).unwrap();
        assert_eq!((status.state.as_str(), status.condition.as_str()), ("busy", "clean"));
        let owned = status.owner.unwrap();
        assert_eq!((owned.claim, owned.detached, owned.contended), (claimed.claim, false, false));
        assert_eq!(status.running.unwrap().client, Some(owned.client));
        let client = report.clients.iter().find(|client| client.client == owned.client).unwrap();
        assert_eq!((client.process, client.requests), (Some(std::process::id()), 1));
        assert_eq!(report.statistics.started, 1);
        drop(busy.await.unwrap());
        a_moment().await;
        let report = stage.client().await.call(&Status::default()).await.unwrap();
        let owners = report.devices.iter().flat_map(|device| &device.mailboxes);
        assert!(owners.into_iter().all(|mailbox| mailbox.owner.is_none()));
        assert_eq!(report.statistics.answered, 1);
    });
}

/// As many functions as no message could name at once.
#[test]
fn the_status_of_a_large_machine_comes_in_portions() {
    let machine = Simulator::new(&Scenario::synthetic(3000, 7)).unwrap();
    play_on(machine, Setting::default(), async |stage| {
        let mut client = stage.client().await;
        let first = client.call(&Status::default()).await.unwrap();
        assert_eq!((first.devices.len(), first.clients.len()), (MOST_DEVICES, 1));
        let all = first.further.unwrap() + MOST_DEVICES as u64;
        let mut replies: Vec<Report> = Vec::new();
        client.call_for_more(&Status::default()).await.unwrap();
        loop {
            let (reply, continues) = client.receive::<Status>().await.unwrap();
            let known = MOST_DEVICES * replies.len() + reply.devices.len();
            assert_eq!(known as u64 + reply.further.unwrap_or(0), all);
            assert_eq!(continues, reply.further.is_some());
            replies.push(reply);
            if !continues {
                break;
            }
        }
        assert!(replies.len() > 2 && replies.iter().skip(1).all(|reply| reply.clients.is_empty()));
        let addresses: Vec<_> =
            replies.iter().flat_map(|reply| &reply.devices).map(|device| device.address).collect();
        assert!(addresses.is_sorted_by(|one, next| one < next), "each once, in order");
        let last = addresses.last().copied();
        let one = client.call(&Status { address: last }).await.unwrap();
        assert_eq!(one.devices.iter().map(|device| Some(device.address)).collect::<Vec<_>>(), [last]);
        assert_eq!(one.further, None);
    });
}

#[test]
fn whoever_listens_hears_each_event_once() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut listener = stage.client().await;
        listener.call_for_more(&Monitor {}).await.unwrap();
        a_moment().await;
        let mut client = stage.client().await;
        client.call(&discovery(mailbox)).await.unwrap();
        drop(client);
        let mut heard = Vec::new();
        while heard.last().is_none_or(|event: &lanewarden_ipc::status::Event| event.event != "disconnected") {
            let (events, continues) = listener.receive::<Monitor>().await.unwrap();
            assert!(continues);
            heard.extend(events.events);
        }
        let words: Vec<_> = heard.iter().map(|event| event.event.as_str()).collect();
        assert_eq!(words, ["connected", "started", "answered", "disconnected"]);
        assert!(heard.windows(2).all(|pair| pair[1].number == pair[0].number + 1));
        assert_eq!(heard[1].protocol.as_deref(), Some("0001:00"));
        assert_eq!((heard[1].client, heard[1].mailbox), (heard[0].client, Some(mailbox.offset)));
        let known = stage.client().await.call(&Monitor {}).await.unwrap();
        assert!(known.events.iter().any(|event| event.event == "answered"));
    });
}
