//! `spdm session`: a session, what was agreed on for it, and what is done in it.

mod document;

use std::collections::VecDeque;
use std::time::Duration;

use lanewarden_attestation::session::{Command, Course, Judge, Opening};
use lanewarden_attestation::{Dialogue, Failure as Stopped, settings};
use lanewarden_aws_lc::AwsLc;
use lanewarden_doe::Host;
use lanewarden_spdm::message::KeyOperation;
use lanewarden_spdm::requester::Settings;
use lanewarden_spdm::{Identities, Reason};

use super::{hold, psk};
use crate::args::{DeviceArgument, HexBytes, Session};
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::session::{binding, check};
use crate::trust::Basis;
use crate::verb::respond::device::Slots;

/// Opens it, does everything, ends it and prints.
pub fn run<M: Host>(machine: &M, args: &Session, own: Option<Vec<Vec<u8>>>, output: &Output) -> Outcome {
    check(&args.way)?;
    let (device, commands) = words(args)?;
    let psk = args.psk.as_ref().map(psk::read).transpose()?;
    // A pre-shared key takes no certificates, and nobody who judges them.
    let basis = if psk.is_some() { None } else { Some(Basis::load(&args.trust, own, output)?) };
    let trust = basis.as_ref().map(Basis::trust);
    let opening = match (psk, &trust) {
        (Some(psk), _) => Opening::Preshared(Some(psk)),
        (None, Some(trust)) => {
            Opening::Exchange(Box::new(Judge::new(AwsLc, trust, args.slot, args.untrusted)))
        }
        (None, None) => return Err(usage("nobody says whom to trust")),
    };
    let script = Course::new(opening, commands);
    match &args.identity {
        Some(folder) => meet(machine, device.as_ref(), args, Slots::load(folder, false)?, script, output),
        None => meet(machine, device.as_ref(), args, (), script, output),
    }
}

fn meet<M: Host, I: Identities>(
    machine: &M,
    device: Option<&DeviceArgument>,
    args: &Session,
    identities: I,
    script: Course<'_, AwsLc>,
    output: &Output,
) -> Outcome {
    let settings = Settings { binding: binding(args.way.transport), ..settings() };
    let talk = Dialogue::of(AwsLc, identities, settings, script);
    let talk = talk.with_time(args.keep.map_or(Duration::ZERO, |keep| keep.0));
    #[cfg(feature = "keylog")]
    let log = crate::keylog::KeyLogFile::create(args.keylog.as_deref())?;
    #[cfg(feature = "keylog")]
    let talk = talk.told_to(log.listener());
    let (place, script) = hold(machine, device, &args.way, talk, true, output)?;
    #[cfg(feature = "keylog")]
    log.finish()?;
    // What has come of it is shown, also where it has not come to its end.
    let shown = script.session().is_some();
    if shown && output.json() {
        output.print_json(&document::document(&place, &script)?)?;
    } else if shown {
        output.print(&document::text(&place, &script, output.verbose())?)?;
    }
    match script.failure() {
        Some(failure) => Err(stopped(&place, failure)),
        None => Ok(Exit::Ok),
    }
}

fn usage(message: &str) -> Failure {
    Failure::new(Exit::Usage, message)
}

/// The device, unless there is a socket, and what to do.
fn words(args: &Session) -> Result<(Option<DeviceArgument>, VecDeque<Command>), Failure> {
    let mut words = args.words.iter().map(String::as_str);
    let device = match args.way.connect {
        Some(_) => None,
        None => {
            let word = words.next().ok_or_else(|| usage("name a device, or --connect HOST:PORT"))?;
            let parsed = word.parse::<DeviceArgument>();
            Some(parsed.map_err(|error| usage(&format!("{word}: {error}")))?)
        }
    };
    let keep = args.keep.map(|keep| Command::Keep(keep.0));
    let mut commands: VecDeque<_> = keep
        .into_iter()
        .chain(args.update_keys.then_some(Command::UpdateKeys(KeyOperation::UpdateAllKeys)))
        .collect();
    while let Some(word) = words.next() {
        commands.push_back(match word {
            "certs" => Command::Certs,
            "measurements" => Command::Measurements,
            "heartbeat" => Command::Heartbeat,
            "update-keys" => Command::UpdateKeys(KeyOperation::UpdateAllKeys),
            "update-own-keys" => Command::UpdateKeys(KeyOperation::UpdateKey),
            "request" => Command::Request(message(words.next())?),
            _ => {
                return Err(usage(&format!("{word} is nothing to do in a session")).hint(
                    "there are certs, measurements, heartbeat, update-keys, update-own-keys and request HEX",
                ));
            }
        });
    }
    Ok((device, commands))
}

pub fn message(word: Option<&str>) -> Result<Vec<u8>, Failure> {
    let word = word.ok_or_else(|| usage("request: the message in hexadecimal is missing"))?;
    let HexBytes(bytes) = word.parse().map_err(|error| usage(&format!("request {word}: {error}")))?;
    if bytes.len() < 4 {
        return Err(usage("a message has four bytes at least: version, code, and two parameters"));
    }
    Ok(bytes)
}

fn stopped(place: &str, failure: &Stopped) -> Failure {
    let stopped = super::stopped(place, failure);
    let hint = match failure {
        Stopped::Untrusted(_) => "--anchors names whom to trust; --untrusted opens the session all the same",
        Stopped::Spdm(error) => match error.reason {
            Reason::Incapable(what) if what.contains("KEY_EX_CAP") => {
                "a device without it may have pre-shared keys: --psk HINT:FILE"
            }
            Reason::Incapable(what) if what.contains("(PSK_CAP)") => {
                "without --psk keys are exchanged, where the device can do that"
            }
            Reason::WrongVerifyData => "with --psk: is the key in the file the one that the device has?",
            Reason::SessionLost(_) => "it was reset, or was not heard from for too long; open another one",
            _ => return stopped,
        },
        _ => return stopped,
    };
    stopped.hint(hint)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Arguments, Spdm, Verb};

    fn parse(line: &str) -> Result<(Option<DeviceArgument>, Vec<Command>), String> {
        let line = format!("lanewarden spdm session {line}");
        let Verb::Spdm(Spdm::Session(args)) = Arguments::try_parse_from(line.split(' ')).unwrap().verb else {
            panic!("{line}");
        };
        let (device, commands) = words(&args).map_err(|failure| failure.message)?;
        Ok((device, commands.into()))
    }

    #[test]
    fn commands_are_done_in_the_order_of_the_words() {
        let (device, commands) = parse("0d:00.0 certs request 13e80000 measurements").unwrap();
        assert_eq!(device, Some("0d:00.0".parse().unwrap()));
        assert_eq!(
            commands,
            [Command::Certs, Command::Request(vec![0x13, 0xe8, 0, 0]), Command::Measurements]
        );
        let (device, commands) =
            parse("--connect h:1 --keep 2s --update-keys heartbeat update-own-keys").unwrap();
        assert_eq!(device, None);
        let keep = Command::Keep(Duration::from_secs(2));
        let update = Command::UpdateKeys;
        let (all, own) = (update(KeyOperation::UpdateAllKeys), update(KeyOperation::UpdateKey));
        assert_eq!(commands, [keep, all, Command::Heartbeat, own]);
    }

    #[test]
    fn words_that_are_no_command_are_refused() {
        for wrong in
            ["certs", "0d:00.0 cert", "0d:00.0 request", "0d:00.0 request 13", "--connect h:1 0d:00.0"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
