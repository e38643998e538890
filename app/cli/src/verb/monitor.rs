//! `monitor`: what happens at a daemon, as it happens.

use lanewarden_ipc::CallError;
use lanewarden_ipc::status::{Event, Monitor};
use lanewarden_render::text::escape;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::reach;
use crate::remote::Remote;

#[derive(Serialize)]
struct Json<'e> {
    schema: &'static str,
    #[serde(flatten)]
    event: &'e Event,
}

/// Why following ends.
enum Ended {
    Call(CallError),
    Here(Failure),
}

impl From<CallError> for Ended {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// Prints a line for each event until the daemon or the reader ends.
pub fn run(daemon: &Remote, output: &Output) -> Outcome {
    let mut numbers = Numbers::default();
    let followed = daemon.call_for_more(&Monitor {}, None, |events| {
        let lines = events.events.iter().map(|event| line(event, numbers.missed(event), output));
        let lines: Result<String, Failure> = lines.collect();
        output.print(&lines.map_err(Ended::Here)?).map_err(Ended::Here)
    });
    match followed {
        Ok(()) => Ok(Exit::Ok),
        Err(Ended::Here(failure)) => Err(failure),
        Err(Ended::Call(CallError::Closed)) => Err(Failure::new(Exit::Failure, "the daemon has ended")
            .hint("`lanewarden status` shows whether it is back")),
        Err(Ended::Call(error)) => Err(reach::refused(&error)),
    }
}

/// Which event comes next, where any has come.
#[derive(Default)]
struct Numbers(Option<u64>);

impl Numbers {
    /// How many events are missing before this one.
    fn missed(&mut self, event: &Event) -> u64 {
        let expected = self.0.replace(event.number.saturating_add(1));
        expected.map_or(0, |expected| event.number.saturating_sub(expected))
    }
}

fn line(event: &Event, missed: u64, output: &Output) -> Result<String, Failure> {
    if !output.json() {
        return Ok(text(event, missed));
    }
    let json = serde_json::to_string(&Json { schema: "lanewarden.event/1", event });
    json.map(|line| line + "\n").map_err(|error| Failure::new(Exit::Failure, error))
}

/// For people. Programs see by the numbers that some are missing.
fn text(event: &Event, missed: u64) -> String {
    let gap = if missed > 0 { format!("            {missed} events were dropped\n") } else { String::new() };
    let (seconds, millis) = (event.time_ms / 1000, event.time_ms % 1000);
    let part = |name: &str, value: Option<String>| value.map(|value| format!(" {name}{}", escape(&value)));
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let parts = [
        part("", event.address.clone()),
        event.mailbox.map(|offset| format!(" [{offset:03x}]")),
        part("", event.protocol.clone()),
        part("client ", number(event.client)),
        part("user ", number(event.user.map(Into::into))),
        part("process ", number(event.process.map(Into::into))),
        part("request ", number(event.request)),
        part("generation ", number(event.generation)),
        event.reason.as_deref().map(|reason| format!(": {}", escape(reason))),
    ];
    let parts: String = parts.into_iter().flatten().collect();
    format!("{gap}{seconds:7}.{millis:03} {:12}{parts}\n", escape(&event.event))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64) -> Event {
        let reason = Some("others waited \u{1b}[2J".to_owned());
        let address = Some("0000:0d:00.0".to_owned());
        let (mailbox, client) = (Some(0x190), Some(3));
        Event {
            number,
            time_ms: 61_007,
            event: "lost".into(),
            address,
            mailbox,
            client,
            reason,
            ..Event::default()
        }
    }

    #[test]
    fn an_event_is_a_line_that_cannot_command_the_terminal() {
        let line = text(&event(1), 0);
        assert_eq!(line, "     61.007 lost         0000:0d:00.0 [190] client 3: others waited \\x1b[2J\n");
    }

    #[test]
    fn events_that_were_dropped_are_told() {
        let mut numbers = Numbers::default();
        assert_eq!([7, 8, 11, 12].map(|number| numbers.missed(&event(number))), [0, 0, 2, 0]);
        assert!(text(&event(11), 2).starts_with("            2 events were dropped\n"));
    }

    #[test]
    fn an_event_for_programs_is_an_object_in_a_line() {
        let line = line(&event(1), 5, &Output::new(true, 0)).unwrap();
        assert_eq!(line.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&value["schema"], &value["mailbox"]), (&"lanewarden.event/1".into(), &0x190.into()));
    }
}
