//! Mailboxes that work.

use lanewarden_doe::{InterruptUse, Step};

use super::*;
use crate::Register;

const CONTROL: u16 = 0x08;
const STATUS: u16 = 0x0c;
const WRITE: u16 = 0x10;
const READ: u16 = 0x14;
const GO: u32 = 0x8000_0000;
const READY: u32 = 0x8000_0000;

/// The registers of the one mailbox, by hand.
struct Registers(FunctionConfig, u16);

impl Registers {
    fn new(simulator: &Simulator) -> Self {
        let id = simulator.mailboxes(simulator.address("mem").unwrap())[0];
        Self(simulator.open(id.address).unwrap(), id.offset)
    }

    fn read(&mut self, register: u16) -> u32 {
        self.0.read(self.1 + register).unwrap()
    }

    fn write(&mut self, register: u16, value: u32) {
        self.0.write(self.1 + register, value).unwrap();
    }

    fn send(&mut self, dwords: &[u32]) {
        dwords.iter().for_each(|dword| self.write(WRITE, *dword));
        self.write(CONTROL, GO);
    }
}

#[test]
fn an_exchange_by_hand_shows_each_register_as_specified() {
    let simulator = machine(ONE_MEMORY);
    let mut registers = Registers::new(&simulator);
    assert_eq!([STATUS, CONTROL, WRITE, READ].map(|at| registers.read(at)), [0; 4], "idle");
    registers.send(&[0x00e0_1b36, 3, 0xdead_beef]);
    assert_eq!((registers.read(STATUS), registers.read(CONTROL)), (1, 0), "busy; GO reads as zero");
    assert_eq!(registers.read(READ), 0, "nothing to read yet");
    simulator.wait_until(simulator.now() + Duration::from_millis(2));
    assert_eq!(registers.read(STATUS), READY, "ready and busy no more");
    for expected in [0x00e0_1b36, 3, 0xdead_beef] {
        assert_eq!((registers.read(READ), registers.read(READ)), (expected, expected), "until acknowledged");
        registers.write(READ, 0);
    }
    assert_eq!((registers.read(STATUS), registers.read(READ)), (0, 0));
    registers.write(READ, 0);
    assert_eq!(registers.read(STATUS), 4, "one acknowledge too many");
    registers.write(CONTROL, 1);
    simulator.wait_until(simulator.now() + Duration::from_millis(1));
    assert_eq!(registers.read(STATUS), 0);
}

/// A length field that disagrees with what was written: the object is dropped in silence (PCIe 6.0, 6.30.1).
#[test]
fn a_wrong_length_is_dropped_and_so_is_a_protocol_nobody_speaks() {
    let simulator = machine(ONE_MEMORY);
    let mut registers = Registers::new(&simulator);
    registers.send(&[0x00e0_1b36, 4, 0]);
    assert_eq!(registers.read(STATUS), 0);
    registers.send(&[0x0077_1b36, 3, 0]);
    assert_eq!(registers.read(STATUS), 0);
    let events = simulator.take_events();
    assert_eq!(count(&events, |what| *what == What::Dropped), 2);
    assert_eq!(count(&events, |what| matches!(what, What::Received { .. })), 1, "only one was an object");
    assert_eq!(Host::new(&simulator, "mem", 0).echo().unwrap(), b"fourfive");
}

/// Whoever attaches responders is told of every mailbox that lists SPDM, and what its function is.
#[test]
fn every_spdm_mailbox_of_the_default_machine_is_there_for_a_responder() {
    let simulator = default_machine();
    let ids = simulator.functions().unwrap().into_iter().flat_map(|address| simulator.mailboxes(address));
    let speaks = |id: &MailboxId| {
        Host::at(&simulator, *id, Policy::default()).discover().unwrap().contains(&Protocol::CMA_SPDM)
    };
    let speaking: Vec<MailboxId> = ids.filter(speaks).collect();
    let devices = simulator.spdm_devices();
    assert_eq!(devices.iter().map(|device| device.mailbox).collect::<Vec<_>>(), speaking);
    assert_eq!(speaking.len(), 9);
    let identities: Vec<String> = devices.iter().map(|device| device.identity.to_string()).collect();
    insta::assert_snapshot!(identities.join("\n"), @r"
    Vendor=1022:Device=153e:CC=060400:REV=01
    Vendor=1f16:Device=c500:CC=060400:REV=01:001f16fffec50001
    Vendor=1f16:Device=c500:CC=060400:REV=01
    Vendor=1f16:Device=c500:CC=060400:REV=01
    Vendor=1b00:Device=c001:CC=050210:REV=01:SSVID=1ff9:SSID=00a2:001b00fffe000001
    Vendor=1b00:Device=c001:CC=050210:REV=01:SSVID=1ff9:SSID=00a2:001b00fffe000002
    Vendor=1022:Device=153e:CC=060400:REV=01
    Vendor=144d:Device=ac00:CC=010802:REV=01:SSVID=144d:SSID=ac00:002538fffe175001
    Vendor=10de:Device=2331:CC=030200:REV=01:SSVID=10de:SSID=1626:48b02dfffe233101
    ");
    list_versions(&simulator);
    for id in speaking {
        let mut host = Host::at(&simulator, id, Policy::default());
        assert_eq!(host.ask(Protocol::CMA_SPDM, &GET_VERSION).unwrap(), VERSION, "{id:?}");
    }
}

/// The answer goes to the connection that asked, and the handler knows which that is.
#[test]
fn a_handler_is_told_the_connection() {
    let simulator = machine(&ONE_MEMORY.replace("cma_spdm", "cma_spdm_with_connection"));
    let tell = |incoming: &Incoming<'_>| Reply::answer(u32::from(incoming.connection).to_le_bytes().to_vec());
    let [device] = &simulator.spdm_devices()[..] else { panic!("one") };
    simulator.attach(device.mailbox, Protocol::CMA_SPDM_WITH_CONNECTION, Box::new(tell)).unwrap();
    let mut host = Host::new(&simulator, "mem", 0);
    for connection in [0, 7] {
        let request = Request::new(Protocol::CMA_SPDM_WITH_CONNECTION, &GET_VERSION).connection(connection);
        let answer = exchange_with(&mut host.mailbox, &mut host.config, &host.simulator, &request).unwrap();
        assert_eq!(answer, u32::from(connection).to_le_bytes());
    }
}

/// The machine has no keys: whoever wants SPDM answered attaches what does.
#[test]
fn spdm_is_silent_until_something_is_plugged_in() {
    let text = ONE_MEMORY.replace("\"cma_spdm\"", "\"cma_spdm\", \"secured_cma_spdm\"");
    let simulator = machine(&text);
    let mut host = Host::new(&simulator, "mem", 0);
    assert_eq!(host.ask(Protocol::SECURED_CMA_SPDM, &[0xfe; 32]), Err(Error::Timeout));
    assert_eq!(host.ask(Protocol::CMA_SPDM, &GET_VERSION), Err(Error::Timeout));
    list_versions(&simulator);
    assert_eq!(host.ask(Protocol::SECURED_CMA_SPDM, &[0xfe; 32]), Err(Error::Timeout));
    assert_eq!(host.ask(Protocol::CMA_SPDM, &GET_VERSION).unwrap(), VERSION);
}

/// A handler takes the place of another, at its own mailbox and for its own protocol, and so does the next.
#[test]
fn a_handler_comes_before_what_was_there() {
    let simulator = default_machine();
    list_versions(&simulator);
    let mut memory = Host::new(&simulator, "mem0", 1);
    let mut neighbour = Host::new(&simulator, "mem1", 1);
    let id = simulator.mailboxes(simulator.address("mem0").unwrap())[1];
    let listed = memory.discover().unwrap();

    let secured = Protocol::SECURED_CMA_SPDM;
    simulator.attach(id, secured, Box::new(|_: &Incoming<'_>| Reply::answer(b"mine".to_vec()))).unwrap();
    assert_eq!(memory.ask(secured, &[0; 8]).unwrap(), b"mine");
    assert_eq!(memory.ask(Protocol::CMA_SPDM, &GET_VERSION).unwrap(), VERSION, "as before");

    for text in [b"new!", b"more"] {
        let handler = move |_: &Incoming<'_>| Reply::answer(text.to_vec());
        simulator.attach(id, Protocol::CMA_SPDM, Box::new(handler)).unwrap();
        assert_eq!(memory.ask(Protocol::CMA_SPDM, &GET_VERSION).unwrap(), text);
    }
    assert_eq!(memory.discover().unwrap(), listed);
    assert_eq!(neighbour.ask(Protocol::CMA_SPDM, &GET_VERSION).unwrap(), VERSION);
}

/// What a device has agreed on ends with a reset of its function, and with one of the port above it.
#[test]
fn handlers_are_told_of_resets() {
    struct Counter(u8);
    impl crate::Handler for Counter {
        fn handle(&mut self, _: &Incoming<'_>) -> Reply {
            Reply::answer(vec![self.0, 0, 0, 0])
        }

        fn reset(&mut self) {
            self.0 += 1;
        }
    }
    let simulator = machine(ONE_MEMORY);
    let id = simulator.mailboxes(simulator.address("mem").unwrap())[0];
    simulator.attach(id, Protocol::CMA_SPDM, Box::new(Counter(0))).unwrap();
    let mut host = Host::new(&simulator, "mem", 0);
    assert_eq!(host.ask(Protocol::CMA_SPDM, &[0; 4]).unwrap(), [0; 4]);
    let mut port = simulator.open(simulator.address("port").unwrap()).unwrap();
    let control = port.read(0x3c).unwrap();
    port.write(0x3c, control | 1 << 22).unwrap();
    assert_eq!(host.ask(Protocol::CMA_SPDM, &[0; 4]).unwrap(), [1, 0, 0, 0]);
}

#[test]
fn a_vendor_protocol_sends_back_what_it_got() {
    let mut host = Host::new(&machine(ONE_MEMORY), "mem", 0);
    for length in [0, 4, 400, 4088] {
        let payload: Vec<u8> = (0..=250).cycle().take(length).collect();
        assert_eq!(host.ask(ECHO, &payload).unwrap(), payload);
    }
}

#[test]
fn an_object_longer_than_the_mailbox_takes_is_an_error() {
    let simulator = machine(&ONE_MEMORY.replace("answer_us = 2000", "max_dwords = 8"));
    let mut host = Host::new(&simulator, "mem", 0);
    assert_eq!(host.ask(ECHO, &[1; 24]).unwrap(), [1; 24]);
    assert!(matches!(host.ask(ECHO, &[1; 28]), Err(Error::Faulted(_))));
    assert_eq!(host.ask(ECHO, &[2; 24]).unwrap(), [2; 24]);
}

/// Row D6: compliance codes are answered where the scenario has the protocol, and nowhere else.
#[test]
fn compliance_is_spoken_only_where_enabled() {
    let simulator = default_machine();
    let mut memory = Host::new(&simulator, "mem0", 0);
    let answer = memory.ask(Protocol::CXL_COMPLIANCE, &[0, 1, 0, 0]).unwrap();
    assert_eq!(answer[..4], [0, 1, 0x1c, 0]);
    let mut switch = Host::new(&simulator, "switch", 0);
    assert_eq!(switch.ask(Protocol::CXL_COMPLIANCE, &[0, 1, 0, 0]), Err(Error::Timeout));
}

#[test]
fn version_2_mailboxes_tell_the_longest_object() {
    let simulator = default_machine();
    let mut host = Host::new(&simulator, "accelerator", 0);
    assert_eq!(host.ask(Protocol::DISCOVERY, &[1, 2, 0, 0]).unwrap(), [1, 0, 1, 2, 0, 0x10, 0, 0]);
}

#[test]
fn a_raw_table_is_served_as_it_is() {
    let hex = "18000000 01 a3 000000000000 07000000 03 00 0800 01 00 0000 ";
    let text =
        ONE_MEMORY.replace("kind = \"memory\"", &format!("kind = \"memory\"\ncdat = {{ hex = \"{hex}\" }}"));
    let mut host = Host::new(&machine(&text), "mem", 0);
    assert_eq!(host.ask(Protocol::CXL_TABLE_ACCESS, &[0; 4]).unwrap()[..8], [0, 0, 1, 0, 0x18, 0, 0, 0]);
    let last = host.ask(Protocol::CXL_TABLE_ACCESS, &[0, 0, 1, 0]).unwrap();
    assert_eq!(last, [0, 0, 0xff, 0xff, 3, 0, 8, 0, 1, 0, 0, 0]);
}

#[test]
fn time_passes_by_accesses_and_waits_only() {
    let simulator = machine(ONE_MEMORY);
    let mut registers = Registers::new(&simulator);
    assert_eq!(simulator.now(), Instant::ORIGIN);
    (0..5).for_each(|_| assert_eq!(registers.read(STATUS), 0));
    assert_eq!(elapsed(&simulator), Duration::from_micros(5));
    simulator.wait_until(Instant::from_millis(3));
    assert_eq!(simulator.now(), Instant::from_millis(3));
    simulator.wait_until(Instant::from_millis(1));
    assert_eq!(simulator.now(), Instant::from_millis(3), "never back");
}

/// Row T12: with vectors allocated the same mailbox answers by interrupt, sooner than the first look would come.
#[test]
fn an_interrupt_ends_a_wait() {
    let simulator = machine(ONE_MEMORY);
    let mut host = Host::new(&simulator, "mem", 0);
    host.discover().unwrap();
    assert_eq!(count(&simulator.take_events(), |what| matches!(what, What::Interrupt { .. })), 0);
    assert_eq!(simulator.allocate_vectors(simulator.address("mem").unwrap()), Ok(4));
    host.mailbox.set_vectors(true);
    let before = simulator.now();
    host.echo().unwrap();
    let took = simulator.now() - before;
    assert!(took < Duration::from_micros(2100), "an answer after 2 ms took {took:?}");
    assert_eq!(count(&simulator.take_events(), |what| *what == What::Interrupt { message: 2 }), 1);
}

/// Row T12: an interrupt that is lost, by the plan or because nobody enabled vectors, leaves polling.
#[test]
fn a_lost_interrupt_only_costs_time() {
    let lossy = faulty("\"lost_interrupt\"", "\"always\"");
    lossy.allocate_vectors(lossy.address("mem").unwrap()).unwrap();
    let unprepared = machine(ONE_MEMORY);
    for simulator in [lossy, unprepared] {
        let mut host = Host::new(&simulator, "mem", 0);
        host.mailbox.set_vectors(true);
        assert_eq!(host.echo().unwrap(), b"fourfive");
        let took = elapsed(&simulator);
        assert!(took > Duration::from_millis(60) && took < Duration::from_millis(70), "{took:?}");
        let events = simulator.take_events();
        assert_eq!(count(&events, |what| *what == What::InterruptLost { message: 2 }), 1);
        assert_eq!(count(&events, |what| matches!(what, What::Interrupt { .. })), 0);
    }
}

/// Row T13: asked for by the request, or used whenever there: the answers are the same.
#[test]
fn both_ways_to_use_interrupts_give_the_same() {
    for interrupts in [InterruptUse::WhenAllocated, InterruptUse::WhenAsked] {
        let simulator = machine(ONE_MEMORY);
        let address = simulator.address("mem").unwrap();
        simulator.allocate_vectors(address).unwrap();
        let policy = Policy { interrupts, ..Policy::default() };
        let mut host = Host::at(&simulator, simulator.mailboxes(address)[0], policy);
        host.mailbox.set_vectors(true);
        let request = Request::new(ECHO, b"fourfive").interrupt();
        let answer = exchange_with(&mut host.mailbox, &mut host.config, &simulator, &request).unwrap();
        assert_eq!(answer, b"fourfive");
    }
}

#[test]
fn an_interrupt_needs_vectors_enabled_and_a_bus_master() {
    let simulator = machine(ONE_MEMORY);
    let address = simulator.address("mem").unwrap();
    simulator.allocate_vectors(address).unwrap();
    simulator.open(address).unwrap().write(0x04, 0x0002).unwrap();
    let mut registers = Registers::new(&simulator);
    [0x00e0_1b36, 2].iter().for_each(|dword| registers.write(WRITE, *dword));
    registers.write(CONTROL, GO | 2);
    simulator.wait_until(Instant::from_millis(10));
    assert_eq!(simulator.now(), Instant::from_millis(10), "nothing cut the wait short");
    assert_eq!(registers.read(STATUS), READY | 2, "but the status bit is set");
    registers.write(STATUS, 2);
    assert_eq!(registers.read(STATUS), READY);
}

/// Rows B6, B13: two users who do not know of each other. Each takes the other's answer for its own, or none.
#[test]
fn two_agents_on_one_mailbox_get_each_others_answers() {
    let simulator = machine(ONE_MEMORY);
    let (mut us, mut them) = (Registers::new(&simulator), Registers::new(&simulator));
    us.send(&[0x0002_1e98, 3, 0x0001_0000]);
    them.send(&[0x0002_1e98, 3, 0x0000_0000]);
    simulator.wait_until(simulator.now() + Duration::from_millis(3));
    // Their object met a busy mailbox and is lost; they read ours.
    assert_eq!(them.read(STATUS), READY);
    let answer: Vec<u32> = std::iter::from_fn(|| {
        let ready = them.read(STATUS) == READY;
        ready.then(|| {
            let dword = them.read(READ);
            them.write(READ, 0);
            dword
        })
    })
    .collect();
    assert_eq!(answer[2] >> 16, 2, "entry 1 names entry 2 as next; they had asked for entry 0");
    assert_eq!(us.read(STATUS), 0, "and we have none");
}

/// Rows B12, B13: two threads walk the same table through the same mailbox. Each takes the lock for a whole walk, so that
/// no exchange meets another and every table is right.
#[test]
fn a_lock_held_for_a_whole_walk_keeps_tables_apart() {
    const WALKS: usize = 25;
    let simulator = machine(ONE_MEMORY);
    let right = Host::new(&simulator, "mem", 0).table().unwrap();
    let _ = simulator.take_events();
    let walk = || {
        let mut host = Host::new(&simulator, "mem", 0);
        let id = simulator.mailboxes(simulator.address("mem").unwrap())[0];
        for _ in 0..WALKS {
            let _lock = loop {
                match simulator.try_lock(id) {
                    Ok(lock) => break lock,
                    Err(_) => std::thread::yield_now(),
                }
            };
            assert_eq!(host.table().unwrap(), right);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(walk);
        scope.spawn(walk);
    });
    let events = simulator.take_events();
    let received = count(&events, |what| matches!(what, What::Received { .. }));
    assert_eq!(count(&events, |what| matches!(what, What::Answered { .. })), received);
    assert_eq!(count(&events, |what| matches!(what, What::Dropped | What::Abort)), 0);
}

/// Row B10: an abort ends the exchanges of all users.
#[test]
fn an_abort_by_one_agent_takes_the_others_answer() {
    let simulator = machine(ONE_MEMORY);
    let mut host = Host::new(&simulator, "mem", 0);
    host.mailbox.send(&Request::new(ECHO, b"ours")).unwrap();
    let step = host.mailbox.advance(&mut host.config, simulator.now()).unwrap();
    assert!(matches!(step, Step::Wait(_)));
    Registers::new(&simulator).write(CONTROL, 1);
    let outcome = loop {
        match host.mailbox.advance(&mut host.config, simulator.now()) {
            Ok(Step::Wait(at)) => simulator.wait_until(at),
            other => break other,
        }
    };
    assert_eq!(outcome, Err(Error::Timeout));
    assert_eq!(host.echo().unwrap(), b"fourfive");
}

#[test]
fn handlers_plug_in_and_are_told_of_aborts() {
    struct Counter(u8);
    impl crate::Handler for Counter {
        fn handle(&mut self, incoming: &Incoming<'_>) -> Reply {
            match incoming.payload {
                [0, ..] => Reply::Discard,
                [1, ..] => Reply::Fail,
                [2, ..] => Reply::answer(vec![0; 5000]),
                _ => Reply::Answer { payload: vec![self.0], after: Some(Duration::from_millis(7)) },
            }
        }

        fn abort(&mut self) {
            self.0 += 1;
        }
    }

    let simulator = machine(ONE_MEMORY);
    let id = simulator.mailboxes(simulator.address("mem").unwrap())[0];
    simulator.attach(id, Protocol::CMA_SPDM, Box::new(Counter(0))).unwrap();
    let mut host = Host::new(&simulator, "mem", 0);
    assert_eq!(host.ask(Protocol::CMA_SPDM, &[0; 4]), Err(Error::Timeout));
    assert!(matches!(host.ask(Protocol::CMA_SPDM, &[1; 4]), Err(Error::Faulted(_))));
    assert!(
        matches!(host.ask(Protocol::CMA_SPDM, &[2; 4]), Err(Error::Faulted(_))),
        "longer than the mailbox"
    );
    let before = simulator.now();
    assert_eq!(host.ask(Protocol::CMA_SPDM, &[3; 4]).unwrap(), [3, 0, 0, 0], "three aborts so far");
    assert!(simulator.now() - before >= Duration::from_millis(7));

    let nowhere = MailboxId { offset: 0, ..id };
    assert!(simulator.attach(nowhere, ECHO, Box::new(Counter(0))).is_err());
    simulator.attach(id, ECHO, Box::new(|_: &Incoming<'_>| Reply::answer(b"new!".to_vec()))).unwrap();
    assert_eq!(host.echo().unwrap(), b"new!");
}

#[test]
fn events_tell_an_exchange_from_beginning_to_end() {
    let simulator = machine(ONE_MEMORY);
    Host::new(&simulator, "mem", 0).ask(ECHO, &[]).unwrap();
    let story: Vec<_> = simulator.take_events().into_iter().map(|event| event.what).collect();
    let write = |register, value| What::Write { register, value };
    // Two accesses to find the capability, one look at Status, two DWs, GO; and 2 ms.
    let ready = Instant::new(Duration::from_micros(2006));
    let expected = [
        write(Register::WriteMailbox, 0x00e0_1b36),
        write(Register::WriteMailbox, 2),
        write(Register::Control, GO),
        What::Received { protocol: ECHO, dwords: 2 },
        What::Answered { ready, dwords: 2 },
        write(Register::ReadMailbox, 0),
        write(Register::ReadMailbox, 0),
    ];
    assert_eq!(story, expected);
    assert_eq!(simulator.take_events(), []);
}

#[test]
fn one_scenario_gives_one_history() {
    let history = || {
        let simulator = faulty("\"discarded\"", "{ percent = 40 }");
        let mut host = Host::new(&simulator, "mem", 0);
        let answers: Vec<_> = (0..20).map(|_| host.echo().is_ok()).collect();
        (answers, simulator.take_events())
    };
    let (answers, events) = history();
    assert_eq!((answers.clone(), events), history());
    assert!(answers.contains(&true) && answers.contains(&false));
}
