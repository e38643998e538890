//! Stories of devices that are attested, and of evidence that is verified without them.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "story/sessions.rs"]
mod sessions;

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use lanewarden_attestation::evidence::{self, Circumstances};
use lanewarden_attestation::{Attestation, Class, Failure, Options, Report, Said, Trust, Verdict};
use lanewarden_aws_lc::AwsLc;
use lanewarden_crypto::{Provider, Signer};
use lanewarden_identity::{AuthoritySpec, Identity, IdentitySpec, Seed};
use lanewarden_rustcrypto::{OsRandom, RustCrypto};
use lanewarden_spdm::Identities;
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::certificate::{AnchorList, DeviceIdentity, NoRevocations};
use lanewarden_spdm::message::ValueType;
use lanewarden_spdm::requester::Transport;
use lanewarden_spdm::responder::{Measurement, MeasurementSource, Parts, Responder, Settings, Value};
use lanewarden_spdm::{Version, Versions};
use lanewarden_time::{Clock, Instant};

const DEVICE: DeviceIdentity = DeviceIdentity {
    vendor_id: 0x144d,
    device_id: 0xa80a,
    class_code: 0x01_0802,
    revision: 0,
    subsystem: Some((0x144d, 0xa801)),
    serial: Some(1),
};
/// 2026-11-27.
const NOW: u64 = 1_795_737_600;

/// A provider, and keys of its own make.
trait Kit: Provider<VerifyingKey: Clone> + Clone {
    fn kit() -> Self;
    fn key(pkcs8: &[u8]) -> Box<dyn Signer>;
}

impl Kit for AwsLc {
    fn kit() -> Self {
        Self
    }

    fn key(pkcs8: &[u8]) -> Box<dyn Signer> {
        Box::new(lanewarden_aws_lc::PrivateKey::from_pkcs8(pkcs8).unwrap())
    }
}

impl Kit for RustCrypto<OsRandom> {
    fn kit() -> Self {
        Self::new(OsRandom)
    }

    fn key(pkcs8: &[u8]) -> Box<dyn Signer> {
        Box::new(lanewarden_rustcrypto::PrivateKey::from_pkcs8(pkcs8).unwrap())
    }
}

struct Key {
    chain: Vec<u8>,
    key: Box<dyn Signer>,
}

impl Identities for Key {
    fn provisioned(&self) -> u8 {
        1
    }

    fn certificates(&self, slot: u8) -> Option<&[u8]> {
        (slot == 0).then_some(&self.chain)
    }

    fn signer(&mut self, slot: u8) -> Option<&mut dyn Signer> {
        if slot == 0 { Some(self.key.as_mut()) } else { None }
    }
}

/// Firmware, which may be another one the second time it is looked at.
struct Firmware(&'static [&'static [u8]], std::cell::Cell<usize>);

impl MeasurementSource for Firmware {
    fn count(&self) -> u8 {
        1
    }

    fn measurement(&self, place: u8) -> Option<Measurement<'_>> {
        let at = self.1.get();
        self.1.set(at + 1);
        let value = Value::Measured(self.0[at.min(self.0.len() - 1)]);
        (place == 0).then_some(Measurement {
            index: 1,
            kind: ValueType::MUTABLE_FIRMWARE,
            is_tcb: true,
            value,
        })
    }
}

struct Device<P: Kit>(Responder<Parts<P, Key, Firmware>, Vec<u8>>);

impl<P: Kit> Transport for Device<P> {
    type Error = Infallible;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), Infallible> {
        let mut request = message.to_vec();
        let (kind, said) = self.0.respond(Instant::ORIGIN, kind, &mut request).unwrap_or((kind, &[]));
        answer[..said.len()].copy_from_slice(said);
        Ok((kind, said.len()))
    }
}

struct NoTime;

impl Clock for NoTime {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn wait_until(&self, _: Instant) {}
}

fn identity() -> Identity {
    let mut spec = IdentitySpec::default();
    spec.leaf.pci_name = Some(DEVICE.to_string());
    Identity::generate(&Seed::new([7; 32]), &spec).unwrap()
}

fn device<P: Kit>(versions: Versions, firmware: &'static [&'static [u8]]) -> Device<P> {
    let identity = identity();
    let identities = Key { chain: identity.chain_der(), key: P::key(identity.key()) };
    let measurements = Firmware(firmware, std::cell::Cell::new(0));
    let settings = Settings { versions, ..Settings::default() };
    let parts = Parts::new(P::kit()).with_identities(identities).with_measurements(measurements);
    Device(Responder::new(parts, settings, vec![0; 0x4000]))
}

fn attest<P: Kit>(device: &mut Device<P>, trust: &Trust<'_, P>, options: Options) -> (Report, Said) {
    let mut talk = Attestation::new(P::kit(), trust, options);
    talk.run(device, &NoTime, |_| ());
    (talk.script().report().clone(), talk.said().clone())
}

fn with_trust<P: Kit, T>(anchor: &[u8], story: impl FnOnce(&Trust<'_, P>) -> T) -> T {
    let list = [anchor];
    let anchors = AnchorList::new(&list, 1).unwrap();
    story(&Trust::new(&anchors, &NoRevocations, Some(NOW)))
}

fn options() -> Options {
    Options { device: Some(DEVICE), ..Options::default() }
}

fn a_device_with_a_trusted_chain_that_fits_it_is_trusted_in_every_version<P: Kit>() {
    for version in Version::ALL {
        with_trust::<P, _>(identity().root(), |trust| {
            let (report, _) = attest(&mut device(Versions::only(version), &[b"1"]), trust, options());
            assert_eq!(report.verdict(), Verdict::Trusted, "{version}");
            assert_eq!(report.connection.unwrap().version, version);
            assert_eq!(report.measurements.unwrap().fits_summary, Some(true), "{version}");
        });
    }
}

fn a_chain_that_was_trusted_is_not_read_again_and_still_compared_with_the_device<P: Kit>() {
    with_trust::<P, _>(identity().root(), |trust| {
        let (first, _) = attest(&mut device(Versions::ALL, &[b"1"]), trust, options());
        assert!(!first.chain.unwrap().is_remembered);
        let (second, _) = attest(&mut device(Versions::ALL, &[b"1"]), trust, options());
        assert!(
            second.chain.as_ref().unwrap().is_remembered && second.chain.as_ref().unwrap().bytes.is_empty()
        );
        assert_eq!(second.verdict(), Verdict::Trusted);
        let other = Options { device: Some(DeviceIdentity { serial: Some(2), ..DEVICE }), ..options() };
        let (third, _) = attest(&mut device(Versions::ALL, &[b"1"]), trust, other);
        assert!(third.chain.as_ref().unwrap().is_remembered);
        assert!(third.verdict().reason().unwrap().contains("not for this device"), "{:?}", third.verdict());
    });
}

fn a_stranger_is_refused_although_it_proves_what_it_says<P: Kit>() {
    let mut spec = IdentitySpec::default();
    spec.authority = AuthoritySpec { name: "somebody else".into(), ..spec.authority };
    let other = Identity::generate(&Seed::new([8; 32]), &spec).unwrap();
    with_trust::<P, _>(other.root(), |trust| {
        let (report, _) = attest(&mut device(Versions::ALL, &[b"1"]), trust, options());
        assert!(report.proof.is_some());
        assert!(report.verdict().reason().unwrap().starts_with("no trust anchor"), "{:?}", report.verdict());
        assert_eq!(report.class(), Class::Unverified);
    });
}

fn measurements_that_are_not_those_it_signed_a_summary_of_are_refused<P: Kit>() {
    with_trust::<P, _>(identity().root(), |trust| {
        let (report, _) = attest(&mut device(Versions::ALL, &[b"good", b"bad"]), trust, options());
        assert_eq!(report.measurements.as_ref().unwrap().fits_summary, Some(false));
        assert!(report.verdict().reason().unwrap().contains("measurements"), "{:?}", report.verdict());
    });
}

fn a_slot_without_a_chain_cannot_attest<P: Kit>() {
    with_trust::<P, _>(identity().root(), |trust| {
        let options = Options { slot: Some(3), ..options() };
        let (report, _) = attest(&mut device(Versions::ALL, &[b"1"]), trust, options);
        assert_eq!(report.failure, Some(Failure::NoChain(3)));
        assert_eq!(report.verdict().word(), "cannot_attest");
    });
}

/// Evidence of one device, and the root it is to be verified under.
fn evidence<P: Kit>(folder: &Path, versions: Versions, nonce: Option<[u8; 32]>) {
    with_trust::<P, _>(identity().root(), |trust| {
        let options = Options { read_chain: true, nonce, ..options() };
        let (report, said) = attest(&mut device(versions, &[b"1"]), trust, options);
        assert_eq!(report.verdict(), Verdict::Trusted);
        let circumstances = Circumstances {
            address: "0000:41:00.0".into(),
            device: DEVICE.to_string(),
            time_s: NOW,
            verdict: "trusted".into(),
            reason: None,
        };
        evidence::write(&P::kit(), folder, &said, &report, circumstances).unwrap();
    });
}

fn evidence_is_verified_without_the_device_in_every_version<P: Kit>() {
    for version in Version::ALL {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("evidence");
        evidence::<P>(&folder, Versions::only(version), Some([9; 32]));
        with_trust::<P, _>(identity().root(), |trust| {
            let verified = evidence::verify(&P::kit(), &folder, trust).unwrap();
            assert!(verified.is_trusted(), "{version}");
            assert!(verified.is_fresh(&[9; 32]) && !verified.is_fresh(&[8; 32]));
            assert_eq!(verified.facts.version, version);
            assert_eq!(verified.facts.measurements().len(), 1);
        });
    }
}

fn any_bit_that_flips_in_evidence_is_found_out<P: Kit>() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("evidence");
    evidence::<P>(&folder, Versions::ALL, None);
    with_trust::<P, _>(identity().root(), |trust| {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let whole = std::fs::read(&path).unwrap();
            // Every byte of what is short; of what is long, every seventh.
            let step = if whole.len() < 200 { 1 } else { 7 };
            for place in (0..whole.len()).step_by(step) {
                let mut flipped = whole.clone();
                flipped[place] ^= 1 << (place % 8);
                std::fs::write(&path, &flipped).unwrap();
                let verified = evidence::verify(&P::kit(), &folder, trust);
                assert!(verified.is_err(), "{}, byte {place}", path.display());
            }
            std::fs::write(&path, &whole).unwrap();
        }
        assert!(evidence::verify(&P::kit(), &folder, trust).unwrap().is_trusted(), "whole again");
    });
}

fn evidence_of_a_stranger_is_true_and_not_trusted<P: Kit>() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("evidence");
    evidence::<P>(&folder, Versions::ALL, None);
    let other = Identity::generate(&Seed::new([8; 32]), &IdentitySpec::default()).unwrap();
    with_trust::<P, _>(other.root(), |trust| {
        let verified = evidence::verify(&P::kit(), &folder, trust).unwrap();
        assert!(!verified.is_trusted() && !verified.distrust.is_empty());
    });
}

/// Each story with each provider.
macro_rules! stories {
    ($($story:ident,)*) => {
        mod aws_lc {
            $(#[test]
            fn $story() {
                super::$story::<super::AwsLc>();
            })*
        }

        mod rustcrypto {
            $(#[test]
            fn $story() {
                super::$story::<super::RustCrypto<super::OsRandom>>();
            })*
        }
    };
}

stories! {
    a_device_with_a_trusted_chain_that_fits_it_is_trusted_in_every_version,
    a_chain_that_was_trusted_is_not_read_again_and_still_compared_with_the_device,
    a_stranger_is_refused_although_it_proves_what_it_says,
    measurements_that_are_not_those_it_signed_a_summary_of_are_refused,
    a_slot_without_a_chain_cannot_attest,
    evidence_is_verified_without_the_device_in_every_version,
    any_bit_that_flips_in_evidence_is_found_out,
    evidence_of_a_stranger_is_true_and_not_trusted,
}
