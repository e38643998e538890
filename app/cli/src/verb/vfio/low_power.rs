//! `vfio low-power`: asked for, entered, left, watched.
//!
//! Low power lasts as long as the process that has entered it, so `enter` and `watch` stay. A process that is killed
//! leaves nothing behind: the kernel closes the device, and wakes it.

use std::time::{Duration, Instant};

use lanewarden_linux::vfio::{Device, Feature, FeatureError, Host, LowPower as _, Operation, Wakeup};
use lanewarden_pci::Address;
use serde::Serialize;

use super::event::{Event, Kind};
use crate::args::{DeviceArgument, Enter, LowPower, Watch};
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::table::Table;

/// How long a device may take to fall asleep before it is said that it does not.
const FALLING_ASLEEP: Duration = Duration::from_secs(1);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(5);

/// Does what the command line says.
pub fn run(
    host: &Host,
    args: &LowPower,
    resolve: impl Fn(&DeviceArgument) -> Result<Address, Failure>,
    output: &Output,
) -> Outcome {
    match args {
        LowPower::Probe { device } => probe(&open(host, resolve(device)?)?, output),
        LowPower::Enter(args) => {
            let address = resolve(&args.device)?;
            if args.dry_run {
                rehearse(host, address, "entered", output)
            } else {
                enter(host, address, args, output)
            }
        }
        LowPower::Exit { device, dry_run: true } => rehearse(host, resolve(device)?, "ended", output),
        LowPower::Exit { device, .. } => {
            let session = Session::open(host, resolve(device)?, output)?;
            session.leave()
        }
        LowPower::Watch(args) => {
            let address = resolve(&args.device)?;
            if args.dry_run {
                rehearse(host, address, "entered", output)
            } else {
                watch(host, address, args, output)
            }
        }
    }
}

fn open(host: &Host, address: Address) -> Result<Device, Failure> {
    host.open(address).map_err(|error| Failure::of_open(address, &error))
}

/// As far as sysfs shows: opening the device would wake it.
fn rehearse(host: &Host, address: Address, what: &str, output: &Output) -> Outcome {
    let group = host.ready(address).map_err(|error| Failure::of_open(address, &error))?;
    output.note(&format!("{address} would be opened in IOMMU group {group}, and low power {what}"));
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct Json {
    schema: &'static str,
    features: Vec<FeatureJson>,
}

#[derive(Serialize)]
struct FeatureJson {
    address: String,
    feature: u32,
    name: &'static str,
    get: bool,
    set: bool,
}

/// A kernel without the features is an answer, and a failure for scripts that need them.
fn probe(device: &Device, output: &Output) -> Outcome {
    let address = device.address();
    let ask = |feature: Feature| -> Result<_, FeatureError> {
        let (get, set) = (device.probe(feature, Operation::Get)?, device.probe(feature, Operation::Set)?);
        let (feature, name) = (feature.number(), feature.name());
        Ok(FeatureJson { address: address.to_string(), feature, name, get, set })
    };
    let asked: Result<Vec<_>, _> = Feature::ALL.into_iter().map(ask).collect();
    let features = asked.map_err(|error| Failure::of_feature(address, error))?;
    let all = features.iter().all(|feature| feature.set);
    if output.json() {
        output.print_json(&Json { schema: "lanewarden.vfio-features/1", features })?;
    } else {
        output.print(&table(&features).to_string())?;
    }
    if all { Ok(Exit::Ok) } else { Err(Failure::of_feature(address, FeatureError::Unsupported)) }
}

fn table(features: &[FeatureJson]) -> Table {
    let mut table = Table::new(&["number", "feature", "get", "set"]);
    let word = |can: bool| if can { "yes" } else { "no" }.to_owned();
    for one in features {
        let name = one.name.replace('_', " ");
        table.row([one.feature.to_string(), name, word(one.get), word(one.set)]);
    }
    table
}

fn enter(host: &Host, address: Address, args: &Enter, output: &Output) -> Outcome {
    let end = deadline(args.limit.map(|limit| limit.0));
    let mut session = Session::open(host, address, output)?;
    session.say_how_to_end(end);
    if args.wakeup {
        session.enter_until_woken(end)?;
    } else {
        session.feature(session.device.enter_low_power())?;
        session.settle(end)?;
        session.wait(end)?;
    }
    session.leave()
}

fn watch(host: &Host, address: Address, args: &Watch, output: &Output) -> Outcome {
    let end = deadline(args.limit.map(|limit| limit.0));
    let most = if args.reenter { args.max_wakes.unwrap_or(u64::MAX) } else { 1 };
    let mut session = Session::open(host, address, output)?;
    session.say_how_to_end(end);
    while session.wakes < most && session.enter_until_woken(end)? {}
    session.leave()
}

/// `None`: without end.
fn deadline(limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| Instant::now().checked_add(limit))
}

fn left(end: Option<Instant>) -> Option<Duration> {
    end.map(|end| end.saturating_duration_since(Instant::now()))
}

/// A device that is held, and what happens to it.
struct Session<'a> {
    host: &'a Host,
    device: Device,
    wakeup: Wakeup,
    wakes: u64,
    output: &'a Output,
}

impl<'a> Session<'a> {
    fn open(host: &'a Host, address: Address, output: &'a Output) -> Result<Self, Failure> {
        let device = open(host, address)?;
        let wakeup = Wakeup::new().map_err(|error| Failure::new(Exit::Failure, error))?;
        Ok(Self { host, device, wakeup, wakes: 0, output })
    }

    fn feature(&self, result: Result<(), FeatureError>) -> Result<(), Failure> {
        result.map_err(|error| Failure::of_feature(self.device.address(), error))
    }

    fn say_how_to_end(&self, end: Option<Instant>) {
        if end.is_none() {
            self.output.note("low power lasts as long as this runs; Ctrl-C ends it");
        }
    }

    /// Enters and stays until the device is woken or the time is up; whether it was woken.
    fn enter_until_woken(&mut self, end: Option<Instant>) -> Result<bool, Failure> {
        self.feature(self.device.enter_low_power_with_wakeup(&self.wakeup))?;
        let woken = self.settle(end)? || self.wait(end)?;
        if woken {
            self.wakes = self.wakes.saturating_add(1);
            self.tell(Kind::Woken)?;
        }
        Ok(woken)
    }

    /// Until the device sleeps or it is plain that it does not; whether it was woken meanwhile.
    fn settle(&self, end: Option<Instant>) -> Result<bool, Failure> {
        let patience = deadline(Some(FALLING_ASLEEP)).min(end.or(deadline(Some(FALLING_ASLEEP))));
        loop {
            if self.host.power(self.device.address()).is_suspended() {
                self.tell(Kind::Asleep)?;
                return Ok(false);
            }
            if self.signals(Some(LOOK))? > 0 {
                return Ok(true);
            }
            if left(patience).is_none_or(|left| left.is_zero()) {
                self.tell(Kind::Engaged)?;
                return Ok(false);
            }
        }
    }

    /// Whether it was woken before the time was up.
    fn wait(&self, end: Option<Instant>) -> Result<bool, Failure> {
        loop {
            let left = left(end);
            if self.signals(left)? > 0 {
                return Ok(true);
            }
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
        }
    }

    fn signals(&self, limit: Option<Duration>) -> Result<u64, Failure> {
        self.wakeup.wait(limit).map_err(|error| Failure::new(Exit::Failure, error))
    }

    fn leave(self) -> Outcome {
        self.feature(self.device.exit_low_power())?;
        self.tell(Kind::Left)?;
        Ok(Exit::Ok)
    }

    fn tell(&self, kind: Kind) -> Result<(), Failure> {
        let address = self.device.address();
        let event = Event::new(address, kind, self.wakes, self.host.power(address));
        if self.output.json() {
            self.output.print_json_line(&event)
        } else {
            self.output.print(&event.text())
        }
    }
}
