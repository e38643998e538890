//! Locks on mailboxes between processes: one file for each mailbox, in a directory that nobody else can enter.
//!
//! They exclude those who use them, neither the kernel nor firmware. A lock ends with its holder, however that ends.
//! The files stay: unlinking one would let two processes hold "the same" lock on two files.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::Path;

use lanewarden_pci::{LockError, MailboxId};
use rustix::fs::{self, AtFlags, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::{Errno, pread, pwrite, retry_on_intr};
use rustix::process::{geteuid, getpid};

/// Bits of a mode that let others in.
const OTHERS: u32 = 0o077;
/// Bits of a mode that let others write.
const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;
/// How often a lock file may turn out to have been replaced while it was being locked.
const ATTEMPTS: u32 = 3;

/// Why a directory is not used for locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// This process may not enter or make it.
    #[error("permission denied")]
    Denied,
    /// It belongs to someone else, others may enter it, or others could replace it. Locks in it could be held by anyone.
    #[error("not a directory that only this user can enter")]
    Unsafe,
    /// The operating system failed in another way; its error number.
    #[error("operating system error {0}")]
    System(i32),
}

impl From<DirectoryError> for LockError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Denied => Self::Denied,
            DirectoryError::Unsafe => Self::Unsafe,
            DirectoryError::System(number) => Self::System(number),
        }
    }
}

impl From<Errno> for DirectoryError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::Denied,
            // What O_NOFOLLOW and O_DIRECTORY give for something else in the directory's place.
            Errno::LOOP | Errno::NOTDIR => Self::Unsafe,
            other => Self::System(other.raw_os_error()),
        }
    }
}

/// A directory of locks.
#[derive(Debug)]
pub struct Directory(OwnedFd);

impl Directory {
    /// Opens the directory; makes it, and the one it lies in, where they are not there.
    ///
    /// Refused unless the directory is this user's own with no rights for others, no symbolic link, and lies where others
    /// cannot replace it (which a directory like `/tmp` with its sticky bit grants).
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(DirectoryError::Unsafe);
        };
        make(fs::mkdir(parent, Mode::from_raw_mode(0o755)))?;
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let parent = fs::open(parent, flags | OFlags::RDONLY, Mode::empty())?;
        require(is_firm(&fs::fstat(&parent)?))?;
        make(fs::mkdirat(&parent, name, Mode::RWXU))?;
        let directory = fs::openat(&parent, name, flags | OFlags::NOFOLLOW, Mode::empty())?;
        require(is_private(&fs::fstat(&directory)?))?;
        Ok(Self(directory))
    }

    /// Tries to take the lock of a mailbox. Never waits.
    pub fn try_lock(&self, mailbox: MailboxId) -> Result<Lock, LockError> {
        let name = format!("{}:{:03x}", mailbox.address, mailbox.offset);
        for _ in 0..ATTEMPTS {
            if let Some(lock) = self.attempt(&name)? {
                return Ok(lock);
            }
        }
        Err(LockError::Held(None))
    }

    /// `None` where the file was replaced meanwhile.
    fn attempt(&self, name: &str) -> Result<Option<Lock>, LockError> {
        let file = self.file(name).map_err(DirectoryError::from)?;
        let stat = fs::fstat(&file).map_err(DirectoryError::from)?;
        let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        if !regular || !is_private(&stat) {
            return Err(LockError::Unsafe);
        }
        match fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(LockError::Held(holder(&file))),
            Err(error) => return Err(DirectoryError::from(error).into()),
        }
        if !self.is_still(name, &stat) {
            return Ok(None);
        }
        let lock = Lock { file };
        lock.sign().map_err(DirectoryError::from)?;
        Ok(Some(lock))
    }

    /// Opens the file; not waiting for the other end, should something else lie in its place.
    fn file(&self, name: &str) -> Result<File, Errno> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(fs::openat(&self.0, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// Whether the name still leads to the file that was locked.
    fn is_still(&self, name: &str, locked: &Stat) -> bool {
        let now = fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW);
        now.is_ok_and(|now| (now.st_dev, now.st_ino) == (locked.st_dev, locked.st_ino))
    }
}

/// The lock of a mailbox, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Leaves our process id in the file, for the refusal of others to name.
    fn sign(&self) -> Result<(), Errno> {
        fs::ftruncate(&self.file, 0)?;
        let text = format!("{}\n", getpid());
        retry_on_intr(|| pwrite(&self.file, text.as_bytes(), 0)).map(|_| ())
    }
}

impl Drop for Lock {
    /// The id goes before the lock does, so that the next holder is not taken for us. Closing the file unlocks it.
    fn drop(&mut self) {
        let _ = fs::ftruncate(&self.file, 0);
    }
}

/// Whose id the file holds, if that is a process that still runs: one that died leaves its id behind.
fn holder(file: &File) -> Option<u32> {
    let mut bytes = [0; 16];
    let read = retry_on_intr(|| pread(file, &mut bytes, 0)).ok()?;
    let text = std::str::from_utf8(bytes.get(..read)?).ok()?;
    let pid: u32 = text.trim_end().parse().ok()?;
    Path::new("/proc").join(pid.to_string()).exists().then_some(pid)
}

/// Already being there is as good as having been made.
pub(crate) fn make(made: Result<(), Errno>) -> Result<(), Errno> {
    match made {
        Err(Errno::EXIST) => Ok(()),
        other => other,
    }
}

pub(crate) fn require(safe: bool) -> Result<(), DirectoryError> {
    if safe { Ok(()) } else { Err(DirectoryError::Unsafe) }
}

/// Ours, with no rights for others.
pub(crate) fn is_private(stat: &Stat) -> bool {
    stat.st_uid == geteuid().as_raw() && stat.st_mode & OTHERS == 0
}

/// Ours or root's, and nobody else can rename what is in it.
pub(crate) fn is_firm(stat: &Stat) -> bool {
    let ours = stat.st_uid == geteuid().as_raw() || stat.st_uid == 0;
    ours && (stat.st_mode & OTHERS_WRITE == 0 || stat.st_mode & STICKY != 0)
}

#[cfg(test)]
mod tests;
