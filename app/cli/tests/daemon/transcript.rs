//! What the verbs about a daemon print, as a person sees it. `TRYCMD=overwrite` brings it up to date.

use super::*;

#[test]
fn transcript() {
    let daemon = Running::start();
    let cases = trycmd::TestCases::new();
    cases.env("LANEWARDEN_HOST", "sim").env("LANEWARDEN_SOCKET", daemon.socket.to_str().unwrap());
    cases.case("tests/daemon/daemon.md");
}
