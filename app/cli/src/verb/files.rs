//! Data that a verb takes from a file or puts into one; `-` stands for standard input and output.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// The bytes of a file, cut one byte after the most that are of use: so that too long a file is noticed, and an
/// endless one ends.
pub fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = if is_standard(path) {
        io::stdin().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::file(path, "read", &error))?;
    Ok(bytes)
}

/// Writes a verb's data, and says so unless they stand on standard output already.
pub fn write(path: &Path, bytes: &[u8], what: &str, output: &Output) -> Result<(), Failure> {
    if is_standard(path) {
        return output.print_bytes(bytes);
    }
    std::fs::write(path, bytes).map_err(|error| Failure::file(path, "write", &error))?;
    output.note(&format!("{what} written to {}", path.display()));
    Ok(())
}

/// Refuses to write two kinds of data to standard output.
pub fn check_output(option: &str, path: Option<&Path>, output: &Output) -> Result<(), Failure> {
    if output.json() && path.is_some_and(is_standard) {
        let message = format!("{option} - and --json both write to standard output");
        return Err(Failure::new(Exit::Usage, message).hint(format!("name a file after {option}")));
    }
    Ok(())
}

/// Whether it stands for standard input or output.
pub fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}
