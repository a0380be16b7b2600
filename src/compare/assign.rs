//! One to one: the assignment that makes most pairs, and of those the one with the least sum of costs.

/// Pairs `(row, column)` of an assignment of rows to columns. `cost(row, column)`: what a pair costs, `None` where it is
/// forbidden. Of all assignments with the largest number of pairs, the one of least cost; rows in rising order.
///
/// The Hungarian method with potentials, one row after the other (Jonker and Volgenant, Computing 38, 1987): n² m steps.
pub fn assign(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> Option<f64>) -> Vec<(usize, usize)> {
    let allowed: Vec<Vec<Option<f64>>> =
        (0..rows).map(|row| (0..columns).map(|column| cost(row, column)).collect()).collect();
    let sum: f64 = allowed.iter().flatten().flatten().map(|cost| cost.abs()).sum();
    // Each row may stay alone in a column of its own, at a price that no set of pairs is worth.
    let alone = 2.0 * sum + 1.0;
    let price = |row: usize, column: usize| match allowed[row].get(column) {
        Some(Some(cost)) => *cost,
        Some(None) => f64::INFINITY,
        None if column == columns + row => alone,
        None => f64::INFINITY,
    };
    let owners = hungarian(rows, columns + rows, price);
    let mut pairs: Vec<(usize, usize)> =
        owners.into_iter().take(columns).enumerate().filter_map(|(column, row)| Some((row?, column))).collect();
    pairs.sort_unstable();
    pairs
}

/// The row that each column gets; every row gets one. `rows` ≤ `columns`, and each row has a column of finite price.
fn hungarian(rows: usize, columns: usize, price: impl Fn(usize, usize) -> f64) -> Vec<Option<usize>> {
    let (mut of_row, mut of_column) = (vec![0.0; rows], vec![0.0; columns]);
    let mut owner: Vec<Option<usize>> = vec![None; columns];
    for start in 0..rows {
        // Shortest augmenting path from `start`: `way[c]` is the column before `c` on it.
        let (mut shortest, mut way) = (vec![f64::INFINITY; columns], vec![None; columns]);
        let mut used = vec![false; columns];
        let (mut row, mut from): (usize, Option<usize>) = (start, None);
        let end = loop {
            let mut nearest: Option<usize> = None;
            for column in (0..columns).filter(|column| !used[*column]) {
                let reduced = price(row, column) - of_row[row] - of_column[column];
                if reduced < shortest[column] {
                    (shortest[column], way[column]) = (reduced, from);
                }
                if nearest.is_none_or(|best| shortest[column] < shortest[best]) {
                    nearest = Some(column);
                }
            }
            let column = nearest.expect("a row may stay alone");
            let step = shortest[column];
            of_row[start] += step;
            for other in 0..columns {
                if used[other] {
                    of_column[other] -= step;
                    of_row[owner[other].expect("used columns are taken")] += step;
                } else {
                    shortest[other] -= step;
                }
            }
            used[column] = true;
            match owner[column] {
                Some(taken) => (row, from) = (taken, Some(column)),
                None => break column,
            }
        };
        let mut column = end;
        loop {
            match way[column] {
                Some(before) => {
                    owner[column] = owner[before];
                    column = before;
                }
                None => {
                    owner[column] = Some(start);
                    break;
                }
            }
        }
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Most pairs, then least cost, by trying everything.
    fn best(rows: usize, columns: usize, cost: &dyn Fn(usize, usize) -> Option<f64>, taken: &mut Vec<usize>) -> (usize, f64) {
        let row = taken.len();
        if row == rows {
            return (0, 0.0);
        }
        let mut tried = Vec::new();
        for column in (0..columns).filter(|c| !taken.contains(c)).collect::<Vec<_>>() {
            if let Some(own) = cost(row, column) {
                taken.push(column);
                let (pairs, sum) = best(rows, columns, cost, taken);
                tried.push((pairs + 1, sum + own));
                taken.pop();
            }
        }
        taken.push(usize::MAX - row);
        tried.push(best(rows, columns, cost, taken));
        taken.pop();
        tried.into_iter().max_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1))).expect("staying alone is one")
    }

    proptest! {
        #[test]
        fn assign_makes_most_pairs_at_least_cost(
            rows in 0usize..5,
            columns in 0usize..5,
            costs in prop::collection::vec(prop::option::weighted(0.7, 0.0..30.0f64), 25),
        ) {
            let cost = |row: usize, column: usize| costs[5 * row + column];
            let pairs = assign(rows, columns, cost);
            let mut seen = pairs.iter().map(|(_, column)| *column).collect::<Vec<_>>();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), pairs.len());
            let sum: f64 = pairs.iter().map(|(row, column)| cost(*row, *column).expect("allowed")).sum();
            let (most, least) = best(rows, columns, &cost, &mut Vec::new());
            prop_assert_eq!(pairs.len(), most);
            prop_assert!((sum - least).abs() < 1e-9, "{} {}", sum, least);
        }
    }

    #[test]
    fn assign_gives_up_the_nearest_for_one_more_pair() {
        // Row 0 is nearest to column 0, but that is all that row 1 can have.
        let costs = [[Some(1.0), Some(4.0)], [Some(2.0), None]];
        assert_eq!(assign(2, 2, |row, column| costs[row][column]), [(0, 1), (1, 0)]);
        assert_eq!(assign(2, 0, |_, _| Some(1.0)), []);
    }
}
