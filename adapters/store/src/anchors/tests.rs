use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

const ONE: &str = include_str!("../samples/one.pem");
const TWO: &str = include_str!("../samples/two.pem");

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn load(files: &[(&str, &[u8])]) -> Result<Anchors, StoreError> {
    Anchors::load(folder(files).path())
}

fn der(text: &str) -> Vec<u8> {
    der::pem::decode_vec(text.as_bytes()).unwrap().1
}

fn sorted(mut certificates: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    certificates.sort();
    certificates
}

#[test]
fn bundles_and_der_give_the_same_anchors() {
    let bundle = format!("# ours\n{ONE}\nand\n{TWO}");
    let bundled = load(&[("all.pem", bundle.as_bytes())]).unwrap();
    let single = load(&[("a.crt", ONE.as_bytes()), ("b.DER", &der(TWO)), ("c.cer", &der(TWO))]).unwrap();
    let expected = sorted(vec![der(ONE), der(TWO)]);
    assert_eq!(bundled.certificates().collect::<Vec<_>>(), expected);
    assert_eq!(single.certificates().collect::<Vec<_>>(), expected);
    assert_eq!(bundled.generation(), single.generation());
}

#[test]
fn another_set_is_another_generation() {
    let of = |files: &[(&str, &[u8])]| load(files).unwrap().generation();
    let generations = [
        of(&[]),
        of(&[("a.pem", ONE.as_bytes())]),
        of(&[("a.pem", TWO.as_bytes())]),
        of(&[("a.pem", ONE.as_bytes()), ("b.pem", TWO.as_bytes())]),
    ];
    let different: std::collections::BTreeSet<_> = generations.iter().collect();
    assert_eq!(different.len(), generations.len());
}

#[test]
fn anchors_are_found_by_their_subject() {
    let anchors = load(&[("a.pem", ONE.as_bytes()), ("b.pem", TWO.as_bytes())]).unwrap();
    // SEQUENCE, SET, SEQUENCE, commonName, UTF8String.
    let head = [0x30, 32, 0x31, 30, 0x30, 28, 0x06, 3, 0x55, 4, 3, 0x0c, 21];
    let subject = [&head[..], b"Lanewarden sample two"].concat();
    assert_eq!(anchors.find(&subject, 0), Some(der(TWO).as_slice()));
    assert_eq!(anchors.find(&subject, 1), None);
    assert_eq!(anchors.find(b"", 0), None);
}

#[test]
fn an_empty_folder_trusts_nobody() {
    assert_eq!(load(&[]).unwrap().certificates().len(), 0);
}

#[test]
fn other_files_are_named() {
    let anchors = load(&[("README", b"x"), ("a.pem", ONE.as_bytes())]).unwrap();
    assert_eq!(
        anchors.skipped().iter().map(|path| path.file_name().unwrap()).collect::<Vec<_>>(),
        ["README"]
    );
}

#[test]
fn links_are_followed() {
    let (folder, store) = (folder(&[]), folder(&[("one", ONE.as_bytes())]));
    symlink(store.path().join("one"), folder.path().join("a.pem")).unwrap();
    assert_eq!(Anchors::load(folder.path()).unwrap().certificates().len(), 1);
    symlink("nowhere", folder.path().join("b.pem")).unwrap();
    assert!(
        matches!(Anchors::load(folder.path()), Err(StoreError::Io { path, .. }) if path.ends_with("b.pem"))
    );
}

#[test]
fn what_is_no_certificate_is_named_with_its_file() {
    let cut = &der(ONE)[..100];
    let key = "-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n";
    for (name, bytes) in [("a.der", cut), ("a.der", b""), ("a.pem", key.as_bytes()), ("a.pem", b"text")] {
        assert!(
            matches!(load(&[(name, bytes)]), Err(StoreError::NoCertificate { path, .. }) if path.ends_with(name))
        );
    }
    let followed = [der(ONE), vec![0]].concat();
    assert!(matches!(load(&[("a.der", &followed)]), Err(StoreError::NoCertificate { .. })));
    assert!(matches!(load(&[("a.pem", &ONE.as_bytes()[..200])]), Err(StoreError::Pem { .. })));
}

#[test]
fn what_everyone_can_write_is_not_trusted() {
    let folder = folder(&[("a.pem", ONE.as_bytes())]);
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let file = folder.path().join("a.pem");
    set(&file, 0o646);
    assert!(
        matches!(Anchors::load(folder.path()), Err(StoreError::Exposed { path, mode: 0o646 }) if path == file)
    );
    set(&file, 0o664);
    Anchors::load(folder.path()).unwrap();
    set(folder.path(), 0o777);
    assert!(matches!(Anchors::load(folder.path()), Err(StoreError::Exposed { mode: 0o777, .. })));
}

#[test]
fn there_is_an_end_to_files_and_certificates() {
    let folder = folder(&[]);
    let large = folder.path().join("a.pem");
    fs::File::create(&large).unwrap().set_len(MAX_FILE + 1).unwrap();
    assert!(matches!(Anchors::load(folder.path()), Err(StoreError::TooLarge { .. })));
    fs::remove_file(&large).unwrap();
    fs::create_dir(&large).unwrap();
    assert!(matches!(Anchors::load(folder.path()), Err(StoreError::NoFile(_))));

    let bundle = ONE.repeat(MAX_ANCHORS + 1);
    assert!(matches!(
        load(&[("a.pem", bundle.as_bytes())]),
        Err(StoreError::TooMany { what: "certificates", .. })
    ));
    let crowded = tempfile::tempdir().unwrap();
    for number in 0..=MAX_ANCHORS {
        fs::write(crowded.path().join(number.to_string()), "").unwrap();
    }
    assert!(matches!(Anchors::load(crowded.path()), Err(StoreError::TooMany { what: "files", .. })));
}
