//! The machine in words: what there is, how it is wired, and what goes wrong.
//!
//! A scenario is TOML. [`DEFAULT_TOML`] is one to start from, and every table of it is documented at the type that
//! holds it, from [`Scenario`] down.

mod error;
mod fault;
mod spdm;
mod synthetic;
mod tree;
mod value;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use error::{Problem, ScenarioError};
pub use fault::{Fault, FaultKind, When, all_faults};
pub use spdm::{
    AlgorithmName, Authority, DEFAULT_AUTHORITY, Date, HashName, Measurement, MeasurementKind, Misbehaviour,
    NotReady, Spdm, Validity, VersionName,
};
pub(crate) use spdm::{check_authorities, longest_message};
pub use tree::{
    Bridge, Cdat, Doe, Figures, Function, Id, Ide, Interrupts, Kind, Link, MemoryRange, Port, Switch, Trained,
};
pub use value::{ClassCode, Generation, HexBytes, ProtocolName, Serial, Width};

use crate::Simulator;

/// The scenario that is built in, as text.
pub const DEFAULT_TOML: &str = include_str!("../scenarios/default.toml");

/// The longest scenario that is read, in bytes.
pub const MAX_TEXT: usize = 8 << 20;
/// The longest raw table that is read, in bytes.
pub const MAX_TABLE: usize = 1 << 20;
/// The most functions a machine can have.
pub const MAX_FUNCTIONS: usize = 1 << 17;
/// The most lines a fault plan can have.
pub const MAX_FAULTS: usize = 4096;

/// A machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What to call it.
    pub name: Option<String>,
    /// Decides everything that is left to chance.
    #[serde(default = "one")]
    pub seed: u64,
    /// How long one configuration access takes, in nanoseconds of the virtual clock.
    #[serde(default = "microsecond")]
    pub access_ns: u32,
    /// Its host bridges.
    #[serde(default)]
    pub bridges: Vec<Bridge>,
    /// Its fault plan.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Who issues the certificates of its devices.
    #[serde(default)]
    pub authorities: Vec<Authority>,
}

const fn one() -> u64 {
    1
}

const fn microsecond() -> u32 {
    1000
}

impl Scenario {
    /// Reads a scenario that names no files. What it returns can be built.
    ///
    /// # Errors
    /// Where the text is no TOML, holds what no scenario does, or describes a machine that cannot be.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario = Self::read_text(text)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Reads a scenario from a file, and the tables it names from files beside that.
    ///
    /// # Errors
    /// As [`Scenario::parse`], and where a file cannot be read.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let bytes = read_bounded(path, MAX_TEXT)?;
        let text = String::from_utf8(bytes).map_err(|_| ScenarioError::NotText(path.to_owned()))?;
        let mut scenario = Self::read_text(&text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for cdat in scenario.tables() {
            cdat.resolve(folder)?;
        }
        scenario.check()?;
        Ok(scenario)
    }

    /// Whether it can be built.
    ///
    /// # Errors
    /// Where it describes a machine that cannot be.
    pub fn check(&self) -> Result<(), ScenarioError> {
        Simulator::new(self).map(drop)
    }

    fn read_text(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > MAX_TEXT {
            return Err(ScenarioError::TooLong { what: "a scenario", most: MAX_TEXT });
        }
        toml::from_str(text).map_err(|error| ScenarioError::Syntax(Box::new(error)))
    }

    fn tables(&mut self) -> Vec<&mut Cdat> {
        let mut found = Vec::new();
        for bridge in &mut self.bridges {
            found.extend(bridge.functions.iter_mut().filter_map(|function| function.cdat.as_mut()));
            ports_tables(&mut bridge.ports, &mut found);
        }
        found
    }
}

/// As deep as the text was nested, which its reader bounds.
fn ports_tables<'s>(ports: &'s mut [Port], found: &mut Vec<&'s mut Cdat>) {
    for port in ports {
        found.extend(port.functions.iter_mut().filter_map(|function| function.cdat.as_mut()));
        if let Some(switch) = port.switch.as_deref_mut() {
            found.extend(switch.cdat.as_mut());
            ports_tables(&mut switch.ports, found);
        }
    }
}

impl Cdat {
    fn resolve(&mut self, folder: &Path) -> Result<(), ScenarioError> {
        if let Self::File(name) = self {
            *self = Self::Hex(HexBytes(read_bounded(&folder.join(name), MAX_TABLE)?));
        }
        Ok(())
    }
}

/// Reads a file of at most `most` bytes, whatever size it claims to have.
fn read_bounded(path: &Path, most: usize) -> Result<Vec<u8>, ScenarioError> {
    let failed = |source| ScenarioError::Read { path: PathBuf::from(path), source };
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > most {
        return Err(ScenarioError::TooLong { what: "the file", most });
    }
    Ok(bytes)
}

/// The scenario that is built in.
impl Default for Scenario {
    fn default() -> Self {
        let empty = Self {
            name: None,
            seed: one(),
            access_ns: microsecond(),
            bridges: Vec::new(),
            faults: Vec::new(),
            authorities: Vec::new(),
        };
        // A test reads it with `parse`, so the machine without anything is never what comes out.
        Self::read_text(DEFAULT_TOML).unwrap_or(empty)
    }
}

#[cfg(test)]
mod tests;
