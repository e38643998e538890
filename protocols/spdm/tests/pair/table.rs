//! Every code in every state, on both sides, as one table that a person can read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lanewarden_spdm::message::{Code, ErrorCode, Registry, VendorMessage};
use lanewarden_spdm::requester::{ChallengeRequest, Event, MeasurementRequest, Requester, Step};
use lanewarden_spdm::responder::{Context, Parts, Responder, VendorHandler};
use lanewarden_spdm::{Instant, message};

use lanewarden_spdm::binding::MessageKind;

use crate::support::*;

struct Long;

impl VendorHandler for Long {
    fn handle(
        &mut self,
        _: Context,
        _: Registry<'_>,
        _: &[u8],
        answer: &mut [u8],
    ) -> Result<usize, ErrorCode> {
        answer[..200].fill(0xaa);
        Ok(200)
    }
}

type Talker = Responder<Parts<<AwsLcKit as Kit>::Provider, Device, Firmware, Long>, Vec<u8>>;

const PHASES: [&str; 7] = [
    "start",
    "after VERSION",
    "after CAPABILITIES",
    "connected",
    "answer held in chunks",
    "signature pending",
    "request coming in chunks",
];

/// A responder of 1.1 to 1.3 in that phase, with 1.2 chosen where one is.
fn responder_in(phase: usize) -> Talker {
    let identities = Device::new::<AwsLcKit>(P256, &[0]).slow(if phase == 5 { 100 } else { 0 });
    let parts = made(AwsLcKit::provider(), identities, Firmware::default(), Long);
    let settings = responder::Settings {
        versions: Versions::between(Version::V1_1, Version::V1_3),
        transfer_size: 64,
        ..Default::default()
    };
    let mut responder = Responder::new(parts, settings, vec![0; 0x800]);
    let mut offer = vec![0x12, 0xe3, 0, 0, 32, 0, 1, 2, 0x10, 0, 0, 0, 1, 0, 0, 0];
    offer.resize(32, 0);
    let steps = [
        vec![0x10, 0x84, 0, 0],
        vec![0x12, 0xe1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 42, 0, 0, 0, 0, 8, 0, 0],
        offer,
    ];
    for step in &steps[..phase.min(3)] {
        responder.told(step).unwrap();
    }
    let last: &[u8] = match phase {
        4 => &[0x12, 0xfe, 0, 0, 3, 0, 0, 0, 0],
        5 => &[&[0x12, 0x83, 0, 0][..], &[7; 32]].concat(),
        6 => &[&[0x12, 0x85, 0, 3, 0, 0, 0, 0, 48, 0, 0, 0, 71, 0, 0, 0][..], &[7; 48]].concat(),
        _ => return responder,
    };
    responder.told(last).unwrap();
    responder
}

/// A well-formed request of that code, as far as there is a form.
pub fn request(version: u8, code: u8) -> Vec<u8> {
    let body: Vec<u8> = match code {
        0x82 => vec![0, 0, 9, 0],
        0x83 => vec![7; if version >= 0x13 { 40 } else { 32 }],
        0x85 => [&[0, 0, 0, 0, 48, 0, 0, 0, 71, 0, 0, 0][..], &[7; 48]].concat(),
        0x86 => vec![0, 0],
        0xe0 if version >= 0x13 => vec![0; 8],
        0xe1 => vec![0, 0, 0, 0, 0, 0, 2, 0, 42, 0, 0, 0, 0, 8, 0, 0][..if version >= 0x12 { 16 } else { 8 }]
            .to_vec(),
        0xe3 => [&[32, 0, 1, 2, 0x10, 0, 0, 0, 1, 0, 0, 0][..], &[0; 16]].concat(),
        0xfe => vec![3, 0, 0, 0, 0],
        _ => vec![],
    };
    let param2 = if code == 0x86 { 1 } else { 0 };
    let param2 = if code == 0xe0 { 0xff } else { param2 };
    // RESPOND_IF_READY calls for the challenge, by the token that it was put off with.
    let (param1, param2) = if code == 0xff { (0x83, 1) } else { (0, param2) };
    [&[version, code, param1, param2][..], &body].concat()
}

pub fn outcome(answer: Option<&[u8]>) -> String {
    let Some(answer) = answer else { return "no answer".into() };
    let version = Version::from_byte(answer[0]).map_or_else(|| "?".into(), |version| version.to_string());
    if answer[1] == 0x7f {
        let data = if answer[3] == 0 { String::new() } else { " and names it".into() };
        format!("{version} {}{data}", ErrorCode(answer[2]))
    } else {
        format!("{version} {}", Code(answer[1]))
    }
}

#[test]
fn every_request_in_every_phase_of_a_responder_has_its_answer() {
    let mut table = String::new();
    for (phase, name) in PHASES.iter().enumerate() {
        writeln!(table, "{name}").unwrap();
        // Codes with the same outcome for the same versions stand in one line.
        let mut lines: BTreeMap<String, Vec<(u8, u8)>> = BTreeMap::new();
        for version in [0x00, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0xff] {
            for code in 0..=0xff {
                let mut responder = responder_in(phase);
                let outcome = outcome(responder.told(&request(version, code)).as_deref());
                lines.entry(outcome).or_default().push((version, code));
            }
        }
        for (outcome, met) in lines {
            let mut versions: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
            let mut by_version: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
            for (version, code) in met {
                by_version.entry(version).or_default().push(code);
            }
            for (version, codes) in by_version {
                versions.entry(codes).or_default().push(version);
            }
            for (codes, of) in versions {
                writeln!(table, "  {outcome}: {} of {of:02x?}", spans(&codes)).unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

/// Names where there are few, spans of bytes where there are many.
pub fn spans(codes: &[u8]) -> String {
    if codes.len() <= 4 {
        return codes.iter().map(|code| Code(*code).to_string()).collect::<Vec<_>>().join(", ");
    }
    let mut spans: Vec<(u8, u8)> = Vec::new();
    for code in codes {
        match spans.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(*code) => *end = *code,
            _ => spans.push((*code, *code)),
        }
    }
    let shown = |(start, end): &(u8, u8)| {
        if start == end { format!("{start:02x}") } else { format!("{start:02x}..{end:02x}") }
    };
    spans.iter().map(shown).collect::<Vec<_>>().join(" ")
}

type Asker = Requester<requester::Parts<<AwsLcKit as Kit>::Provider>, Vec<u8>>;

const ASKED: [&str; 11] = [
    "nothing",
    "GET_VERSION",
    "GET_CAPABILITIES",
    "NEGOTIATE_ALGORITHMS",
    "GET_DIGESTS",
    "GET_CERTIFICATE",
    "CHALLENGE",
    "GET_MEASUREMENTS",
    "VENDOR_DEFINED_REQUEST",
    "CHUNK_SEND",
    "CHUNK_GET",
];

/// A requester that has asked that, in 1.2.
fn requester_that_asked(asked: usize) -> Asker {
    let device = Device::new::<AwsLcKit>(P256, &[0]);
    let settings = responder::Settings { transfer_size: 64, ..Default::default() };
    let mut responder = device.responder::<AwsLcKit>(settings, 0x2000);
    let mut client = Client::<AwsLcKit>::new(only(Version::V1_2), 0x2000);
    let mut wire = |message: &[u8]| responder.say(message);
    if asked > 3 {
        client.meet(&[0], &mut wire).unwrap();
    }
    let mut requester = client.requester;
    let short = VendorMessage { registry: Registry::PCI_SIG_PROTOCOLS, payload: &[1; 8] };
    let long = VendorMessage { payload: &[1; 80], ..short };
    match asked {
        0 => return requester,
        1..=3 => requester.connect().unwrap(),
        4 | 10 => requester.digests().unwrap(),
        5 => requester.certificate(0).unwrap(),
        6 => requester.challenge(ChallengeRequest::default()).unwrap(),
        7 => requester.measurements(MeasurementRequest::all_signed(0)).unwrap(),
        8 => requester.vendor(&short).unwrap(),
        _ => requester.vendor(&long).unwrap(),
    }
    let before = if asked <= 3 { asked - 1 } else { 0 };
    for _ in 0..before {
        let Step::Send { message, .. } = requester.poll(Instant::ORIGIN).unwrap() else { panic!("it asks") };
        let mut answer = responder.say(message);
        requester.receive(Instant::ORIGIN, MessageKind::Plain, &mut answer).unwrap();
    }
    requester.poll(Instant::ORIGIN).unwrap();
    if asked == 10 {
        requester.receive(Instant::ORIGIN, MessageKind::Plain, &mut [0x12, 0x7f, 0x0f, 0, 1]).unwrap();
        requester.poll(Instant::ORIGIN).unwrap();
    }
    requester
}

/// A bare answer is enough to see whether its code is taken; what is taken is then malformed.
pub fn meaning(result: Result<Event<'_>, Error>) -> String {
    match result {
        Ok(event) => format!("{event:?}").split(['(', ' ']).next().unwrap().to_owned(),
        Err(error) => match error.reason {
            Reason::Refused(_) => "refused by the device".into(),
            Reason::WrongResponse(_) => "no answer to it".into(),
            Reason::WrongVersion(_) => "another version".into(),
            Reason::Malformed(message::Malformed::Short) => "cut short".into(),
            reason => format!("{:?}: {reason}", error.blame()),
        },
    }
}

#[test]
fn every_answer_in_every_state_of_a_requester_has_its_meaning() {
    let mut table = String::new();
    for (asked, name) in ASKED.iter().enumerate() {
        writeln!(table, "{name} was asked").unwrap();
        for version in [0x00, 0x10, 0x11, 0x12, 0x13] {
            let mut lines: BTreeMap<String, Vec<u8>> = BTreeMap::new();
            for code in (0..=0xff).filter(|code| *code != 0x7f) {
                let mut requester = requester_that_asked(asked);
                let meaning = meaning(requester.receive(
                    Instant::ORIGIN,
                    MessageKind::Plain,
                    &mut [version, code, 0, 0],
                ));
                lines.entry(meaning).or_default().push(code);
            }
            for (meaning, codes) in lines {
                writeln!(table, "  {version:02x} {meaning}: {}", spans(&codes)).unwrap();
            }
        }
        let mut lines: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for error in 0..=0xff {
            let version = if (1..=2).contains(&asked) && asked == 1 { 0x10 } else { 0x12 };
            let mut requester = requester_that_asked(asked);
            let meaning = meaning(requester.receive(
                Instant::ORIGIN,
                MessageKind::Plain,
                &mut [version, 0x7f, error, 0],
            ));
            lines.entry(meaning).or_default().push(error);
        }
        for (meaning, codes) in lines {
            let names = codes.iter().map(|code| ErrorCode(*code).to_string()).collect::<Vec<_>>();
            let names = if codes.len() > 4 { format!("{} errors", codes.len()) } else { names.join(", ") };
            writeln!(table, "  ERROR {meaning}: {names}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
