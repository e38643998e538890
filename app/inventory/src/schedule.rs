//! Many mailboxes at once, on one thread.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Machine, MailboxId};

use crate::job::Job;
use crate::{MailboxReport, Options, Progress, Work};

/// How many mailboxes are open at once; each takes a file descriptor and a buffer.
const MOST_OPEN: usize = 256;

/// Does `work` on each of `mailboxes`, all at once, and reports in their order.
pub fn work<M: Machine>(
    machine: &M,
    mailboxes: Vec<(MailboxId, Doe, Work)>,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Vec<MailboxReport> {
    let total = mailboxes.len();
    let start = machine.now();
    let mut reports: Vec<(usize, MailboxReport)> = Vec::with_capacity(total);
    let mut waiting = mailboxes.into_iter().enumerate();
    let mut jobs: BinaryHeap<Due<M>> = BinaryHeap::new();
    loop {
        while jobs.len() < MOST_OPEN {
            let Some((index, (id, capability, work))) = waiting.next() else { break };
            match Job::new(machine, id, capability, work, options) {
                Ok(job) => jobs.push(Due { at: Reverse((start, index)), job }),
                Err(report) => reports.push((index, *report)),
            }
        }
        let Some(Due { at: Reverse((at, index)), mut job }) = jobs.pop() else { break };
        machine_wait(machine, at);
        match job.advance(machine) {
            Some(at) => jobs.push(Due { at: Reverse((at, index)), job }),
            None => reports.push((index, job.into_report(machine.now().since(start)))),
        }
        progress(Progress { phase: "mailboxes", done: reports.len(), total });
    }
    reports.sort_by_key(|(index, _)| *index);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// A clock may return early, for an interrupt that nobody here waits for.
fn machine_wait<M: Machine>(machine: &M, at: lanewarden_time::Instant) {
    while machine.now() < at {
        machine.wait_until(at);
    }
}

/// A job by when it is due; among equals, by its place in the list.
struct Due<M: Machine> {
    at: Reverse<(lanewarden_time::Instant, usize)>,
    job: Job<M>,
}

impl<M: Machine> PartialEq for Due<M> {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl<M: Machine> Eq for Due<M> {}

impl<M: Machine> PartialOrd for Due<M> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<M: Machine> Ord for Due<M> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}
