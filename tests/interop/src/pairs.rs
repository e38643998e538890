//! Rows of a table in which every two values of different columns meet at least once.

/// Rows of indices, one for each column, whose values are counted by `columns`. Every two values that can stand in one
/// row together, by `allowed`, do. Greedy: the rows are not the fewest there could be, but always the same.
#[must_use]
pub fn all_pairs(columns: &[usize], allowed: impl Fn(&[usize]) -> bool) -> Vec<Vec<usize>> {
    let rows: Vec<Vec<usize>> = product(columns).into_iter().filter(|row| allowed(row)).collect();
    let mut open: std::collections::BTreeSet<_> = rows.iter().flat_map(|row| pairs(row)).collect();
    let mut chosen = Vec::new();
    while let Some(row) = rows.iter().max_by_key(|row| pairs(row).filter(|pair| open.contains(pair)).count())
    {
        if open.is_empty() {
            break;
        }
        pairs(row).for_each(|pair| {
            open.remove(&pair);
        });
        chosen.push(row.clone());
    }
    chosen
}

type Value = (usize, usize);

/// Each two values of a row, by column.
fn pairs(row: &[usize]) -> impl Iterator<Item = (Value, Value)> {
    let place = |column: usize| (column, row[column]);
    (0..row.len()).flat_map(move |one| (one + 1..row.len()).map(move |other| (place(one), place(other))))
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
