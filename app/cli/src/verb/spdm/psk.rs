//! Pre-shared keys, from files.

use zeroize::Zeroizing;

use crate::args::PskArgument;
use crate::exit::{Exit, Failure};
use crate::verb::files;

/// The longest, in bytes.
const LONGEST: usize = 4096;

/// A pre-shared key and what it is found by.
pub struct Psk {
    /// What it is found by.
    pub hint: Vec<u8>,
    /// The key.
    pub key: Zeroizing<Vec<u8>>,
}

impl Psk {
    /// As the command line says.
    pub fn read(argument: &PskArgument) -> Result<Self, Failure> {
        let key = files::read_secret(&argument.file, LONGEST)?;
        if key.is_empty() || key.len() > LONGEST {
            let message = format!("{}: a key has from 1 to {LONGEST} bytes", argument.file.display());
            return Err(Failure::new(Exit::Usage, message));
        }
        Ok(Self { hint: argument.hint.clone(), key })
    }
}
