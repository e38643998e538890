//! The virtual machine: a CXL host bridge with a switch and two memories, NVMe drives that can be attested, and a network
//! interface for nobody but VFIO.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::guest::{self, Check, Line};
use super::kernel;
use super::packages::Packages;
use super::responders::Responder;

/// What every boot has in common.
pub struct Machine<'a> {
    /// Where logs are kept.
    pub folder: &'a Path,
    /// QEMU and the kernel.
    pub packages: &'a Packages,
    /// How QEMU runs the guest's instructions.
    pub accel: &'a str,
    /// The second memory's CDAT.
    pub table: &'a Path,
    /// Who answers for the NVMe drives: each gets one.
    pub responders: &'a [Responder],
}

impl Machine<'_> {
    /// Boots, follows the guest to its end, and returns what it compared. A guest that dies or hangs is a
    /// failed check.
    ///
    /// One that has not said its first word after [`SILENCE`] has not come as far as what is tested; it is
    /// booted once more. `image` is the archive that the guest runs from.
    pub fn boot(&self, image: &Path, story: &str, options: &str, deadline: Instant) -> Result<Vec<Check>> {
        let log = self.folder.join(format!("console-{story}.log"));
        let command = || self.command(image, story, options, &log);
        let followed = attempt(command(), deadline.min(Instant::now() + SILENCE), deadline)?;
        let followed = if followed.spoke() {
            followed
        } else {
            let kept = self.folder.join(format!("console-{story}-silent.log"));
            std::fs::rename(&log, &kept).ok();
            eprintln!("e2e: the guest said nothing; see {}; booting it once more", kept.display());
            attempt(command(), deadline, deadline)?
        };
        let mut checks = followed.checks;
        if let Some(failure) = followed.failure {
            let expected = "the guest comes to its end".to_owned();
            let seen = format!("{failure}; see {}", log.display());
            checks.push(Check { check: format!("boot {story}"), expected, seen, ok: false });
        }
        Ok(checks)
    }

    fn command(&self, image: &Path, story: &str, options: &str, log: &Path) -> Command {
        let packages = self.packages;
        let mut command = packages.command("usr/bin/qemu-system-x86_64");
        command.env("QEMU_MODULE_DIR", packages.path("usr/lib/x86_64-linux-gnu/qemu"));
        for folder in ["usr/share/qemu", "usr/share/seabios"] {
            command.arg("-L").arg(packages.path(folder));
        }
        command.args(["-accel", self.accel]).args(DEVICES.split_whitespace());
        command.arg("-device").arg(format!("{MEMORY_2},cdat={}", self.table.display()));
        for (number, responder) in self.responders.iter().enumerate() {
            command.args(drive(number, responder.serial, responder.port));
        }
        command.arg("-serial").arg(format!("file:{}", log.display())).args(["-serial", "stdio"]);
        command.arg("-kernel").arg(kernel::image(packages)).arg("-initrd").arg(image);
        command.arg("-append").arg(format!("{KERNEL_OPTIONS} e2e.story={story} {options}"));
        command
    }
}

fn attempt(mut command: Command, first_word: Instant, deadline: Instant) -> Result<Followed> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start QEMU")?;
    let output = child.stdout.take().context("QEMU's output")?;
    let followed = follow(&lines(output), first_word, deadline);
    if followed.failure.is_some() {
        child.kill().ok();
    }
    reap(child)?;
    Ok(followed)
}

/// How long a guest may take to its first word. An emulated processor needs some three seconds.
const SILENCE: Duration = Duration::from_secs(60);

struct Followed {
    checks: Vec<Check>,
    progress: usize,
    failure: Option<&'static str>,
}

impl Followed {
    fn spoke(&self) -> bool {
        self.progress > 0 || !self.checks.is_empty() || self.failure.is_none()
    }
}

fn follow(lines: &Receiver<String>, first_word: Instant, deadline: Instant) -> Followed {
    let (mut checks, mut progress) = (Vec::new(), 0);
    let failure = loop {
        let until = if progress == 0 && checks.is_empty() { first_word } else { deadline };
        match lines
            .recv_timeout(until.saturating_duration_since(Instant::now()))
            .map(|text| guest::line(&text))
        {
            Ok(Some(Line::Check(check))) => checks.push(check),
            Ok(Some(Line::Progress(text))) => {
                progress += 1;
                eprintln!("e2e: guest: {text}");
            }
            Ok(Some(Line::Done)) => break None,
            Ok(None) => {}
            Err(RecvTimeoutError::Timeout) => break Some("it hung and was killed"),
            Err(RecvTimeoutError::Disconnected) => break Some("it died"),
        }
    };
    Followed { checks, progress, failure }
}

/// The lines of a child's output, read whether or not anyone asks for them.
pub fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Gives the guest a moment to power itself off, then ends it.
fn reap(mut child: Child) -> Result<()> {
    for _ in 0..50 {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// Everything on it is there because a check needs it. What does not explain itself: the host bridge has
/// decoders although one port needs none, since without them it carries only one region; and each memory has
/// a window of its own, since the kernel computes a region's figures only when the region's memory is the
/// first of its node. The first NVMe drive is an initiator too, nearer to the host bridge than the processor, so
/// that the two access classes differ.
const DEVICES: &str = "
    -nodefaults -no-user-config -display none -no-reboot -cpu max,-hypervisor -smp 2
    -machine q35,cxl=on,kernel-irqchip=split,hmat=on -m 1G,maxmem=8G,slots=8 -device intel-iommu,intremap=on
    -object memory-backend-ram,id=ram0,size=1G -numa node,nodeid=0,memdev=ram0,cpus=0-1 -numa node,nodeid=1
    -numa dist,src=0,dst=1,val=21 -numa dist,src=1,dst=0,val=21
    -numa hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=access-latency,latency=10
    -numa hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=access-bandwidth,bandwidth=20G
    -numa hmat-lb,initiator=0,target=1,hierarchy=memory,data-type=access-latency,latency=30
    -numa hmat-lb,initiator=0,target=1,hierarchy=memory,data-type=access-bandwidth,bandwidth=12G
    -numa node,nodeid=2 -numa dist,src=0,dst=2,val=21 -numa dist,src=2,dst=0,val=21
    -numa dist,src=1,dst=2,val=21 -numa dist,src=2,dst=1,val=21
    -object acpi-generic-initiator,id=gi0,pci-dev=nvme0,node=2
    -numa hmat-lb,initiator=2,target=0,hierarchy=memory,data-type=access-latency,latency=30
    -numa hmat-lb,initiator=2,target=0,hierarchy=memory,data-type=access-bandwidth,bandwidth=12G
    -numa hmat-lb,initiator=2,target=1,hierarchy=memory,data-type=access-latency,latency=20
    -numa hmat-lb,initiator=2,target=1,hierarchy=memory,data-type=access-bandwidth,bandwidth=14G
    -object memory-backend-ram,id=vmem0,share=on,size=256M -object memory-backend-ram,id=vmem1,share=on,size=256M
    -device pxb-cxl,bus_nr=12,bus=pcie.0,id=cxl.1,hdm_for_passthrough=true
    -device cxl-rp,port=0,bus=cxl.1,id=rp0,chassis=0,slot=2
    -device cxl-upstream,bus=rp0,id=us0
    -device cxl-downstream,port=0,bus=us0,id=sw0,chassis=0,slot=4
    -device cxl-downstream,port=1,bus=us0,id=sw1,chassis=0,slot=5
    -device cxl-type3,bus=sw0,volatile-memdev=vmem0,id=mem0,sn=0x1
    -machine cxl-fmw.0.targets.0=cxl.1,cxl-fmw.0.size=4G,cxl-fmw.1.targets.0=cxl.1,cxl-fmw.1.size=4G
    -object acpi-generic-port,id=gp0,pci-bus=cxl.1,node=1
    -device pcie-root-port,bus=pcie.0,id=nrp,port=20,chassis=20,slot=20 -device e1000e,bus=nrp,romfile=
";

/// A drive below a root port of its own, with its SPDM mailbox.
fn drive(number: usize, serial: &str, spdm_port: u16) -> [String; 6] {
    let slot = FIRST_SLOT + number;
    [
        "-device".into(),
        format!("pcie-root-port,bus=pcie.0,id=prp{number},port={slot},chassis={slot},slot={slot}"),
        "-drive".into(),
        format!("if=none,id=d{number},format=raw,file=null-co://,file.size=64M"),
        "-device".into(),
        format!("nvme,id=nvme{number},bus=prp{number},serial={serial},drive=d{number},spdm_port={spdm_port}"),
    ]
}

/// Its narrow link makes the link's part of latency and bandwidth stand out.
const MEMORY_2: &str = "cxl-type3,bus=sw1,volatile-memdev=vmem1,id=mem1,sn=0x2,x-width=2";
/// Of the drives' root ports: slots that nothing else has.
const FIRST_SLOT: usize = 9;
const KERNEL_OPTIONS: &str =
    "console=ttyS0 quiet loglevel=4 intel_iommu=on iommu=nopt panic=-1 no_timer_check";

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: &str = r#"{"check":{"check":"a","expected":"1","seen":"1","ok":true}}"#;

    fn sent(lines: &[&str]) -> (mpsc::Sender<String>, Receiver<String>) {
        let (sender, receiver) = mpsc::channel();
        for line in lines {
            sender.send((*line).to_owned()).unwrap();
        }
        (sender, receiver)
    }

    #[test]
    fn a_guest_that_says_done_has_not_failed() {
        let (_sender, lines) = sent(&["noise", CHECK, "\"done\"", CHECK]);
        let soon = Instant::now() + Duration::from_secs(60);
        let followed = follow(&lines, soon, soon);
        assert_eq!((followed.checks.len(), followed.failure), (1, None));
    }

    #[test]
    fn a_guest_that_dies_or_hangs_has_failed_and_keeps_what_it_said() {
        let (sender, lines) = sent(&[CHECK]);
        drop(sender);
        let (now, soon) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        let followed = follow(&lines, now, soon);
        assert_eq!((followed.checks.len(), followed.failure), (1, Some("it died")));
        assert!(followed.spoke());
        let (_sender, lines) = sent(&[]);
        let silent = follow(&lines, now, soon);
        assert_eq!((silent.failure, silent.spoke()), (Some("it hung and was killed"), false));
    }
}
