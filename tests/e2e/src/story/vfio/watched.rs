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
