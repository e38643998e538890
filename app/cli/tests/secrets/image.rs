//! What is in the memory of a child: what a core image of it would hold, read while it stands still.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use aws_lc_rs::agreement::{ECDH_P384, PrivateKey, PublicKey};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::spy::Known;

/// Bytes of a private value on P-384, and of the words that it is kept in.
const SCALAR: usize = 48;
const WORD: usize = 8;

/// The memory of a process that a core image holds: all that it can write, or that is in no file.
pub struct Image(Vec<(String, Vec<u8>)>);

impl Image {
    /// Stops a child, reads it, and lets it go on. It is ours, so that the kernel lets us (ptrace(2), under Yama's
    /// ptrace_scope 0 and 1).
    pub fn of(child: u32) -> std::io::Result<Self> {
        let pid = Pid::from_raw(child.try_into().unwrap()).unwrap();
        kill_process(pid, Signal::STOP)?;
        waitpid(Some(pid), WaitOptions::UNTRACED)?;
        let image = Self::read(child);
        kill_process(pid, Signal::CONT)?;
        image
    }

    fn read(child: u32) -> std::io::Result<Self> {
        let memory = File::open(format!("/proc/{child}/mem"))?;
        let mut parts = Vec::new();
        for line in fs::read_to_string(format!("/proc/{child}/maps"))?.lines() {
            let Some((name, start, end)) = mapping(line) else { continue };
            let mut bytes = vec![0; end - start];
            memory.read_exact_at(&mut bytes, start as u64)?;
            parts.push((name, bytes));
        }
        Ok(Self(parts))
    }

    /// Bytes of all.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// Where the private value of an exchange on P-384 is, by its public one: anything that could be it is tried, as
    /// AWS-LC has it, in words from the lowest on, and as it is written.
    pub fn find_private(&self, public: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (name, bytes) in &self.0 {
            for (window, at) in bytes.windows(SCALAR).step_by(WORD).zip((0..).step_by(WORD)) {
                let is_it =
                    |scalar: &[u8]| public_of(scalar).is_some_and(|found| found.as_ref()[1..] == *public);
                let reversed = || window.iter().rev().copied().collect::<Vec<_>>();
                if is_random(window) && (is_it(window) || is_it(&reversed())) {
                    found.push(format!("the private value, at {at:#x} of {name}"));
                }
            }
        }
        found
    }

    /// Which of these are in it, and where.
    pub fn find<'k>(&self, known: &'k [Known]) -> Vec<(&'k Known, String)> {
        let needles: Vec<_> =
            known.iter().flat_map(|known| shapes(known).map(|shape| (known, shape))).collect();
        let mut begins = vec![false; 0x1_0000];
        needles
            .iter()
            .for_each(|(_, (_, bytes))| begins[usize::from(bytes[0]) << 8 | usize::from(bytes[1])] = true);
        let mut found = BTreeSet::new();
        for (part, (_, bytes)) in self.0.iter().enumerate() {
            for (at, pair) in bytes.windows(2).enumerate() {
                if begins[usize::from(pair[0]) << 8 | usize::from(pair[1])] {
                    let here = needles
                        .iter()
                        .enumerate()
                        .filter(|(_, (_, (_, needle)))| bytes[at..].starts_with(needle));
                    found.extend(here.map(|(which, _)| (which, part, at)));
                }
            }
        }
        let told = found.into_iter().map(|(which, part, at)| {
            let (known, (shape, _)) = &needles[which];
            (*known, format!("{}, {shape}, at {at:#x} of {}", known.what, self.0[part].0))
        });
        told.collect()
    }
}

fn public_of(scalar: &[u8]) -> Option<PublicKey> {
    PrivateKey::from_private_key(&ECDH_P384, scalar).ok()?.compute_public_key().ok()
}

/// Whether bytes can be a private value: no word is small, and hardly any byte repeats.
fn is_random(bytes: &[u8]) -> bool {
    let mut words = bytes.as_chunks::<WORD>().0.iter();
    words.all(|word| u64::from_le_bytes(*word) >> 40 > 0) && bytes.iter().collect::<BTreeSet<_>>().len() > 34
}

/// As it is, as text, and as the pads of HMAC (FIPS 198-1) that it is read out of as easily. Of an IV, all but the byte
/// that the first sequence numbers are mixed into.
fn shapes(known: &Known) -> [(&'static str, Vec<u8>); 4] {
    let secret = &known.bytes[usize::from(known.what == "iv")..];
    let with = |pad: u8| secret.iter().map(|byte| byte ^ pad).collect();
    let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    [
        ("bare", secret.to_vec()),
        ("as text", text.into()),
        ("as inner pad", with(0x36)),
        ("as outer pad", with(0x5c)),
    ]
}

/// A line of /proc/PID/maps: name, start and end of what a core image holds.
fn mapping(line: &str) -> Option<(String, usize, usize)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let (rights, inode) = (words.next()?, words.nth(2)?);
    let name = words.next().unwrap_or("memory of no name");
    let is_dumped = rights.starts_with('r') && (rights.contains('w') || inode == "0");
    let is_kernels = ["[vvar", "[vdso", "[vsyscall"].iter().any(|kernels| name.starts_with(kernels));
    let address = |text| usize::from_str_radix(text, 16).ok();
    (is_dumped && !is_kernels).then_some((name.to_owned(), address(start)?, address(end)?))
}
