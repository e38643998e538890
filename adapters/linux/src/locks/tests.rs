#![allow(clippy::arithmetic_side_effects)]

use std::env;
use std::fs as files;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::*;
use crate::sample;

/// Names the directory of locks to a child, which is this test program over again.
const DIRECTORY: &str = "LANEWARDEN_TEST_LOCKS";
const ROUNDS: u32 = 200;
const FILE: &str = "0000:0f:00.0:190";

fn mailbox() -> MailboxId {
    sample::mailbox("0000:0f:00.0")
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lanewarden/mailbox");
    (folder, path)
}

/// Runs one of these tests in another process, where it finds [`DIRECTORY`] set.
fn child(test: &str, directory: &Path) -> Child {
    let name = format!("locks::tests::{test}");
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([&name, "--exact", "--nocapture"]).env(DIRECTORY, directory);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn parents_directory() -> Option<PathBuf> {
    env::var_os(DIRECTORY).map(PathBuf::from)
}

fn wait_for_line(child: &mut Child, wanted: &str) {
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.ends_with(wanted)), "no {wanted:?}");
}

/// Rows D3 and B12: the second is turned away with the first's name, and gets the mailbox when the first has died.
#[test]
fn a_lock_ends_with_its_process() {
    if let Some(directory) = parents_directory() {
        let _lock = Directory::open(&directory).unwrap().try_lock(mailbox()).unwrap();
        println!("\nlocked");
        let _ = std::io::stdin().read_line(&mut String::new());
        return;
    }
    let (_folder, path) = folder();
    let mut holder = child("a_lock_ends_with_its_process", &path);
    wait_for_line(&mut holder, "locked");
    let directory = Directory::open(&path).unwrap();
    assert_eq!(directory.try_lock(mailbox()).err(), Some(LockError::Held(Some(holder.id()))));
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(directory.try_lock(mailbox()).is_ok());
}

/// Row B12: each counts on from what the file holds; were two inside at once, a count would be lost.
#[test]
fn two_processes_are_never_inside_together() {
    if let Some(directory) = parents_directory() {
        count(&directory);
        return;
    }
    let (_folder, path) = folder();
    Directory::open(&path).unwrap();
    files::write(path.join("count"), "0").unwrap();
    let children = [(); 2].map(|()| child("two_processes_are_never_inside_together", &path));
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(files::read_to_string(path.join("count")).unwrap(), (2 * ROUNDS).to_string());
}

fn count(directory: &Path) {
    let locks = Directory::open(directory).unwrap();
    let file = directory.join("count");
    for _ in 0..ROUNDS {
        let _lock = loop {
            match locks.try_lock(mailbox()) {
                Ok(lock) => break lock,
                Err(LockError::Held(_)) => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        };
        let before: u32 = files::read_to_string(&file).unwrap().parse().unwrap();
        std::thread::yield_now();
        files::write(&file, (before + 1).to_string()).unwrap();
    }
}

/// Row D3: one mailbox at a time, within a process as between two.
#[test]
fn each_mailbox_has_a_lock_of_its_own() {
    let (_folder, path) = folder();
    let (one, two) = (Directory::open(&path).unwrap(), Directory::open(&path).unwrap());
    let lock = one.try_lock(mailbox()).unwrap();
    let us = std::process::id();
    assert_eq!(one.try_lock(mailbox()).err(), Some(LockError::Held(Some(us))));
    assert_eq!(two.try_lock(mailbox()).err(), Some(LockError::Held(Some(us))));
    assert!(two.try_lock(MailboxId { offset: 0x160, ..mailbox() }).is_ok());
    drop(lock);
    assert!(two.try_lock(mailbox()).is_ok());
}

#[test]
fn a_name_that_cannot_be_the_holders_is_not_told() {
    let (_folder, path) = folder();
    let directory = Directory::open(&path).unwrap();
    let _lock = directory.try_lock(mailbox()).unwrap();
    for text in ["", "x", "0\n", "-1\n", "4294967295\n", "99999999999999999999"] {
        files::write(path.join(FILE), text).unwrap();
        assert_eq!(directory.try_lock(mailbox()).err(), Some(LockError::Held(None)), "{text:?}");
    }
}

#[test]
fn nobody_else_can_enter_the_directory_or_open_a_lock() {
    let (_folder, path) = folder();
    let _lock = Directory::open(&path).unwrap().try_lock(mailbox()).unwrap();
    let mode = |path: &Path| files::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&path), mode(&path.join(FILE))), (0o700, 0o600));
}

#[test]
fn a_directory_that_others_can_enter_or_replace_is_refused() {
    let (_folder, path) = folder();
    Directory::open(&path).unwrap();
    for mode in [0o750, 0o701, 0o1777] {
        files::set_permissions(&path, files::Permissions::from_mode(mode)).unwrap();
        assert_eq!(Directory::open(&path).err(), Some(DirectoryError::Unsafe), "{mode:o}");
    }
    files::set_permissions(&path, files::Permissions::from_mode(0o700)).unwrap();
    for (mode, refusal) in [(0o777, Some(DirectoryError::Unsafe)), (0o1777, None), (0o755, None)] {
        files::set_permissions(path.parent().unwrap(), files::Permissions::from_mode(mode)).unwrap();
        assert_eq!(Directory::open(&path).err(), refusal, "{mode:o}");
    }
}

#[test]
fn what_lies_in_the_directorys_place_is_not_followed() {
    let (folder, path) = folder();
    Directory::open(&path).unwrap();
    let links = folder.path().join("link");
    symlink(&path, &links).unwrap();
    assert_eq!(Directory::open(&links).err(), Some(DirectoryError::Unsafe));
    assert_eq!(Directory::open(&path.join("a/b/c")).err(), Some(DirectoryError::System(2)));
    files::write(folder.path().join("file"), "").unwrap();
    assert_eq!(Directory::open(&folder.path().join("file")).err(), Some(DirectoryError::Unsafe));
    assert_eq!(Directory::open(Path::new("/")).err(), Some(DirectoryError::Unsafe));
}

#[test]
fn what_lies_in_a_locks_place_is_not_locked() {
    let (folder, path) = folder();
    let directory = Directory::open(&path).unwrap();
    let file = path.join(FILE);
    let elsewhere = folder.path().join("elsewhere");
    files::write(&elsewhere, "kept").unwrap();
    files::set_permissions(&elsewhere, files::Permissions::from_mode(0o600)).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert_eq!(directory.try_lock(mailbox()).err(), Some(LockError::Unsafe));
    assert_eq!(files::read_to_string(&elsewhere).unwrap(), "kept");
    files::remove_file(&file).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &file, Mode::RWXU).unwrap();
    assert_eq!(directory.try_lock(mailbox()).err(), Some(LockError::Unsafe));
    files::remove_file(&file).unwrap();
    files::write(&file, "").unwrap();
    files::set_permissions(&file, files::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(directory.try_lock(mailbox()).err(), Some(LockError::Unsafe));
}

/// A file that was unlinked while it was held must not be one of two locks of the same mailbox for long: whoever locks
/// the name next has the lock that counts, and the directory is opened anew for each.
#[test]
fn only_the_file_that_has_the_name_is_a_lock() {
    let (_folder, path) = folder();
    let directory = Directory::open(&path).unwrap();
    let stale = directory.file(FILE).unwrap();
    let before = fs::fstat(&stale).unwrap();
    assert!(directory.is_still(FILE, &before));
    files::remove_file(path.join(FILE)).unwrap();
    assert!(!directory.is_still(FILE, &before));
    let _lock = directory.try_lock(mailbox()).unwrap();
    assert!(!directory.is_still(FILE, &before));
}
