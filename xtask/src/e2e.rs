//! `cargo xtask e2e`: what a real kernel says, against what Lanewarden says.
//!
//! QEMU, a Debian kernel and the tools the guest needs are fetched as packages into the target folder;
//! nothing on the machine changes. The checker in the guest is `tests/e2e`, built static; it prints one JSON line a
//! result on the guest's second serial port. In one guest it is the first process; in the other systemd is, and the
//! checker installs the package and looks at the service.
#![allow(clippy::cast_possible_truncation)] // every length is of something made here

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::steps::Outcome;
use crate::tree;

mod archive;
mod cdat;
mod database;
mod guest;
mod initramfs;
mod kernel;
mod machine;
mod packages;
mod report;
mod responders;
mod sources;
mod system;

/// How the guest's processors run unless said otherwise. With a thread for each of them QEMU 10.0.2 now and then forgets that
/// an interrupt has ended: its vector stays in service, and that processor's timer comes no more. Letting a device sleep and
/// waking it brings that on once in some thousand times; with one thread for all it was not seen in tens of thousands.
const ACCEL: &str = "tcg,thread=single";
/// How long all boots together may take unless said otherwise, in seconds.
const TIMEOUT: u64 = 1200;

/// Arguments of `cargo xtask e2e`.
#[derive(clap::Args)]
pub struct Arguments {
    /// How QEMU runs the guest; `kvm` is faster but not every machine's works
    #[arg(long, default_value = ACCEL)]
    accel: String,
    /// The Debian kernel to boot instead of the newest 6.12, e.g. `6.12.95+deb12`
    #[arg(long, value_name = "VERSION")]
    kernel: Option<String>,
    /// Make this mistake on purpose; the run must fail
    #[arg(long, value_name = "MISTAKE")]
    plant: Option<Plant>,
    /// Boot for this story only
    #[arg(long, value_name = "STORY", value_parser = BOOTS.map(|boot| boot.story))]
    story: Option<String>,
    /// Kill a virtual machine that still runs when all boots together have taken so many seconds
    #[arg(long, default_value_t = TIMEOUT, value_name = "SECONDS")]
    timeout: u64,
}

/// Mistakes that can be made on purpose.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Plant {
    /// One byte of a table is another
    CdatByte,
    /// One latency is a nanosecond too long
    LatencyNs,
    /// One of two readers uses locks of its own
    NoLock,
    /// The drives' certificates name another device
    PciName,
    /// The stranger's root is among the trust anchors
    StrangersAnchor,
    /// The forger makes right signatures
    RightSignature,
    /// No bit of the evidence is flipped
    WholeEvidence,
    /// The drives do not want to hear of their requesters
    NoHeartbeat,
    /// The wrong pre-shared key is the right one
    RightPsk,
    /// What is to be said in a session is said outside of it
    PlainMarker,
    /// The unit takes nothing away from the daemon
    LooseUnit,
    /// One of the daemon's users goes past it
    PastTheDaemon,
    /// Low power is entered without an eventfd
    NoEventfd,
}

impl Plant {
    /// What it is called on the command line, and in the guest.
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The kernel option that tells the guest.
    fn option(self) -> String {
        format!("e2e.plant={}", self.name())
    }
}

/// A boot tells one story, and has its own kernel command line.
struct Boot {
    story: &'static str,
    options: &'static str,
    /// Whether it is of the guest with a service manager.
    is_system: bool,
}

const BOOTS: [Boot; 4] = [
    Boot { story: "main", options: "", is_system: false },
    Boot { story: "lockdown", options: "lockdown=integrity", is_system: false },
    Boot { story: "vfio", options: "", is_system: false },
    Boot { story: "service", options: system::OPTIONS, is_system: true },
];

impl Boot {
    /// Whether it is one that a mistake is made in.
    fn notices(&self, plant: Plant) -> bool {
        self.is_system == matches!(plant, Plant::LooseUnit | Plant::PastTheDaemon)
    }

    fn is_of(&self, arguments: &Arguments) -> bool {
        arguments.plant.is_none_or(|plant| self.notices(plant))
            && arguments.story.as_ref().is_none_or(|story| story == self.story)
    }
}

/// Fetches, builds, boots, compares and reports.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    Ok(match attempt(arguments)? {
        Outcome::Passed | Outcome::Skipped(_) => ExitCode::SUCCESS,
        Outcome::Failed(_) => ExitCode::FAILURE,
    })
}

/// Makes each mistake on purpose. A run that does not notice one proves nothing.
pub fn plants() -> anyhow::Result<Outcome> {
    for plant in Plant::value_variants() {
        let arguments = Arguments { plant: Some(*plant), ..Arguments::default() };
        match attempt(&arguments)? {
            Outcome::Failed(_) => eprintln!("e2e: {} was noticed", plant.name()),
            Outcome::Passed => return Ok(Outcome::Failed(format!("{} went unnoticed", plant.name()))),
            skipped => return Ok(skipped),
        }
    }
    Ok(Outcome::Passed)
}

impl Default for Arguments {
    fn default() -> Self {
        Self { accel: ACCEL.into(), kernel: None, plant: None, story: None, timeout: TIMEOUT }
    }
}

/// One run.
pub fn attempt(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let folder = tree::target_folder()?.join("e2e");
    let _alone = alone(&folder)?;
    let packages = match packages::fetch(&folder, arguments.kernel.as_deref()) {
        Ok(packages) => packages,
        Err(error) if error.is::<packages::Unavailable>() => return Ok(without_packages(&error)),
        Err(error) => return Err(error),
    };
    let table = folder.join("custom.cdat");
    std::fs::write(&table, cdat::every_structure())?;
    let binaries = guest::build()?;
    let responders = responders::start(&binaries.lanewarden, &folder, arguments.plant)?;
    let machine = machine::Machine {
        folder: &folder,
        packages: &packages,
        accel: &arguments.accel,
        table: &table,
        responders: &responders,
    };
    let parts =
        initramfs::Parts { packages: &packages, binaries: &binaries, table: &table, responders: &responders };
    let deadline = Instant::now() + Duration::from_secs(arguments.timeout);
    let mut checks = Vec::new();
    for boot in BOOTS.iter().filter(|boot| boot.is_of(arguments)) {
        let image =
            if boot.is_system { system::write(&folder, &parts)? } else { initramfs::write(&folder, &parts)? };
        eprintln!("e2e: booting kernel {}, story {}", packages.release, boot.story);
        let options = format!("{} {}", boot.options, arguments.plant.map(Plant::option).unwrap_or_default());
        checks.extend(machine.boot(&image, boot.story, &options, deadline)?);
    }
    Ok(report::render(&checks))
}

/// Two runs at once would write each other's files: the second waits.
fn alone(folder: &Path) -> anyhow::Result<File> {
    std::fs::create_dir_all(folder)?;
    let lock = File::create(folder.join("lock"))?;
    if lock.try_lock().is_err() {
        eprintln!("e2e: waiting for another run to end");
        lock.lock()?;
    }
    Ok(lock)
}

/// Without packages there is nothing to run: said aloud, and a failure only where the run is required.
fn without_packages(reason: &anyhow::Error) -> Outcome {
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        eprintln!("e2e cannot run, and is required since CI=true: {reason:#}");
        return Outcome::Failed("cargo xtask e2e".into());
    }
    eprintln!("e2e skipped: {reason:#}");
    Outcome::Skipped(format!("{reason:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_made_in_some_boot_and_none_in_all() {
        for plant in Plant::value_variants() {
            let arguments = Arguments { plant: Some(*plant), ..Arguments::default() };
            let boots = BOOTS.iter().filter(|boot| boot.is_of(&arguments)).count();
            assert!(boots > 0 && boots < BOOTS.len(), "{}", plant.name());
        }
    }

    #[test]
    fn a_story_can_be_told_alone() {
        let arguments = Arguments { story: Some("service".into()), ..Arguments::default() };
        let stories: Vec<_> =
            BOOTS.iter().filter(|boot| boot.is_of(&arguments)).map(|boot| boot.story).collect();
        assert_eq!(stories, ["service"]);
    }
}
