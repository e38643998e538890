//! Both roles against each other and against peers that do not play by the rules.
#![allow(clippy::arithmetic_side_effects)]

use std::net::{SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lanewarden_doe::{Blame, Protocol};

use lanewarden_spdm::requester::{self, Transport as _};

use super::*;
use crate::fake::Fake;
use crate::{Ended, MessageKind, Phase, Responder, Stop, TransportError};

/// Long enough to never pass in a test that goes well.
const LONG: Duration = Duration::from_secs(60);

/// Answers with the request's bytes turned round; counts what else it is told.
#[derive(Debug, Default)]
struct Mirror {
    connections: usize,
    asides: Vec<(Command, Vec<u8>)>,
    failures: Vec<TransportError>,
}

impl Responder for Mirror {
    fn respond(
        &mut self,
        kind: MessageKind,
        request: &mut [u8],
        answer: &mut Vec<u8>,
    ) -> Option<MessageKind> {
        answer.extend(request.iter().rev());
        (request.first() != Some(&0xff)).then_some(kind)
    }

    fn connected(&mut self) {
        self.connections += 1;
    }

    fn disconnected(&mut self, why: Result<(), TransportError>) {
        self.failures.extend(why.err());
    }

    fn aside(&mut self, command: Command, payload: &[u8]) {
        self.asides.push((command, payload.to_vec()));
    }
}

type Server = JoinHandle<(Ended, Mirror)>;

fn started(options: ServerOptions) -> (SocketAddr, Stop, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::new().unwrap();
    let theirs = stop.clone();
    let server = thread::spawn(move || {
        let mut mirror = Mirror::default();
        (serve(&listener, &options, &theirs, &mut mirror).unwrap(), mirror)
    });
    (address, stop, server)
}

type Answer = Result<(MessageKind, Vec<u8>), TransportError>;

fn carried(
    way: &mut impl requester::Transport<Error = TransportError>,
    kind: MessageKind,
    request: &[u8],
) -> Answer {
    let mut answer = [0xee; 64];
    let (kind, length) = way.exchange(kind, request, &mut answer, LONG)?;
    Ok((kind, answer[..length].to_vec()))
}

fn asked(
    way: &mut impl requester::Transport<Error = TransportError>,
    kind: MessageKind,
    request: &[u8],
) -> Result<Vec<u8>, TransportError> {
    carried(way, kind, request).map(|(_, answer)| answer)
}

fn frame(command: u32, transport: u32, payload: &[u8]) -> Vec<u8> {
    let size = u32::try_from(payload.len()).unwrap();
    [&command.to_be_bytes()[..], &transport.to_be_bytes(), &size.to_be_bytes(), payload].concat()
}

#[test]
fn a_requester_meets_its_responder_over_every_transport() {
    for transport in Transport::ALL {
        let (address, _stop, server) = started(ServerOptions::new(transport));
        let mut client = Client::connect(address, transport, LONG).unwrap();
        client.hello(LONG).unwrap();
        assert_eq!(asked(&mut client, MessageKind::Plain, &[1, 2, 3, 4]), Ok(vec![4, 3, 2, 1]));
        if transport != Transport::None {
            assert_eq!(
                carried(&mut client, MessageKind::Secured, &[5, 6, 7, 8]),
                Ok((MessageKind::Secured, vec![8, 7, 6, 5]))
            );
        }
        client.aside(Command::KEY_UPDATE, &[1, 2, 3, 4], LONG).unwrap();
        client.aside(Command::ENDPOINT_INFO, &[], LONG).unwrap();
        client.leave(LONG).unwrap();
        Client::connect(address, transport, LONG).unwrap().shut_down(LONG).unwrap();
        let (ended, mirror) = server.join().unwrap();
        assert_eq!(ended, Ended::Shutdown);
        assert_eq!(mirror.connections, 2);
        assert_eq!(mirror.failures, []);
        assert_eq!(
            mirror.asides,
            [(Command::KEY_UPDATE, vec![1, 2, 3, 4]), (Command::ENDPOINT_INFO, vec![])]
        );
    }
}

#[test]
fn a_server_over_doe_answers_discovery_itself() {
    let (address, _stop, server) = started(ServerOptions::new(Transport::Doe));
    let mut client = Client::connect(address, Transport::Doe, LONG).unwrap();
    let found: Vec<_> = client.discover(LONG).unwrap().iter().map(|feature| feature.protocol).collect();
    assert_eq!(found, [Protocol::new(1, 0), Protocol::new(1, 1), Protocol::new(1, 2)]);
    let mut answer = [0; 8];
    let past_the_end = client.object(Protocol::DISCOVERY, &[3, 0, 0, 0], &mut answer, LONG);
    assert_eq!(past_the_end, Ok(4));
    assert_eq!(answer[..4], [0xff, 0xff, 0xff, 0]);
    let unknown = client.object(Protocol::CXL_TABLE_ACCESS, &[0; 4], &mut answer, LONG);
    assert_eq!(unknown, Err(TransportError::NoAnswer));
    Client::connect(address, Transport::Doe, LONG).map(drop).unwrap();
    drop(client);
    Client::connect(address, Transport::Doe, LONG).unwrap().shut_down(LONG).unwrap();
    server.join().unwrap();
}

#[test]
fn over_doe_the_padding_is_handed_up() {
    let (address, stop, server) = started(ServerOptions::new(Transport::Doe));
    let mut client = Client::connect(address, Transport::Doe, LONG).unwrap();
    assert_eq!(asked(&mut client, MessageKind::Plain, &[1, 2, 3, 4, 5]), Ok(vec![0, 0, 0, 5, 4, 3, 2, 1]));
    stop.stop();
    assert_eq!(server.join().unwrap().0, Ended::Stopped);
}

#[test]
fn a_stop_ends_a_server_that_waits_for_a_peer_and_one_that_waits_for_a_frame() {
    let (_, stop, server) = started(ServerOptions::new(Transport::Mctp));
    stop.stop();
    assert_eq!(server.join().unwrap().0, Ended::Stopped);

    let (address, stop, server) = started(ServerOptions::new(Transport::Mctp));
    let mut client = Client::connect(address, Transport::Mctp, LONG).unwrap();
    client.hello(LONG).unwrap();
    stop.stop();
    stop.stop();
    assert_eq!(server.join().unwrap().0, Ended::Stopped);
    assert!(client.hello(LONG).is_err());
}

#[test]
fn a_server_may_outlive_a_shutdown() {
    let options = ServerOptions { outlive_shutdown: true, ..ServerOptions::new(Transport::Doe) };
    let (address, stop, server) = started(options);
    Client::connect(address, Transport::Doe, LONG).unwrap().shut_down(LONG).unwrap();
    Client::connect(address, Transport::Doe, LONG).unwrap().hello(LONG).unwrap();
    stop.stop();
    assert_eq!(server.join().unwrap().0, Ended::Stopped);
}

#[test]
fn a_peer_of_another_transport_is_dropped_and_the_next_is_served() {
    let (address, stop, server) = started(ServerOptions::new(Transport::Mctp));
    let mut stranger = Client::connect(address, Transport::Doe, LONG).unwrap();
    assert_eq!(stranger.hello(LONG).unwrap_err().blame(), Blame::Transport);
    assert_eq!(stranger.hello(LONG), Err(TransportError::Dead));
    Client::connect(address, Transport::Mctp, LONG).unwrap().hello(LONG).unwrap();
    stop.stop();
    let (_, mirror) = server.join().unwrap();
    let wrong = TransportError::WrongTransport { expected: Transport::Mctp, seen: 2 };
    assert_eq!(mirror.failures.first(), Some(&wrong));
}

#[test]
fn a_frame_is_written_in_one_call() {
    let mut fake = Fake::saying(&frame(0xdead, 1, b"Server Hello!\0"));
    let mut client = Client::new(&mut fake, Transport::Mctp);
    client.hello(LONG).unwrap();
    assert_eq!(fake.heard, [frame(0xdead, 1, b"Client Hello!\0")]);
}

#[test]
fn a_client_believes_no_answer_that_breaks_the_rules() {
    let wrong_command = TransportError::WrongCommand { expected: Command::NORMAL, seen: Command(0) };
    let wrong_transport = TransportError::WrongTransport { expected: Transport::Mctp, seen: 2 };
    let cases = [
        (frame(0, 1, &[5, 1]), wrong_command),
        (frame(1, 2, &[5, 1]), wrong_transport),
        (frame(1, 1, &[]), TransportError::NoAnswer),
        (frame(1, 1, &[6, 1]), TransportError::WrongKind),
        (
            frame(1, 1, &[0xe0; 65]),
            TransportError::IntegrityCheck(lanewarden_mctp::MessageType::new(0x60).unwrap()),
        ),
        (frame(1, 1, &[5; 66]), TransportError::TooLong { length: 65, limit: 64 }),
        (frame(1, 1, &[5; 77]), TransportError::TooLong { length: 77, limit: 76 }),
        (
            vec![0, 0, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff],
            TransportError::TooLong { length: 0xffff_ffff, limit: 76 },
        ),
        (frame(1, 1, &[5, 1])[..13].to_vec(), TransportError::Closed(Phase::Read)),
        (frame(1, 1, &[5, 1])[..5].to_vec(), TransportError::Closed(Phase::Read)),
        (vec![], TransportError::Closed(Phase::Await)),
    ];
    for (bytes, expected) in cases {
        let mut client = Client::new(Fake::saying(&bytes), Transport::Mctp);
        assert_eq!(asked(&mut client, MessageKind::Plain, &[0x10]), Err(expected), "{bytes:x?}");
        assert_eq!(asked(&mut client, MessageKind::Plain, &[0x10]), Err(TransportError::Dead));
    }
}

#[test]
fn bytes_that_drip_do_not_move_the_deadline() {
    let bytes = frame(1, 1, &[5; 60]);
    let ask = |timeout| {
        let mut client = Client::new(Fake::dripping(&bytes, Duration::from_millis(100)), Transport::Mctp);
        client.exchange(MessageKind::Plain, &[0x10], &mut [0; 64], timeout)
    };
    assert_eq!(ask(Duration::from_secs(7)), Err(TransportError::Timeout(Phase::Read)));
    assert_eq!(ask(Duration::from_secs(8)), Ok((MessageKind::Plain, 59)));
    assert_eq!(ask(Duration::ZERO), Err(TransportError::Timeout(Phase::Write)));
}

/// A stale answer must never pass for the answer to the next request.
#[test]
fn an_answer_that_comes_late_is_not_taken_for_the_next() {
    let late = frame(1, 1, &[5, 0xaa]);
    let mut client = Client::new(Fake::dripping(&late, Duration::from_secs(2)), Transport::Mctp);
    let mut answer = [0; 8];
    let first = client.exchange(MessageKind::Plain, &[1], &mut answer, Duration::from_secs(1));
    assert_eq!(first, Err(TransportError::Timeout(Phase::Await)));
    let second = client.exchange(MessageKind::Plain, &[2], &mut answer, LONG);
    assert_eq!(second, Err(TransportError::Dead));
}

#[test]
fn a_callers_mistake_leaves_the_connection_alive() {
    let mut client = Client::new(Fake::saying(&frame(1, 0, &[7])), Transport::None);
    assert_eq!(asked(&mut client, MessageKind::Secured, &[1]), Err(TransportError::NoSecured));
    assert_eq!(client.discover(LONG), Err(TransportError::NotDoe));
    assert_eq!(asked(&mut client, MessageKind::Plain, &[1]), Ok(vec![7]));
}

fn served(fake: &mut Fake, options: &ServerOptions) -> Result<Option<Ended>, TransportError> {
    serve_connection(fake, options, &mut Mirror::default())
}

#[test]
fn a_server_ends_the_connection_of_a_peer_that_breaks_the_rules() {
    let options = ServerOptions { longest_request: 16, ..ServerOptions::new(Transport::Doe) };
    let huge = [0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff];
    let cases = [
        (huge.to_vec(), TransportError::TooLong { length: 0xffff_ffff, limit: 16 }),
        (frame(1, 2, &[0; 17]), TransportError::TooLong { length: 17, limit: 16 }),
        (frame(1, 2, &[1, 0, 1, 0]), TransportError::Object(lanewarden_doe::ObjectError::NoHeader(4))),
        (frame(1, 2, &[0; 16])[..20].to_vec(), TransportError::Closed(Phase::Read)),
        (frame(1, 2, &[]), TransportError::NoAnswer),
    ];
    for (bytes, expected) in cases {
        assert_eq!(served(&mut Fake::saying(&bytes), &options), Err(expected), "{bytes:x?}");
    }
}

#[test]
fn a_server_waits_only_so_long_for_a_frame_and_for_the_next() {
    let options = ServerOptions::new(Transport::Mctp);
    let mut dripping = Fake::dripping(&frame(1, 1, &[5; 200]), Duration::from_millis(100));
    assert_eq!(served(&mut dripping, &options), Err(TransportError::Timeout(Phase::Read)));
    let mut silent = Fake { stays: true, ..Fake::default() };
    assert_eq!(served(&mut silent, &options), Err(TransportError::Timeout(Phase::Await)));
}

#[test]
fn an_unknown_command_is_answered_as_unknown_and_ends_the_connection() {
    let mut fake = Fake::saying(&[frame(0x1234, 1, &[]), frame(0xdead, 1, &[])].concat());
    assert_eq!(served(&mut fake, &ServerOptions::new(Transport::Mctp)), Ok(None));
    assert_eq!(fake.heard, [frame(0xffff, 1, &[])]);
}

#[test]
fn no_answer_and_one_too_long_for_the_peer_are_sent_as_an_empty_frame() {
    let options = ServerOptions { longest_answer: 4, ..ServerOptions::new(Transport::Mctp) };
    let requests = [frame(1, 1, &[5, 0xff]), frame(1, 1, &[5, 1, 2, 3]), frame(1, 1, &[5, 1, 2, 3, 4])];
    let mut fake = Fake::saying(&requests.concat());
    assert_eq!(served(&mut fake, &options), Ok(None));
    assert_eq!(fake.heard, [frame(1, 1, &[]), frame(1, 1, &[5, 3, 2, 1]), frame(1, 1, &[])]);
}

#[test]
fn an_emulator_that_does_not_wait_for_the_echo_has_still_said_shutdown() {
    let mut fake = Fake::saying(&frame(0xfffe, 2, &[]));
    assert_eq!(served(&mut fake, &ServerOptions::new(Transport::Doe)), Ok(Some(Ended::Shutdown)));
    assert_eq!(fake.heard, [frame(0xfffe, 2, &[])]);
}

proptest::proptest! {
    #[test]
    fn garbage_never_harms_either_side(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        transport in proptest::sample::select(&Transport::ALL[..]),
    ) {
        let mut fake = Fake::saying(&[&frame(1, transport.number(), &bytes)[..], &bytes].concat());
        let _ = served(&mut fake, &ServerOptions::new(transport));
        let answer = frame(1, transport.number(), &bytes);
        let _ = asked(&mut Client::new(Fake::saying(&answer), transport), MessageKind::Plain, &[1]);
        let _ = asked(&mut Client::new(Fake::saying(&bytes), transport), MessageKind::Plain, &[1]);
    }
}
