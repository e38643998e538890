//! What a first process must do, and the kernel's own words.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::mount::{MountFlags, mount};
use rustix::system::{RebootCommand, init_module};

/// Mounts what every Linux program expects.
pub fn mount_all() -> Result<()> {
    let mounts = [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("tmpfs", "/run"),
        ("securityfs", "/sys/kernel/security"),
        ("tracefs", "/sys/kernel/tracing"),
    ];
    for (kind, place) in mounts {
        mount(kind, place, kind, MountFlags::empty(), None)
            .with_context(|| format!("cannot mount {place}"))?;
    }
    Ok(())
}

/// The value of `name=value` on the kernel's command line.
pub fn boot_option(name: &str) -> Result<Option<String>> {
    let line = fs::read_to_string("/proc/cmdline")?;
    let value = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    Ok(value.map(str::to_owned))
}

/// What `uname -r` says.
pub fn release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// Loads the modules of one step, in the order the archive lists.
pub fn load_modules(step: &str) -> Result<()> {
    for name in fs::read_to_string(format!("/modules/{step}"))?.lines() {
        let object = fs::read(format!("/modules/{name}.ko"))?;
        init_module(&object, c"").with_context(|| format!("cannot load module {name}"))?;
    }
    Ok(())
}

/// Waits until something is there; the kernel probes in the background.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("the kernel does not come to have {what}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A one-line file without its line end.
pub fn read_line(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(text.trim_end().to_owned())
}

/// Writes a value to a sysfs attribute.
pub fn write_line(path: impl AsRef<Path>, value: &str) -> Result<()> {
    let path = path.as_ref();
    fs::write(path, value).with_context(|| format!("{value} to {}", path.display()))
}

/// Turns the machine off; returns only where that fails.
pub fn power_off() -> ExitCode {
    rustix::fs::sync();
    match rustix::system::reboot(RebootCommand::PowerOff) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
