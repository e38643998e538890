//! One mailbox and several who want it.

use std::fs;
use std::os::unix::fs::chroot;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use anyhow::{Context, Result};
use rustix::mount::mount_bind;

use super::tables::Tables;
use crate::cxl::Object;
use crate::functions::Functions;
use crate::plant::{Plant, plant};
use crate::{product, report};

const READS: &str = "200";
const OTHER_ROOT: &str = "/other";

/// Row B12: two processes read one mailbox many times at once, and the lock makes every table right.
pub fn two_readers(functions: &Functions) -> Result<()> {
    let arguments = |file| ["cxl", "cdat", &functions.memories[1], "--repeat", READS, "--raw", file];
    let first = product::command(&arguments("/tmp/first")).spawn()?;
    let mut second = product::command(&arguments("/tmp/second"));
    if plant()? == Some(Plant::NoLock) {
        second = with_own_locks(&second)?;
    }
    let second = second.spawn()?;
    let expected = fs::read("/custom.cdat")?;
    for (name, file, child) in [("first", "/tmp/first", first), ("second", "/tmp/second", second)] {
        report::check(&format!("{name} of two readers, {READS} times"), "exit 0", &ending(child)?);
        let table = fs::read(file).unwrap_or_default();
        report::same_bytes(&format!("{name} of two readers, CDAT"), &expected, &table);
    }
    Ok(())
}

fn ending(child: Child) -> Result<String> {
    let output = child.wait_with_output()?;
    let talk = String::from_utf8_lossy(&output.stderr);
    Ok(match output.status.code() {
        Some(0) => "exit 0".to_owned(),
        code => format!("exit {code:?}: {}", report::flat(&talk)),
    })
}

/// The same command in a root of its own, with the machine's devices but another `/run`.
fn with_own_locks(command: &Command) -> Result<Command> {
    for folder in ["bin", "proc", "sys", "dev", "tmp", "run"] {
        fs::create_dir_all(format!("{OTHER_ROOT}/{folder}"))?;
    }
    for folder in ["bin", "proc", "sys", "dev", "tmp"] {
        mount_bind(format!("/{folder}"), format!("{OTHER_ROOT}/{folder}"))?;
    }
    let mut other = Command::new(std::env::current_exe()?);
    other.arg(IN_OTHER_ROOT).arg(command.get_program()).args(command.get_args());
    other.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Ok(other)
}

/// First argument of this program when it is to run another in the other root.
pub const IN_OTHER_ROOT: &str = "in-other-root";

/// Becomes the program named by the arguments, in the other root; returns only the failure to.
pub fn in_other_root(mut arguments: impl Iterator<Item = String>) -> anyhow::Error {
    let become_it = || -> Result<std::convert::Infallible> {
        chroot(OTHER_ROOT)?;
        std::env::set_current_dir("/")?;
        let program = arguments.next().context("no program")?;
        Err(Command::new(program).args(arguments).exec().into())
    };
    match become_it() {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

/// Row D4: while the kernel uses a mailbox Lanewarden leaves it alone, and says who has it: a memory's own
/// driver, but of a switch, whose driver knows nothing of its mailbox, the CXL core.
pub fn refused(functions: &Functions, kernels: &Tables<Object>) -> Result<()> {
    let users = [
        ("memory 1", &functions.memories[0], "cxl_pci"),
        ("memory 2", &functions.memories[1], "cxl_pci"),
        ("switch", &functions.switch, kernels.switch.name.as_str()),
    ];
    for (name, address, user) in users {
        let run = product::run(&["cxl", "cdat", address])?;
        report::check(
            &format!("{name}: refused beside the kernel"),
            "exit 8, hint, 0 config writes",
            &run.ending(),
        );
        let named = if run.talk.contains(user) { user.to_owned() } else { report::flat(&run.talk) };
        report::check(&format!("{name}: who uses it"), user, &named);
    }
    Ok(())
}

/// Row D4: a driver that does not use the mailbox is no reason to refuse.
pub fn not_refused(functions: &Functions) -> Result<()> {
    let driver = fs::read_link(crate::functions::folder(&functions.drives.trusted).join("driver"))?;
    report::check(
        "nvme: bound to its driver",
        "nvme",
        &driver.file_name().unwrap_or_default().to_string_lossy(),
    );
    let run = product::run(&["doe", "discover", &functions.drives.trusted])?;
    let seen = format!("{}, writes: {}", run.exit(), run.config_writes > 0);
    report::check("nvme: not refused beside its driver", "exit 0, writes: true", &seen);
    Ok(())
}
