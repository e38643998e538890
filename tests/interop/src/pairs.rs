//! Rows of a table in which every two values of different columns meet at least once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of indices, one for each column, whose values are counted by `columns`. Every two values that can stand in one
/// row together, by `allowed`, do. Greedy, and of rows that are as good the one whose values have been taken least: the
/// rows are not the fewest there could be, but always the same.
#[must_use]
pub fn all_pairs(columns: &[usize], allowed: impl Fn(&[usize]) -> bool) -> Vec<Vec<usize>> {
    let rows: Vec<Vec<usize>> = product(columns).into_iter().filter(|row| allowed(row)).collect();
    let mut open: BTreeSet<_> = rows.iter().flat_map(|row| pairs(row)).collect();
    let mut taken = BTreeMap::<Value, usize>::new();
    let mut chosen = Vec::new();
    while !open.is_empty() {
        let worth = |row: &&Vec<usize>| {
            let new = pairs(row).filter(|pair| open.contains(pair)).count();
            let often: usize = values(row).filter_map(|value| taken.get(&value)).sum();
            (new, Reverse(often))
        };
        let Some(best) = rows.iter().max_by_key(worth) else { break };
        values(best).for_each(|value| *taken.entry(value).or_default() += 1);
        open.retain(|pair| !pairs(best).any(|met| met == *pair));
        chosen.push(best.clone());
    }
    chosen
}

type Value = (usize, usize);

/// The values of a row, by column.
fn values(row: &[usize]) -> impl Iterator<Item = Value> {
    row.iter().copied().enumerate()
}

/// Each two of them.
fn pairs(row: &[usize]) -> impl Iterator<Item = (Value, Value)> {
    values(row).flat_map(|one| values(row).skip(one.0 + 1).map(move |other| (one, other)))
}

/// All rows there could be.
fn product(columns: &[usize]) -> Vec<Vec<usize>> {
    columns.iter().fold(vec![vec![]], |rows, count| {
        let longer =
            |row: &Vec<usize>| (0..*count).map(|value| [&row[..], &[value]].concat()).collect::<Vec<_>>();
        rows.iter().flat_map(longer).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_two_values_meet_that_may() {
        let rows = all_pairs(&[3, 2, 4], |row| row[0] != 2 || row[2] < 2);
        for (one, other) in product(&[3, 2, 4]).iter().flat_map(|row| pairs(row).collect::<Vec<_>>()) {
            let forbidden = one == (0, 2) && other.0 == 2 && other.1 >= 2;
            let meet = rows.iter().any(|row| row[one.0] == one.1 && row[other.0] == other.1);
            assert_eq!(meet, !forbidden, "{one:?} and {other:?}");
        }
        assert!(rows.len() <= 14, "{}", rows.len());
    }
}
