//! The same handshake by libspdm, where there is one: [`PREFIX`] names a folder with
//! * `include/`: what libspdm has in its `include/` and its `os_stub/include/`, in one;
//! * `lib/`: its static libraries, built with OpenSSL ([`LIBRARIES`]), and OpenSSL's `libcrypto.a`.
//!
//! The program is made of `libspdm.c` with `cc`, or what `CC` names.

use std::path::{Path, PathBuf};
use std::process::Command;

use pem_rfc7468::LineEnding;

use crate::chain::Chain;

/// Where libspdm is.
pub const PREFIX: &str = "LIBSPDM_PREFIX";
const LIBRARIES: [&str; 14] = [
    "spdm_requester_lib",
    "spdm_responder_lib",
    "spdm_common_lib",
    "spdm_crypt_lib",
    "spdm_crypt_ext_lib",
    "spdm_secured_message_lib",
    "spdm_transport_pcidoe_lib",
    "cryptlib_openssl",
    "memlib",
    "malloclib",
    "debuglib_null",
    "rnglib",
    "platform_lib",
    "crypto",
];

/// The program, and the chain it is given.
pub struct Libspdm {
    program: PathBuf,
    files: [PathBuf; 3],
}

impl Libspdm {
    /// Builds the program; `None` where nothing says where libspdm is.
    pub fn new(chain: &Chain) -> Option<Self> {
        let prefix = PathBuf::from(std::env::var_os(PREFIX)?);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("handshake");
        std::fs::create_dir_all(&folder).unwrap();
        let program = folder.join("libspdm");
        build(&prefix, &program);
        let key = pem_rfc7468::encode_string("PRIVATE KEY", LineEnding::LF, &chain.key).unwrap();
        let contents = [chain.certificates[0].as_slice(), &chain.whole, key.as_bytes()];
        let files = ["root.der", "chain.der", "key.pem"].map(|name| folder.join(name));
        for (file, content) in files.iter().zip(contents) {
            std::fs::write(file, content).unwrap();
        }
        Some(Self { program, files })
    }

    /// Handshakes in a process of their own: what it says, and the median in microseconds.
    pub fn run(&self, rounds: usize) -> (String, f64) {
        let output = Command::new(&self.program).args(&self.files).arg(rounds.to_string()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let line = String::from_utf8(output.stdout).unwrap();
        let median = line.split_whitespace().find_map(|part| part.strip_prefix("median_us="));
        let median = median.unwrap().parse().unwrap();
        (line.trim().into(), median)
    }
}

fn build(prefix: &Path, program: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/handshake/libspdm.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(compiler)
        .args(["-std=gnu11", "-O2", "-Wall", "-Wextra"])
        .arg("-I")
        .arg(prefix.join("include"))
        .arg(source)
        .arg("-o")
        .arg(program)
        .arg("-L")
        .arg(prefix.join("lib"))
        .arg("-Wl,--start-group")
        .args(LIBRARIES.map(|name| format!("-l{name}")))
        .args(["-Wl,--end-group", "-lpthread", "-ldl"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
