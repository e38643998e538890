//! Both roles against spdm-emu, where `SPDM_EMU_BIN` names its folder; skipped where it does not.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::ExitCode;

use lanewarden_interop::plan;
use lanewarden_interop::scratch::{VARIABLE, emulators};
use libtest_mimic::{Arguments, Failed, Trial};

#[path = "spdm_emu/captured.rs"]
mod captured;
#[path = "spdm_emu/combinations.rs"]
mod combinations;
#[path = "spdm_emu/hostile.rs"]
mod hostile;
#[path = "spdm_emu/planted.rs"]
mod planted;

type Check = fn(&Path) -> Result<(), Failed>;

const CHECKS: [(&str, Check); 12] = [
    ("every_default_flow_goes_well", combinations::every_default),
    ("every_session_goes_well", combinations::every_session),
    ("their_capture_of_a_session_is_read_with_our_key_log", captured::sessions),
    ("their_requesters_capture_is_read_with_our_responders_key_log", captured::their_sessions),
    ("every_combination_goes_well", combinations::every_one),
    ("a_long_request_goes_to_their_responder_in_chunks", combinations::long_request),
    ("leaves_that_name_a_role_of_spdm_are_trusted", combinations::marked_leaves),
    ("one_wrong_bit_in_our_signatures_fails_their_requester", planted::wrong_bit),
    ("a_leaf_that_its_issuer_did_not_sign_fails_their_requester", planted::wrong_chain),
    ("the_root_of_another_slot_is_no_anchor_for_ours", planted::wrong_anchor),
    ("a_signature_of_another_key_is_refused_by_ours", planted::wrong_key),
    ("answers_without_measure_are_refused_by_ours", hostile::answers_without_measure),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let folder = match emulators() {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("{error:#}");
            return ExitCode::FAILURE;
        }
    };
    if folder.is_none() && !arguments.list {
        let count = plan::plan().len();
        println!("skipped: {} checks, {count} combinations, since {VARIABLE} names no folder", CHECKS.len());
    }
    let trial = |(name, check): (&str, Check)| {
        let (is_absent, folder) = (folder.is_none(), folder.clone().unwrap_or_default());
        Trial::test(name, move || check(&folder)).with_ignored_flag(is_absent)
    };
    libtest_mimic::run(&arguments, CHECKS.into_iter().map(trial).collect()).exit_code()
}
