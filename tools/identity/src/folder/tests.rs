use std::error::Error;

use lanewarden_crypto::{Curve, HashAlgorithm, RsaSize, SignatureAlgorithm};
use proptest::prelude::*;

use super::*;
use crate::chain::ChainError;
use crate::seed::Seed;
use crate::spec::IdentitySpec;

fn identity(seed: u8) -> Identity {
    Identity::generate(&Seed::new([seed; 32]), &IdentitySpec::default()).unwrap()
}

/// A folder with an identity in it.
fn saved(identity: &Identity) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    identity.save(folder.path()).unwrap();
    folder
}

fn error_of(folder: &tempfile::TempDir) -> FolderError {
    Identity::load(folder.path()).unwrap_err()
}

fn reason(error: &FolderError) -> &ChainError {
    error.source().unwrap().downcast_ref().unwrap()
}

#[test]
fn what_was_saved_is_loaded() {
    for algorithm in [
        SignatureAlgorithm::Ecdsa(Curve::P256),
        SignatureAlgorithm::Ecdsa(Curve::P384),
        SignatureAlgorithm::Ecdsa(Curve::P521),
        SignatureAlgorithm::Ed25519,
        SignatureAlgorithm::RsaPss(RsaSize::Bits2048),
    ] {
        let spec = IdentitySpec::of(algorithm, HashAlgorithm::Sha256);
        let identity = Identity::generate(&Seed::new([1; 32]), &spec).unwrap();
        let loaded = Identity::load(saved(&identity).path()).unwrap();
        assert_eq!(loaded.chain(), identity.chain(), "{algorithm}");
        assert_eq!(loaded.key(), identity.key(), "{algorithm}");
        assert!(loaded.kind().suits(algorithm), "{algorithm}");
    }
}

#[test]
fn the_device_s_certificate_is_the_first_of_the_file() {
    let identity = identity(1);
    let text = fs::read(saved(&identity).path().join(CHAIN)).unwrap();
    let blocks = pem::blocks(&text).unwrap();
    let upwards: Vec<&[u8]> = blocks.iter().map(|block| block.der.as_slice()).collect();
    let expected: Vec<&[u8]> = identity.chain().iter().rev().map(Vec::as_slice).collect();
    assert_eq!(upwards, expected);
}

#[cfg(unix)]
#[test]
fn the_key_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = saved(&identity(1));
    let key = folder.path().join(KEY);
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(error_of(&folder), FolderError::Exposed { mode: 0o640, .. }));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
    Identity::load(folder.path()).unwrap();
}

#[test]
fn nothing_is_overwritten() {
    let folder = saved(&identity(1));
    let before = fs::read(folder.path().join(KEY)).unwrap();
    assert!(matches!(identity(2).save(folder.path()), Err(FolderError::AlreadyThere(_))));
    assert_eq!(fs::read(folder.path().join(KEY)).unwrap(), before);
}

#[test]
fn der_is_read_in_any_order_and_under_any_name() {
    let identity = identity(1);
    let folder = tempfile::tempdir().unwrap();
    let [root, intermediate, leaf] = identity.chain() else { panic!("three certificates") };
    fs::write(folder.path().join("a.crt"), leaf).unwrap();
    fs::write(folder.path().join("b.DER"), [root.as_slice(), intermediate].concat()).unwrap();
    fs::write(folder.path().join("README"), "not read").unwrap();
    file::write_secret(&folder.path().join("c.key"), identity.key()).unwrap();
    assert_eq!(Identity::load(folder.path()).unwrap().chain(), identity.chain());
}

#[test]
fn slots_are_folders() {
    let folder = tempfile::tempdir().unwrap();
    identity(1).save_slot(folder.path(), 0).unwrap();
    identity(2).save_slot(folder.path(), 7).unwrap();
    assert!(matches!(identity(3).save_slot(folder.path(), 8), Err(FolderError::NoSuchSlot(8))));
    let slots = Identity::load_slots(folder.path()).unwrap();
    assert_eq!(slots.keys().copied().collect::<Vec<_>>(), [0, 7]);
    assert_eq!(slots[&7].chain(), identity(2).chain());
}

#[test]
fn a_folder_without_slots_is_slot_0() {
    let slots = Identity::load_slots(saved(&identity(1)).path()).unwrap();
    assert_eq!(slots.keys().copied().collect::<Vec<_>>(), [0]);
}

#[test]
fn what_is_missing_or_too_much_is_named() {
    let folder = saved(&identity(1));
    let path = |name| folder.path().join(name);
    let other = identity(2);
    fs::write(path("other.crt"), other.leaf()).unwrap();
    assert_eq!(*reason(&error_of(&folder)), ChainError::Stray(1));
    fs::remove_file(path("other.crt")).unwrap();

    file::write_secret(&path("other.key"), other.key()).unwrap();
    assert!(matches!(error_of(&folder), FolderError::TwoKeys { .. }));
    fs::remove_file(path(KEY)).unwrap();
    assert_eq!(*reason(&error_of(&folder)), ChainError::NoLeaf);
    fs::remove_file(path("other.key")).unwrap();
    assert!(matches!(error_of(&folder), FolderError::NoKey(_)));
}

#[test]
fn a_chain_without_its_root_names_the_root() {
    let identity = identity(1);
    let folder = tempfile::tempdir().unwrap();
    file::write_secret(&folder.path().join(KEY), identity.key()).unwrap();
    fs::write(folder.path().join("chain.der"), identity.chain()[1..].concat()).unwrap();
    assert_eq!(*reason(&error_of(&folder)), ChainError::NoIssuer("CN=Lanewarden lab root".to_owned()));
}

#[test]
fn keys_of_other_formats_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join(KEY);
    fs::write(&key, "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n").unwrap();
    assert!(matches!(error_of(&folder), FolderError::KeyFormat { label, .. } if label == "EC PRIVATE KEY"));
    fs::remove_file(&key).unwrap();
    file::write_secret(&key, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    assert!(matches!(error_of(&folder), FolderError::Key(_)));
}

#[test]
fn files_are_read_to_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.pem");
    fs::File::create(&path).unwrap().set_len(file::MAX_FILE + 1).unwrap();
    assert!(matches!(error_of(&folder), FolderError::TooLarge { .. }));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(error_of(&folder), FolderError::NoFile(_)));
    fs::remove_dir(&path).unwrap();
    for count in 0..=MAX_FILES {
        fs::write(folder.path().join(format!("{count}.pem")), "").unwrap();
    }
    assert!(matches!(error_of(&folder), FolderError::TooManyFiles { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_file_gives_an_identity_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let folder = saved(&identity(1));
        fs::write(folder.path().join("x.der"), bytes).unwrap();
        let _ = Identity::load(folder.path());
    }
}
