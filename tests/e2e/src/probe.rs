//! Run in the daemon's place, tries what the daemon needs and what nobody should be able to do from there, and prints
//! how each ended.

use std::fs::{self, File};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::fs::FileExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::mount::{MountFlags, mount};
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use rustix::process::{Resource, getrlimit};
use rustix::system::init_module;

/// First argument of this program when it is the probe; the second is the address of a function with a mailbox.
pub const ARGUMENT: &str = "probe";

const DONE: &str = "done";
/// `EROFS`.
const READ_ONLY: &str = "Read-only file system (os error 30)";
/// `EPERM`.
const NOT_PERMITTED: &str = "Operation not permitted (os error 1)";
/// `ENOENT`.
const NOT_THERE: &str = "No such file or directory (os error 2)";
/// `EACCES`.
const DENIED: &str = "Permission denied (os error 13)";
/// `EAFNOSUPPORT`.
const NO_FAMILY: &str = "Address family not supported by protocol (os error 97)";

/// How each must end.
pub const EXPECTED: [(&str, &str); 21] = [
    ("capabilities", "0000000000200000"),
    ("new privileges", "none"),
    ("core dumps", "0 bytes, memory 00000000"),
    ("lock memory", DONE),
    ("read a mailbox", DONE),
    ("write a mailbox", DONE),
    ("write drivers_autoprobe", DONE),
    ("write driver_override", DONE),
    ("write /run/lanewarden", DONE),
    ("write /var/lib/lanewarden", DONE),
    ("read an ACPI table", DONE),
    ("hear of a device", "change"),
    ("write /etc", READ_ONLY),
    ("write a module's parameter", READ_ONLY),
    ("see the kernel's settings", DENIED),
    ("open a disk", NOT_THERE),
    ("open /dev/mem", NOT_THERE),
    ("speak IP", NO_FAMILY),
    ("run a shell", DENIED),
    ("mount", NOT_PERMITTED),
    ("load a module", NOT_PERMITTED),
];

/// Tries all of it.
pub fn run(address: &str) -> Result<ExitCode> {
    let device = format!("/sys/bus/pci/devices/{address}");
    let config = File::options().read(true).write(true).open(format!("{device}/config"))?;
    let mut header = [0; 4];
    let read = config.read_exact_at(&mut header, 0x100);
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| status.lines().find_map(|l| l.strip_prefix(name)).map_or("?", str::trim);
    let privileges = if field("NoNewPrivs:") == "1" { "none" } else { "some" };
    let filter = fs::read_to_string("/proc/self/coredump_filter")?;
    let limit =
        getrlimit(Resource::Core).current.map_or("any number of".to_owned(), |bytes| bytes.to_string());
    say("capabilities", field("CapBnd:"));
    say("new privileges", privileges);
    say("core dumps", &format!("{limit} bytes, memory {}", filter.trim()));
    tried("lock memory", mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE));
    tried("read a mailbox", read);
    // The capability's header cannot be changed.
    tried("write a mailbox", config.write_all_at(&header, 0x100));
    tried("write drivers_autoprobe", fs::write("/sys/bus/pci/drivers_autoprobe", "1"));
    tried("write driver_override", fs::write(format!("{device}/driver_override"), "\n"));
    tried("write /run/lanewarden", fs::write("/run/lanewarden/probe", ""));
    tried("write /var/lib/lanewarden", fs::write("/var/lib/lanewarden/probe", ""));
    tried("read an ACPI table", fs::read("/sys/firmware/acpi/tables/HMAT"));
    say("hear of a device", &event(&device).unwrap_or_else(|error| format!("{error:#}")));
    tried("write /etc", fs::write("/etc/probe", ""));
    tried("write a module's parameter", fs::write("/sys/module/printk/parameters/time", "Y"));
    tried("see the kernel's settings", fs::read("/proc/sys/kernel/core_pattern"));
    tried("open a disk", File::open("/dev/nvme0n1"));
    tried("open /dev/mem", File::open("/dev/mem"));
    tried("speak IP", std::net::UdpSocket::bind("127.0.0.1:0"));
    tried("run a shell", Command::new("/bin/sh").arg("-c").arg(":").status());
    tried("mount", mount("tmpfs", "/tmp", "tmpfs", MountFlags::empty(), None));
    tried("load a module", init_module(b"", c""));
    Ok(ExitCode::SUCCESS)
}

fn tried<T, E: Into<io::Error>>(name: &str, result: Result<T, E>) {
    match result {
        Ok(_) => say(name, DONE),
        Err(error) => say(name, &error.into().to_string()),
    }
}

fn say(name: &str, seen: &str) {
    println!("{name}: {seen}");
}

/// What the kernel sends when a device is asked to report itself: the action, as the word before `@`.
fn event(device: &str) -> Result<String> {
    let flags = SocketFlags::CLOEXEC;
    let protocol = Some(netlink::KOBJECT_UEVENT);
    let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol)?;
    bind(&socket, &SocketAddrNetlink::new(0, 1))?;
    fs::write(format!("{device}/uevent"), "change")?;
    let mut ready = [PollFd::new(&socket, PollFlags::IN)];
    let timeout = rustix::time::Timespec { tv_sec: 10, tv_nsec: 0 };
    anyhow::ensure!(poll(&mut ready, Some(&timeout))? > 0, "nothing within ten seconds");
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let ((text, _), _) = recv(&socket, &mut buffer[..], RecvFlags::empty())?;
    let text = String::from_utf8_lossy(text).into_owned();
    Ok(text.split_once('@').context("no event")?.0.to_owned())
}
