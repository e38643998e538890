//! What happens to a device in low power, a line for each.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lanewarden_linux::vfio::Power;
use lanewarden_pci::Address;
use serde::Serialize;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Low power was engaged, and the device sleeps.
    Asleep,
    /// Low power was engaged, and the device has not gone to sleep since.
    Engaged,
    /// The device was woken, and low power has ended.
    Woken,
    /// Low power was left.
    Left,
}

/// One event.
#[derive(Debug, Serialize)]
pub struct Event {
    schema: &'static str,
    address: String,
    event: Kind,
    /// Of the system's clock.
    unix_time_ms: u128,
    /// How many wake-ups there were up to now.
    wakes: u64,
    runtime_status: Option<String>,
    power_state: Option<String>,
}

impl Event {
    /// An event of this moment, with what the kernel shows.
    pub fn new(address: Address, event: Kind, wakes: u64, power: Power) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::at(now, address, event, wakes, power)
    }

    fn at(now: Duration, address: Address, event: Kind, wakes: u64, power: Power) -> Self {
        Self {
            schema: "lanewarden.low-power-event/1",
            address: address.to_string(),
            event,
            unix_time_ms: now.as_millis(),
            wakes,
            runtime_status: power.runtime_status,
            power_state: power.power_state,
        }
    }

    /// For people: the time of day, what happened, and what the kernel shows.
    pub fn text(&self) -> String {
        let what = match self.event {
            Kind::Asleep => "asleep".to_owned(),
            Kind::Engaged => "low power engaged, not asleep yet".to_owned(),
            Kind::Woken => format!("woken (wake {})", self.wakes),
            Kind::Left => "low power left".to_owned(),
        };
        let shown = |value: &Option<String>| {
            lanewarden_render::text::escape(value.as_deref().unwrap_or("?")).into_owned()
        };
        let (status, state) = (shown(&self.runtime_status), shown(&self.power_state));
        format!("{}  {}  {what}: {status}, {state}\n", time_of_day(self.unix_time_ms), self.address)
    }
}

/// In UTC.
fn time_of_day(unix_time_ms: u128) -> String {
    let ms = unix_time_ms % 86_400_000;
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: Kind, power: Power) -> Event {
        let now = Duration::from_millis(1_700_000_000_123);
        Event::at(now, "0000:41:00.0".parse().unwrap(), kind, 2, power)
    }

    #[test]
    fn a_wake_up_is_one_line_with_its_time_and_what_the_kernel_shows() {
        let power = Power { runtime_status: Some("active".into()), power_state: Some("D0".into()) };
        let woken = event(Kind::Woken, power);
        assert_eq!(woken.text(), "22:13:20.123Z  0000:41:00.0  woken (wake 2): active, D0\n");
        assert_eq!(
            serde_json::to_string(&woken).unwrap(),
            r#"{"schema":"lanewarden.low-power-event/1","address":"0000:41:00.0","event":"woken","unix_time_ms":1700000000123,"wakes":2,"runtime_status":"active","power_state":"D0"}"#
        );
    }

    #[test]
    fn what_the_kernel_does_not_show_is_left_open() {
        let text = event(Kind::Engaged, Power::default()).text();
        assert!(text.ends_with("low power engaged, not asleep yet: ?, ?\n"), "{text}");
    }
}
