//! Many mailboxes at once, on one thread.

use std::collections::BTreeMap;

use lanewarden_doe::Host;
use lanewarden_pci::MailboxId;
use lanewarden_pci::registers::doe::Doe;
use lanewarden_time::Instant;

use crate::conversation::Conversation;
use crate::job::{Job, Task};
use crate::{MailboxReport, Options, Progress, Work};

/// Does `work` on each of `mailboxes`, all at once, and reports in their order.
pub fn work<H: Host>(
    host: &H,
    mailboxes: Vec<(MailboxId, Doe, Work)>,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Vec<MailboxReport> {
    let tasks = mailboxes.into_iter().map(|(id, doe, work)| (id, doe, Task::Work(work))).collect();
    drive(host, tasks, options, "mailboxes", progress)
}

/// Holds each of these conversations at its mailbox, all at once, and reports of the mailboxes in their order. What the
/// conversations came to stands in themselves.
pub fn converse<H: Host>(
    host: &H,
    mailboxes: Vec<(MailboxId, Doe, &mut dyn Conversation)>,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Vec<MailboxReport> {
    let tasks = mailboxes.into_iter().map(|(id, doe, talk)| (id, doe, Task::Conversation(talk))).collect();
    drive(host, tasks, options, "devices", progress)
}

fn drive<H: Host>(
    host: &H,
    mailboxes: Vec<(MailboxId, Doe, Task<'_>)>,
    options: Options,
    phase: &'static str,
    progress: &mut dyn FnMut(Progress),
) -> Vec<MailboxReport> {
    let total = mailboxes.len();
    let start = host.now();
    let mut reports = Reports(vec![None; total], 0);
    let mut waiting = mailboxes.into_iter().enumerate();
    let mut open: Open<'_, H> = BTreeMap::new();
    loop {
        while open.len() < host.at_once() {
            let Some((index, (id, capability, task))) = waiting.next() else { break };
            match Job::new(host, id, capability, task, options) {
                Ok(job) => drop(open.insert((start, index), Box::new(job))),
                Err(report) => reports.add(index, *report),
            }
        }
        let Some((index, mut job)) = next_due(host, &mut open) else { break };
        match job.advance(host) {
            Some(at) => drop(open.insert((at, index), job)),
            None => reports.add(index, job.into_report(host.now().since(start))),
        }
        progress(Progress { phase, done: reports.1, total });
    }
    reports.0.into_iter().flatten().collect()
}

/// The jobs by when they are due; among equals, by their place in the list.
type Open<'c, H> = BTreeMap<(Instant, usize), Box<Job<'c, H>>>;

/// Waits for the job that is due first, or for one that has news before: a clock may return early, for an answer of
/// somebody else's or for an interrupt that nobody here waits for.
fn next_due<'c, H: Host>(host: &H, open: &mut Open<'c, H>) -> Option<(usize, Box<Job<'c, H>>)> {
    let mut key = *open.first_key_value()?.0;
    while host.now() < key.0 {
        // Looked at before each wait: a clock that has returned early once does not do so again for the others.
        if let Some((news, _)) = open.iter().find(|(_, job)| job.has_news()) {
            key = *news;
            break;
        }
        host.wait_until(key.0);
    }
    Some((key.1, open.remove(&key)?))
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

#[cfg(test)]
mod tests;
