//! For programs.

use lanewarden_attestation::{MeasurementFact, Report};
use serde::Serialize;

use super::Attested;
use super::text::{hex, kind};
use crate::session::SessionJson;

#[derive(Serialize)]
pub struct Document {
    schema: &'static str,
    devices: Vec<Device>,
}

#[derive(Serialize)]
struct Device {
    address: String,
    name: String,
    verdict: &'static str,
    reason: Option<String>,
    exit_code: u8,
    spdm_version: Option<String>,
    hash_algorithm: Option<&'static str>,
    signature_algorithm: Option<&'static str>,
    slot: u8,
    certificate: Option<Certificate>,
    requester_nonce_hex: Option<String>,
    responder_nonce_hex: Option<String>,
    session: Option<SessionJson>,
    measurements_signed: bool,
    measurements_fit_summary: Option<bool>,
    measurements: Vec<Measurement>,
}

#[derive(Serialize)]
struct Certificate {
    device: Option<String>,
    expected_device: Option<String>,
    fits_device: Option<bool>,
    remembered: bool,
    valid_from_s: Option<u64>,
    valid_until_s: Option<u64>,
    distrust: Vec<String>,
}

/// A measurement.
#[derive(Serialize)]
pub struct Measurement {
    index: u8,
    kind: String,
    raw: bool,
    value_hex: String,
}

impl From<&MeasurementFact> for Measurement {
    fn from(fact: &MeasurementFact) -> Self {
        Self { index: fact.index, kind: kind(fact), raw: fact.is_raw, value_hex: hex(&fact.value) }
    }
}

/// The object.
pub fn document(attested: &[Attested]) -> Document {
    Document { schema: "lanewarden.attestation/1", devices: attested.iter().map(device).collect() }
}

fn device(one: &Attested) -> Device {
    let (report, verdict) = (&one.report, one.verdict());
    let measured = report.measurements.as_ref();
    Device {
        address: one.place.clone(),
        name: one.name.clone(),
        verdict: verdict.word(),
        reason: verdict.reason().map(ToOwned::to_owned),
        exit_code: one.exit() as u8,
        spdm_version: report.connection.map(|connection| connection.version.to_string()),
        hash_algorithm: report.connection.map(|connection| connection.hash.name()),
        signature_algorithm: report
            .connection
            .and_then(|connection| connection.signature.map(|one| one.name())),
        slot: report.slot,
        certificate: certificate(one, report),
        requester_nonce_hex: report.proof.map(|proof| hex(&proof.requester_nonce)),
        responder_nonce_hex: report.proof.map(|proof| hex(&proof.responder_nonce)),
        session: report.session.as_ref().map(Into::into),
        measurements_signed: measured.is_some_and(|measured| measured.is_signed),
        measurements_fit_summary: measured.and_then(|measured| measured.fits_summary),
        measurements: measured.iter().flat_map(|measured| &measured.blocks).map(Into::into).collect(),
    }
}

fn certificate(one: &Attested, report: &Report) -> Option<Certificate> {
    let chain = report.chain.as_ref()?;
    Some(Certificate {
        device: chain.claimed.clone(),
        expected_device: one.device.clone(),
        fits_device: report.identity.map(|identity| identity.is_ok()),
        remembered: chain.is_remembered,
        valid_from_s: chain.validity.map(|validity| validity.not_before),
        valid_until_s: chain.validity.map(|validity| validity.not_after),
        distrust: chain.distrust.iter().map(ToString::to_string).collect(),
    })
}
