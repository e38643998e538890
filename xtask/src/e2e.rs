//! `cargo xtask e2e`: what a real kernel says, against what Lanewarden says.
//!
//! QEMU, a Debian kernel and the tools the guest needs are fetched as packages into the target folder; nothing on the
//! machine changes. The guest's first process is `tests/e2e`, built static; it prints one JSON line a result on the
//! guest's second serial port.
#![allow(clippy::cast_possible_truncation)] // every length is of something made here

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

mod cdat;
mod guest;
mod initramfs;
mod kernel;
mod machine;
mod packages;
mod report;
mod sources;
mod spdm;

/// Arguments of `cargo xtask e2e`.
#[derive(clap::Args)]
pub struct Arguments {
    /// How QEMU runs the guest; `kvm` is faster but not every machine's works
    #[arg(long, default_value = "tcg,thread=multi")]
    accel: String,
    /// The Debian kernel to boot instead of the newest 6.12, e.g. `6.12.95+deb12`
    #[arg(long, value_name = "VERSION")]
    kernel: Option<String>,
    /// Kill a virtual machine that still runs when all boots together have taken so many seconds
    #[arg(long, default_value_t = 150, value_name = "SECONDS")]
    timeout: u64,
}

/// Each boot tells one story, and has its own kernel command line.
const BOOTS: [(&str, &str); 1] = [("main", "")];

/// Fetches, builds, boots, compares and reports.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = target_folder()?.join("e2e");
    let packages = match packages::fetch(&folder, arguments.kernel.as_deref()) {
        Ok(packages) => packages,
        Err(error) if error.is::<packages::Unavailable>() => return skip(&error),
        Err(error) => return Err(error),
    };
    let table = folder.join("custom.cdat");
    std::fs::write(&table, cdat::every_structure())?;
    let initramfs = initramfs::write(&folder, &packages, &guest::build()?, &table)?;
    let machine = machine::Machine {
        folder: &folder,
        packages: &packages,
        accel: &arguments.accel,
        initramfs: &initramfs,
        table: &table,
        spdm_port: spdm::listen()?,
    };
    let deadline = Instant::now() + Duration::from_secs(arguments.timeout);
    let mut checks = Vec::new();
    for (story, options) in BOOTS {
        eprintln!("e2e: booting kernel {}, story {story}", packages.release);
        checks.extend(machine.boot(story, options, deadline)?);
    }
    Ok(report::render(&checks))
}

/// Without packages there is nothing to run: said aloud, and a failure only where the run is required.
fn skip(reason: &anyhow::Error) -> anyhow::Result<ExitCode> {
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        anyhow::bail!("e2e is required here (CI=true) but cannot run: {reason:#}");
    }
    eprintln!("e2e skipped: {reason:#}");
    Ok(ExitCode::SUCCESS)
}

/// Where cargo puts what it builds: above this very program's profile folder.
fn target_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent);
    Ok(target.ok_or_else(|| anyhow::anyhow!("xtask does not run from a target folder"))?.to_owned())
}
