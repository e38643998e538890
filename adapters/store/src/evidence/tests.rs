use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::error::StoreError;

use EvidenceFile::{Chain, ChallengeSignature, ChallengeTranscript, Measurements, Summary};

/// A place for a folder of evidence.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("evidence")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn write(&self, existing: Existing, files: &[(EvidenceFile, &[u8])]) -> Result<(), StoreError> {
        let mut writer = EvidenceWriter::new(&self.folder(), existing)?;
        files.iter().try_for_each(|(file, bytes)| writer.write(*file, bytes))?;
        writer.finish()
    }

    /// With evidence in it.
    fn filled() -> Self {
        let place = Self::new();
        place.write(Existing::Keep, SMALL).unwrap();
        place
    }

    fn open(&self) -> Result<EvidenceReader, StoreError> {
        EvidenceReader::open(&self.folder())
    }

    fn summary(&self) -> Vec<u8> {
        self.open().unwrap().get(Summary).unwrap().to_vec()
    }

    /// What stands beside the folder, the folder counted.
    fn beside(&self) -> usize {
        fs::read_dir(self.0.path()).unwrap().count()
    }
}

const SMALL: &[(EvidenceFile, &[u8])] = &[(Summary, b"{}"), (Chain, b"chain")];
const OTHER: &[(EvidenceFile, &[u8])] = &[(Summary, b"{1}"), (Chain, b"chain")];

#[test]
fn what_was_written_is_read() {
    let place = Place::new();
    let files: Vec<(EvidenceFile, &[u8])> =
        EvidenceFile::ALL.into_iter().map(|file| (file, file.name().as_bytes())).collect();
    place.write(Existing::Keep, &files).unwrap();
    let evidence = place.open().unwrap();
    for file in EvidenceFile::ALL {
        assert_eq!(evidence.get(file), Some(file.name().as_bytes()));
    }
    assert_eq!(place.beside(), 1);
}

#[test]
fn files_that_are_not_there_are_not_made_up() {
    let evidence = Place::filled().open().unwrap();
    assert_eq!(evidence.get(Measurements), None);
    assert_eq!(evidence.files().collect::<Vec<_>>(), [Summary, Chain]);
}

#[test]
fn others_can_read_it() {
    let place = Place::filled();
    let readable = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o044 == 0o044;
    // As far as the umask lets them.
    let probe = place.0.path().join("probe");
    fs::write(&probe, "").unwrap();
    assert_eq!(readable(place.folder()), readable(probe));
}

#[test]
fn evidence_is_not_overwritten_unless_that_is_said() {
    let place = Place::filled();
    assert!(matches!(place.write(Existing::Keep, OTHER), Err(StoreError::NotEmpty(_))));
    assert_eq!(place.summary(), b"{}");
    place.write(Existing::Replace, OTHER).unwrap();
    assert_eq!(place.summary(), b"{1}");
    assert_eq!(place.beside(), 1);
}

#[test]
fn nothing_but_evidence_is_replaced() {
    let place = Place::filled();
    fs::write(place.path("thesis.tex"), "years").unwrap();
    let refused = place.write(Existing::Replace, OTHER);
    assert!(matches!(refused, Err(StoreError::Unknown(path)) if path.ends_with("thesis.tex")));
    assert!(place.path("thesis.tex").exists());
    fs::remove_file(place.path("thesis.tex")).unwrap();
    fs::create_dir(place.path(Measurements.name())).unwrap();
    assert!(matches!(place.write(Existing::Replace, OTHER), Err(StoreError::NoFile(_))));
    assert!(place.path(Measurements.name()).exists());
    assert_eq!(place.beside(), 1);
}

#[test]
fn a_folder_that_was_filled_meanwhile_stays() {
    let place = Place::new();
    let mut writer = EvidenceWriter::new(&place.folder(), Existing::Keep).unwrap();
    SMALL.iter().for_each(|(file, bytes)| writer.write(*file, bytes).unwrap());
    fs::create_dir(place.folder()).unwrap();
    fs::write(place.path("x"), "").unwrap();
    assert!(matches!(writer.finish(), Err(StoreError::NotEmpty(_))));
    assert!(place.path("x").exists());
    assert_eq!(place.beside(), 1);
}

#[test]
fn an_empty_folder_is_taken() {
    let place = Place::new();
    fs::create_dir(place.folder()).unwrap();
    place.write(Existing::Keep, SMALL).unwrap();
    assert_eq!(place.summary(), b"{}");
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let place = Place::new();
    let mut writer = EvidenceWriter::new(&place.folder(), Existing::Keep).unwrap();
    writer.write(Summary, b"{}").unwrap();
    assert!(!place.folder().exists());
    drop(writer);
    assert_eq!(place.beside(), 0);
}

#[test]
fn evidence_with_something_missing_is_neither_written_nor_read() {
    let place = Place::new();
    let half: &[(EvidenceFile, &[u8])] = &[(Summary, b"{}"), (Chain, b"c"), (ChallengeTranscript, b"t")];
    let refused = place.write(Existing::Keep, half);
    assert!(
        matches!(refused, Err(StoreError::Missing(path)) if path == place.path("signature-challenge.bin"))
    );
    assert!(matches!(place.write(Existing::Keep, &SMALL[..1]), Err(StoreError::Missing(_))));

    let place = Place::filled();
    fs::write(place.path(ChallengeSignature.name()), "s").unwrap();
    let refused = place.open();
    assert!(matches!(refused, Err(StoreError::Missing(path)) if path.ends_with("transcript-challenge.bin")));
    fs::remove_file(place.path(ChallengeSignature.name())).unwrap();
    fs::remove_file(place.path(Chain.name())).unwrap();
    assert!(matches!(place.open(), Err(StoreError::Missing(path)) if path.ends_with("chain.der")));
}

#[test]
fn a_file_is_written_once() {
    let place = Place::new();
    let mut writer = EvidenceWriter::new(&place.folder(), Existing::Keep).unwrap();
    writer.write(Summary, b"{}").unwrap();
    assert!(matches!(writer.write(Summary, b"{}"), Err(StoreError::Io { .. })));
}

#[test]
fn strangers_in_the_folder_are_refused() {
    for name in ["x", ".hidden", "Summary.json", "summary.json~"] {
        let place = Place::filled();
        fs::write(place.path(name), "").unwrap();
        assert!(matches!(place.open(), Err(StoreError::Unknown(path)) if path == place.path(name)), "{name}");
    }
    let place = Place::filled();
    fs::create_dir(place.path("folder")).unwrap();
    assert!(matches!(place.open(), Err(StoreError::Unknown(_))));
    (0..100).for_each(|number| fs::write(place.path(&number.to_string()), "").unwrap());
    assert!(matches!(place.open(), Err(StoreError::TooMany { .. })));
}

#[test]
fn links_folders_and_pipes_are_no_evidence() {
    let place = Place::filled();
    let measurements = place.path(Measurements.name());
    symlink(place.path(Chain.name()), &measurements).unwrap();
    assert!(matches!(place.open(), Err(StoreError::Link(path)) if path == measurements));
    fs::remove_file(&measurements).unwrap();
    fs::create_dir(&measurements).unwrap();
    assert!(matches!(place.open(), Err(StoreError::NoFile(path)) if path == measurements));
    fs::remove_dir(&measurements).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &measurements, rustix::fs::Mode::RWXU).unwrap();
    assert!(matches!(place.open(), Err(StoreError::NoFile(path)) if path == measurements));
}

#[test]
fn files_are_read_and_written_to_their_limit() {
    let place = Place::filled();
    let chain = fs::File::options().write(true).open(place.path(Chain.name())).unwrap();
    chain.set_len(Chain.limit()).unwrap();
    place.open().unwrap();
    chain.set_len(Chain.limit() + 1).unwrap();
    assert!(
        matches!(place.open(), Err(StoreError::TooLarge { path, .. }) if path == place.path(Chain.name()))
    );

    let mut writer = EvidenceWriter::new(&place.0.path().join("other"), Existing::Keep).unwrap();
    let long = vec![0; usize::try_from(ChallengeSignature.limit()).unwrap() + 1];
    assert!(matches!(writer.write(ChallengeSignature, &long), Err(StoreError::TooLarge { .. })));
    writer.write(ChallengeSignature, &long[1..]).unwrap();
}

#[test]
fn a_path_that_names_no_folder_is_refused() {
    for path in ["/", "..", ""] {
        assert!(
            matches!(EvidenceWriter::new(Path::new(path), Existing::Keep), Err(StoreError::NoName(_))),
            "{path}"
        );
    }
    let place = Place::new();
    fs::write(place.folder(), "a file").unwrap();
    assert!(matches!(place.write(Existing::Replace, SMALL), Err(StoreError::Io { .. })));
    assert_eq!(fs::read(place.folder()).unwrap(), b"a file");
}
