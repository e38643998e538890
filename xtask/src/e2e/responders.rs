//! The far ends of the NVMe drives' SPDM mailboxes: `lanewarden respond`, one process for each drive, outside of
//! the guest. The emulator connects to them when it makes the drives.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Plant;
use super::machine::lines;

/// What PCIe calls the emulator's drive, all of whose copies are alike (PCIe 6.1, 6.31.3). The guest reads the same
/// from its own kernel.
const NAME: &str = "Vendor=1b36:Device=0010:CC=010802:REV=02:SSVID=1af4:SSID=1100";
/// The same with another device ID.
const OTHER_NAME: &str = "Vendor=1b36:Device=0011:CC=010802:REV=02:SSVID=1af4:SSID=1100";
/// Within how many seconds a drive wants to be heard of in a session: an emulated processor is slow.
const HEARTBEAT: &str = "30";
/// The pre-shared key of the drives, which the guest has too.
const PSK: &[u8] = b"a key of this machine's drives";
/// What they find it by.
const HINT: &str = "drive";
/// How long a responder may take to make an identity and to listen.
const START: Duration = Duration::from_secs(30);

/// Who is behind a drive.
struct Part {
    /// The drive's own serial number, by which the guest knows it.
    serial: &'static str,
    /// Whether the guest has its root among the trust anchors.
    is_anchored: bool,
    /// Whether it signs wrongly.
    is_forger: bool,
}

/// The guest expects a verdict of each. The forger is anchored, so that nothing but its signature speaks against it.
const PARTS: [Part; 3] = [
    Part { serial: "trusted", is_anchored: true, is_forger: false },
    Part { serial: "stranger", is_anchored: false, is_forger: false },
    Part { serial: "forger", is_anchored: true, is_forger: true },
];

/// One process; it ends with this value.
pub struct Responder {
    child: Child,
    /// What it says: held, so that it is never kept from saying more.
    talk: Receiver<String>,
    /// The serial number of its drive.
    pub serial: &'static str,
    /// Where it listens.
    pub port: u16,
    /// The root of its chain, where the guest is to trust that.
    pub anchor: Option<PathBuf>,
    /// Its pre-shared key.
    pub psk: PathBuf,
}

/// Starts all of them, each with an identity made for this run.
pub fn start(program: &Path, folder: &Path, plant: Option<Plant>) -> Result<Vec<Responder>> {
    let identities = folder.join("identities");
    if identities.exists() {
        fs::remove_dir_all(&identities)?;
    }
    let psk = folder.join("psk");
    fs::write(&psk, PSK)?;
    let start = |part: &Part| Responder::start(program, &identities.join(part.serial), &psk, part, plant);
    PARTS.iter().map(start).collect()
}

impl Responder {
    fn start(program: &Path, identity: &Path, psk: &Path, part: &Part, plant: Option<Plant>) -> Result<Self> {
        let name = if plant == Some(Plant::PciName) { OTHER_NAME } else { NAME };
        let mut command = Command::new(program);
        command.args([
            "respond",
            "--listen",
            "127.0.0.1:0",
            "--transport",
            "doe",
            "--make",
            "--pci-name",
            name,
        ]);
        command.arg("--identity").arg(identity);
        command.arg("--psk").arg(format!("{HINT}:{}", psk.display()));
        if plant != Some(Plant::NoHeartbeat) {
            command.args(["--heartbeat", HEARTBEAT]);
        }
        if part.is_forger && plant != Some(Plant::RightSignature) {
            command.arg("--wrong-signature");
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let talk = lines(child.stderr.take().context("the responder's output")?);
        let is_anchored = part.is_anchored || plant == Some(Plant::StrangersAnchor);
        // From here on it is ended however this function ends.
        let mut responder = Self {
            child,
            talk,
            serial: part.serial,
            port: 0,
            anchor: is_anchored.then(|| identity.join("root.pem")),
            psk: psk.to_owned(),
        };
        responder.port = port(&responder.talk).with_context(|| format!("responder {}", part.serial))?;
        Ok(responder)
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        // Neither fails but for a child that has ended by itself, and then there is nothing left to do.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The port in the line that says so.
fn port(talk: &Receiver<String>) -> Result<u16> {
    let mut said = String::new();
    loop {
        let line = talk.recv_timeout(START).with_context(|| format!("it does not listen: {said}"))?;
        if let Some(port) = listening(&line) {
            return Ok(port);
        }
        said.push_str(&line);
    }
}

fn listening(line: &str) -> Option<u16> {
    line.trim().strip_prefix("listening on ")?.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_responder_says_its_port_among_other_things() {
        let (sender, talk) = mpsc::channel();
        for line in ["test identity made in x", "listening on 127.0.0.1:4242", "a requester has connected"] {
            sender.send(line.to_owned()).unwrap();
        }
        assert_eq!(port(&talk).unwrap(), 4242);
    }

    #[test]
    fn one_that_ends_before_it_listens_has_its_words_kept() {
        let (sender, talk) = mpsc::channel();
        sender.send("error: no identity".to_owned()).unwrap();
        drop(sender);
        assert!(port(&talk).unwrap_err().to_string().contains("no identity"));
    }

    #[test]
    fn a_process_ends_with_its_value() {
        let folder = std::env::temp_dir().join(format!("lanewarden-xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (program, pid) = (folder.join("program"), folder.join("pid"));
        let text = format!(
            "#!/bin/sh\necho $$ > {}\necho listening on 127.0.0.1:7 >&2\nexec cat /dev/zero\n",
            pid.display()
        );
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let responder = Responder::start(&program, &folder, &folder, &PARTS[0], None).unwrap();
        let process = Path::new("/proc").join(fs::read_to_string(pid).unwrap().trim());
        assert!(process.exists() && responder.port == 7);
        drop(responder);
        assert!(!process.exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
