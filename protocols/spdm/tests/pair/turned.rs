//! One bit turned, anywhere, in either direction.

use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest};
use proptest::prelude::*;

use crate::support::*;

/// A whole run, up to a challenge or to signed measurements, with one bit of one message turned: of the answer or of
/// the request. Returns how many messages there were, and what came of it.
fn run(
    version: Version,
    measures: bool,
    turned: Option<(usize, bool, prop::sample::Index)>,
) -> (usize, Result<Seen, Error>) {
    let settings = responder::Settings { hashes: HashAlgorithms::SHA_256, ..Default::default() };
    let mut responder = Device::new::<AwsLcKit>(P256, &[0]).responder::<AwsLcKit>(settings, 0x3000);
    let mut count = 0;
    let turn = |bytes: &mut [u8], index: prop::sample::Index| {
        let bit = index.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    };
    let mut wire = |message: &[u8]| {
        let mut message = message.to_vec();
        let here = turned.filter(|(place, ..)| *place == count);
        count += 1;
        if let Some((_, true, index)) = here {
            turn(&mut message, index);
        }
        // What is no request any more is not answered: an empty answer stands for that.
        let mut answer = responder.told(&message).unwrap_or_default();
        if let Some((_, false, index)) = here.filter(|_| !answer.is_empty()) {
            turn(&mut answer, index);
        }
        answer
    };
    let mut client = Client::<AwsLcKit>::new(only(version), 0x2000);
    let mut whole = || {
        client.meet(&[0], &mut wire)?;
        if measures {
            client.measurements(
                MeasurementRequest { signed: None, ..MeasurementRequest::all_signed(0) },
                &mut wire,
            )?;
            client.measurements(MeasurementRequest::all_signed(0), &mut wire)
        } else {
            client.challenge(ChallengeRequest { context: *b"a word..", ..Default::default() }, &mut wire)
        }
    };
    let result = whole();
    (count, result)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    /// Version, capabilities, algorithms, digests, certificates and the proof itself: all of it is signed.
    #[test]
    fn is_found_out_by_a_challenge(
        version in prop::sample::select(&Version::ALL[..]),
        place in 0_usize..6,
        of_request: bool,
        index: prop::sample::Index,
    ) {
        prop_assert!(run(version, false, None).0 == 6);
        let (_, result) = run(version, false, Some((place, of_request, index)));
        prop_assert!(result.is_err(), "{:?}", result);
    }

    /// From 1.2 on the negotiation is signed with the measurements; before, only what was said about them is.
    #[test]
    fn is_found_out_by_signed_measurements(
        version in prop::sample::select(&Version::ALL[..]),
        place in 0_usize..5,
        of_request: bool,
        index: prop::sample::Index,
    ) {
        prop_assert!(run(version, true, None).0 == 7);
        let places: &[usize] = if version >= Version::V1_2 { &[0, 1, 2, 5, 6] } else { &[5, 6] };
        let place = places[place % places.len()];
        let (_, result) = run(version, true, Some((place, of_request, index)));
        prop_assert!(result.is_err(), "{:?}", result);
    }
}
