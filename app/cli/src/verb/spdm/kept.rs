//! `spdm keep` and `spdm kept`: sessions that a daemon keeps, each named by a key in the kernel's keyring.

use lanewarden_ipc::session::{End, List, Open, Renew, Send, Session};
use lanewarden_ipc::{Base64, CallError, Fault};
use lanewarden_render::text::escape;
use serde::Serialize;

use super::{session, spdm_mailbox};
use crate::args::{Keep, Kept, Sharing};
use crate::dump::hexadecimal;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::reach;
use crate::remote::Remote;
use crate::table::Table;
use crate::verb::attest::hex;
use crate::verb::{function_with_mailbox, resolve, the_mailbox};

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    sessions: Vec<Session>,
}

#[derive(Serialize)]
struct ResultsJson {
    schema: &'static str,
    results: Vec<ResultJson>,
}

#[derive(Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
enum ResultJson {
    UpdateKeys {},
    Request { message_hex: String },
    End {},
}

/// What to do in a session that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Command {
    UpdateKeys,
    Request(Vec<u8>),
    End,
}

/// Has the daemon open a session and keep it.
pub fn keep(daemon: &Remote, keep: &Keep, output: &Output) -> Outcome {
    let function = function_with_mailbox(daemon, resolve(daemon, &keep.device)?)?;
    let address = function.address;
    let mailbox = match keep.mailbox {
        Some(_) => the_mailbox(&function, keep.mailbox)?.0.offset,
        None => spdm_mailbox(daemon, &function, Sharing { unsafe_shared: false }, true, output)?.0.offset,
    };
    let open = Open { address, generation: None, mailbox, connection: keep.connection };
    let opened = daemon.call(&open).map_err(|error| failure(&address.to_string(), &error))?;
    print(vec![opened.session], output)
}

/// Lists the sessions that are kept, or does something in one.
pub fn kept(daemon: &Remote, kept: &Kept, output: &Output) -> Outcome {
    let Some(key) = kept.key else {
        let sessions = daemon.call(&List {}).map_err(|error| reach::refused(&error))?.sessions;
        return print(sessions, output);
    };
    let commands = commands(&kept.commands)?;
    if commands.is_empty() {
        let sessions = daemon.call(&List {}).map_err(|error| reach::refused(&error))?.sessions;
        return print(sessions.into_iter().filter(|session| session.key == key).collect(), output);
    }
    let mut results = Vec::new();
    for command in commands {
        let done =
            carry_out(daemon, key, command).map_err(|error| failure(&format!("session {key}"), &error))?;
        if !output.json() {
            output.print(&text(&done))?;
        }
        results.push(done);
    }
    if output.json() {
        let results: Vec<_> = results.into_iter().map(Into::into).collect();
        output.print_json(&ResultsJson { schema: "lanewarden.kept-results/1", results })?;
    }
    Ok(Exit::Ok)
}

/// What came of a command.
enum Done {
    Renewed,
    Answer(Vec<u8>),
    Ended,
}

fn carry_out(daemon: &Remote, key: i32, command: Command) -> Result<Done, CallError> {
    Ok(match command {
        Command::UpdateKeys => daemon.call(&Renew { key }).map(|_| Done::Renewed)?,
        Command::Request(message) => {
            let answer = daemon.call(&Send { key, message: Base64(message) })?;
            Done::Answer(answer.message.0)
        }
        Command::End => daemon.call(&End { key }).map(|_| Done::Ended)?,
    })
}

impl From<Done> for ResultJson {
    fn from(done: Done) -> Self {
        match done {
            Done::Renewed => Self::UpdateKeys {},
            Done::Answer(answer) => Self::Request { message_hex: hex(&answer) },
            Done::Ended => Self::End {},
        }
    }
}

fn text(done: &Done) -> String {
    match done {
        Done::Renewed => "keys replaced\n".to_owned(),
        Done::Answer(answer) => format!("answer of {} bytes\n{}", answer.len(), hexadecimal(answer)),
        Done::Ended => "ended\n".to_owned(),
    }
}

fn commands(words: &[String]) -> Result<Vec<Command>, Failure> {
    let mut words = words.iter().map(String::as_str);
    let mut commands = Vec::new();
    while let Some(word) = words.next() {
        commands.push(match word {
            "update-keys" => Command::UpdateKeys,
            "request" => Command::Request(session::message(words.next())?),
            "end" => Command::End,
            _ => {
                let message = format!("{word} is nothing to do in a session that is kept");
                let hint = "there are update-keys, request HEX and end";
                return Err(Failure::new(Exit::Usage, message).hint(hint));
            }
        });
    }
    Ok(commands)
}

fn print(sessions: Vec<Session>, output: &Output) -> Outcome {
    if output.json() {
        output.print_json(&Json { schema: "lanewarden.kept/1", sessions })?;
    } else if sessions.is_empty() {
        output.note("no session is kept");
    } else {
        output.print(&table(&sessions))?;
    }
    Ok(Exit::Ok)
}

fn table(sessions: &[Session]) -> String {
    let mut table = Table::new(&["key", "device", "mailbox", "session", "secured with", "user"]);
    for session in sessions {
        let parts = [&session.secured_version, &session.key_exchange_group, &session.cipher];
        let secured: Vec<_> = parts.into_iter().flatten().map(|part| escape(part).to_string()).collect();
        table.row([
            session.key.to_string(),
            session.address.to_string(),
            format!("{:03x}", session.mailbox),
            format!("{:08x}", session.session_id),
            secured.join(", "),
            session.user.map(|user| user.to_string()).unwrap_or_default(),
        ]);
    }
    table.to_string()
}

fn failure(place: &str, error: &CallError) -> Failure {
    let (exit, hint) = match error {
        CallError::Fault(Fault::PermissionDenied) => (
            Exit::Refused,
            "a rule of the daemon's policy has to allow `session`; lanewarden-daemon(1) says how",
        ),
        CallError::Fault(Fault::SessionEnded(_)) => {
            (Exit::NotFound, "`lanewarden spdm kept` lists those that there are")
        }
        CallError::Fault(Fault::NotDone(_)) => {
            (Exit::Unverified, "`lanewarden attest` shows whether the device is trusted and what it can do")
        }
        other => return reach::refused(other),
    };
    Failure::new(exit, format!("{place}: {error}")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_their_order() {
        let words = ["request", "13e80000", "update-keys", "end"].map(ToOwned::to_owned);
        let expected = [Command::Request(vec![0x13, 0xe8, 0, 0]), Command::UpdateKeys, Command::End];
        assert_eq!(commands(&words).unwrap(), expected);
        assert!(commands(&["certs".to_owned()]).is_err());
        assert!(commands(&["request".to_owned()]).is_err());
    }
}
