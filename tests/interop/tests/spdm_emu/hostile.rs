//! What their responder does to requests it does not know.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use lanewarden_interop::asking::{Asker, PATIENCE};
use lanewarden_interop::plan::{Combination, Side, ordinary};
use lanewarden_interop::report::title;
use lanewarden_net::TransportError;
use lanewarden_net::emulator::Transport;
use lanewarden_spdm::Version;
use lanewarden_spdm::message::ErrorCode;
use lanewarden_spdm::requester::RunError;
use libtest_mimic::Failed;

use crate::planted::refusal;

/// A request that no version has.
const UNKNOWN: u8 = 0x90;
/// Zeros that come for it over TCP and NONE up to 1.1, in bytes: their longest message.
const ZEROS: usize = 0x28000;

pub fn answers_without_measure(emulators: &Path) -> Result<(), Failed> {
    for transport in Transport::ALL {
        for version in Version::ALL {
            let one = Combination { transport, version, ..ordinary(Side::Asking) };
            unknown(emulators, &one).map_err(|error| format!("{}: {error:#}", title(&one)))?;
        }
    }
    Ok(())
}

fn unknown(emulators: &Path, one: &Combination) -> Result<()> {
    let (program, mut asker) = Asker::start(emulators, one)?;
    asker.connect(one)?;
    let said = asker.say(&[one.version.byte(), UNKNOWN, 0, 0]);
    if sends_zeros(one) {
        // Refused by its length, before a byte of it was taken in.
        let Err(RunError::Transport(TransportError::TooLong { length, limit })) = said else {
            bail!("no zeros: {said:?}")
        };
        ensure!(length >= ZEROS && limit < 0x2000, "{length} bytes, {limit} were allowed");
        ensure!(asker.is_dead(), "the connection goes on");
        return Ok(());
    }
    let is_framed = matches!(one.transport, Transport::Mctp | Transport::Doe);
    let expected = if is_framed { ErrorCode::INVALID_REQUEST } else { ErrorCode::RESPONSE_TOO_LARGE };
    let code = refusal(said)?;
    ensure!(code == expected, "{code:?}");
    asker.connect(one)?;
    asker.leave()?;
    program.end(PATIENCE)?.check()
}

const fn sends_zeros(one: &Combination) -> bool {
    matches!(one.transport, Transport::Tcp | Transport::None)
        && matches!(one.version, Version::V1_0 | Version::V1_1)
}
