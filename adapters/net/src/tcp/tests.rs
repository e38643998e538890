//! Both roles against each other and against peers that do not play by the rules.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use lanewarden_spdm::requester::{self, Transport as _};

use super::*;
use crate::fake::Fake;
use crate::{Ended, MessageKind, Phase, Stop, TransportError};

/// Long enough to never pass in a test that goes well.
const LONG: Duration = Duration::from_secs(60);

fn mirror(kind: MessageKind, request: &mut [u8], answer: &mut Vec<u8>) -> Option<MessageKind> {
    answer.extend(request.iter().rev());
    Some(kind)
}

type Answer = Result<(MessageKind, Vec<u8>), TransportError>;

fn carried(
    way: &mut impl requester::Transport<Error = TransportError>,
    kind: MessageKind,
    request: &[u8],
) -> Answer {
    let mut answer = [0xee; 16];
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

#[test]
fn a_requester_meets_its_responder_and_the_next_one_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Stop::new().unwrap();
    let theirs = stop.clone();
    let server =
        thread::spawn(move || serve(&listener, &ServerOptions::default(), &theirs, &mut mirror).unwrap());
    for _ in 0..2 {
        let mut client = Client::connect(address, LONG).unwrap();
        assert_eq!(asked(&mut client, MessageKind::Plain, &[1, 2, 3]), Ok(vec![3, 2, 1]));
        assert_eq!(
            carried(&mut client, MessageKind::Secured, &[4, 5]),
            Ok((MessageKind::Secured, vec![5, 4]))
        );
    }
    stop.stop();
    assert_eq!(server.join().unwrap(), Ended::Stopped);
}

#[test]
fn a_message_is_written_in_one_call() {
    let mut fake = Fake::saying(&[3, 0, 1, 5, 0xaa]);
    assert_eq!(asked(&mut Client::new(&mut fake), MessageKind::Plain, &[0x10, 0x84]), Ok(vec![0xaa]));
    assert_eq!(fake.heard, [[4, 0, 1, 5, 0x10, 0x84]]);
}

#[test]
fn a_client_believes_no_answer_that_breaks_the_rules() {
    let cases: [(&[u8], _); 9] = [
        (&[0x13, 0, 1, 5], TransportError::TooLong { length: 17, limit: 16 }),
        (&[3, 0, 1, 6, 0], TransportError::WrongKind),
        (&[3, 0, 2, 5, 0], TransportError::Head(HeadError::Version(2))),
        (&[3, 0, 1, 9, 0], TransportError::Head(HeadError::Type(9))),
        (&[2, 0, 1, 0xc0], TransportError::Refused(Refusal::TooLarge)),
        (&[0, 0, 1, 0xc3], TransportError::Refused(Refusal::NotResponder)),
        (&[2, 0, 1, 0xbf], TransportError::NoMessage(0xbf)),
        (&[9, 0, 1, 5, 1], TransportError::Closed(Phase::Read)),
        (&[], TransportError::Closed(Phase::Await)),
    ];
    for (bytes, expected) in cases {
        let mut client = Client::new(Fake::saying(bytes));
        assert_eq!(asked(&mut client, MessageKind::Plain, &[0x10]), Err(expected), "{bytes:x?}");
        assert_eq!(asked(&mut client, MessageKind::Plain, &[0x10]), Err(TransportError::Dead));
    }
}

#[test]
fn bytes_that_drip_do_not_move_the_deadline() {
    let ask = |timeout| {
        let dripping = Fake::dripping(&[6, 0, 1, 5, 1, 2, 3, 4], Duration::from_secs(1));
        Client::new(dripping).exchange(MessageKind::Plain, &[0x10], &mut [0; 16], timeout)
    };
    assert_eq!(ask(Duration::from_secs(7)), Err(TransportError::Timeout(Phase::Read)));
    assert_eq!(ask(Duration::from_secs(9)), Ok((MessageKind::Plain, 4)));
}

#[test]
fn a_request_longer_than_the_binding_carries_is_never_sent() {
    let mut fake = Fake::default();
    let long = vec![0; MAX_MESSAGE + 1];
    let asked = asked(&mut Client::new(&mut fake), MessageKind::Plain, &long);
    assert_eq!(asked, Err(TransportError::Unsendable(MAX_MESSAGE + 1)));
    assert!(fake.heard.is_empty());
}

fn served(bytes: &[u8]) -> (Result<(), TransportError>, Vec<Vec<u8>>) {
    let mut fake = Fake::saying(bytes);
    let options = ServerOptions { longest_request: 4, ..ServerOptions::default() };
    let ended = serve_connection(&mut fake, &options, &mut mirror);
    (ended, fake.heard)
}

#[test]
fn a_server_says_what_it_refuses() {
    let too_long = TransportError::TooLong { length: 5, limit: 4 };
    assert_eq!(served(&[7, 0, 1, 5]), (Err(too_long), vec![vec![2, 0, 1, 0xc0]]));
    let version = TransportError::Head(HeadError::Version(0));
    assert_eq!(served(&[7, 0, 0, 5]), (Err(version), vec![vec![2, 0, 1, 0xc1]]));
    let kind = TransportError::Head(HeadError::Type(0x20));
    assert_eq!(served(&[7, 0, 1, 0x20]), (Err(kind), vec![vec![2, 0, 1, 0xc1]]));
}

/// libspdm counts nothing in an inquiry; the rule makes it 2.
#[test]
fn a_server_is_no_requester_however_it_is_asked() {
    let answers = vec![vec![2, 0, 1, 0xc2], vec![2, 0, 1, 0xc2], vec![3, 0, 1, 5, 9]];
    assert_eq!(served(&[0, 0, 1, 0xbf, 2, 0, 1, 0xbf, 3, 0, 1, 5, 9]), (Ok(()), answers));
}

#[test]
fn a_peer_that_breaks_off_within_a_message_has_failed() {
    assert_eq!(served(&[5, 0, 1, 5, 1]), (Err(TransportError::Closed(Phase::Read)), vec![]));
    assert_eq!(served(&[2, 0, 1, 0xc3]), (Err(TransportError::Refused(Refusal::NotResponder)), vec![]));
}

#[test]
fn a_server_waits_only_so_long_for_a_message() {
    let mut dripping = Fake::dripping(&[0xff, 0xff, 1, 5, 1, 2, 3, 4], Duration::from_secs(3));
    let ended = serve_connection(&mut dripping, &ServerOptions::default(), &mut mirror);
    assert_eq!(ended, Err(TransportError::Timeout(Phase::Read)));
}

proptest::proptest! {
    #[test]
    fn garbage_never_harms_either_side(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..100),
    ) {
        let _ = served(&bytes);
        let _ = asked(&mut Client::new(Fake::saying(&bytes)), MessageKind::Plain, &[1]);
    }
}
