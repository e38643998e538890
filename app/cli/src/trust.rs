//! Whom the command line trusts, and as of when.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use lanewarden_attestation::Trust;
use lanewarden_aws_lc::AwsLc;
use lanewarden_store::{Anchors, Revocations, StoreError};

use crate::args::TrustArguments;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Where trust anchors are looked for, if nothing else is said.
pub const ANCHORS: &str = "/etc/lanewarden/anchors";

/// What trust rests on.
pub struct Basis {
    anchors: Anchors,
    revocations: Revocations,
}

impl Basis {
    /// As the command line says; `own` are the anchors of an emulated machine.
    pub fn load(
        arguments: &TrustArguments,
        own: Option<Vec<Vec<u8>>>,
        output: &Output,
    ) -> Result<Self, Failure> {
        let anchors = match (&arguments.anchors, own) {
            (Some(folder), _) => Anchors::load(folder).map_err(|error| failure(&error))?,
            (None, Some(own)) => Anchors::of(own.iter().map(Vec::as_slice))
                .map_err(|error| Failure::new(Exit::Failure, error))?,
            (None, None) if Path::new(ANCHORS).is_dir() => {
                Anchors::load(Path::new(ANCHORS)).map_err(|error| failure(&error))?
            }
            (None, None) => Anchors::of([]).map_err(|error| Failure::new(Exit::Failure, error))?,
        };
        if anchors.certificates().len() == 0 {
            let message = "there is no trust anchor, so no certificate chain is trusted";
            let hint = format!("name a folder of certificates with --anchors, or put them into {ANCHORS}");
            output.warn(&Failure::new(Exit::Ok, message).hint(hint));
        }
        let revocations = match &arguments.revocations {
            Some(file) => Revocations::load(file).map_err(|error| failure(&error))?,
            None => Revocations::default(),
        };
        Ok(Self { anchors, revocations })
    }

    /// Trust as of now.
    pub fn trust(&self) -> Trust<'_, AwsLc> {
        Trust::new(&self.anchors, &self.revocations, now())
    }
}

/// Unix seconds; `None` where the clock stands before 1970.
pub fn now() -> Option<u64> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// A folder or file that cannot be used.
pub fn failure(error: &StoreError) -> Failure {
    let exit = match error {
        StoreError::Io { source, .. } => match source.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Failure,
        },
        _ => Exit::Protocol,
    };
    Failure::new(exit, error)
}
