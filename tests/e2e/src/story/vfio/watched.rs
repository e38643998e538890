//! What the command line tells of a device while it sleeps.

use std::io::{BufRead, BufReader};

use anyhow::{Context, Result};
use serde_json::Value;

use super::Subject;
use crate::system::write_line;
use crate::{product, report};

/// Row V5: `watch` tells of each wake as it happens, and lets the device sleep again.
pub fn wakes_as_they_happen(subject: &Subject) -> Result<()> {
    let address = subject.address.to_string();
    let arguments =
        ["--json", "vfio", "low-power", "watch", &address, "--reenter", "--max-wakes", "2", "--for", "2m"];
    let mut child = product::command(&arguments).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let mut next = || -> Result<String> {
        let Some(line) = lines.next().transpose()? else { return Ok("the end".into()) };
        let event: Value = serde_json::from_str(&line)?;
        let text = |key: &str| event[key].as_str().unwrap_or("?").to_owned();
        Ok(format!("{} {} {}", text("event"), event["wakes"], text("runtime_status")))
    };
    let mut seen = vec![next()?];
    write_line(subject.attribute("power/control"), "on")?;
    seen.push(next()?);
    write_line(subject.attribute("power/control"), "auto")?;
    // What follows depends on how soon the device was let sleep again.
    let mut following = next()?;
    if following.starts_with("engaged") {
        following = "asleep 1 suspended".into();
    }
    seen.push(following);
    subject.asleep()?;
    write_line(subject.attribute("reset"), "1")?;
    seen.extend([next()?, next()?, next()?]);
    let output = child.wait_with_output()?;
    seen.push(format!(
        "exit {:?}{}",
        output.status.code(),
        report::flat(&String::from_utf8_lossy(&output.stderr))
    ));
    let woken = |line: &String| line.replace("resuming", "active");
    let seen: Vec<String> = seen.iter().map(woken).collect();
    let expected = "asleep 0 suspended; woken 1 active; asleep 1 suspended; woken 2 active; left 2 active; the end; exit Some(0)";
    subject.check("vfio low-power watch", expected, &seen.join("; "));
    Ok(())
}

/// `enter` stays until the device is woken, and what it says is to be read; `exit` where there is nothing to leave is fine.
pub fn entered_and_left(subject: &Subject) -> Result<()> {
    let address = subject.address.to_string();
    let mut child =
        product::command(&["vfio", "low-power", "enter", "--wakeup", &address, "--for", "2m"]).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    write_line(subject.attribute("reset"), "1")?;
    let said: Vec<String> = std::iter::once(Ok(first)).chain(lines).collect::<Result<_, _>>()?;
    // Time, device, what happened: runtime_status, power_state.
    let after_the_time =
        |line: &String| line.split_once("  ").map_or(line.clone(), |(_, rest)| rest.to_owned());
    let said: Vec<String> = said.iter().map(after_the_time).collect();
    let exit = child.wait()?;
    let seen = format!("{}; exit {:?}", said.join("; ").replace("resuming", "active"), exit.code());
    let expected = format!(
        "{address}  asleep: {}; {address}  woken (wake 1): active, D0; {address}  low power left: active, D0; exit Some(0)",
        subject.asleep
    );
    subject.check("vfio low-power enter --wakeup", &expected, &seen);
    let run = product::run(&["vfio", "low-power", "exit", &address])?;
    subject.check("vfio low-power exit", "exit 0", &run.exit());
    Ok(())
}

/// A device that a process has is refused to others, and is not waited for.
pub fn held_by_another(subject: &Subject) -> Result<()> {
    let _held = subject.open()?;
    let address = subject.address.to_string();
    for verb in [&["vfio", "low-power", "probe", &address][..], &["vfio", "unbind", &address]] {
        let run = product::run(verb)?;
        let seen = format!("{}, {}", run.exit(), run.hint());
        subject.check(&format!("{} while held", verb[..verb.len() - 1].join(" ")), "exit 8, hint", &seen);
    }
    Ok(())
}
