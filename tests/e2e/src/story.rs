//! What happens in a boot, step by step.

use std::fs;

use anyhow::Result;

use crate::functions::Functions;
use crate::{report, system};

mod mailboxes;
mod paths;
mod tables;

/// Everything that needs writes to configuration space.
pub fn main() -> Result<()> {
    let functions = Functions::find()?;
    report::progress("reading mailboxes before the CXL drivers are loaded");
    mailboxes::protocols(&functions)?;
    let before = tables::read(&functions)?;
    report::same_bytes("memory 2: table from our file", &fs::read("/custom.cdat")?, &before.memories[1]);
    report::progress("loading the CXL drivers");
    system::load_modules("cxl")?;
    let kernels = tables::kernels(&functions)?;
    tables::compare("read before the CXL drivers", &kernels, &before);
    tables::compare("read beside the CXL drivers", &kernels, &tables::read(&functions)?);
    report::progress("making regions");
    paths::compare(&kernels)
}
