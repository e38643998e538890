//! From GET_VERSION to MEASUREMENTS, as it should be.

use lanewarden_spdm::requester::{ChallengeRequest, MeasurementRequest};

use crate::support::*;

const P256: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Curve::P256);

fn only(version: Version) -> requester::Settings {
    requester::Settings { versions: Versions::only(version), ..Default::default() }
}

stories! {
    fn every_version_goes_from_the_first_message_to_signed_measurements<Asker, Asked>() {
        for version in Version::ALL {
            let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
            let mut wire = |message: &[u8]| responder.respond(message).unwrap().to_vec();
            let mut client = Client::<Asker>::new(only(version), 0x2000);
            client.meet(&[0], &mut wire).unwrap();
            let proof = client.challenge(ChallengeRequest::default(), &mut wire).unwrap();
            assert!(matches!(proof, Seen::Authenticated { slot: 0, .. }), "{proof:?}");
            let measured = client.measurements(MeasurementRequest::all_signed(0), &mut wire).unwrap();
            let Seen::Measured { blocks, transcript: Some(_), .. } = measured else { panic!("{measured:?}") };
            assert_eq!(blocks.len(), 4);
            assert_eq!(client.requester.connection().unwrap().version, version);
        }
    }
}
