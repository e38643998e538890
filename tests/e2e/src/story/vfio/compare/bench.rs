//! One client for both machines: it opens the device, makes calls, and looks.

use anyhow::{Context, Result};
use lanewarden_pci::capability::{self, Found};
use lanewarden_pci::low_power::{LowPower, Request, Signal};
use lanewarden_pci::{AccessError, ConfigSpace};

use super::super::word;
use super::act::{Act, Line, Seen, Word};
use super::{Abilities, Opened, System};

/// A number that no descriptor has.
const CLOSED: i32 = 9999;
const COMMAND: u16 = 0x04;
const MEMORY_SPACE: u32 = 1 << 1;
const POWER_MANAGEMENT: u8 = 0x01;

/// A machine, and the client on it.
pub struct Bench<S: System> {
    system: S,
    wakeups: [S::Wakeup; 2],
    opened: Option<Opened<S>>,
    /// The register that holds the device's own power state.
    control: Option<u16>,
    line: Line,
}

impl<S: System> Bench<S> {
    pub fn new(system: S, abilities: Abilities) -> Result<Self> {
        let wakeups = [system.wakeup()?, system.wakeup()?];
        let mut opened = system.open()?;
        let control = if abilities.power_management { Some(control(&mut opened.config)?) } else { None };
        let mut bench = Self { system, wakeups, opened: Some(opened), control, line: Line::Off };
        bench.memory(true)?;
        Ok(bench)
    }

    /// Does it, and looks. `expected` is what the other machine came to.
    pub fn act(&mut self, act: Act, expected: Option<&Seen>) -> Result<Seen> {
        let result = self.carry_out(act).with_context(|| format!("{act}"))?;
        let power = self.system.settled(expected.map(|seen| seen.power.as_str()));
        let told = [self.wakeups[0].signals()?, self.wakeups[1].signals()?];
        let faults = match &self.opened {
            Some(opened) => !self.system.answers(opened)?,
            None => false,
        };
        let masked = if self.line == Line::Off { None } else { Some(self.system.is_masked()?) };
        Ok(Seen { result, told, power, faults, masked })
    }

    fn carry_out(&mut self, act: Act) -> Result<String> {
        let done = match act {
            Act::Feature { argsz, flags, word: which } => {
                let request = Request { argsz, flags, word: self.number(which) };
                return Ok(word(self.opened()?.device.request(request)));
            }
            Act::Interrupts => {
                let opened = self.opened.as_ref().context("closed")?;
                return Ok(format!("{} interrupts", self.system.interrupt_count(&opened.device)?));
            }
            Act::Read => self.opened()?.config.read(0).map(drop),
            Act::PowerState { d3hot } => self.power_state(d3hot),
            Act::Memory { enabled } => self.memory(enabled),
            other => return self.other_act(other).map(|()| "done".into()),
        };
        Ok(done.map_or_else(|error| error.to_string(), |()| "done".into()))
    }

    fn other_act(&mut self, act: Act) -> Result<()> {
        match act {
            Act::Line(line) => {
                let opened = self.opened.as_ref().context("closed")?;
                for next in [Line::Off, line] {
                    if self.line != next {
                        self.system.set_line(&opened.device, next)?;
                        self.line = next;
                    }
                }
            }
            Act::Reset => {
                let opened = self.opened.as_ref().context("closed")?;
                self.system.reset(&opened.device)?;
            }
            Act::Close => {
                self.opened = None;
                self.line = Line::Off;
            }
            Act::Open => {
                self.opened = Some(self.system.open()?);
                self.memory(true)?;
            }
            Act::HostUse => self.system.host_use()?,
            Act::Hold(held) => self.system.hold(held)?,
            Act::HostReset => self.system.host_reset()?,
            _ => self.system.host_read()?,
        }
        Ok(())
    }

    fn number(&self, word: Word) -> i32 {
        match word {
            Word::Negative => -1,
            Word::Closed => CLOSED,
            Word::File => self.system.file(),
            Word::Eventfd(which) => self.wakeups[which].number(),
        }
    }

    fn opened(&mut self) -> Result<&mut Opened<S>> {
        self.opened.as_mut().context("the device is closed")
    }

    fn power_state(&mut self, d3hot: bool) -> Result<(), AccessError> {
        let (Some(control), Some(opened)) = (self.control, &mut self.opened) else {
            return Err(AccessError::Gone);
        };
        let value = opened.config.read(control)?;
        opened.config.write(control, value & !3 | if d3hot { 3 } else { 0 })
    }

    fn memory(&mut self, enabled: bool) -> Result<(), AccessError> {
        let Some(opened) = &mut self.opened else { return Err(AccessError::Gone) };
        let command = opened.config.read(COMMAND)? & 0xffff & !MEMORY_SPACE;
        opened.config.write(COMMAND, command | if enabled { MEMORY_SPACE } else { 0 })
    }
}

fn control<C: ConfigSpace>(config: &mut C) -> Result<u16> {
    for found in capability::conventional(config)? {
        if let Found::Entry(entry) = found?
            && entry.id == POWER_MANAGEMENT
        {
            return Ok(u16::from(entry.offset) + 4);
        }
    }
    None.context("no power management")
}
