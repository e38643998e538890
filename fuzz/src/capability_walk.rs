//! Configuration spaces that hold anything.

use lanewarden_pci::fuzz;

/// Reads a configuration space, byte for byte as a device holds it, and takes the same bytes for the addresses and
/// bus numbers of a hierarchy.
pub fn capability_walk(data: &[u8]) {
    fuzz::walks(data);
    fuzz::function(data);
    fuzz::hierarchy(data);
}
