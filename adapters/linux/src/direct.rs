//! The lock between a daemon, which has all mailboxes of the machine, and programs that use them by themselves.
//!
//! Those programs share it; the daemon has it alone, and waits for them to end when it starts. As the locks on mailboxes it
//! excludes those who use it, ends with its holder, and its file stays.

use std::fs::{self as files, File};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{self, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::locks::{DirectoryError, is_firm, is_private, make, require};

/// How often a daemon looks whether the last program has ended.
const INTERVAL: Duration = Duration::from_millis(20);
/// The lock's name in its directory.
const NAME: &str = "direct.lock";
/// The most holders that are named.
const MOST_HOLDERS: usize = 16;

/// Why the lock was not to be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectError {
    /// Others have it: their process ids, as far as they can be seen.
    #[error("mailboxes are in use{}", Holders(.0))]
    Held(Vec<u32>),
    /// The place of the lock cannot be used.
    #[error("the lock between daemon and programs: {0}")]
    Place(#[from] DirectoryError),
}

impl From<Errno> for DirectError {
    fn from(error: Errno) -> Self {
        Self::Place(error.into())
    }
}

struct Holders<'a>(&'a [u32]);

impl std::fmt::Display for Holders<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (first, rest) = match self.0 {
            [] => return Ok(()),
            [first, rest @ ..] => (first, rest),
        };
        write!(f, " by process {first}")?;
        rest.iter().try_for_each(|process| write!(f, ", {process}"))
    }
}

/// The lock, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct DirectLock {
    _file: File,
}

/// Shares the lock in this directory, which is made where it is not there. Never waits.
pub(crate) fn share(directory: &Path) -> Result<DirectLock, DirectError> {
    attempt(&open(directory)?, FlockOperation::NonBlockingLockShared)
}

/// Takes the lock alone; waits for others for so long.
pub(crate) fn take(
    directory: &Path,
    patience: Duration,
    mut wait: impl FnMut(Duration),
) -> Result<DirectLock, DirectError> {
    let file = open(directory)?;
    let mut left = patience;
    loop {
        match attempt(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(DirectError::Held(_)) if !left.is_zero() => {
                let pause = left.min(INTERVAL);
                wait(pause);
                left = left.saturating_sub(pause);
            }
            other => return other,
        }
    }
}

fn attempt(file: &File, how: FlockOperation) -> Result<DirectLock, DirectError> {
    match fs::flock(file, how) {
        Ok(()) => Ok(DirectLock { _file: file.try_clone().map_err(|error| crate::errno::number(&error))? }),
        Err(Errno::WOULDBLOCK) => Err(DirectError::Held(holders(&fs::fstat(file)?))),
        Err(error) => Err(error.into()),
    }
}

/// Opens the file in a directory where nobody else can replace it.
fn open(directory: &Path) -> Result<File, DirectError> {
    make(fs::mkdir(directory, Mode::from_raw_mode(0o755)))?;
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    let directory = fs::open(directory, flags, Mode::empty())?;
    require(is_firm(&fs::fstat(&directory)?))?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = fs::openat(&directory, NAME, flags, Mode::RUSR | Mode::WUSR)?;
    let stat = fs::fstat(&file)?;
    require(FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && is_private(&stat))?;
    Ok(file.into())
}

/// Who has a lock on this file, as the kernel lists it; nobody where it lists none that can be seen from here.
fn holders(stat: &Stat) -> Vec<u32> {
    let locks = files::read_to_string("/proc/locks").unwrap_or_default();
    of_file(&locks, fs::major(stat.st_dev), fs::minor(stat.st_dev), stat.st_ino)
}

/// `1: FLOCK  ADVISORY  READ 6256 fe:00:10133507 0 EOF`: the process, then the device's numbers in hexadecimal and the
/// inode's in decimal. One who waits has `->` behind the first colon, and one out of sight has process 0 or less.
fn of_file(locks: &str, major: u32, minor: u32, inode: u64) -> Vec<u32> {
    let wanted = format!("{major:02x}:{minor:02x}:{inode}");
    let process = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let is_held = words.next() == Some("FLOCK");
        let process = words.nth(2)?.parse().ok().filter(|process| *process > 0)?;
        (is_held && words.next() == Some(&wanted)).then_some(process)
    };
    locks.lines().filter_map(process).take(MOST_HOLDERS).collect()
}

#[cfg(test)]
mod tests;
