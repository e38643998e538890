//! A CDAT for the emulated memory that holds every structure type, with figures other than the emulator's
//! own.

/// Size of the memory it describes, in bytes.
const SIZE: u64 = 256 << 20;
/// Read and write latency in nanoseconds, read and write bandwidth in GB/s; by HMAT data type.
const FIGURES: [(u8, u64, u16); 4] = [(1, 1000, 120), (2, 1000, 180), (4, 1000, 10), (5, 1000, 6)];

/// The table, as a device would hand it out.
pub fn every_structure() -> Vec<u8> {
    let mut body = Vec::new();
    for structure in structures() {
        body.extend(structure);
    }
    let length = 16 + body.len() as u32;
    let mut table = [&length.to_le_bytes()[..], &[2, 0], &[0; 6], &7u32.to_le_bytes(), &body].concat();
    let sum = table.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte));
    table[5] = sum.wrapping_neg();
    table
}

fn structures() -> Vec<Vec<u8>> {
    let mut all = vec![structure(0, &[&[0, 0, 0, 0], &0u64.to_le_bytes(), &SIZE.to_le_bytes()])];
    all.extend(FIGURES.map(|(kind, base, entry)| dslbis(0, kind, base, entry)));
    // A figure of a memory-side cache, which is not the memory's and must be passed over.
    all.push(dslbis(1, 1, 1000, 9));
    let cache_size = 64u64 << 20;
    all.push(structure(2, &[&[0, 0, 0, 0], &cache_size.to_le_bytes(), &0x0001_0011u32.to_le_bytes()]));
    all.push(structure(3, &[&[1, 0, 0, 0]]));
    all.push(structure(4, &[&[0, 1, 0, 0], &0u64.to_le_bytes(), &SIZE.to_le_bytes()]));
    // Switch figures in a memory's table describe nothing and must be passed over too.
    let route = [0x0100u16, 0, 3, 0].map(u16::to_le_bytes).concat();
    all.push(structure(5, &[&[0, 0, 0, 0], &10_000u64.to_le_bytes(), &route]));
    all
}

/// DSMAS handle, memory-hierarchy flags, data type, base unit, and one of three entries.
fn dslbis(hierarchy: u8, kind: u8, base: u64, entry: u16) -> Vec<u8> {
    structure(1, &[&[0, hierarchy, kind, 0], &base.to_le_bytes(), &entry.to_le_bytes(), &[0; 6]])
}

fn structure(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = 4 + body.len() as u16;
    [&[kind, 0][..], &length.to_le_bytes(), &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_sums_to_zero_and_its_structures_fill_it() {
        let table = every_structure();
        assert_eq!(table.iter().fold(0u8, |sum, &byte| sum.wrapping_add(byte)), 0);
        assert_eq!(table[..4], (table.len() as u32).to_le_bytes());
        let mut kinds = Vec::new();
        let mut at = 16;
        while at < table.len() {
            kinds.push(table[at]);
            at += usize::from(table[at + 2]);
        }
        assert_eq!(at, table.len());
        assert_eq!(kinds, [0, 1, 1, 1, 1, 1, 2, 3, 4, 5]);
    }
}
