//! Data that a verb takes from a file or puts into one; `-` stands for standard input and output.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;

use zeroize::Zeroizing;

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

/// The same of a file with a secret, which is in no other place of memory then, and wiped in the end.
pub fn read_secret(path: &Path, most: usize) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let limit = most.saturating_add(1);
    // Room for all of it at once: what grows leaves copies behind.
    let mut bytes = Zeroizing::new(vec![0; limit]);
    // Standard input has a buffer, which is gone around.
    let opened = if is_standard(path) {
        io::stdin().as_fd().try_clone_to_owned().map(File::from)
    } else {
        File::open(path)
    };
    let read = opened.and_then(|mut file| fill(&mut file, &mut bytes));
    let length = read.map_err(|error| Failure::file(path, "read", &error))?;
    bytes.truncate(length);
    Ok(bytes)
}

/// Reads until it is full or there is no more; gives how much there is.
fn fill(file: &mut File, bytes: &mut [u8]) -> io::Result<usize> {
    let mut length = 0_usize;
    while let Some(room) = bytes.get_mut(length..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => length = length.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
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
