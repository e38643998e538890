//! `cargo xtask e2e`: what a real kernel says, against what Lanewarden says.
//!
//! QEMU, a Debian kernel and the tools the guest needs are fetched as packages into the target folder;
//! nothing on the machine changes. The guest's first process is `tests/e2e`, built static; it prints one JSON
//! line a result on the guest's second serial port.
#![allow(clippy::cast_possible_truncation)] // every length is of something made here

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::steps::Outcome;

mod cdat;
mod guest;
mod initramfs;
mod kernel;
mod machine;
mod packages;
mod report;
mod responders;
mod sources;

/// How the guest's processors run unless said otherwise.
const ACCEL: &str = "tcg,thread=multi";
/// How long all boots together may take unless said otherwise, in seconds.
const TIMEOUT: u64 = 600;

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
    /// Boot for this story alone
    #[arg(long, value_name = "STORY", value_parser = BOOTS.map(|(story, _)| story))]
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

/// Each boot tells one story, and has its own kernel command line.
///
/// The story of VFIO sets tens of thousands of timers, and on a machine with much else to do an emulated processor now and then
/// loses one. Where timers are set one by one that processor then waits for ever; where they tick, it has the next one.
const BOOTS: [(&str, &str); 3] =
    [("main", ""), ("lockdown", "lockdown=integrity"), ("vfio", "nohz=off highres=off")];

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
    let folder = target_folder()?.join("e2e");
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
    let initramfs = initramfs::write(&folder, &packages, &binaries, &table, &responders)?;
    let machine = machine::Machine {
        folder: &folder,
        packages: &packages,
        accel: &arguments.accel,
        initramfs: &initramfs,
        table: &table,
        responders: &responders,
    };
    let deadline = Instant::now() + Duration::from_secs(arguments.timeout);
    let mut checks = Vec::new();
    let wanted = |story: &str| arguments.story.as_deref().is_none_or(|one| one == story);
    for (story, options) in BOOTS.into_iter().filter(|(story, _)| wanted(story)) {
        eprintln!("e2e: booting kernel {}, story {story}", packages.release);
        let options = format!("{options} {}", arguments.plant.map(Plant::option).unwrap_or_default());
        checks.extend(machine.boot(story, &options, deadline)?);
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

/// Where cargo puts what it builds: above this very program's profile folder.
fn target_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.ok_or_else(|| anyhow::anyhow!("xtask does not run from a target folder"))?.to_owned())
}
