//! Pre-shared keys, from files.

use lanewarden_attestation::session::Psk;

use crate::args::PskArgument;
use crate::exit::{Exit, Failure};
use crate::verb::files;

/// The longest, in bytes.
const LONGEST: usize = 4096;

/// As the command line says.
pub fn read(argument: &PskArgument) -> Result<Psk, Failure> {
    let key = files::read_secret(&argument.file, LONGEST)?;
    if key.is_empty() || key.len() > LONGEST {
        let message = format!("{}: a key has from 1 to {LONGEST} bytes", argument.file.display());
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(Psk { hint: argument.hint.clone(), key })
}
