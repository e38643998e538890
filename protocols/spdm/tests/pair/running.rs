//! The blocking loop, over whatever carries messages.

use core::cell::Cell;
use core::time::Duration;

use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::requester::{Event, MeasurementRequest, RunError, Step, Transport, run};
use lanewarden_spdm::{Instant, requester::Requester};
use lanewarden_time::Clock;

use crate::support::*;

/// A clock that is where it is waited for.
struct Virtual(Cell<Instant>);

impl Clock for Virtual {
    fn now(&self) -> Instant {
        self.0.get()
    }

    fn wait_until(&self, deadline: Instant) {
        self.0.set(deadline);
    }
}

/// A wire that breaks after so many messages.
struct Breaking<W>(W, u32);

impl<W: FnMut(&[u8]) -> Vec<u8>> Transport for Breaking<W> {
    type Error = &'static str;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), &'static str> {
        self.1 = self.1.checked_sub(1).ok_or("the wire is broken")?;
        let whole = (self.0)(message);
        answer.get_mut(..whole.len()).ok_or("too long")?.copy_from_slice(&whole);
        Ok((kind, whole.len()))
    }
}

stories! {
    fn it_goes_on_until_the_operation_has_ended<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0]).slow(3).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = Breaking(|message: &[u8]| responder.say(message), 100);
        let clock = Virtual(Cell::new(Instant::ORIGIN));
        let mut requester = Requester::new(requester::Parts::new(Asker::provider()), only(Version::V1_2), vec![0; 0x2000]);
        let mut answer = vec![0; 0x1200];
        let mut connected = 0;
        requester.connect().unwrap();
        run(&mut requester, &mut wire, &clock, &mut answer, |event| {
            connected += u32::from(matches!(event, Event::Connected));
        })
        .unwrap();
        assert_eq!(connected, 1);
        let mut length = 0;
        requester.digests().unwrap();
        run(&mut requester, &mut wire, &clock, &mut answer, |_| {}).unwrap();
        requester.certificate(0).unwrap();
        run(&mut requester, &mut wire, &clock, &mut answer, |event| {
            let Event::Portion(portion) = event else { panic!("{event:?}") };
            length += portion.bytes.len();
        })
        .unwrap();
        assert_eq!(length, 4 + 48 + 600 + 700);
        run(&mut requester, &mut wire, &clock, &mut answer, |event| panic!("nothing is in work: {event:?}")).unwrap();
    }

    fn what_breaks_on_the_way_ends_the_operation<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = Breaking(|message: &[u8]| responder.say(message), 2);
        let clock = Virtual(Cell::new(Instant::ORIGIN));
        let mut requester = Requester::new(requester::Parts::new(Asker::provider()), only(Version::V1_2), vec![0; 0x2000]);
        let mut answer = vec![0; 0x1200];
        requester.connect().unwrap();
        let broken = run(&mut requester, &mut wire, &clock, &mut answer, |_| {}).unwrap_err();
        assert!(matches!(broken, RunError::Transport("the wire is broken")));
        assert_eq!(requester.poll(clock.now()), Ok(Step::Idle));
        wire.1 = 100;
        requester.connect().unwrap();
        run(&mut requester, &mut wire, &clock, &mut answer, |_| {}).unwrap();
        assert!(requester.connection().is_some());
    }

    fn one_thing_is_done_at_a_time<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        let early = client.requester.digests().unwrap_err();
        assert_eq!((early.reason, early.blame()), (Misuse::NotConnected.into(), Blame::Caller));
        client.meet(&[0], &mut wire).unwrap();
        client.requester.digests().unwrap();
        for refused in [
            client.requester.connect().unwrap_err(),
            client.requester.digests().unwrap_err(),
            client.requester.request(&[0x13, 0xe8, 0, 0]).unwrap_err(),
        ] {
            assert_eq!((refused.reason, refused.blame()), (Misuse::InWork.into(), Blame::Caller));
        }
        assert!(matches!(client.requester.poll(client.now), Ok(Step::Send { .. })));
        assert_eq!(client.requester.poll(client.now), Ok(Step::Receive));
    }

    /// A signature may take what the device says it takes, and never more than a minute.
    fn an_answer_has_its_time<Asker, Asked>() {
        for (ct_exponent, time) in [(0, 1100), (17, 1131), (22, 5194), (40, 60_000), (255, 60_000)] {
            let settings = responder::Settings { ct_exponent, ..Default::default() };
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(settings, 0x3000);
            let mut wire = |message: &[u8]| responder.say(message);
            let mut client = Client::<Asker>::new(Default::default(), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            client.requester.measurements(MeasurementRequest::all_signed(0)).unwrap();
            let Ok(Step::Send { within, .. }) = client.requester.poll(client.now) else { panic!("it asks") };
            assert_eq!(within.as_millis(), time);
            client.requester.abandon();
            client.connect(&mut wire).unwrap();
            client.requester.digests().unwrap();
            let Ok(Step::Send { within, .. }) = client.requester.poll(client.now) else { panic!("it asks") };
            assert_eq!(within.as_millis(), 1100, "digests take no signature");
        }
    }
}
