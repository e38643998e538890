//! Clients that say what they should not. They are dropped alone.

use std::time::Duration;

use lanewarden_ipc::status::Status;
use lanewarden_ipc::{CallError, Client, Envelope, Fault, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::{Setting, Stage, discovery, play, walk};

async fn raw(stage: &Stage) -> UnixStream {
    UnixStream::connect(&stage.socket).await.unwrap()
}

/// What comes back until the daemon closes the connection.
async fn said(mut stream: UnixStream) -> String {
    let mut text = Vec::new();
    // A reset is as good as an end.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

#[test]
fn garbage_ends_the_connection_that_it_came_on() {
    play(Setting::default(), async |stage| {
        let mut honest = stage.client().await;
        for garbage in
            [&b"\0"[..], b"garbage\0", b"{\"method\":1}\0", b"[]\0", b"\xff\xfe\0", b"{}\0", b"null\0"]
        {
            let mut stream = raw(&stage).await;
            stream.write_all(garbage).await.unwrap();
            assert_eq!(said(stream).await, "", "{garbage:?}");
            honest.call(&discovery(stage.mailbox("quick"))).await.unwrap();
        }
    });
}

#[test]
fn an_unknown_method_is_an_error_and_no_end() {
    play(Setting::default(), async |stage| {
        let mut stream = raw(&stage).await;
        stream
            .write_all(b"{\"method\":\"a.b.C\"}\0{\"method\":\"org.lanewarden.Mailbox1.Claim\"}\0")
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        let text = said(stream).await;
        let replies: Vec<_> = text.split('\0').collect();
        assert!(replies[0].contains("MethodNotFound") && replies[0].contains("a.b.C"), "{text}");
        assert!(replies[1].contains("InvalidParameter") && replies[1].contains("address"), "{text}");
    });
}

/// A message that does not end takes no more room than the longest, and then its connection ends.
#[test]
fn a_message_without_an_end_is_given_up() {
    play(Setting::default(), async |stage| {
        let mut stream = raw(&stage).await;
        let chunk = vec![b' '; 1 << 16];
        let mut sent = 0;
        while stream.write_all(&chunk).await.is_ok() {
            sent += chunk.len();
            assert!(sent < 8 << 20, "the daemon reads on");
        }
        assert!(walk(&mut stage.client().await, stage.mailbox("quick")).await.is_ok());
    });
}

#[test]
fn half_a_message_waits_for_the_other_half_only_so_long() {
    play(Setting::default(), async |stage| {
        let mut stream = raw(&stage).await;
        stream.write_all(b"{\"method\":").await.unwrap();
        let mut byte = [0];
        let ended = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut byte)).await;
        assert_eq!(ended.expect("it ends").unwrap_or(0), 0);
    });
}

/// A client that only asks and never reads stops itself, and nobody else.
#[test]
fn a_client_that_does_not_read_stops_itself() {
    play(Setting::default(), async |stage| {
        let mut stream = raw(&stage).await;
        let call = b"{\"method\":\"org.lanewarden.Status1.Status\"}\0";
        let many = call.repeat(1000);
        // The socket takes so much and then no more.
        while tokio::time::timeout(Duration::from_millis(100), stream.write_all(&many)).await.is_ok() {}
        let mut honest = stage.client().await;
        for _ in 0..50 {
            honest.call(&discovery(stage.mailbox("quick"))).await.unwrap();
        }
        drop(stream);
    });
}

/// Row B8: many calls at once are answered in their order, and others have theirs meanwhile.
#[test]
fn a_flood_of_calls_starves_nobody() {
    play(Setting::default(), async |stage| {
        let mut flood = raw(&stage).await;
        let call = b"{\"method\":\"org.varlink.service.GetInfo\"}\0";
        let (mut read, mut write) = flood.split();
        let flooding = async {
            for _ in 0..100 {
                write.write_all(&call.repeat(200)).await.unwrap();
            }
        };
        let reading = async {
            let (mut replies, mut buffer) = (0, vec![0; 1 << 16]);
            while replies < 20_000 {
                let count = read.read(&mut buffer).await.unwrap();
                replies += buffer[..count].iter().filter(|byte| **byte == 0).count();
            }
        };
        let honest = async {
            let mut client = stage.client().await;
            for _ in 0..20 {
                client.call(&discovery(stage.mailbox("quick"))).await.unwrap();
            }
        };
        tokio::join!(flooding, reading, honest);
    });
}

/// A client that lies about its lengths is told, and what it asks for binds no more than it may.
#[test]
fn lies_about_lengths_bind_nothing() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut client = stage.client().await;
        let lie = lanewarden_ipc::mailbox::Exchange { longest: u32::MAX, ..discovery(mailbox) };
        client.call(&lie).await.unwrap();
        let misfit = lanewarden_ipc::mailbox::Exchange { longest: 0, ..discovery(mailbox) };
        assert_eq!(crate::support::word(client.call(&misfit).await), "failed");
        let report = client.call(&Status::default()).await.unwrap();
        assert!(report.clients.iter().all(|client| client.bytes == 0));
    });
}

#[test]
fn an_upgrade_is_refused() {
    play(Setting::default(), async |stage| {
        let mut stream = raw(&stage).await;
        stream.write_all(b"{\"method\":\"org.varlink.service.GetInfo\",\"upgrade\":true}\0").await.unwrap();
        stream.shutdown().await.unwrap();
        assert!(said(stream).await.contains("InvalidParameter"));
        let unknown: Result<_, CallError> = Client::connect(&stage.socket)
            .await
            .unwrap()
            .call(&lanewarden_ipc::service::GetInterfaceDescription { interface: "a.b".into() })
            .await;
        assert!(matches!(unknown, Err(CallError::Fault(Fault::InterfaceNotFound(_)))));
    });
}

/// While one call waits, no more of what comes after it is taken than a little: it waits in the socket.
#[test]
fn calls_behind_one_that_waits_bind_little() {
    play(Setting::default(), async |stage| {
        let mailbox = stage.mailbox("quick");
        let mut owner = stage.client().await;
        owner.call(&crate::support::claim(mailbox)).await.unwrap();
        let mut stream = raw(&stage).await;
        let wait = frame::message(&Envelope::new(&crate::support::claim(mailbox))).unwrap();
        stream.write_all(wait.as_bytes()).await.unwrap();
        stream.write_all(b"\0").await.unwrap();
        // Each is valid, and as long as one may be.
        let filler = " ".repeat(frame::MAX_MESSAGE - 100);
        let long = format!("{{\"method\":\"org.varlink.service.GetInfo\"{filler}}}\0");
        let sending = async {
            for sent in 0..8 {
                let written = stream.write_all(long.as_bytes());
                if tokio::time::timeout(Duration::from_millis(500), written).await.is_err() {
                    return sent;
                }
            }
            8
        };
        assert!(sending.await < 4, "the daemon takes all that comes");
    });
}
