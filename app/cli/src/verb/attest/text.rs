//! For people.

use std::fmt::Write;

use lanewarden_attestation::{MeasurementFact, Report, Verdict};
use lanewarden_spdm::Connection;
use lanewarden_spdm::certificate::{Chain, Rules};
use lanewarden_spdm::message::ValueType;

use super::Attested;
use crate::session::words as session_words;
use crate::table::Table;

/// Values longer than this are cut, unless everything is to be shown.
const SHORT: usize = 24;

fn words(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Trusted => "trusted",
        Verdict::Refused(_) => "refused",
        Verdict::CannotAttest(_) => "cannot attest",
    }
}

/// Many devices, a row each.
pub fn many(attested: &[Attested], verbose: u8) -> String {
    let mut table = Table::new(&["device", "name", "verdict", "spdm", "signs with", "why"]);
    for one in attested {
        let verdict = one.verdict();
        let connection = one.report.connection;
        table.row([
            one.place.clone(),
            one.name.clone(),
            words(&verdict).to_owned(),
            connection.map(|connection| connection.version.to_string()).unwrap_or_default(),
            signs_with(connection),
            verdict.reason().unwrap_or_default().to_owned(),
        ]);
    }
    let mut text = table.to_string();
    if verbose > 0 {
        for details in attested.iter().map(|one| self::one(one, verbose)) {
            text.push('\n');
            text.push_str(&details);
        }
    }
    text
}

/// How many came to what.
pub fn count(attested: &[Attested]) -> String {
    let verdicts: Vec<_> = attested.iter().map(Attested::verdict).collect();
    let count = |word: &str| verdicts.iter().filter(|verdict| words(verdict) == word).count();
    let counts = ["trusted", "refused", "cannot attest"].map(|word| format!("{} {word}", count(word)));
    counts.join(", ")
}

/// Its signatures and its hash.
pub fn signs_with(connection: Option<Connection>) -> String {
    let Some(connection) = connection else { return String::new() };
    let signature = connection.signature.map(|signature| format!("{signature}, ")).unwrap_or_default();
    format!("{signature}{}", connection.hash)
}

/// One device, a line each fact.
pub fn one(one: &Attested, verbose: u8) -> String {
    let (report, verdict) = (&one.report, one.verdict());
    let mut lines = Lines::default();
    lines.add("device", &format!("{} {}", one.place, one.name));
    lines.add("verdict", words(&verdict));
    if let Some(reason) = verdict.reason() {
        lines.add("why", reason);
    }
    if let Some(connection) = report.connection {
        let slot = report.slot;
        lines.add("spdm", &format!("{}, {}, slot {slot}", connection.version, signs_with(Some(connection))));
    }
    certificates(report, &mut lines, verbose);
    if let Some(proof) = &report.proof {
        lines.add("proof", "it holds the key of its certificate");
        if verbose > 0 {
            lines.add(
                "nonces",
                &format!("{} asked, {} answered", hex(&proof.requester_nonce), hex(&proof.responder_nonce)),
            );
        }
    }
    if let Some(session) = &report.session {
        lines.add("session", &session_words(session));
    }
    measurements(report, &mut lines, verbose);
    lines.into_text()
}

fn certificates(report: &Report, lines: &mut Lines, verbose: u8) {
    let Some(chain) = &report.chain else { return };
    if chain.is_remembered {
        lines.add("certificates", "known, and trusted before");
    }
    let rules = report.connection.map(|connection| Rules::responder(connection.hash, None));
    let parsed = rules.and_then(|rules| Chain::parse(&chain.bytes, rules).ok());
    for (index, certificate) in parsed.iter().flat_map(|chain| chain.certificates()).flatten().enumerate() {
        let issued = if index == 0 { "certificates" } else { "" };
        lines.add(issued, &certificate.subject().to_string());
    }
    if let Some(claimed) = &chain.claimed {
        lines.add("for", claimed);
    }
    let further = if verbose > 0 { chain.distrust.as_slice() } else { &[] };
    for reason in further {
        lines.add("distrust", &reason.to_string());
    }
}

fn measurements(report: &Report, lines: &mut Lines, verbose: u8) {
    let Some(measured) = &report.measurements else { return };
    let signed = if measured.is_signed { "signed" } else { "not signed" };
    lines.add("measurements", &format!("{}, {signed}", measured.blocks.len()));
    for block in &measured.blocks {
        lines.add("", &format!("{:3}  {:26} {}", block.index, kind(block), value(block, verbose)));
    }
}

/// What a measurement is of.
pub fn kind(fact: &MeasurementFact) -> String {
    fact.kind.map_or("other specification".into(), |kind| ValueType(kind).to_string())
}

/// Its value, as text where it is nothing else.
pub fn value(fact: &MeasurementFact, verbose: u8) -> String {
    let is_text =
        fact.is_raw && !fact.value.is_empty() && fact.value.iter().all(|byte| (b' '..=b'~').contains(byte));
    if is_text {
        return format!("{:?}", String::from_utf8_lossy(&fact.value));
    }
    let shown = fact.value.get(..SHORT).filter(|_| verbose == 0 && fact.value.len() > SHORT);
    match shown {
        Some(short) => format!("{}... ({} bytes)", hex(short), fact.value.len()),
        None => hex(&fact.value),
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Names and values in two columns. What is in them may come from a device and is escaped.
#[derive(Default)]
pub struct Lines(String);

impl Lines {
    /// The text.
    pub fn into_text(self) -> String {
        self.0
    }

    /// A line.
    pub fn add(&mut self, name: &str, value: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{name:13} {}", lanewarden_render::text::escape(value));
    }
}
