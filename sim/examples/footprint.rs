//! How long machines of growing size take to build, and how much memory they hold for each function.

use std::time::Instant;

use lanewarden_sim::{Scenario, Simulator};

fn main() -> Result<(), lanewarden_sim::ScenarioError> {
    for count in [100, 1_000, 10_000, 100_000] {
        let scenario = Scenario::synthetic(count);
        let before = resident_kib();
        let start = Instant::now();
        let simulator = Simulator::new(&scenario)?;
        let took = start.elapsed();
        let grown = resident_kib().zip(before).map(|(now, before)| now.saturating_sub(before));
        println!(
            "{count:>7} functions: {took:>10.1?}, {} bytes counted for each, resident memory grew by {} KiB",
            simulator.bytes_per_function(),
            grown.map_or("?".to_owned(), |kib| kib.to_string())
        );
    }
    Ok(())
}

/// What the kernel says of this process; `None` where it says nothing.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
