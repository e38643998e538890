//! What came of it, for people and for programs.

use lanewarden_attestation::session::{Course, Done, Judge};
use lanewarden_aws_lc::AwsLc;
use lanewarden_spdm::crypto::HashAlgorithm;
use serde::Serialize;

use super::super::{certs, measurements};
use crate::dump::hexadecimal;
use crate::exit::Failure;
use crate::session::{SessionJson, words};
use crate::verb::attest::{Lines, Measurement, hex, signs_with};

#[derive(Serialize)]
pub struct Document {
    schema: &'static str,
    sessions: [Session; 1],
}

#[derive(Serialize)]
struct Session {
    address: String,
    spdm_version: Option<String>,
    hash_algorithm: Option<&'static str>,
    signature_algorithm: Option<&'static str>,
    preshared_key: bool,
    slot: Option<u8>,
    trusted: Option<bool>,
    distrust: Option<String>,
    #[serde(flatten)]
    session: Option<SessionJson>,
    reason: Option<String>,
    results: Vec<Result_>,
}

#[derive(Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
enum Result_ {
    Keep { kept_ms: u128, heartbeats: u32 },
    Certs(certs::SlotJson),
    Measurements { signed: bool, measurements: Vec<Measurement> },
    Heartbeat {},
    UpdateKeys {},
    Request { message_hex: String },
    Refused { reason: String },
}

/// The object.
pub fn document(place: &str, script: &Course<'_, AwsLc>) -> Result<Document, Failure> {
    let (connection, judge) = (script.connection(), script.judge());
    let results = script.done().iter().map(|done| result(place, script, done));
    let session = Session {
        address: place.to_owned(),
        spdm_version: connection.map(|connection| connection.version.to_string()),
        hash_algorithm: connection.map(|connection| connection.hash.name()),
        signature_algorithm: connection.and_then(|connection| connection.signature.map(|one| one.name())),
        preshared_key: judge.is_none(),
        slot: judge.map(Judge::slot),
        trusted: judge.map(|judge| judge.distrust().is_none()),
        distrust: judge.and_then(|judge| judge.distrust().map(|why| why.to_string())),
        session: script.session().map(Into::into),
        reason: script.failure().map(ToString::to_string),
        results: results.collect::<Result<_, _>>()?,
    };
    Ok(Document { schema: "lanewarden.session/1", sessions: [session] })
}

fn result(place: &str, script: &Course<'_, AwsLc>, done: &Done) -> Result<Result_, Failure> {
    Ok(match done {
        Done::Kept(time, heartbeats) => Result_::Keep { kept_ms: time.as_millis(), heartbeats: *heartbeats },
        Done::Certs(chain) => Result_::Certs(certificates(place, script, chain)?),
        Done::Measurements(blocks, signed) => {
            Result_::Measurements { signed: *signed, measurements: blocks.iter().map(Into::into).collect() }
        }
        Done::Alive => Result_::Heartbeat {},
        Done::Renewed => Result_::UpdateKeys {},
        Done::Answer(answer) => Result_::Request { message_hex: hex(answer) },
        Done::Refused(failure) => Result_::Refused { reason: failure.to_string() },
    })
}

fn certificates(place: &str, script: &Course<'_, AwsLc>, chain: &[u8]) -> Result<certs::SlotJson, Failure> {
    let hash = script.connection().map_or(HashAlgorithm::Sha256, |connection| connection.hash);
    let slot = script.judge().map_or(0, Judge::slot);
    certs::slot_json(slot, chain, hash).map_err(|error| certs::malformed(place, &error))
}

/// For people: what was agreed on, and then what came of each command.
pub fn text(place: &str, script: &Course<'_, AwsLc>, verbose: u8) -> Result<String, Failure> {
    let mut lines = Lines::default();
    lines.add("device", place);
    if let Some(connection) = script.connection() {
        lines.add("spdm", &format!("{}, {}", connection.version, signs_with(Some(connection))));
    }
    lines.add("opened with", &opened_with(script));
    if let Some(session) = script.session() {
        lines.add("session", &format!("{:08x}, {}", session.id, words(session)));
        if !session.heartbeat.is_zero() {
            lines.add("heartbeat", &format!("within {} s", session.heartbeat.as_secs()));
        }
        if let Some(summary) = session.summary {
            lines.add("summary", &hex(summary.as_bytes()));
        }
    }
    let mut text = lines.into_text();
    for done in script.done() {
        text.push_str(&said(place, script, done, verbose)?);
    }
    let end = match script.session() {
        Some(session) if session.is_ended => "ended\n",
        Some(session) if session.is_open => "not ended in good order\n",
        _ => "not opened\n",
    };
    text.push_str(end);
    Ok(text)
}

fn opened_with(script: &Course<'_, AwsLc>) -> String {
    let Some(judge) = script.judge() else { return "a pre-shared key".into() };
    let slot = judge.slot();
    match judge.distrust() {
        None => format!("the key of slot {slot}, whose chain is trusted"),
        Some(why) => format!("the key of slot {slot}, whose chain is not trusted: {why}"),
    }
}

fn said(place: &str, script: &Course<'_, AwsLc>, done: &Done, verbose: u8) -> Result<String, Failure> {
    Ok(match done {
        Done::Kept(time, heartbeats) => format!("kept open for {time:?}, {heartbeats} heartbeats\n"),
        Done::Certs(chain) => certs::text(&certificates(place, script, chain)?),
        Done::Measurements(blocks, signed) => {
            let signed = if *signed { "signed" } else { "not signed" };
            format!("measurements, {signed}\n{}", measurements::text(blocks, verbose))
        }
        Done::Alive => "heartbeat answered\n".into(),
        Done::Renewed => "keys replaced\n".into(),
        Done::Refused(failure) => format!("refused: {failure}\n"),
        Done::Answer(answer) => format!("answer of {} bytes\n{}", answer.len(), hexadecimal(answer)),
    })
}
