//! All that their requester does where nothing tells it otherwise, with the program `lanewarden respond`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail, ensure};
use lanewarden_net::emulator::Transport;
use lanewarden_spdm::Version;

use crate::answering::introduce;
use crate::asking::PATIENCE;
use crate::identities::Chains;
use crate::names;
use crate::pairs::all_pairs;
use crate::plan::{Combination, Side, ordinary};
use crate::program::Program;
use crate::scratch::Scratch;
use crate::sessions::PSK;

/// One run of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockRun {
    /// What carries the messages.
    pub transport: Transport,
    /// The version that it is told to speak, where it is told.
    pub version: Option<Version>,
    /// Whose keys it is told to make new, where it is told.
    pub new_keys: Option<&'static str>,
    /// Whether the responder wants proof of who it is.
    pub mutual: bool,
}

const TRANSPORTS: [Transport; 3] = [Transport::Mctp, Transport::Doe, Transport::Tcp];
const VERSIONS: [Option<Version>; 4] = [None, Some(Version::V1_1), Some(Version::V1_2), Some(Version::V1_3)];
const NEW_KEYS: [Option<&str>; 3] = [None, Some("REQ"), Some("RSP")];
/// What has to have been said in the clear for the flow to have been whole.
const SAID: [&str; 6] = [
    "-> CHALLENGE ",
    "-> GET_MEASUREMENTS ",
    "-> KEY_EXCHANGE ",
    "<- KEY_EXCHANGE_RSP ",
    "-> PSK_EXCHANGE ",
    "<- PSK_EXCHANGE_RSP ",
];

/// Over every transport without being told anything, and so many more that every two values meet.
#[must_use]
pub fn plan() -> Vec<StockRun> {
    let columns = [TRANSPORTS.len(), VERSIONS.len(), NEW_KEYS.len(), 2];
    let of_row = |row: &Vec<usize>| StockRun {
        transport: TRANSPORTS[row[0]],
        version: VERSIONS[row[1]],
        new_keys: NEW_KEYS[row[2]],
        mutual: row[3] == 1,
    };
    let untold =
        TRANSPORTS.map(|transport| StockRun { transport, version: None, new_keys: None, mutual: false });
    let paired = all_pairs(&columns, |_| true).iter().map(of_row).collect::<Vec<_>>();
    untold.into_iter().chain(paired.into_iter().filter(|run| !untold.contains(run))).collect()
}

impl StockRun {
    fn told(&self, port: u16) -> Vec<String> {
        let mut told = vec!["--ip", "127.0.0.1", "--trans", names::transport(self.transport)];
        let version = self.version.map(|version| version.to_string());
        told.extend(version.iter().flat_map(|version| ["--ver", version]));
        told.extend(self.new_keys.iter().flat_map(|keys| ["--key_upd", keys]));
        told.into_iter().map(str::to_owned).chain(["--port".to_owned(), port.to_string()]).collect()
    }

    const fn transport(&self) -> &'static str {
        match self.transport {
            Transport::Mctp => "mctp",
            Transport::Doe => "doe",
            Transport::Tcp => "framed-tcp",
            Transport::None => "none",
        }
    }
}

/// Runs it, and gives how many messages went to the responder.
///
/// # Errors
/// What either side has against the other.
pub fn run(emulators: &Path, run: &StockRun) -> Result<usize> {
    let lanewarden = program()?;
    let scratch = Scratch::new(emulators)?;
    symlink(lanewarden, scratch.path().join("lanewarden"))?;
    let one: Combination = ordinary(Side::Answering);
    let chains = Chains::new(one.signature)?;
    introduce(&scratch, &one, &chains)?;
    chains.save(&scratch.path().join("identity"))?;
    let (hint, key) = (hexadecimal(PSK.hint), scratch.path().join("psk"));
    fs::write(&key, PSK.key)?;
    let psk = format!("0x{hint}:{}", key.display());
    let mut arguments =
        vec!["respond", "--listen", "127.0.0.1:0", "--identity", "identity", "--heartbeat", "60"];
    arguments.extend(["--psk", &psk, "--pcap", "said.pcap", "--transport", run.transport()]);
    if run.mutual {
        trust_requesters(&scratch)?;
        arguments.extend(["--mutual", "requesters"]);
    }
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    let mut responder = Program::start(&scratch, "lanewarden", &arguments)?;
    let place = responder.says("listening on 127.0.0.1:")?;
    let port = place.trim().parse().with_context(|| format!("no port: {place:?}"))?;
    let requester = Program::start(&scratch, "spdm_requester_emu", &run.told(port))?;
    requester.end(PATIENCE)?.check()?;
    responder.end(PATIENCE)?.check()?;
    said(&scratch, lanewarden)
}

/// How many messages went to the responder, of which there are all that there should be.
fn said(scratch: &Scratch, lanewarden: &Path) -> Result<usize> {
    let decoded = Command::new(lanewarden).arg("decode").arg(scratch.path().join("said.pcap")).output()?;
    ensure!(decoded.status.success(), "the capture cannot be read");
    let text = String::from_utf8(decoded.stdout)?;
    if let Some(missing) = SAID.iter().find(|said| !text.contains(*said)) {
        bail!("{missing:?} was not said");
    }
    if let Some(error) = text.lines().find(|line| line.contains("<- ERROR")) {
        bail!("our responder said {error}");
    }
    Ok(text.lines().filter(|line| line.contains(" -> ")).count())
}

/// Puts the roots of all their requesters into a folder.
fn trust_requesters(scratch: &Scratch) -> Result<()> {
    let folder = scratch.path().join("requesters");
    fs::create_dir(&folder)?;
    for name in ["rsa2048", "rsa3072", "rsa4096", "ecp256", "ecp384", "ecp521"] {
        fs::write(folder.join(format!("{name}.der")), scratch.read(name, names::root(0))?)?;
    }
    Ok(())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where the program stands, which is built once.
fn program() -> Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(build).as_ref();
    built.map(PathBuf::as_path).map_err(|error| anyhow!("{error:#}"))
}

/// Builds it where this was built.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet", "--package", "lanewarden"]).status()?;
    ensure!(built.success(), "lanewarden cannot be built");
    let own = std::env::current_exe()?;
    let folder = own.ancestors().nth(2).context("this stands nowhere")?;
    Ok(folder.join("lanewarden"))
}
