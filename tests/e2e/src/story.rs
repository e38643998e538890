//! What happens in a boot, step by step.

use anyhow::Result;

use crate::functions::Functions;
use crate::{product, report, system};

mod attestation;
mod evidence;
mod mailboxes;
mod paths;
mod rights;
pub mod service;
mod sessions;
pub mod sharing;
mod tables;
mod vfio;

/// Everything that needs writes to configuration space.
pub fn main() -> Result<()> {
    let functions = Functions::find()?;
    report::progress("reading mailboxes before the CXL drivers are loaded");
    mailboxes::protocols(&functions)?;
    mailboxes::lspci(&functions)?;
    mailboxes::exchange(&functions)?;
    rights::ordinary_user(&functions)?;
    report::progress("attesting the drives");
    attestation::beside_the_driver(&functions, || {
        attestation::names(&functions.drives)?;
        attestation::verdicts(&functions.drives)?;
        attestation::all(&functions.drives)?;
        evidence::judged(&functions.drives)?;
        report::progress("holding sessions with the drives");
        sessions::opened(&functions.drives)?;
        sessions::attested(&functions.drives)?;
        sessions::preshared(&functions.drives)?;
        sessions::refused(&functions.drives)?;
        sessions::watched(&functions.drives)
    })?;
    report::progress("reading tables before the CXL drivers are loaded");
    let second = tables::second_reader(&functions)?;
    let before = tables::lanewarden(&functions, &[])?;
    tables::every_structure(&functions, &before.memories[1])?;
    report::progress("reading one mailbox from two processes");
    sharing::two_readers(&functions)?;
    report::progress("loading the CXL drivers");
    system::load_modules("cxl")?;
    let kernels = tables::kernels(&functions)?;
    tables::compare("second reader", &kernels, &second);
    tables::compare("lanewarden before the drivers", &kernels, &before);
    tables::names(&functions, &kernels)?;
    sharing::refused(&functions, &kernels)?;
    sharing::not_refused(&functions)?;
    let beside = tables::lanewarden(&functions, &["--unsafe-shared"])?;
    tables::compare("lanewarden --unsafe-shared", &kernels, &beside);
    report::progress("making regions");
    paths::compare(&functions, &kernels)
}

/// A kernel that lets nobody write configuration space.
pub fn lockdown() -> Result<()> {
    let functions = Functions::find()?;
    report::progress("reading under lockdown");
    let version = product::run(&["--version"])?;
    report::check("lanewarden --version", "exit 0, no hint, 0 config writes", &version.ending());
    rights::locked_down(&functions)?;
    report::progress("loading the CXL drivers");
    system::load_modules("cxl")?;
    tables::kernels(&functions)?;
    paths::without_writes(&functions)
}

/// Devices that are given to a process, sleep, and are woken.
pub fn vfio() -> Result<()> {
    let functions = Functions::find()?;
    report::progress("loading VFIO's drivers");
    system::load_modules("vfio")?;
    vfio::all(&functions)
}
