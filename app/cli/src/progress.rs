//! Progress of a scan, for those who wait at a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lanewarden_inventory::Progress;

/// A bar on standard error that appears only on a terminal, and only once a scan has taken a second.
pub struct Bar {
    bar: ProgressBar,
    started: std::time::Instant,
}

impl Bar {
    /// A bar that is not shown yet.
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg:>10} {wide_bar} {pos}/{len}") {
            bar.set_style(style);
        }
        Self { bar, started: std::time::Instant::now() }
    }

    /// Takes note of how much of a certificate chain has come.
    pub fn chain(&mut self, received: Option<(u32, u32)>) {
        let Some((received, length)) = received else { return };
        let (done, total) = (usize::try_from(received), usize::try_from(length));
        self.show(Progress {
            phase: "chain",
            done: done.unwrap_or_default(),
            total: total.unwrap_or_default(),
        });
    }

    /// Takes note of how far the scan has got.
    pub fn show(&mut self, progress: Progress) {
        if self.bar.is_hidden() && self.started.elapsed() > Duration::from_secs(1) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_message(progress.phase);
        self.bar.set_length(u64::try_from(progress.total).unwrap_or(u64::MAX));
        self.bar.set_position(u64::try_from(progress.done).unwrap_or(u64::MAX));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
