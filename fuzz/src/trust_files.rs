//! Files that say whom to trust and whom no more, and who a device is.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use lanewarden_identity::Identity;
use lanewarden_spdm::certificate::{Certificate, Crl, TrustAnchors};
use lanewarden_store::{Anchors, Revocations};

use crate::input::Input;
use crate::scratch::folder;
use crate::shown::one_line;

/// The first byte says what the others are a file of.
pub fn trust_files(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = input.byte();
    let folder = folder();
    let name = if choice & 4 == 0 { "a.pem" } else { "a.der" };
    match choice & 3 {
        0 => anchors(folder.path(), name, input.rest()),
        1 => revocations(folder.path(), input.rest()),
        _ => identity(folder.path(), name, &mut input),
    }
}

/// What is trusted is a certificate, and the same whatever form it is in.
fn anchors(folder: &Path, name: &str, bytes: &[u8]) {
    fs::write(folder.join(name), bytes).unwrap();
    let anchors = match Anchors::load(folder) {
        Ok(anchors) => anchors,
        Err(error) => return one_line(&error.to_string().escape_default()),
    };
    assert!(anchors.certificates().is_sorted());
    fs::remove_file(folder.join(name)).unwrap();
    for (number, der) in anchors.certificates().enumerate() {
        let certificate = Certificate::parse(der).expect("an anchor is a certificate");
        let subject = certificate.subject().as_der();
        assert!((0..).map_while(|number| anchors.find(subject, number)).any(|found| found == der));
        fs::write(folder.join(format!("{number}.der")), der).unwrap();
    }
    let again = Anchors::load(folder).expect("what was read can be read");
    assert_eq!(again.generation(), anchors.generation());
    assert!(again.certificates().eq(anchors.certificates()));
}

/// A list that the checker of lists takes revokes here what it revokes there.
fn revocations(folder: &Path, bytes: &[u8]) {
    let path = folder.join("revoked");
    fs::write(&path, bytes).unwrap();
    match Revocations::load(&path) {
        Ok(revoked) => {
            assert!(revoked.len() <= bytes.len());
            if let Ok(list) = Crl::parse(bytes) {
                assert!(revoked.len() <= list.entries().count());
                assert_eq!(revoked.is_empty(), list.entries().count() == 0);
            }
        }
        Err(error) => one_line(&error.to_string().escape_default()),
    }
}

/// An identity that can be read can be written and read.
fn identity(folder: &Path, name: &str, input: &mut Input<'_>) {
    let key = folder.join("k.key");
    fs::write(&key, input.long()).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.join(name), input.rest()).unwrap();
    fs::set_permissions(folder.join(name), Permissions::from_mode(0o600)).unwrap();
    match Identity::load(folder) {
        Ok(identity) => {
            let saved = folder.join("saved");
            identity.save(&saved).expect("it can be written");
            let again = Identity::load(&saved).expect("what was written can be read");
            assert_eq!((again.chain(), again.kind()), (identity.chain(), identity.kind()));
            assert_eq!(again.key(), identity.key());
        }
        Err(error) => one_line(&error.to_string().escape_default()),
    }
}
