//! What is said through a mailbox by a protocol of the caller's, and which type the answers are of.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::time::Duration;

use lanewarden_doe::Protocol;
use lanewarden_inventory::{Conversation, MailboxError, Options, Turn, converse, read_function};
use lanewarden_pci::MailboxId;
use lanewarden_sim::scenario::{Fault, FaultKind, ProtocolName, When};
use lanewarden_sim::{Handler, Incoming, Reply, Scenario, Simulator};
use lanewarden_time::Instant;

const SECURED: Protocol = Protocol::SECURED_CMA_SPDM;
const DRIVE: &str = r#"
[[bridges]]
uid = 1
[[bridges.ports]]
functions = [{ kind = "nvme", name = "drive", doe = [{ protocols = ["cma_spdm", "secured_cma_spdm"] }] }]
"#;

/// Says one thing.
struct Once {
    alternative: Option<Protocol>,
    is_said: bool,
    answer: Option<Result<(Protocol, Vec<u8>), MailboxError>>,
}

impl Conversation for Once {
    fn longest(&self) -> usize {
        64
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn turn(&mut self, _: Instant) -> Turn<'_> {
        if std::mem::replace(&mut self.is_said, true) {
            return Turn::Over;
        }
        let alternative = self.alternative;
        Turn::Say { what: "record", protocol: SECURED, alternative, connection: 0, payload: &[1, 2, 3, 4] }
    }

    fn answer(&mut self, _: Instant, protocol: Protocol, payload: &[u8]) {
        self.answer = Some(Ok((protocol, payload.to_vec())));
    }

    fn failed(&mut self, error: &MailboxError) {
        self.answer = Some(Err(error.clone()));
    }
}

/// Asks a device that answers records with themselves, and whose answers may be of another type.
fn ask(
    answered_in: Option<Protocol>,
    alternative: Option<Protocol>,
) -> Result<(Protocol, Vec<u8>), MailboxError> {
    let fault = |protocol| Fault {
        at: "drive".into(),
        mailbox: 0,
        when: When::Always,
        protocol: Some(ProtocolName(SECURED)),
        what: FaultKind::WrongProtocol { protocol: ProtocolName(protocol) },
    };
    let faults = answered_in.map(fault).into_iter().collect();
    let machine = Simulator::new(&Scenario { faults, ..Scenario::parse(DRIVE).unwrap() }).unwrap();
    let address = machine.address("drive").unwrap();
    let doe = read_function(&machine, address).unwrap().does[0];
    let id = MailboxId { address, offset: doe.offset };
    let echo = |incoming: &Incoming<'_>| Reply::answer(incoming.payload.to_vec());
    let echo: Box<dyn Handler> = Box::new(echo);
    machine.attach(id, SECURED, echo).unwrap();
    let mut once = Once { alternative, is_said: false, answer: None };
    converse(&machine, vec![(id, doe, &mut once)], Options::default(), &mut |_| ());
    once.answer.unwrap()
}

/// A device that has lost a session says so outside of it.
#[test]
fn an_answer_may_be_of_the_type_that_was_allowed_and_tells_which_it_is() {
    let record = vec![1, 2, 3, 4];
    let plain = Protocol::CMA_SPDM;
    assert_eq!(ask(None, None), Ok((SECURED, record.clone())));
    assert_eq!(ask(None, Some(plain)), Ok((SECURED, record.clone())));
    assert_eq!(ask(Some(plain), Some(plain)), Ok((plain, record)));
    for (seen, allowed) in [(plain, None), (Protocol::CXL_TABLE_ACCESS, Some(plain))] {
        let refused = ask(Some(seen), allowed).unwrap_err().to_string();
        assert!(refused.starts_with("record: "), "{refused}");
    }
}
