//! `cargo xtask e2e`: what a real kernel says, against what Lanewarden says.
//!
//! QEMU, a Debian kernel and the tools the guest needs are fetched as packages into the target folder; nothing on the
//! machine changes. The guest's first process is `tests/e2e`, built static; it prints one JSON line a result on the
//! guest's second serial port.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

mod guest;
mod initramfs;
mod kernel;
mod machine;
mod packages;
mod report;
mod sources;

/// Arguments of `cargo xtask e2e`.
#[derive(clap::Args)]
pub struct Arguments {
    /// How QEMU runs the guest; `kvm` is faster but not every machine's works
    #[arg(long, default_value = "tcg,thread=multi")]
    accel: String,
    /// Fetch the packages again, even where they are already there
    #[arg(long)]
    refresh: bool,
    /// Kill the virtual machine after so many seconds
    #[arg(long, default_value_t = 150, value_name = "SECONDS")]
    timeout: u64,
}

/// Fetches, builds, boots, compares and reports.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let folder = target_folder()?.join("e2e");
    let packages = match packages::fetch(&folder, arguments.refresh) {
        Ok(packages) => packages,
        Err(error) => return skip(&error),
    };
    let binaries = guest::build()?;
    let initramfs = initramfs::write(&folder, &packages, &binaries)?;
    let boot = machine::Boot {
        name: "main",
        initramfs,
        accel: &arguments.accel,
        timeout: Duration::from_secs(arguments.timeout),
    };
    let checks = machine::boot(&folder, &packages, &boot)?;
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

/// Where cargo puts what it builds: next to this very program's profile folder.
fn target_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let profile =
        program.parent().ok_or_else(|| anyhow::anyhow!("xtask does not run from a target folder"))?;
    Ok(profile.parent().unwrap_or(profile).to_owned())
}
