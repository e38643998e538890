//! What has to go wrong. A suite that passes these too would pass anything.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use lanewarden_interop::asking::{Asker, Failure};
use lanewarden_interop::identities::Chains;
use lanewarden_interop::plan::{Side, ordinary};
use lanewarden_interop::scratch::Scratch;
use lanewarden_interop::{answering, names};
use lanewarden_spdm::Reason;
use lanewarden_spdm::certificate::Distrust;
use lanewarden_spdm::message::{ErrorCode, Response};
use lanewarden_spdm::requester::RunError;
use libtest_mimic::Failed;

/// With which error their responder refused.
pub fn refusal<T>(said: Result<T, Failure>) -> Result<ErrorCode> {
    match said {
        Ok(_) => bail!("it was not refused"),
        Err(RunError::Spdm(error)) => match error.reason {
            Reason::Refused(refusal) => Ok(refusal.code),
            reason => bail!("{reason}"),
        },
        Err(error) => Err(error.into()),
    }
}

pub fn wrong_bit(emulators: &Path) -> Result<(), Failed> {
    let one = ordinary(Side::Answering);
    let (scratch, chains) = (Scratch::new(emulators)?, Chains::flawed(one.signature)?);
    answering::introduce(&scratch, &one, &chains)?;
    let (end, seen) = answering::attempt(&scratch, &one, chains)?;
    assert!(seen.has(Response::ChallengeAuth) && !seen.has(Response::Measurements), "{seen:?}");
    assert!(end.check().is_err() && end.code == Some(1) && !end.complaints.is_empty(), "{end:?}");
    Ok(())
}

pub fn wrong_chain(emulators: &Path) -> Result<(), Failed> {
    let one = ordinary(Side::Answering);
    let (scratch, chains) = (Scratch::new(emulators)?, Chains::unsigned(one.signature)?);
    answering::introduce(&scratch, &one, &chains)?;
    let (end, seen) = answering::attempt(&scratch, &one, chains)?;
    assert!(seen.has(Response::Certificate) && !seen.has(Response::ChallengeAuth), "{seen:?}");
    assert!(end.check().is_err(), "{end:?}");
    Ok(())
}

/// The two roots have one name; only their keys differ.
pub fn wrong_anchor(emulators: &Path) -> Result<(), Failed> {
    let one = ordinary(Side::Asking);
    let other = Scratch::new(emulators)?.read(names::folder(one.signature), names::root(1))?;
    let (_program, mut asker) = Asker::start(emulators, &one)?;
    asker.connect(&one)?;
    let validated = asker.chain(&one, &other)?;
    assert_eq!(validated.distrust.first(), Some(&Distrust::NoAnchor { named: true }));
    Ok(asker.leave()?)
}

/// A key of ours is taken for that of their leaf.
pub fn wrong_key(emulators: &Path) -> Result<(), Failed> {
    let one = ordinary(Side::Asking);
    let (_program, mut asker) = Asker::start(emulators, &one)?;
    asker.connect(&one)?;
    let ours = Chains::new(one.signature)?;
    asker.know_key_of(&one, &ours)?;
    match asker.challenge(&one, Default::default()) {
        Err(error) => {
            let error = error.downcast::<Failure>().map_err(|error| format!("{error:#}"))?;
            ensure_wrong_signature(&error)?;
        }
        Ok(()) => return Err("a signature of another key was taken".into()),
    }
    Ok(asker.leave()?)
}

fn ensure_wrong_signature(error: &Failure) -> Result<()> {
    let RunError::Spdm(error) = error else { bail!("{error}") };
    ensure!(error.reason == Reason::WrongSignature, "{error}");
    Ok(())
}
