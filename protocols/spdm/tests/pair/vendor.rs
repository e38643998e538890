//! Requests that a vendor defines.

use lanewarden_spdm::message::{ErrorCode, Registry, VendorMessage};
use lanewarden_spdm::responder::{Context, Registered, Responder, VendorFunction};

use crate::support::*;

const OTHER: Registry<'static> = Registry { body: 3, vendor: &[0x98, 0x1e] };
const UNKNOWN: Registry<'static> = Registry { body: 7, vendor: &[0x98, 0x1e] };

stories! {
    fn each_registry_has_its_handler<Asker, Asked>() {
        let mut reverse = |_: Context, request: &[u8], answer: &mut [u8]| {
            answer[..request.len()].copy_from_slice(request);
            answer[..request.len()].reverse();
            Ok(request.len())
        };
        let mut calls = 0;
        let mut refuse = |_: Context, _: &[u8], _: &mut [u8]| {
            calls += 1;
            Err(ErrorCode::INVALID_POLICY)
        };
        let mut handlers: [(Registry<'_>, &mut dyn VendorFunction); 2] =
            [(Registry::PCI_SIG_PROTOCOLS, &mut reverse), (OTHER, &mut refuse)];
        let vendor = Registered::new(&mut handlers);
        let parts = made(Asked::provider(), (), (), vendor);
        let mut responder = Responder::new(parts, Default::default(), vec![0; 0x3000]);
        let mut wire = |message: &[u8]| responder.say(message);
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.connect(&mut wire).unwrap();
        for payload in [&b"abc"[..], b""] {
            client.requester.vendor(&VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload }).unwrap();
            let seen = client.drive(&mut wire).unwrap();
            assert_eq!(seen, [Seen::Vendor(payload.iter().rev().copied().collect())]);
        }
        for (registry, code, data) in [
            (OTHER, ErrorCode::INVALID_POLICY, 0),
            (UNKNOWN, ErrorCode::UNSUPPORTED_REQUEST, 0xfe),
        ] {
            client.requester.vendor(&VendorMessage { registry, payload: b"abc" }).unwrap();
            let refused = client.drive(&mut wire).unwrap_err();
            let Reason::Refused(refusal) = refused.reason else { panic!("{refused}") };
            assert_eq!((refusal.code, refusal.data), (code, data));
        }
        drop(responder);
        assert_eq!(calls, 1);
    }

    fn another_vendor_does_not_answer<Asker, Asked>() {
        let mut responder = Device::new::<Asked>(P256, &[0]).responder::<Asked>(Default::default(), 0x3000);
        let mut wire = |message: &[u8]| match message[1] {
            0xfe => vec![0x13, 0x7e, 0, 0, 3, 0, 2, 0x98, 0x1e, 1, 0, 0xaa],
            _ => responder.say(message),
        };
        let mut client = Client::<Asker>::new(Default::default(), 0x2000);
        client.connect(&mut wire).unwrap();
        client.requester.vendor(&VendorMessage { registry: OTHER, payload: &[] }).unwrap();
        assert_eq!(client.drive(&mut wire).unwrap(), [Seen::Vendor(vec![0xaa])]);
        client.requester.vendor(&VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &[] }).unwrap();
        let refused = client.drive(&mut wire).unwrap_err();
        assert_eq!((refused.reason, refused.blame()), (Violation::Vendor.into(), Blame::Peer));
    }
}
