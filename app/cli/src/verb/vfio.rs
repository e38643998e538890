//! `vfio`: devices that a process has for itself.

mod bind;
mod event;
mod idle;
mod low_power;

use lanewarden_linux::Sysfs;
use lanewarden_linux::vfio::Host;

use bind::Mailboxes;
#[cfg(test)]
pub use idle::idle;

use crate::args::{Arguments, DeviceArgument, HostSpec, Vfio};
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::reach::{self, Reach};

/// On the machine this runs on: no other has VFIO.
pub fn run(args: &Arguments, vfio: &Vfio, output: &Output) -> Outcome {
    if args.host != HostSpec::Sysfs {
        return Err(
            Failure::new(Exit::Usage, "vfio is for the machine this runs on").hint("leave --host away")
        );
    }
    let machine = Sysfs::new();
    let reach = || match reach::named(args)? {
        Some(daemon) => Ok(Reach::Daemon(Box::new(daemon))),
        None => reach::machine(&machine),
    };
    on(&Host::new(), &Mailboxes { machine: &machine, reach: &reach }, vfio, output)
}

fn on(host: &Host, mailboxes: &Mailboxes<'_>, vfio: &Vfio, output: &Output) -> Outcome {
    let machine = mailboxes.machine;
    let resolve = |device: &DeviceArgument| super::resolve(machine, device);
    match vfio {
        Vfio::Bind(args) => bind::bind(host, mailboxes, resolve(&args.device)?, args, output),
        Vfio::Unbind(args) => bind::unbind(host, mailboxes, resolve(&args.device)?, args.dry_run, output),
        Vfio::LowPower(args) => low_power::run(host, args, resolve, output),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use clap::Parser;

    use super::*;
    use crate::args::Verb;

    const DEVICE: &str = "0000:41:00.0";

    /// On a machine with one drive, which its own driver has.
    fn failure(line: &str) -> Failure {
        let root = tempfile::tempdir().unwrap();
        let function = root.path().join("sys/bus/pci/devices").join(DEVICE);
        fs::create_dir_all(&function).unwrap();
        fs::write(function.join("config"), [0; 256]).unwrap();
        symlink("../../drivers/nvme", function.join("driver")).unwrap();
        let words = ["lanewarden", "vfio"].into_iter().chain(line.split_whitespace());
        let Verb::Vfio(vfio) = Arguments::try_parse_from(words).unwrap().verb else { panic!("{line}") };
        let (host, machine) = (Host::at(root.path()), Sysfs::at(root.path()));
        let mailboxes = Mailboxes { machine: &machine, reach: &|| Ok(Reach::Alone { _lock: None }) };
        on(&host, &mailboxes, &vfio, &Output::new(false, 0)).unwrap_err()
    }

    #[test]
    fn a_device_that_its_own_driver_has_is_not_opened_but_how_to_get_it_is_said() {
        for line in ["probe", "enter --wakeup", "enter --dry-run", "exit", "watch --for 1s"] {
            let failure = failure(&format!("low-power {line} 41:00.0"));
            assert_eq!(failure.exit, Exit::Failure, "{line}");
            assert_eq!(failure.message, format!("{DEVICE}: not bound to vfio-pci but to nvme"));
            assert_eq!(
                failure.hint.unwrap(),
                format!("`lanewarden vfio bind {DEVICE}` gives it to vfio-pci")
            );
        }
        assert!(failure("unbind 41:00.0").message.contains("but to nvme"));
    }

    #[test]
    fn a_machine_without_the_driver_is_told_to_load_it() {
        let failure = failure("bind 41:00.0");
        assert!(failure.exit == Exit::Failure && failure.hint.unwrap().contains("modprobe"));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for line in ["low-power probe 42:00.0", "bind 42:00.0", "unbind --dry-run 42:00.0"] {
            assert_eq!(failure(line).exit, Exit::NotFound, "{line}");
        }
    }
}
