//! The kernel's CXL objects: the tables it publishes, and a region on one memory with the figures it
//! computes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::system::{read_line, wait_for, write_line};

const DEVICES: &str = "/sys/bus/cxl/devices";

/// A port or endpoint of the CXL core.
pub struct Object {
    /// `port2`, `endpoint4`, ...
    pub name: String,
    /// The CDAT the kernel read from it.
    pub table: Vec<u8>,
}

/// Waits for the kernel to have read the table of a function, and returns that.
pub fn object_of(address: &str) -> Result<Object> {
    wait_for(&format!("a CXL table of {address}"), || {
        for (name, path) in objects(&["endpoint", "port"])? {
            if !owns(&path, address) || !path.join("CDAT").exists() {
                continue;
            }
            let table = fs::read(path.join("CDAT"))?;
            if !table.is_empty() {
                return Ok(Some(Object { name, table }));
            }
        }
        Ok(None)
    })
}

/// Whether an object's upstream port is the function or a memory device on it.
fn owns(object: &Path, address: &str) -> bool {
    let Ok(uport) = fs::canonicalize(object.join("uport")) else { return false };
    let is = |path: Option<&Path>| path.and_then(Path::file_name).is_some_and(|name| name == address);
    is(Some(&uport)) || is(uport.parent())
}

/// Objects whose name is one of these words and a number.
fn objects(kinds: &[&str]) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(DEVICES)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if kinds.iter().any(|kind| name.strip_prefix(kind).is_some_and(|n| n.parse::<u32>().is_ok())) {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// What the kernel says of one access class of a region: latencies in its idea of nanoseconds, bandwidths in
/// MB/s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Read latency.
    pub read_latency: u64,
    /// Write latency.
    pub write_latency: u64,
    /// Read bandwidth.
    pub read_bandwidth: u64,
    /// Write bandwidth.
    pub write_bandwidth: u64,
}

impl Figures {
    fn read(folder: &Path) -> Result<Self> {
        let number = |name: &str| -> Result<u64> { Ok(read_line(folder.join(name))?.parse()?) };
        Ok(Self {
            read_latency: number("read_latency")?,
            write_latency: number("write_latency")?,
            read_bandwidth: number("read_bandwidth")?,
            write_bandwidth: number("write_bandwidth")?,
        })
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { read_latency, write_latency, read_bandwidth, write_bandwidth } = self;
        write!(f, "{read_latency}/{write_latency} ns {read_bandwidth}/{write_bandwidth} MB/s")
    }
}

/// Makes a region of 256 MiB on one memory, in the memory window of this number, and returns the figures of
/// `access0` and `access1`.
pub fn region_figures(endpoint: &str, window: usize) -> Result<[Figures; 2]> {
    let decoder = endpoint_decoder(endpoint)?;
    let region = create_region(&decoder, window)?;
    let figures = |class: &str| {
        let folder = Path::new(DEVICES).join(&region).join(class);
        wait_for(&format!("{class} of {region}"), || Ok(folder.join("read_latency").exists().then_some(())))?;
        Figures::read(&folder)
    };
    Ok([figures("access0")?, figures("access1")?])
}

/// The endpoint's first decoder: device memory is handed out in the decoders' order.
fn endpoint_decoder(endpoint: &str) -> Result<String> {
    let name = format!("decoder{}.0", endpoint.trim_start_matches("endpoint"));
    let path = Path::new(DEVICES).join(&name);
    wait_for(&format!("{name} of {endpoint}"), || Ok(path.exists().then(|| name.clone())))
}

fn create_region(decoder: &str, window: usize) -> Result<String> {
    let root = Path::new(DEVICES).join(format!("decoder0.{window}/create_ram_region"));
    let region = wait_for("a memory window", || Ok(root.exists().then_some(())))
        .and_then(|()| read_line(&root))
        .context("no name for a region")?;
    write_line(&root, &region)?;
    let target = Path::new(DEVICES).join(decoder);
    write_line(target.join("mode"), "ram")?;
    write_line(target.join("dpa_size"), "0x10000000")?;
    let folder = Path::new(DEVICES).join(&region);
    let steps = [
        ("interleave_granularity", "256"),
        ("interleave_ways", "1"),
        ("size", "0x10000000"),
        ("target0", decoder),
        ("commit", "1"),
    ];
    for (attribute, value) in steps {
        write_line(folder.join(attribute), value)?;
    }
    write_line("/sys/bus/cxl/drivers/cxl_region/bind", &region)?;
    Ok(region)
}
