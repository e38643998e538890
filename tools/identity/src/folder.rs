//! Identities in folders.
//!
//! A folder holds what OpenSSL users expect:
//!
//! | file | what |
//! |---|---|
//! | `chain.pem` | the certificates, the device's first and the root last |
//! | `key.pem` | the private key, PKCS#8, not encrypted, for its owner's eyes only (mode 0600) |
//! | `root.pem` | the root once more, to be given to those who shall trust it |
//!
//! Reading is less narrow: the certificates and the one key may stand in any files that end in `.pem`, `.crt`, `.cer`,
//! `.der` or `.key`, as PEM or DER, in any order. Other files do not matter. Symbolic links are followed. Several slots
//! of one device are such folders named `slot0` to `slot7`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use der::pem::LineEnding;
use zeroize::Zeroizing;

use crate::chain;
use crate::error::FolderError;
use crate::file::{self, Content};
use crate::identity::Identity;
use crate::key::PrivateKey;
use crate::pem;

const CHAIN: &str = "chain.pem";
const KEY: &str = "key.pem";
const ROOT: &str = "root.pem";
const ENDINGS: [&str; 5] = ["pem", "crt", "cer", "der", "key"];
/// Files of a folder that are looked at.
const MAX_FILES: usize = 64;
/// Slots of a responder (DSP0274 1.3, 10.6).
const SLOTS: u8 = 8;

impl Identity {
    /// Writes it to a folder, which is made where there is none. Nothing is overwritten.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn save(&self, folder: &Path) -> Result<(), FolderError> {
        fs::create_dir_all(folder).map_err(|source| FolderError::io(folder, source))?;
        let files = [CHAIN, KEY, ROOT].map(|name| folder.join(name));
        if let Some(there) = files.iter().find(|path| path.symlink_metadata().is_ok()) {
            return Err(FolderError::AlreadyThere(there.clone()));
        }
        let [chain, key, root] = files;
        file::write_secret(&key, self.key_pem(&key)?.as_bytes())?;
        file::write(&chain, self.chain_pem(&chain)?.as_bytes())?;
        file::write(&root, certificate_pem(self.root(), &root)?.as_bytes())
    }

    /// Reads one from a folder.
    ///
    /// # Errors
    /// [`FolderError`], among others for a key that others can read.
    pub fn load(folder: &Path) -> Result<Self, FolderError> {
        let mut found = Found::default();
        for path in files(folder)? {
            found.add(path)?;
        }
        found.identity(folder)
    }

    /// Writes one slot of a device: a folder in this folder.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn save_slot(&self, folder: &Path, slot: u8) -> Result<(), FolderError> {
        if slot >= SLOTS {
            return Err(FolderError::NoSuchSlot(slot));
        }
        self.save(&slot_folder(folder, slot))
    }

    /// Reads the slots of a device. A folder without any is read as an identity, which then is slot 0.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn load_slots(folder: &Path) -> Result<BTreeMap<u8, Self>, FolderError> {
        let slots: Vec<_> = (0..SLOTS).filter(|&slot| slot_folder(folder, slot).is_dir()).collect();
        if slots.is_empty() {
            return Ok(BTreeMap::from([(0, Self::load(folder)?)]));
        }
        slots.into_iter().map(|slot| Ok((slot, Self::load(&slot_folder(folder, slot))?))).collect()
    }

    fn key_pem(&self, path: &Path) -> Result<Zeroizing<String>, FolderError> {
        self.key_document()
            .to_pem("PRIVATE KEY", LineEnding::LF)
            .map_err(|_| FolderError::Encoding(path.to_owned()))
    }

    /// Leaf first.
    fn chain_pem(&self, path: &Path) -> Result<String, FolderError> {
        self.chain().iter().rev().map(|certificate| certificate_pem(certificate, path)).collect()
    }
}

fn slot_folder(folder: &Path, slot: u8) -> PathBuf {
    folder.join(format!("slot{slot}"))
}

fn certificate_pem(certificate: &[u8], path: &Path) -> Result<String, FolderError> {
    pem::certificate(certificate).ok_or_else(|| FolderError::Encoding(path.to_owned()))
}

/// The files that may hold something, in the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let mut paths = fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| Ok(entry?.path())).filter(of_interest).collect::<io::Result<Vec<_>>>()
        })
        .map_err(|source| FolderError::io(folder, source))?;
    if paths.len() > MAX_FILES {
        return Err(FolderError::TooManyFiles { folder: folder.to_owned(), limit: MAX_FILES });
    }
    paths.sort();
    Ok(paths)
}

/// Errors are.
fn of_interest(path: &io::Result<PathBuf>) -> bool {
    path.as_ref().map_or(true, |path| {
        path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
    })
}

/// What the files of a folder hold.
#[derive(Default)]
struct Found {
    certificates: Vec<Vec<u8>>,
    key: Option<(PathBuf, PrivateKey)>,
}

impl Found {
    fn add(&mut self, path: PathBuf) -> Result<(), FolderError> {
        let content = file::read(&path)?;
        if pem::is_pem(&content.bytes) {
            self.add_pem(&path, &content)
        } else {
            self.add_der(&path, &content)
        }
    }

    fn add_pem(&mut self, path: &Path, content: &Content) -> Result<(), FolderError> {
        let malformed = |source| FolderError::Pem { path: path.to_owned(), source };
        for block in pem::blocks(&content.bytes).map_err(malformed)? {
            match block.label.as_str() {
                "CERTIFICATE" => self.certificates.push(block.der.to_vec()),
                "PRIVATE KEY" => self.add_key(path, content, &block.der)?,
                label if label.ends_with("PRIVATE KEY") => {
                    return Err(FolderError::KeyFormat { path: path.to_owned(), label: block.label });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn add_der(&mut self, path: &Path, content: &Content) -> Result<(), FolderError> {
        if PrivateKey::is_pkcs8(&content.bytes) {
            return self.add_key(path, content, &content.bytes);
        }
        let chain = |source| FolderError::Chain { path: path.to_owned(), source };
        self.certificates
            .extend(chain::split(&content.bytes).map_err(chain)?.into_iter().map(<[u8]>::to_vec));
        Ok(())
    }

    fn add_key(&mut self, path: &Path, content: &Content, der: &[u8]) -> Result<(), FolderError> {
        if let Some(mode) = content.exposed {
            return Err(FolderError::Exposed { path: path.to_owned(), mode });
        }
        if let Some((first, _)) = &self.key {
            return Err(FolderError::TwoKeys { first: first.clone(), second: path.to_owned() });
        }
        let key = PrivateKey::from_pkcs8(der).ok_or_else(|| FolderError::Key(path.to_owned()))?;
        self.key = Some((path.to_owned(), key));
        Ok(())
    }

    fn identity(self, folder: &Path) -> Result<Identity, FolderError> {
        let (path, key) = self.key.ok_or_else(|| FolderError::NoKey(folder.to_owned()))?;
        let unusable = || FolderError::Key(path.clone());
        let public = key.public().map_err(|_| unusable())?;
        let chain = chain::ordered(self.certificates, public.as_bytes())
            .map_err(|source| FolderError::Chain { path: folder.to_owned(), source })?;
        let kind = key.kind().ok_or_else(unusable)?;
        Ok(Identity::new(chain, key.to_pkcs8().map_err(|_| unusable())?, kind))
    }
}

#[cfg(test)]
mod tests;
