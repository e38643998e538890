//! Evidence that somebody has changed.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use lanewarden_attestation::evidence::{self, Circumstances};
use lanewarden_attestation::{Attestation, Options, Trust};
use lanewarden_spdm::binding::MessageKind;
use lanewarden_spdm::certificate::{AnchorList, NoRevocations};
use lanewarden_spdm::requester::Transport;
use lanewarden_spdm::responder::{MeasurementSource, Parts, Responder, Settings};
use lanewarden_spdm::{Version, Versions};
use lanewarden_store::EvidenceFile;
use lanewarden_time::{Clock, Instant};

use crate::certificates::edit;
use crate::input::Input;
use crate::scratch::folder;
use crate::shown::one_line;
use crate::stub::{Device, Firmware, NOW, Stub};

type Files = BTreeMap<EvidenceFile, Vec<u8>>;

/// Honest evidence: of each version, and of a device without measurements.
static HONEST: LazyLock<Vec<Files>> = LazyLock::new(|| {
    let mut folders: Vec<_> = Version::ALL.into_iter().map(|version| honest(version, Firmware)).collect();
    folders.push(honest(Version::V1_2, ()));
    folders
});

/// The first byte says which evidence; then come changes: a file, what is done with it, and how.
pub fn evidence(data: &[u8]) {
    let mut input = Input::new(data);
    let original = &HONEST[usize::from(input.byte()) % HONEST.len()];
    let mut files = original.clone();
    change(&mut files, &mut input);
    let folder = folder();
    for (file, bytes) in &files {
        fs::write(folder.path().join(file.name()), bytes).unwrap();
    }
    let verdict = with_trust(|trust| {
        evidence::verify(&Stub::default(), folder.path(), trust)
            .map(|verified| (verified.is_trusted(), verified.distrust))
    });
    match verdict {
        Ok((is_trusted, distrust)) => {
            assert_eq!(&files, original, "nothing but what the device has signed is accepted");
            assert!(is_trusted, "{distrust:?}");
        }
        Err(error) => {
            assert_ne!(&files, original, "{error}");
            one_line(&error.to_string().escape_default());
        }
    }
}

/// Changes files: bytes of one, all of one, or which there are.
fn change(files: &mut Files, input: &mut Input<'_>) {
    while !input.is_empty() {
        let [file, kind] = input.array();
        let file = EvidenceFile::ALL[usize::from(file) % EvidenceFile::ALL.len()];
        match kind & 7 {
            0 => drop(files.remove(&file)),
            1 => drop(files.insert(file, input.long().to_vec())),
            2 => {
                let other = EvidenceFile::ALL[usize::from(input.byte()) % EvidenceFile::ALL.len()];
                let content = files.get(&other).cloned().unwrap_or_default();
                files.insert(file, content);
            }
            _ => {
                let changes = input.counted();
                edit(files.entry(file).or_default(), &mut Input::new(changes));
            }
        }
    }
}

fn with_trust<T>(story: impl FnOnce(&Trust<'_, Stub>) -> T) -> T {
    let (root, _) = Device::certificates_of(0);
    let list = [root.as_slice()];
    let anchors = AnchorList::new(&list, 1).unwrap();
    story(&Trust::new(&anchors, &NoRevocations, Some(NOW)))
}

/// What a device's attestation leaves behind.
fn honest(version: Version, measurements: impl MeasurementSource) -> Files {
    let settings = Settings { versions: Versions::only(version), ..Settings::default() };
    let parts = Parts::new(Stub::default()).with_identities(Device::new(0)).with_measurements(measurements);
    let mut wire = Wire(Responder::new(parts, settings, vec![0; 0x3000]));
    with_trust(|trust| {
        let mut talk = Attestation::new(Stub::default(), trust, Options::default());
        talk.run(&mut wire, &NoTime, |_| ());
        let folder = folder();
        let circumstances = Circumstances { address: "0000:01:00.0".into(), ..Circumstances::default() };
        let report = talk.script().report();
        evidence::write(&Stub::default(), folder.path(), talk.said(), report, circumstances).unwrap();
        files(folder.path())
    })
}

fn files(folder: &Path) -> Files {
    let read = |file: EvidenceFile| Some((file, fs::read(folder.join(file.name())).ok()?));
    EvidenceFile::ALL.into_iter().filter_map(read).collect()
}

struct Wire<M: MeasurementSource>(Responder<Parts<Stub, Device, M>, Vec<u8>>);

impl<M: MeasurementSource> Transport for Wire<M> {
    type Error = Infallible;

    fn exchange(
        &mut self,
        kind: MessageKind,
        message: &[u8],
        answer: &mut [u8],
        _: Duration,
    ) -> Result<(MessageKind, usize), Infallible> {
        let mut request = message.to_vec();
        let (kind, said) = self.0.respond(Instant::ORIGIN, kind, &mut request).unwrap_or((kind, &[]));
        answer[..said.len()].copy_from_slice(said);
        Ok((kind, said.len()))
    }
}

struct NoTime;

impl Clock for NoTime {
    fn now(&self) -> Instant {
        Instant::ORIGIN
    }

    fn wait_until(&self, _: Instant) {}
}
