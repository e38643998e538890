//! Messages for people.

use std::fmt::{self, Write};
use std::time::Duration;

use crate::Message;
use crate::capture::Direction;
use crate::field::{Bytes, Field, Value, hex};
use crate::hexdump::hexdump;

/// Bytes of a field in a line.
const BYTES: usize = 32;
/// Bytes in the dump of a message, and of one that is malformed where no dump was asked for.
const DUMPED: usize = 4096;
const DUMPED_MALFORMED: usize = 256;
const INDENT: &str = "        ";

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// A line for each message; malformed ones with a dump.
    #[default]
    Line,
    /// The fields too.
    Fields,
    /// The bytes too.
    Bytes,
}

/// Shows messages, with times from the first one on.
#[derive(Clone, Debug, Default)]
pub struct Printer {
    verbosity: Verbosity,
    origin: Option<Duration>,
}

impl Printer {
    /// One that shows this much.
    #[must_use]
    pub const fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, origin: None }
    }

    /// A message as text: number, seconds since the first message, direction, name, and what it says, behind the session that it
    /// was in; fields and bytes
    /// below, indented. Ends without a line break.
    pub fn text(&mut self, message: &Message) -> String {
        let origin = *self.origin.get_or_insert(message.time);
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = head(&mut text, message, origin);
        if self.verbosity >= Verbosity::Fields {
            let _ = write_fields(&mut text, &message.fields, INDENT);
        }
        let most = match (self.verbosity, &message.error) {
            (Verbosity::Bytes, _) => DUMPED,
            (_, Some(_)) => DUMPED_MALFORMED,
            _ => 0,
        };
        if most > 0 {
            text.push_str(&hexdump(&message.bytes, most, INDENT));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn head(text: &mut String, message: &Message, origin: Duration) -> fmt::Result {
    let arrow = match message.direction {
        Some(Direction::ToResponder) => "->",
        Some(Direction::ToRequester) => "<-",
        None => "  ",
    };
    let name = match message.carried_by {
        Some(_) => format!("  {}", message.name),
        None => message.name.clone(),
    };
    let time = seconds(message.time, origin);
    write!(text, "{:>5} {time:>11} {arrow} {name:<23} ", message.number)?;
    if let (Some(session), Some(_)) = (message.session, message.carried_by) {
        write!(text, "[{session:#010x}] ")?;
    }
    text.push_str(&message.gist);
    if let Some(error) = &message.error {
        write!(text, "{}error: {error}", if message.gist.is_empty() { "" } else { "; " })?;
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(())
}

/// Seconds and microseconds from `origin`, which may lie later.
fn seconds(time: Duration, origin: Duration) -> String {
    let (sign, apart) = match time.checked_sub(origin) {
        Some(after) => ("", after),
        None => ("-", origin.saturating_sub(time)),
    };
    format!("{sign}{}.{:06}", apart.as_secs(), apart.subsec_micros())
}

fn write_fields(text: &mut String, fields: &[Field], indent: &str) -> fmt::Result {
    fields.iter().try_for_each(|field| {
        write!(text, "{indent}{}:", field.name.replace('_', " "))?;
        write_value(text, &field.value, indent)
    })
}

/// What follows a name and its colon.
fn write_value(text: &mut String, value: &Value, indent: &str) -> fmt::Result {
    let deeper = format!("{indent}    ");
    match value {
        Value::Group(fields) => {
            text.push('\n');
            write_fields(text, fields, &deeper)
        }
        Value::List(values) if values.iter().any(|value| matches!(value, Value::Group(_))) => {
            writeln!(text, " {}", values.len())?;
            values.iter().zip(1..).try_for_each(|(value, number)| {
                write!(text, "{indent}  {number}.")?;
                write_value(text, value, &format!("{indent}  "))
            })
        }
        Value::List(values) => {
            let values: Vec<_> = values.iter().map(short).collect();
            writeln!(text, " {}", if values.is_empty() { "none".to_owned() } else { values.join(", ") })
        }
        other => writeln!(text, " {}", short(other)),
    }
}

/// A value without fields of its own.
fn short(value: &Value) -> String {
    match value {
        Value::Nothing | Value::List(_) | Value::Group(_) => "-".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Mask(bits) => format!("{bits:#04x}"),
        Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => short_bytes(bytes),
    }
}

fn short_bytes(bytes: &Bytes) -> String {
    match bytes.start.get(..BYTES) {
        _ if bytes.length == 0 => "none".to_owned(),
        Some(start) if bytes.length > BYTES => format!("{}.. ({} bytes)", hex(start), bytes.length),
        _ => hex(&bytes.start),
    }
}
