//! One of the emulators, run to its end or to a deadline, and always reaped.

use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::scratch::Scratch;

/// Bytes of a program's output that are read.
const MAX_OUTPUT: u64 = 1 << 20;
/// How long a responder may take until it listens.
const START: Duration = Duration::from_secs(10);
/// How often the table of sockets is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(2);

/// A program that runs. It is killed where it is dropped before its end.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    child: Child,
    output: PathBuf,
    /// The folder it runs in, where nobody else keeps it.
    folder: Option<Scratch>,
}

/// How a program ended.
#[derive(Clone, Debug)]
pub struct End {
    /// Which.
    pub name: &'static str,
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// The lines in which it complains.
    pub complaints: Vec<String>,
}

impl End {
    /// Fails unless it ended well and said nothing against it. The exit code alone is not enough: it is 0 after some
    /// errors.
    ///
    /// # Errors
    /// What it said.
    pub fn check(&self) -> Result<()> {
        if self.code == Some(0) && self.complaints.is_empty() {
            return Ok(());
        }
        let said = self.complaints.first().map_or("", String::as_str);
        bail!("{} ended with {:?} and {} complaints: {said}", self.name, self.code, self.complaints.len())
    }
}

impl Program {
    /// Starts one of the emulators in its folder.
    ///
    /// # Errors
    /// Where there is none.
    pub fn start(scratch: &Scratch, name: &'static str, arguments: &[String]) -> Result<Self> {
        let output = scratch.path().join(format!("{name}.output"));
        let file = File::create(&output)?;
        let child = Command::new(scratch.path().join(name))
            .args(arguments)
            .current_dir(scratch.path())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, output, folder: None })
    }

    /// Keeps the folder it runs in for as long as it runs.
    #[must_use]
    pub fn keeping(mut self, folder: Scratch) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Starts the responder on a free port of loopback, and waits until it listens.
    ///
    /// # Errors
    /// Where it does not.
    pub fn responder(scratch: &Scratch, arguments: &[String]) -> Result<(Self, u16)> {
        // It takes no port 0: another program may be faster than it is.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let place = ["--ip", "127.0.0.1", "--port", &port.to_string()].map(str::to_owned);
            let mut program = Self::start(scratch, "spdm_responder_emu", &[&place, arguments].concat())?;
            if program.listens(port)? {
                return Ok((program, port));
            }
        }
        bail!("the responder does not listen")
    }

    /// Whether it listens, sooner or later. Connecting in order to find out would end it.
    fn listens(&mut self, port: u16) -> Result<bool> {
        let begun = Instant::now();
        while begun.elapsed() < START {
            if self.child.try_wait()?.is_some() {
                return Ok(false);
            }
            if is_listening(&fs::read_to_string("/proc/net/tcp")?, port) {
                return Ok(true);
            }
            std::thread::sleep(LOOK);
        }
        Ok(false)
    }

    /// Waits until it has said something that begins with these words, and gives the rest of that line.
    ///
    /// # Errors
    /// Where it does not.
    pub fn says(&mut self, words: &str) -> Result<String> {
        let begun = Instant::now();
        while begun.elapsed() < START {
            let said = fs::read_to_string(&self.output)?;
            let line =
                said.split_inclusive('\n').find_map(|line| line.strip_prefix(words)?.strip_suffix('\n'));
            if let Some(rest) = line {
                return Ok(rest.to_owned());
            }
            if self.child.try_wait()?.is_some() {
                bail!("{} has ended: {}", self.name, said.escape_debug());
            }
            std::thread::sleep(LOOK);
        }
        bail!("{} does not say {words:?}", self.name)
    }

    /// Waits for its end. One that has not ended by then is killed, and that is an error.
    ///
    /// # Errors
    /// Where it has not ended, and those of the operating system.
    pub fn end(mut self, within: Duration) -> Result<End> {
        let pid = Pid::from_child(&self.child);
        let handle = pidfd_open(pid, PidfdFlags::empty())?;
        let begun = Instant::now();
        let mut left = within;
        while self.child.try_wait()?.is_none() && !left.is_zero() {
            let timeout = Timespec::try_from(left)?;
            match poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => left = within.saturating_sub(begun.elapsed()),
                Err(error) => return Err(error.into()),
            }
        }
        let Some(status) = self.child.try_wait()? else { bail!("{} has not ended", self.name) };
        Ok(End { name: self.name, code: status.code(), complaints: self.complaints()? })
    }

    fn complaints(&self) -> Result<Vec<String>> {
        let mut output = Vec::new();
        File::open(&self.output)?.take(MAX_OUTPUT).read_to_end(&mut output)?;
        let output = String::from_utf8_lossy(&output);
        // A wrong option makes them print their usage and end with 0.
        let complains = |line: &&str| ["ERROR", "Unable", "[--trans"].iter().any(|sign| line.contains(sign));
        Ok(output.lines().filter(complains).map(|line| line.escape_debug().to_string()).collect())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Neither fails for a child that has not been waited for; one that has is not signalled again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a socket listens on this port of 127.0.0.1, by the kernel's table.
fn is_listening(table: &str, port: u16) -> bool {
    let local = format!("0100007F:{port:04X}");
    table.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next() == Some(&local) && fields.nth(1) == Some("0A")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "  sl  local_address rem_address   st tx_queue
   0: 0100007F:0913 00000000:0000 0A 00000000:00000000
   1: 0100007F:0914 0100007F:0913 01 00000000:00000000
   2: 00000000:0915 00000000:0000 0A 00000000:00000000
";

    #[test]
    fn only_a_socket_that_listens_on_loopback_counts() {
        let listening: Vec<u16> = (0x912..0x917).filter(|port| is_listening(TABLE, *port)).collect();
        assert_eq!(listening, [0x913]);
    }

    fn shell(script: &str) -> Program {
        let output = tempfile::NamedTempFile::new().unwrap().into_temp_path().keep().unwrap();
        let file = File::create(&output).unwrap();
        let child = Command::new("sh").args(["-c", script]).stdout(file).spawn().unwrap();
        Program { name: "sh", child, output, folder: None }
    }

    #[test]
    fn an_error_line_fails_a_program_that_ends_with_0() {
        assert!(shell("echo fine").end(START).unwrap().check().is_ok());
        assert!(shell("echo ERROR: no").end(START).unwrap().check().is_err());
        assert!(shell("exit 1").end(START).unwrap().check().is_err());
    }

    #[test]
    fn a_program_that_does_not_end_is_an_error() {
        let error = shell("exec sleep 1000").end(Duration::from_millis(1)).unwrap_err();
        assert_eq!(error.to_string(), "sh has not ended");
    }
}
