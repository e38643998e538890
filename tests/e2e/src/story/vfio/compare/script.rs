//! The script: what is done to both machines, rule by rule.

use lanewarden_pci::low_power::Request;

use super::Abilities;
use super::act::{Act, Line, Word};

const PROBE: u32 = Request::PROBE;
const GET: u32 = Request::GET;
const SET: u32 = Request::SET;

/// Some acts on a device that was just opened.
pub struct Scene {
    pub name: &'static str,
    pub acts: Vec<Act>,
}

/// Those that make sense for a device of these abilities.
pub fn scenes(abilities: Abilities) -> Vec<Scene> {
    let mut scenes = vec![
        scene("entry", entry()),
        scene("use by the host", host_use()),
        scene("one signal an entry", one_signal()),
        scene("features and flags", features()),
        scene("descriptors", descriptors()),
        scene("entry twice", twice()),
        scene("faults", faults()),
        scene("closing", closing()),
        scene("kept awake", kept_awake()),
        scene("resets", resets()),
    ];
    scenes.extend(balance());
    if abilities.power_management {
        scenes.push(scene("the device's own D3hot", own_register()));
    }
    if abilities.line {
        scenes.push(scene("interrupt line", line()));
    }
    scenes
}

fn scene(name: &'static str, acts: impl Into<Vec<Act>>) -> Scene {
    Scene { name, acts: acts.into() }
}

/// Rows V1, V2: an entry reaches what the platform has, and no answer says what that is.
/// Row V3: a read is answered.
/// Row V4: an exit without an entry does nothing.
/// Row V7: nobody is told.
fn entry() -> [Act; 7] {
    [Act::EXIT, Act::ENTRY, Act::Read, Act::HostRead, Act::EXIT, Act::EXIT, Act::Read]
}

/// Rows V5, V6: told or not, as was asked; back to sleep or not.
fn host_use() -> [Act; 6] {
    [Act::ENTRY, Act::HostUse, Act::HostUse, Act::EXIT, Act::WITH_WAKEUP, Act::HostUse]
}

/// Row V8: the second use finds no eventfd.
/// Row V10: the exit after it changes nothing.
/// Row V22: there is no interrupt for it.
fn one_signal() -> [Act; 7] {
    let second = Act::wakeup(Word::Eventfd(1));
    [Act::WITH_WAKEUP, Act::Read, Act::HostUse, Act::EXIT, second, Act::Interrupts, Act::EXIT]
}

/// Row V9: eventfd or not, woken or not, left or not; a further entry and a read show whether the count is right.
fn balance() -> Vec<Scene> {
    const NAMES: [&str; 8] = [
        "balance: entry",
        "balance: entry, exit",
        "balance: entry, woken",
        "balance: entry, woken, exit",
        "balance: eventfd",
        "balance: eventfd, exit",
        "balance: eventfd, woken",
        "balance: eventfd, woken, exit",
    ];
    let scene_of = |(case, name): (usize, &'static str)| {
        let mut acts = vec![if case & 4 == 0 { Act::ENTRY } else { Act::WITH_WAKEUP }];
        acts.extend((case & 2 != 0).then_some(Act::HostUse));
        acts.extend((case & 1 != 0).then_some(Act::EXIT));
        acts.extend([Act::ENTRY, Act::Read, Act::EXIT]);
        scene(name, acts)
    };
    NAMES.into_iter().enumerate().map(scene_of).collect()
}

/// Row V11: the features are set and probed and never read.
/// Row V16: other numbers are unknown.
/// Row V17: exit is set.
/// Row V23: probing answers with what is allowed.
fn features() -> Vec<Act> {
    let mut acts = Vec::new();
    for feature in [3, 4, 5, 0xffff] {
        for operation in [PROBE, PROBE | SET, PROBE | GET, PROBE | GET | SET, GET, GET | SET, 0] {
            acts.push(Act::call(16, feature | operation));
        }
    }
    acts.extend([
        Act::call(8, 5 | SET | 1 << 19),
        Act::call(0, 5 | SET),
        Act::call(7, 5 | SET),
        Act::call(7, 3 | SET | PROBE),
        Act::call(8, 4 | SET),
        Act::call(15, 4 | SET),
        Act::call(64, 3 | SET),
        Act::call(64, 5 | SET),
    ]);
    acts
}

/// Row V15: what is no eventfd is refused, changes nothing, and is refused also where low power is engaged.
fn descriptors() -> [Act; 8] {
    let [negative, closed, file] = [Word::Negative, Word::Closed, Word::File].map(Act::wakeup);
    [negative, closed, file, Act::WITH_WAKEUP, closed, Act::ENTRY, file, Act::EXIT]
}

/// Row V19: a second entry is an error, unless the first has ended with the wake for the call.
fn twice() -> [Act; 6] {
    let other = Act::wakeup(Word::Eventfd(1));
    [Act::ENTRY, Act::ENTRY, other, Act::EXIT, Act::WITH_WAKEUP, other]
}

/// Rows V3, V13, V18: mapped memory faults from the entry on, whatever woke the device, and answers when low power ends.
/// Rows V14, V21: a fault wakes nothing: the device is as it was.
fn faults() -> [Act; 9] {
    [
        Act::ENTRY,
        Act::Read,
        Act::Memory { enabled: false },
        Act::EXIT,
        Act::Memory { enabled: true },
        Act::WITH_WAKEUP,
        Act::HostRead,
        Act::HostUse,
        Act::EXIT,
    ]
}

/// Row V20: closing undoes low power, tells nobody, and leaves nothing for who opens the device next.
fn closing() -> [Act; 9] {
    let (close, open) = (Act::Close, Act::Open);
    [Act::WITH_WAKEUP, close, Act::HostUse, open, Act::ENTRY, close, open, Act::WITH_WAKEUP, Act::Read]
}

/// Row V19: of a device that never slept nobody is told; once it sleeps a wake is told.
fn kept_awake() -> [Act; 6] {
    let (keep, let_go) = (Act::Hold(true), Act::Hold(false));
    [keep, Act::WITH_WAKEUP, Act::Read, let_go, Act::Read, Act::EXIT]
}

/// Row V5: a reset is a use, by the host as by the user.
/// Row V12: it is over when the call returns, and the device may sleep again.
fn resets() -> [Act; 6] {
    [Act::ENTRY, Act::HostReset, Act::Reset, Act::EXIT, Act::WITH_WAKEUP, Act::HostReset]
}

/// Row V1: the device's own register reaches D3hot, with memory that faults; after a sleep the device is in D0.
fn own_register() -> [Act; 8] {
    let (down, up) = (Act::PowerState { d3hot: true }, Act::PowerState { d3hot: false });
    [down, Act::Read, up, down, Act::WITH_WAKEUP, Act::Read, down, Act::HostReset]
}

/// Row V18: the line is masked for sleep only where it was not, and unmasked only where that was done.
fn line() -> [Act; 12] {
    let [off, open, masked] = [Line::Off, Line::Open, Line::Masked].map(Act::Line);
    let (entry, read, exit) = (Act::ENTRY, Act::Read, Act::EXIT);
    [open, entry, read, exit, masked, entry, read, exit, off, open, Act::WITH_WAKEUP, Act::HostUse]
}
