//! A device behind a socket, and folders of files.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The binary.
pub const LANEWARDEN: &str = env!("CARGO_BIN_EXE_lanewarden");

/// A responder that is ended with the test.
pub struct Device {
    process: Child,
    /// Where it listens.
    pub place: String,
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts one that makes its identity first, where there is none.
pub fn respond(identity: &Path, more: &[&str]) -> Device {
    let mut process = Command::new(LANEWARDEN)
        .args(["respond", "--make", "--listen", "127.0.0.1:0", "--identity"])
        .arg(identity)
        .args(more)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut said = said.filter_map(|line| line.strip_prefix("listening on ").map(ToOwned::to_owned));
    let place = said.next().expect("it says where it listens");
    // What it says further is read, so that it is never held up by a full pipe.
    std::thread::spawn(move || said.for_each(drop));
    Device { process, place }
}

/// Runs the binary to its end.
pub fn run(arguments: &[&str], paths: &[&Path]) -> Output {
    Command::new(LANEWARDEN).args(arguments).args(paths).output().unwrap()
}

/// Those who trust this identity.
pub fn anchors(folder: &Path, identity: &Path) -> std::path::PathBuf {
    let anchors = folder.join("anchors");
    std::fs::create_dir_all(&anchors).unwrap();
    std::fs::copy(identity.join("root.pem"), anchors.join("root.pem")).unwrap();
    anchors
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a device's identity, and another with its root alone.
pub struct Folders {
    folder: tempfile::TempDir,
    pub identity: std::path::PathBuf,
}

impl Folders {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = folder.path().join("identity");
        Self { folder, identity }
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub fn anchors(&self) -> std::path::PathBuf {
        anchors(self.folder.path(), &self.identity)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> std::path::PathBuf {
        std::fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }
}
