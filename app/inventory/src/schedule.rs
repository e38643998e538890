//! Many mailboxes at once, on one thread.

use std::collections::BTreeMap;

use lanewarden_pci::registers::doe::Doe;
use lanewarden_pci::{Machine, MailboxId};
use lanewarden_time::Instant;

use crate::conversation::Conversation;
use crate::job::{Job, Task};
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
    let tasks = mailboxes.into_iter().map(|(id, doe, work)| (id, doe, Task::Work(work))).collect();
    drive(machine, tasks, options, "mailboxes", progress)
}

/// Holds each of these conversations at its mailbox, all at once, and reports of the mailboxes in their order. What the
/// conversations came to stands in themselves.
pub fn converse<M: Machine>(
    machine: &M,
    mailboxes: Vec<(MailboxId, Doe, &mut dyn Conversation)>,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Vec<MailboxReport> {
    let tasks = mailboxes.into_iter().map(|(id, doe, talk)| (id, doe, Task::Conversation(talk))).collect();
    drive(machine, tasks, options, "devices", progress)
}

fn drive<M: Machine>(
    machine: &M,
    mailboxes: Vec<(MailboxId, Doe, Task<'_>)>,
    options: Options,
    phase: &'static str,
    progress: &mut dyn FnMut(Progress),
) -> Vec<MailboxReport> {
    let total = mailboxes.len();
    let start = machine.now();
    let mut reports = Reports(vec![None; total], 0);
    let mut waiting = mailboxes.into_iter().enumerate();
    // By when they are due; among equals, by their place in the list.
    let mut open: BTreeMap<(Instant, usize), Box<Job<'_, M>>> = BTreeMap::new();
    loop {
        while open.len() < MOST_OPEN {
            let Some((index, (id, capability, task))) = waiting.next() else { break };
            match Job::new(machine, id, capability, task, options) {
                Ok(job) => drop(open.insert((start, index), Box::new(job))),
                Err(report) => reports.add(index, *report),
            }
        }
        let Some(((at, index), mut job)) = open.pop_first() else { break };
        wait(machine, at);
        match job.advance(machine) {
            Some(at) => drop(open.insert((at, index), job)),
            None => reports.add(index, job.into_report(machine.now().since(start))),
        }
        progress(Progress { phase, done: reports.1, total });
    }
    reports.0.into_iter().flatten().collect()
}

/// A clock may return early, for an interrupt that nobody here waits for.
fn wait<M: Machine>(machine: &M, at: Instant) {
    while machine.now() < at {
        machine.wait_until(at);
    }
}

/// A place for each report, and how many have come in.
struct Reports(Vec<Option<MailboxReport>>, usize);

impl Reports {
    fn add(&mut self, index: usize, report: MailboxReport) {
        if let Some(place) = self.0.get_mut(index) {
            *place = Some(report);
            self.1 = self.1.saturating_add(1);
        }
    }
}
