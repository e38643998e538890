//! What helps against a failure: the `hint:` below it.

use std::io;

use lanewarden_doe::{Declined, Error};
use lanewarden_inventory::{MailboxError, MailboxReport, Step};
use lanewarden_pci::{AccessError, Address, Claim, LockError, MailboxId};

/// Against what a daemon's policy forbids.
const POLICY: &str =
    "the daemon's administrator decides who may do what with which device: the policy is in /etc/lanewarden";
/// What mixing up means, for those who would rather have it than wait.
const UNSAFE: &str = "--unsafe-shared uses the mailbox all the same, at the risk of mixing up the kernel's exchanges with ours";
/// What the PCI core is called where it authenticates devices itself.
const CMA: &str = "PCI core";

/// Against an error of a mailbox.
pub fn mailbox(report: &MailboxReport, error: &MailboxError) -> Option<String> {
    let id = report.id;
    Some(match error {
        _ if report.dead => {
            "its abort did not finish either: only a reset of the device brings the mailbox back".into()
        }
        MailboxError::InUse(claim) => in_use(id.address, claim),
        MailboxError::Lock(error) => lock(error).into(),
        MailboxError::Open(error) => access(*error)?.into(),
        MailboxError::Exchange { step, source } => exchange(report, *step, source)?,
        MailboxError::Declined { source, .. } => declined(source).into(),
        MailboxError::Slow { .. } => format!(
            "the device answers each request just in time; `lanewarden doe discover {} -v` shows how many it took",
            id.address
        ),
        MailboxError::Discovery(_) => format!(
            "the device's list of protocols is broken; `lanewarden doe exchange {} --mailbox {:03x} --protocol \
             VVVV:TT --hex ...` works without it",
            id.address, id.offset
        ),
        MailboxError::Table(_) => format!(
            "the device or its firmware is at fault; `lanewarden cxl cdat {} -v` shows what could be read, --raw FILE \
             keeps it",
            id.address
        ),
        MailboxError::KernelTable(_) => "the device, its firmware or the kernel is at fault; \
             `lanewarden cxl cdat --from /sys/bus/cxl/devices/.../CDAT -v` shows what there is"
            .into(),
    })
}

fn in_use(address: Address, claim: &Claim) -> String {
    match claim {
        Claim::CxlObject(name) => format!(
            "the kernel publishes its own copy of the table (`cxl cdat --from /sys/bus/cxl/devices/{name}/CDAT`); \
             {UNSAFE}"
        ),
        Claim::Tsm => format!(
            "disconnect the TSM: write its name, which stands in /sys/bus/pci/devices/{address}/tsm/connect, to \
             tsm/disconnect beside it; {UNSAFE}"
        ),
        Claim::Driver(name) if name.starts_with(CMA) => {
            format!(
                "the PCI core authenticates the device itself, and no driver can be unbound to end that; {UNSAFE}"
            )
        }
        Claim::Driver(name) => format!(
            "unbind the driver (write {address} to /sys/bus/pci/drivers/{name}/unbind), which takes the device out of use; \
             {UNSAFE}"
        ),
    }
}

fn lock(error: &LockError) -> &'static str {
    match error {
        LockError::Held(_) => "another lanewarden uses the mailbox; try again when it has ended",
        LockError::Unsafe => {
            "/run/lanewarden must belong to root and be closed to others; remove what is there and try again"
        }
        LockError::Denied => "mailboxes are used with configuration writes: run as root",
        LockError::System(_) => "the locks are files in /run/lanewarden, which must be writable to root",
    }
}

fn exchange(report: &MailboxReport, step: Step, error: &Error) -> Option<String> {
    Some(match error {
        Error::Access { source, .. } => return access(*source).map(Into::into),
        Error::Blocked(_) => {
            "firmware, a management controller or the kernel has the mailbox; it was left untouched, try again later"
                .into()
        }
        Error::Timeout => {
            "the mailbox was aborted; a device that speaks the protocol answers within a second".into()
        }
        Error::Dead => "only a reset of the device brings the mailbox back".into(),
        Error::Faulted(_) => format!(
            "devices do so with requests they do not take, and when they are not ready yet; the mailbox was aborted \
             and can be used again{}",
            again(report, step)
        ),
        Error::WrongProtocol { .. } | Error::WrongConnection { .. } => format!(
            "someone else's answer may have got in between (firmware, a management controller); where it stays like \
             this, the device breaks the protocol{}",
            again(report, step)
        ),
        Error::BadLength | Error::Truncated | Error::Overrun | Error::TooLong { .. } => format!(
            "the device breaks the protocol: its answer and the length in it do not fit together; the mailbox was \
             aborted and can be used again{}",
            again(report, step)
        ),
        Error::Misuse(_) | Error::Cancelled => return None,
    })
}

/// Against a daemon that did not do it.
fn declined(source: &Declined) -> &'static str {
    match source {
        Declined::Busy(_) => "`lanewarden status` shows who uses what; try again later",
        Declined::Preempted(_) => {
            "someone with more urgent work, or more rights, has taken the mailbox; `lanewarden status` shows who has it, \
             try again later"
        }
        Declined::Policy(_) => POLICY,
        Declined::Failed(_) => {
            "the daemon's log may say more (`journalctl -u lanewarden`), and `lanewarden status` whether it \
                                runs"
        }
    }
}

/// The command line that repeats a step of our own by itself.
fn again(report: &MailboxReport, step: Step) -> String {
    let (protocol, payload) = match step {
        Step::Discovery(index) => {
            // From version 2 of the capability on a host says that it knows version 2 of discovery.
            let version = if report.capability.version >= 2 { 2 } else { 0 };
            ("0001:00", [index, version, 0, 0])
        }
        Step::TableEntry(handle) => {
            let [low, high] = handle.to_le_bytes();
            ("1e98:02", [0, 0, low, high])
        }
        Step::Claim | Step::Request | Step::Message(_) => return String::new(),
    };
    let MailboxId { address, offset } = report.id;
    let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "; `lanewarden doe exchange {address} --mailbox {offset:03x} --protocol {protocol} --hex {hex}` makes this one \
         exchange alone"
    )
}

/// Against an access to a function that did not happen.
pub fn access(error: AccessError) -> Option<&'static str> {
    Some(match error {
        AccessError::Gone => "the device was removed or has lost power",
        AccessError::Denied => "configuration space beyond its header is for root: run as root",
        AccessError::Lockdown => {
            "kernel lockdown forbids writing configuration space, even to root; mailboxes cannot be used until the \
             machine is booted without it (often: without Secure Boot, or without lockdown= on the command line)"
        }
        AccessError::Refused => POLICY,
        AccessError::Claimed => "the kernel uses the mailbox; see --unsafe-shared",
        AccessError::OutOfRange(_) | AccessError::System(_) => return None,
    })
}

/// Against a file that could not be read, written or created.
pub fn file(doing: &str, kind: io::ErrorKind) -> Option<&'static str> {
    use io::ErrorKind as Kind;
    Some(match kind {
        Kind::NotFound if doing == "read" => {
            "check the name; one that does not begin with / counts from the current directory"
        }
        Kind::NotFound => "the directory it should lie in is not there: create that first",
        Kind::IsADirectory => "it is a directory: name a file in it",
        Kind::NotADirectory => "one of the directories in its path is a file",
        Kind::PermissionDenied => "look at its owner and mode, or run as root",
        Kind::StorageFull | Kind::QuotaExceeded => "make room on the file system",
        Kind::ReadOnlyFilesystem => "choose a place on another file system",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;
    use lanewarden_doe::{Protocol, Statistics};
    use lanewarden_pci::registers::doe::Doe as Capability;

    use super::*;
    use crate::args::{Arguments, Doe, Verb};

    fn address() -> Address {
        "0000:0d:00.0".parse().unwrap()
    }

    /// Each user of a mailbox is got rid of in another way, and the PCI core in none.
    #[test]
    fn who_uses_a_mailbox_decides_what_can_be_done() {
        let driver = in_use(address(), &Claim::Driver("cxl_pci".into()));
        assert!(driver.contains("0000:0d:00.0 to /sys/bus/pci/drivers/cxl_pci/unbind"), "{driver}");
        let tsm = in_use(address(), &Claim::Tsm);
        assert!(tsm.contains("tsm/disconnect") && !tsm.contains("unbind"), "{tsm}");
        let core = in_use(address(), &Claim::Driver("PCI core (CMA)".into()));
        assert!(!core.contains("/unbind"), "{core}");
        let object = in_use(address(), &Claim::CxlObject("endpoint3".into()));
        assert!(object.contains("/sys/bus/cxl/devices/endpoint3/CDAT"), "{object}");
    }

    fn report(version: u8) -> MailboxReport {
        let (address, offset) = (address(), 0x1c4);
        MailboxReport {
            id: MailboxId { address, offset },
            capability: Capability {
                offset,
                version,
                interrupt: None,
                attention: false,
                async_messages: false,
            },
            claim: None,
            features: None,
            table: None,
            partial_table: Vec::new(),
            answer: None,
            dead: false,
            statistics: Statistics::default(),
            elapsed: Duration::ZERO,
        }
    }

    /// The command line in a hint is one, and asks for what failed.
    #[test]
    fn a_step_that_failed_can_be_repeated_by_itself() {
        let asked = |version, step| {
            let hint = exchange(&report(version), step, &Error::Overrun).unwrap();
            let line = hint.split('`').nth(1).unwrap().split_whitespace();
            let Verb::Doe(Doe::Exchange(exchange)) = Arguments::try_parse_from(line).unwrap().verb else {
                panic!("{hint}");
            };
            assert_eq!(exchange.mailbox.unwrap().0, 0x1c4);
            (exchange.protocol.0, exchange.hex.unwrap().0)
        };
        assert_eq!(asked(1, Step::Discovery(3)), (Protocol::DISCOVERY, vec![3, 0, 0, 0]));
        assert_eq!(asked(2, Step::Discovery(3)), (Protocol::DISCOVERY, vec![3, 2, 0, 0]));
        assert_eq!(asked(1, Step::TableEntry(0x102)), (Protocol::CXL_TABLE_ACCESS, vec![0, 0, 2, 1]));
    }

    #[test]
    fn a_file_that_is_missing_and_one_that_has_no_place_differ() {
        let hint = |doing| file(doing, io::ErrorKind::NotFound).unwrap();
        assert_ne!(hint("read"), hint("write"));
        assert_eq!(hint("write"), hint("create"));
    }
}
