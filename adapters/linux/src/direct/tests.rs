use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::*;

/// Names the directory to a child, which is this test program over again.
const DIRECTORY: &str = "LANEWARDEN_TEST_DIRECT";

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lanewarden");
    (folder, path)
}

fn at_once(directory: &Path) -> Result<DirectLock, DirectError> {
    take(directory, Duration::ZERO, |_| panic!("there is nothing to wait for"))
}

/// Programs do not exclude each other, only the daemon; and it them.
#[test]
fn programs_share_what_the_daemon_has_alone() {
    let (_folder, path) = folder();
    let (one, two) = (share(&path).unwrap(), share(&path).unwrap());
    let held = at_once(&path).unwrap_err();
    assert!(matches!(&held, DirectError::Held(holders) if holders.contains(&std::process::id())), "{held:?}");
    drop(one);
    assert!(matches!(at_once(&path), Err(DirectError::Held(_))));
    drop(two);
    let daemon = at_once(&path).unwrap();
    assert!(matches!(share(&path), Err(DirectError::Held(_))));
    assert!(matches!(at_once(&path), Err(DirectError::Held(_))));
    drop(daemon);
    share(&path).unwrap();
}

/// A daemon that starts waits for a program to end, no longer than it is willing to, and then says which it is.
#[test]
fn a_starting_daemon_waits_and_names_who_keeps_it_waiting() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        let _lock = share(Path::new(&directory)).unwrap();
        println!("\nshared");
        let _ = std::io::stdin().read_line(&mut String::new());
        return;
    }
    let (_folder, path) = folder();
    let name = "direct::tests::a_starting_daemon_waits_and_names_who_keeps_it_waiting";
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture"]).env(DIRECTORY, &path);
    let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with("shared")));

    let mut waited = Vec::new();
    let held = take(&path, Duration::from_millis(50), |pause| waited.push(pause.as_millis())).unwrap_err();
    assert_eq!(held, DirectError::Held(vec![program.id()]));
    assert_eq!(held.to_string(), format!("mailboxes are in use by process {}", program.id()));
    assert_eq!(waited, [20, 20, 10], "all of its patience and no more");

    let mut pauses = 0;
    let taken = take(&path, Duration::from_secs(2), |_| {
        pauses += 1;
        program.kill().unwrap();
        program.wait().unwrap();
    });
    assert!(taken.is_ok(), "{taken:?}");
    assert_eq!(pauses, 1);
}

#[test]
fn the_kernels_list_tells_holders_of_this_file_alone() {
    let list = "1: FLOCK  ADVISORY  WRITE 11 fe:00:77 0 EOF\n\
                2: FLOCK  ADVISORY  READ 12 fe:00:78 0 EOF\n\
                2: -> FLOCK  ADVISORY  WRITE 13 fe:00:77 0 EOF\n\
                3: POSIX  ADVISORY  WRITE 14 fe:00:77 0 EOF\n\
                4: FLOCK  ADVISORY  READ -1 fe:00:77 0 EOF\n\
                5: FLOCK  ADVISORY  READ 0 fe:00:77 0 EOF\n\
                6: FLOCK\n\
                7: FLOCK  ADVISORY  READ 15 00:2a:77 0 EOF\n";
    assert_eq!(of_file(list, 0xfe, 0, 77), [11]);
    assert_eq!(of_file(list, 0xfe, 0, 78), [12]);
    assert_eq!(of_file(list, 0, 0x2a, 77), [15]);
    assert_eq!(of_file("", 0, 0x2a, 77), [0; 0]);
    let many = "1: FLOCK  ADVISORY  READ 9 fe:00:77 0 EOF\n".repeat(100);
    assert_eq!(of_file(&many, 0xfe, 0, 77).len(), MOST_HOLDERS);
}

#[test]
fn what_others_could_have_put_there_is_no_lock() {
    let (folder, path) = folder();
    share(&path).unwrap();
    let unsafe_place = Some(DirectError::Place(DirectoryError::Unsafe));
    let mode = |path: &Path, mode| files::set_permissions(path, files::Permissions::from_mode(mode)).unwrap();
    mode(&path.join(NAME), 0o666);
    assert_eq!(share(&path).err(), unsafe_place);
    mode(&path.join(NAME), 0o600);
    mode(&path, 0o777);
    assert_eq!(share(&path).err(), unsafe_place);
    mode(&path, 0o755);
    files::remove_file(path.join(NAME)).unwrap();
    symlink(folder.path().join("elsewhere"), path.join(NAME)).unwrap();
    assert_eq!(share(&path).err(), unsafe_place);
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(share(&link).err(), unsafe_place);
}
