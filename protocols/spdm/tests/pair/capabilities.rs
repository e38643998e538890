//! What a responder claims is what it has.

use lanewarden_aws_lc::AwsLc;
use lanewarden_spdm::Identities;
use lanewarden_spdm::message::{ErrorCode, MutualAuthentication, Registry, ResponderFlags, ValueType};
use lanewarden_spdm::responder::{
    Context, Measurement, MeasurementSource, Parts, PresharedKeys, Requesters, Responder, Support,
    VendorHandler,
};
use lanewarden_spdm::session::{Sessions, seats};

use crate::support::*;

/// Measurements that are made anew each time.
struct Fresh(Firmware);

impl MeasurementSource for Fresh {
    const SUPPORT: Support = Support::Present { fresh: true };

    fn count(&self) -> u8 {
        self.0.count()
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        self.0.measurement(place)
    }
}

struct Mute;

impl VendorHandler for Mute {
    fn handle(&mut self, _: Context, _: Registry<'_>, _: &[u8], _: &mut [u8]) -> Result<usize, ErrorCode> {
        Ok(0)
    }
}

/// The capabilities that are claimed and the requests that are answered otherwise than with UnsupportedRequest.
fn claims<K: Kit, I: Identities, M: MeasurementSource, V: VendorHandler>(
    version: Version,
    parts: Parts<K::Provider, I, M, V>,
    buffer: usize,
) -> (ResponderFlags, Vec<u8>) {
    let mut responder = Responder::new(parts, Default::default(), vec![0; buffer]);
    let mut wire = |message: &[u8]| responder.say(message);
    let mut client = Client::<K>::new(only(version), 0x2000);
    client.connect(&mut wire).unwrap();
    let flags = client.requester.connection().unwrap().flags;
    let is_answered = |code: &u8| {
        let answer = responder.told(&[version.byte(), *code, 0, 0]).unwrap();
        answer[..4] != [version.byte(), 0x7f, 0x07, *code]
    };
    // Those that negotiate anew come last.
    let answered: Vec<u8> = (0x80..=0xff).filter(|code| *code != 0x84).filter(is_answered).collect();
    (flags, answered)
}

fn check<K: Kit, I: Identities, M: MeasurementSource, V: VendorHandler>(
    parts: impl Fn() -> Parts<K::Provider, I, M, V>,
) {
    for version in Version::ALL {
        for buffer in [0x2000, 0x3000] {
            let (flags, answered) = claims::<K, _, _, _>(version, parts(), buffer);
            let has = |code| answered.contains(&code);
            let measures = flags.intersects(ResponderFlags::MEAS | ResponderFlags::MEAS_SIGNED);
            assert_eq!(flags.contains(ResponderFlags::CERT), I::PRESENT);
            assert_eq!(flags.contains(ResponderFlags::CHAL), I::PRESENT);
            assert_eq!(measures, M::SUPPORT != Support::None);
            assert_eq!(flags.contains(ResponderFlags::MEAS_SIGNED), measures && I::PRESENT);
            let fresh = M::SUPPORT == Support::Present { fresh: true };
            assert_eq!(flags.contains(ResponderFlags::MEAS_FRESH), fresh);
            let chunks = version >= Version::V1_2 && buffer == 0x3000;
            assert_eq!(flags.contains(ResponderFlags::CHUNK), chunks);
            assert_eq!((has(0x81), has(0x82), has(0x83)), (I::PRESENT, I::PRESENT, I::PRESENT));
            assert_eq!(has(0xe0), measures);
            assert_eq!((has(0x85), has(0x86)), (chunks, chunks));
            assert_eq!(has(0xfe), V::PRESENT);
            // Beside these: GET_CAPABILITIES, NEGOTIATE_ALGORITHMS and RESPOND_IF_READY, in their place.
            let others =
                answered.iter().filter(|code| ![0x81, 0x82, 0x83, 0xe0, 0x85, 0x86, 0xfe].contains(code));
            assert!(others.eq(&[0xe1, 0xe3, 0xff]), "{version} {answered:02x?}");
            assert_eq!(flags.contradiction(version), None);
        }
    }
}

/// What is claimed of sessions by a responder of these parts, where heartbeats and proofs are wanted.
fn of_sessions<I, S, K, Q>(version: Version, parts: Parts<AwsLc, I, (), (), (), S, K, Q>) -> ResponderFlags
where
    I: Identities,
    S: Sessions<AwsLc>,
    K: PresharedKeys,
    Q: Requesters<AwsLc>,
{
    let wants =
        responder::Settings { mutual: MutualAuthentication::Direct, heartbeat: 5, ..Default::default() };
    let mut responder = Responder::new(parts, wants, vec![0; 0x3000]);
    let mut wire = |message: &[u8]| responder.say(message);
    let mut client = Client::<AwsLcKit>::new(only(version), 0x2000);
    client.connect(&mut wire).unwrap();
    let flags = client.requester.connection().unwrap().flags;
    assert_eq!(flags.contradiction(version), None);
    flags.difference(ResponderFlags::CERT | ResponderFlags::CHAL | ResponderFlags::CHUNK)
}

#[test]
fn sessions_are_claimed_where_there_is_room_for_them_and_a_way_to_begin() {
    use ResponderFlags as R;
    let none = || Parts::new(AwsLc);
    let device = || none().with_identities(Device::new::<AwsLcKit>(P256, &[0]));
    let room = seats::<AwsLc, 2>;
    let trust = Trust::<AwsLcKit>::new;
    let session = R::MAC | R::ENCRYPT | R::KEY_UPD | R::ENCAP | R::HBEAT;
    let key_exchange = session | R::KEY_EX | R::HANDSHAKE_IN_THE_CLEAR;
    for version in [Version::V1_1, Version::V1_2, Version::V1_3] {
        let nothing = R::empty();
        assert_eq!(of_sessions(version, none().with_sessions(room())), nothing);
        assert_eq!(of_sessions(version, none().with_psk(Shared::<true>)), nothing);
        assert_eq!(of_sessions(version, device().with_psk(Shared::<true>).with_requesters(trust())), nothing);
        assert_eq!(of_sessions(version, none().with_sessions(room()).with_requesters(trust())), nothing);
        assert_eq!(
            of_sessions(version, device().with_sessions(room())) | R::HANDSHAKE_IN_THE_CLEAR,
            key_exchange
        );
        let shared = none().with_sessions(room()).with_psk(Shared::<false>);
        assert_eq!(of_sessions(version, shared), session | R::PSK);
        let shared = none().with_sessions(room()).with_psk(Shared::<true>).with_requesters(trust());
        assert_eq!(of_sessions(version, shared), session | R::PSK_WITH_CONTEXT);
        let all = device().with_sessions(room()).with_psk(Shared::<true>).with_requesters(trust());
        let claimed = of_sessions(version, all) | R::HANDSHAKE_IN_THE_CLEAR;
        assert_eq!(claimed, key_exchange | R::PSK_WITH_CONTEXT | R::MUT_AUTH);
    }
    let all = device().with_sessions(room()).with_psk(Shared::<true>).with_requesters(trust());
    assert_eq!(of_sessions(Version::V1_0, all), R::empty());
}

stories! {
    fn what_is_claimed_is_what_there_is<Asker, Asked>() {
        let device = || Device::new::<Asked>(P256, &[0]);
        let firmware = Firmware::default;
        let fresh = || Fresh(Firmware::default());
        check::<Asked, _, _, _>(|| made(Asked::provider(), (), (), ()));
        check::<Asked, _, _, _>(|| made(Asked::provider(), (), (), Mute));
        check::<Asked, _, _, _>(|| made(Asked::provider(), (), firmware(), ()));
        check::<Asked, _, _, _>(|| made(Asked::provider(), (), fresh(), Mute));
        check::<Asked, _, _, _>(|| made(Asked::provider(), device(), (), ()));
        check::<Asked, _, _, _>(|| made(Asked::provider(), device(), (), Mute));
        check::<Asked, _, _, _>(|| made(Asked::provider(), device(), firmware(), ()));
        check::<Asked, _, _, _>(|| made(Asked::provider(), device(), firmware(), Mute));
        check::<Asked, _, _, _>(|| made(Asked::provider(), device(), fresh(), ()));
        check::<Asker, _, _, _>(|| made(Asker::provider(), device(), fresh(), Mute));
    }

    fn measurements_without_a_key_are_not_signed<Asker, Asked>() {
        let parts = || made(Asked::provider(), (), Firmware(vec![(1, ValueType::IMMUTABLE_ROM, true, vec![1])]), ());
        let mut responder = Responder::new(parts(), Default::default(), vec![0; 0x3000]);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.connect(&mut wire).unwrap();
        let signed = requester::MeasurementRequest::all_signed(0);
        let refused = client.measurements(signed, &mut wire).unwrap_err();
        assert_eq!(refused.reason, Reason::Incapable("signed measurements (MEAS_CAP)"));
        let plain = requester::MeasurementRequest { signed: None, ..signed };
        assert!(matches!(client.measurements(plain, &mut wire), Ok(Seen::Measured { .. })));
        let asked = [&[0x13, 0xe0, 1, 0xff][..], &[0; 41]].concat();
        assert_eq!(responder.told(&asked).unwrap(), [0x13, 0x7f, 1, 0], "asked all the same");
    }
}
