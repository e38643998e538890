//! What the kernel's driver takes and refuses, number by number.

use std::fs::File;
use std::os::fd::AsRawFd;

use anyhow::Result;
use lanewarden_linux::vfio::{LowPower, Request, Wakeup};

use super::{Subject, word};
use crate::product;

const GET: u32 = 1 << 16;
const SET: u32 = 1 << 17;
const PROBE: u32 = 1 << 18;

/// Row V11: the features are set and probed and never read.
/// Row V15: they are three.
/// Row V16: there is no fourth with flags, and a number that nobody knows is answered as unknown.
/// Row V17: exit is set like the others.
/// Row V23: probing answers with what is allowed.
pub fn features(subject: &Subject) -> Result<()> {
    let object = product::json(&["vfio", "low-power", "probe", &subject.address.to_string()])?;
    let features: Vec<String> = object["features"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| format!("{}: get {} set {}", one["feature"], one["get"], one["set"]))
        .collect();
    let expected = "3: get false set true; 4: get false set true; 5: get false set true";
    subject.check("probe", expected, &features.join("; "));
    let device = subject.open()?;
    let calls = [
        ("probe SET 3", 8, 3 | PROBE | SET, "done"),
        ("probe GET 3", 8, 3 | PROBE | GET, "Refused"),
        ("probe GET 5", 8, 5 | PROBE | GET, "Refused"),
        ("GET 3", 8, 3 | GET, "Refused"),
        ("GET 4", 16, 4 | GET, "Refused"),
        ("GET 5", 8, 5 | GET, "Refused"),
        ("GET and SET 5", 8, 5 | GET | SET, "Refused"),
        ("neither", 8, 5, "Refused"),
        ("flag 19", 8, 5 | SET | 1 << 19, "Refused"),
        ("argsz 7", 7, 5 | SET, "Refused"),
        ("argsz 0", 0, 5 | SET, "Refused"),
        ("argsz 15 with wake-up", 15, 4 | SET, "Refused"),
        ("argsz 64", 64, 5 | SET, "done"),
        ("feature 0xffff", 8, 0xffff | SET, "Unsupported"),
        ("feature 0xffff, probed", 8, 0xffff | PROBE | SET, "Unsupported"),
    ];
    for (name, argsz, flags, expected) in calls {
        let seen = word(device.request(Request { argsz, flags, word: -1 }));
        subject.check(&format!("DEVICE_FEATURE {name}"), expected, &seen);
    }
    Ok(())
}

/// Row V15: a descriptor that is no eventfd is refused, and nothing is engaged by that.
pub fn descriptors(subject: &Subject) -> Result<()> {
    let device = subject.open()?;
    let file = File::open("/proc/cmdline")?;
    let closed = {
        use std::os::fd::AsFd;
        let wakeup = Wakeup::new()?;
        wakeup.as_fd().as_raw_fd()
    };
    let descriptors = [
        ("negative", -1, "Refused"),
        ("the least", i32::MIN, "Refused"),
        ("never opened", 9999, "BadDescriptor"),
        ("closed", closed, "BadDescriptor"),
        ("a file", file.as_raw_fd(), "Refused"),
    ];
    for (name, word_, expected) in descriptors {
        let seen = word(device.request(Request { argsz: 16, flags: 4 | SET, word: word_ }));
        subject.check(&format!("eventfd {name}"), expected, &seen);
    }
    // Were it engaged, this would be refused.
    subject.check("entry after bad eventfds", "done", &word(device.enter_low_power()));
    Ok(())
}
