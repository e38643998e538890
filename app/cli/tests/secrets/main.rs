//! Rule: secrets go when their state goes, and are never printed. The binary is one side of a session, the other is here
//! and takes all its secrets down (`spy`). They are looked for in what the binary says and writes, and in its memory:
//! while a session is open, when those in use have to be there and no others, and after it.
//!
//! `cargo xtask test` runs it twice. A program that is not optimised happens to write over much of what is left; one that is
//! does not, so the second time this crate is.
//!
//! Of a process of another's, memory cannot be read; of a child's it can, unless Yama's ptrace_scope is 2 or 3. Then all
//! this is skipped, and says so.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used)]
#![allow(clippy::cast_possible_truncation, clippy::panic)]

mod asking;
mod image;
mod responding;
mod said;
mod spy;

use std::process::{Command, ExitCode, Stdio};

use image::Image;
use libtest_mimic::{Arguments, Failed, Trial};
use spy::{Known, Spy};

const LANEWARDEN: &str = env!("CARGO_BIN_EXE_lanewarden");

type Check = fn() -> Result<(), Failed>;

const CHECKS: [(&str, Check); 8] = [
    ("a_responder_has_no_secret_of_a_session_that_is_over", responding::exchanged),
    ("a_responder_has_none_of_a_session_with_a_pre_shared_key", responding::preshared),
    ("a_responder_has_none_of_a_session_that_ends_at_once", responding::short),
    ("a_responder_has_none_of_a_session_whose_requester_is_lost", responding::lost),
    ("a_requester_has_no_secret_of_a_session_that_is_over", asking::exchanged),
    ("a_requester_has_none_of_a_session_that_ends_at_once", asking::short),
    ("a_requester_has_none_of_a_session_with_a_pre_shared_key", asking::preshared),
    ("an_attestation_in_a_session_leaves_no_secret", asking::attested),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let readable = is_readable();
    if let (Err(error), false) = (&readable, arguments.list) {
        println!("skipped: {} checks, since the memory of a child cannot be read: {error}", CHECKS.len());
    }
    let trial = |(name, check): (&str, Check)| Trial::test(name, check).with_ignored_flag(readable.is_err());
    libtest_mimic::run(&arguments, CHECKS.into_iter().map(trial).collect()).exit_code()
}

/// Whether the kernel lets us read the memory of a child.
fn is_readable() -> std::io::Result<()> {
    let mut command = Command::new(LANEWARDEN);
    let mut child = command
        .args(["decode", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let image = Image::of(child.id());
    child.kill()?;
    child.wait()?;
    image.map(drop)
}

/// While a session is open: the secrets in use are there, and no others.
fn check_open(image: &Image, known: &[Known]) {
    assert!(image.size() > 1 << 18, "an image of {} bytes", image.size());
    let in_use = in_use(known);
    let found = image.find(known);
    for one in &in_use {
        assert!(found.iter().any(|(known, _)| known == one), "{} is in use and not found", one.what);
    }
    let others: Vec<_> =
        found.iter().filter(|(known, _)| !in_use.contains(known)).map(|(_, place)| place).collect();
    assert!(others.is_empty(), "while the session is open: {others:#?}");
}

/// After a session nothing of it is there.
fn check_over(image: &Image, spy: &Spy, but: &[&str]) {
    let known: Vec<_> = spy.known().into_iter().filter(|known| !but.contains(&known.what.as_str())).collect();
    assert!(known.len() > 10, "{} secrets", known.len());
    let mut found: Vec<_> = image.find(&known).into_iter().map(|(_, place)| place).collect();
    found.extend(image.find_private(&spy.public()));
    assert!(found.is_empty(), "after the session: {found:#?}");
}

/// The secrets of both directions, the last that there are, with their keys and IVs; in the handshake, what its end takes.
fn in_use(known: &[Known]) -> Vec<&Known> {
    let is_replaced =
        |one: &Known| known.iter().any(|next| next.what == "traffic upd" && next.from == one.bytes);
    let last = |names: &[&str], count| {
        let named = known.iter().rev().filter(|known| names.contains(&known.what.as_str()));
        named.filter(|known| !is_replaced(known)).take(count).collect::<Vec<_>>()
    };
    let mut secrets = last(&["req app data", "rsp app data", "traffic upd"], 2);
    if secrets.is_empty() {
        secrets = [last(&["req hs data", "rsp hs data"], 2), last(&["handshake"], 1)].concat();
    }
    let is_of_them = |one: &Known| secrets.iter().any(|secret| secret.bytes == one.from);
    let keys = known.iter().filter(|one| ["key", "iv"].contains(&one.what.as_str()) && is_of_them(one));
    secrets.iter().copied().chain(keys).collect()
}
