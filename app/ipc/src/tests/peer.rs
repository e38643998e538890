//! zlink, which shares no code with this, understands what is said here.

use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use zlink::tokio::unix::Stream;

use super::exchange;
use crate::mailbox::{Exchange, Object};
use crate::{Base64, Call, Client, Incoming, Reply, frame};

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "method", content = "parameters")]
enum Method {
    #[serde(rename = "org.lanewarden.Mailbox1.Exchange")]
    Exchange(serde_json::Value),
}

#[derive(Debug, Deserialize)]
struct NoError {
    #[allow(dead_code)]
    error: String,
}

fn object() -> Object {
    Object { vendor: 0x1e98, kind: 2, payload: Base64(vec![1, 2, 3, 4]) }
}

#[tokio::test]
async fn its_server_understands_our_client() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut server = zlink::Connection::new(Stream::try_from(theirs).unwrap());
    let answering = async {
        let (call, _) = server.receive_call::<Method>().await.unwrap();
        let Method::Exchange(parameters) = call.method();
        assert_eq!(parameters["mailbox"], 0x160);
        server.send_reply(&zlink::Reply::new(Some(object())), vec![]).await.unwrap();
    };
    let mut client = Client::new(ours);
    let call = exchange();
    let (reply, ()) = tokio::join!(client.call(&call), answering);
    assert_eq!(reply.unwrap(), object());
}

#[tokio::test]
async fn its_client_understands_our_replies() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (read, write) = ours.into_split();
    let (mut incoming, mut outgoing) = (frame::incoming(read), frame::outgoing(write));
    let answering = async {
        let message = incoming.next().await.unwrap().unwrap();
        let call: Incoming<'_> = serde_json::from_slice(&message).unwrap();
        assert_eq!(call.method, Exchange::METHOD);
        assert_eq!(call.parameters::<Exchange>(), Ok(exchange()));
        outgoing.send(frame::message(&Reply::new(object())).unwrap()).await.unwrap();
    };
    let mut client = zlink::Connection::new(Stream::try_from(theirs).unwrap());
    let call = zlink::Call::new(Method::Exchange(serde_json::to_value(exchange()).unwrap()));
    let calling = client.call_method::<_, Object, NoError>(&call, vec![]);
    let (reply, ()) = tokio::join!(calling, answering);
    assert_eq!(reply.unwrap().0.unwrap().into_parameters(), Some(object()));
}
