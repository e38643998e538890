//! `verify`: evidence is judged without the device.

use std::path::Path;

use lanewarden_attestation::evidence::{self, Verified};
use lanewarden_aws_lc::AwsLc;
use lanewarden_spdm::certificate::Moment;
use serde::Serialize;

use crate::args::Verify;
use crate::exit::{Exit, Failure};
use crate::output::{Outcome, Output};
use crate::trust::Basis;

#[derive(Serialize)]
struct Json<'s> {
    schema: &'static str,
    evidence: [Evidence<'s>; 1],
}

#[derive(Serialize)]
struct Evidence<'s> {
    folder: String,
    verdict: &'static str,
    reason: Option<String>,
    summary: &'s evidence::Summary,
}

/// Judges a folder, under trust anchors that are never the folder's own.
pub fn run(args: &Verify, output: &Output) -> Outcome {
    refuse_own_anchors(args)?;
    let basis = Basis::load(&args.trust, None, output)?;
    let verified = evidence::verify(&AwsLc, &args.folder, &basis.trust()).map_err(|error| {
        let folder = args.folder.display();
        match error {
            evidence::VerifyError::Store(error) => crate::trust::failure(&error),
            error => Failure::new(Exit::Unverified, format!("{folder}: the evidence is not whole: {error}"))
                .hint("it was damaged, or somebody has changed it: ask for it again"),
        }
    })?;
    let reason = reason(&verified, args);
    if output.json() {
        let evidence = Evidence {
            folder: args.folder.display().to_string(),
            verdict: if reason.is_none() { "trusted" } else { "refused" },
            reason: reason.clone(),
            summary: &verified.summary,
        };
        output.print_json(&Json { schema: "lanewarden.verification/1", evidence: [evidence] })?;
    } else {
        output.print(&text(&verified, reason.as_deref()))?;
    }
    Ok(if reason.is_none() { Exit::Ok } else { Exit::Unverified })
}

/// Whoever made the evidence would otherwise say whom to trust.
fn refuse_own_anchors(args: &Verify) -> Result<(), Failure> {
    let Some(anchors) = &args.trust.anchors else { return Ok(()) };
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if resolved(anchors).starts_with(resolved(&args.folder)) {
        let message = format!("{} lies in the evidence itself", anchors.display());
        return Err(Failure::new(Exit::Usage, message)
            .hint("trust anchors come from somewhere that the maker of the evidence has no say in"));
    }
    Ok(())
}

/// What speaks against the device.
fn reason(verified: &Verified, args: &Verify) -> Option<String> {
    let stale = args.nonce.filter(|nonce| !verified.is_fresh(&nonce.0));
    let changed = verified.fits_summary == Some(false);
    let distrust = verified.distrust.first().map(ToString::to_string);
    distrust
        .or(changed.then(|| "its measurements are not those whose summary it signed".to_owned()))
        .or(stale.map(|_| "the evidence was made for another nonce".to_owned()))
}

fn text(verified: &Verified, reason: Option<&str>) -> String {
    let (facts, circumstances) = (&verified.facts, &verified.summary.circumstances);
    let measured = match &facts.measured {
        Some(_) => format!("{}, signed", facts.measurements().len()),
        None => "none that are signed".to_owned(),
    };
    let verdict = match reason {
        None => "trusted".to_owned(),
        Some(reason) => format!("refused: {reason}"),
    };
    let lines = [
        ("verdict", verdict),
        ("spdm", format!("{}, {}, {}, slot {}", facts.version, facts.signature, facts.hash, facts.slot)),
        ("measurements", measured),
        ("made", format!("of {}, {}", circumstances.address, Moment(circumstances.time_s))),
    ];
    lines
        .iter()
        .map(|(name, value)| format!("{name:13} {}\n", lanewarden_render::text::escape(value)))
        .collect()
}
