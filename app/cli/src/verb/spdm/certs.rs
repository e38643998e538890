//! `spdm certs`: the certificates of a device, as they are. Whether to trust them is for `attest` to say.

use std::fmt::Write;

use lanewarden_attestation::{Failure as Stopped, Script, Speaker};
use lanewarden_aws_lc::AwsLc;
use lanewarden_doe::Host;
use lanewarden_identity::pem;
use lanewarden_spdm::Error;
use lanewarden_spdm::certificate::{Certificate, Chain, ChainError, Moment, Rules};
use lanewarden_spdm::crypto::HashAlgorithm;
use lanewarden_spdm::message::SLOTS;
use lanewarden_spdm::requester::Event;
use serde::Serialize;

use super::{dialogue, stopped};
use crate::args::Certs;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::verb::files;

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    slots: Vec<SlotJson>,
}

/// The certificates of a slot.
#[derive(Serialize)]
pub(super) struct SlotJson {
    slot: u8,
    chain_bytes: usize,
    certificates: Vec<CertificateJson>,
}

#[derive(Serialize)]
struct CertificateJson {
    subject: String,
    issuer: String,
    valid_from_s: u64,
    valid_until_s: u64,
    serial_hex: String,
}

/// Reads the chains and prints them.
pub fn run<M: Host>(machine: &M, args: &Certs, output: &Output) -> Outcome {
    files::check_output("--pem", args.pem.as_deref(), output)?;
    let script = Reading { wanted: args.slot, ..Reading::default() };
    let (place, script) = dialogue(machine, args.device.as_ref(), &args.way, script, output)?;
    if let Some(failure) = &script.failure {
        return Err(stopped(&place, failure));
    }
    let hash = script.hash.unwrap_or(HashAlgorithm::Sha256);
    if let Some(path) = &args.pem {
        let chain = script.chains.first().map(|(_, chain)| chain.as_slice()).unwrap_or_default();
        let text = pem_of(chain, hash).map_err(|error| malformed(&place, &error))?;
        files::write(path, text.as_bytes(), "chain", output)?;
        return Ok(Exit::Ok);
    }
    let slots = script.chains.iter().map(|(slot, chain)| slot_json(*slot, chain, hash));
    let slots = slots.collect::<Result<Vec<_>, _>>().map_err(|error| malformed(&place, &error))?;
    if output.json() {
        output.print_json(&Json { schema: "lanewarden.certificates/1", slots })?;
    } else {
        output.print(&slots.iter().map(text).collect::<String>())?;
    }
    Ok(Exit::Ok)
}

pub(super) fn malformed(place: &str, error: &ChainError) -> Failure {
    Failure::new(Exit::Protocol, format!("{place}: {error}"))
}

/// The certificates in a chain.
pub(super) fn slot_json(slot: u8, chain: &[u8], hash: HashAlgorithm) -> Result<SlotJson, ChainError> {
    let parsed = Chain::parse(chain, Rules::responder(hash, None))?;
    let certificates = parsed.certificates().map(|certificate| certificate.map(|one| json(&one)));
    Ok(SlotJson { slot, chain_bytes: chain.len(), certificates: certificates.collect::<Result<_, _>>()? })
}

fn json(certificate: &Certificate<'_>) -> CertificateJson {
    CertificateJson {
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        valid_from_s: certificate.validity().not_before,
        valid_until_s: certificate.validity().not_after,
        serial_hex: crate::verb::attest::hex(certificate.serial()),
    }
}

/// The same for people.
pub(super) fn text(slot: &SlotJson) -> String {
    let count = slot.certificates.len();
    let mut text = format!("slot {}: {count} certificates, {} bytes\n", slot.slot, slot.chain_bytes);
    for certificate in &slot.certificates {
        let CertificateJson { subject, issuer, valid_until_s, .. } = certificate;
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {}", lanewarden_render::text::escape(subject));
        let issued = lanewarden_render::text::escape(issuer);
        let _ = writeln!(text, "    issued by {issued}, valid until {}", Moment(*valid_until_s));
    }
    text
}

/// The leaf first, as servers' chains are written.
fn pem_of(chain: &[u8], hash: HashAlgorithm) -> Result<String, ChainError> {
    let parsed = Chain::parse(chain, Rules::responder(hash, None))?;
    let certificates: Vec<_> = parsed.certificates().collect::<Result<_, _>>()?;
    Ok(certificates.iter().rev().filter_map(|certificate| pem::certificate(certificate.as_der())).collect())
}

#[derive(Default)]
struct Reading {
    wanted: Option<u8>,
    hash: Option<HashAlgorithm>,
    is_connected: bool,
    slots: Option<Vec<u8>>,
    /// The slot that is being read, and what has come of it.
    open: Option<(u8, Vec<u8>)>,
    chains: Vec<(u8, Vec<u8>)>,
    failure: Option<Stopped>,
}

impl Script<AwsLc> for Reading {
    fn next(&mut self, requester: &mut Speaker<AwsLc>) -> Option<Result<(), Error>> {
        if !self.is_connected {
            return Some(requester.connect());
        }
        self.hash = requester.connection().map(|connection| connection.hash);
        let Some(slots) = &mut self.slots else { return Some(requester.digests()) };
        let slot = slots.pop()?;
        self.open = Some((slot, Vec::new()));
        Some(requester.certificate(slot))
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Connected => self.is_connected = true,
            Event::Digests(digests) => {
                let holds = |slot: &u8| digests.digest(*slot).is_some();
                let wanted = |slot: &u8| self.wanted.is_none_or(|wanted| wanted == *slot);
                self.slots = Some((0..SLOTS).filter(holds).filter(wanted).rev().collect());
                if let Some(slot) = self.wanted.filter(|slot| !holds(slot)) {
                    self.failure = Some(Stopped::NoChain(slot));
                }
            }
            Event::Portion(portion) => {
                let Some((slot, mut chain)) = self.open.take() else { return };
                chain.extend_from_slice(portion.bytes);
                if portion.remainder == 0 {
                    self.chains.push((slot, chain));
                } else {
                    self.open = Some((slot, chain));
                }
            }
            _ => {}
        }
    }

    fn failed(&mut self, failure: Stopped) {
        self.failure = Some(failure);
    }

    fn is_over(&self) -> bool {
        self.failure.is_some()
    }

    fn subject(&self) -> &'static str {
        if self.is_connected { "certificates" } else { "negotiation" }
    }
}
