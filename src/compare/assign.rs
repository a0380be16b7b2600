//! One to one: the assignment of least cost.

/// Pairs `(row, column)` of an assignment of rows to columns. `cost(row, column)`: what a pair costs, `None` where it is
/// forbidden; a row that stays alone costs `alone`, a column nothing. Of all assignments the one of least sum; rows in rising
/// order.
///
/// The Hungarian method with potentials, one row after the other (Jonker and Volgenant, Computing 38, 1987): n² m steps.
pub fn assign(
    rows: usize,
    columns: usize,
    alone: f64,
    cost: impl Fn(usize, usize) -> Option<f64>,
) -> Vec<(usize, usize)> {
    // Each row may stay alone in a column of its own behind the others.
    let price = |row: usize, column: usize| match column.checked_sub(columns) {
        None => cost(row, column).unwrap_or(f64::INFINITY),
        Some(own) if own == row => alone,
        Some(_) => f64::INFINITY,
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

    const ALONE: f64 = 10.0;

    /// The least sum, by trying everything.
    fn least(rows: usize, columns: usize, cost: &dyn Fn(usize, usize) -> Option<f64>, taken: &mut Vec<usize>) -> f64 {
        let row = taken.len();
        if row == rows {
            return 0.0;
        }
        taken.push(usize::MAX);
        let mut best = ALONE + least(rows, columns, cost, taken);
        taken.pop();
        for column in (0..columns).filter(|column| !taken.contains(column)).collect::<Vec<_>>() {
            if let Some(own) = cost(row, column) {
                taken.push(column);
                best = best.min(own + least(rows, columns, cost, taken));
                taken.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn assign_costs_as_little_as_any_assignment(
            rows in 0usize..5,
            columns in 0usize..5,
            costs in prop::collection::vec(prop::option::weighted(0.7, 0.0..12.0f64), 25),
        ) {
            let cost = |row: usize, column: usize| costs[5 * row + column];
            let pairs = assign(rows, columns, ALONE, cost);
            let mut seen = pairs.iter().map(|(_, column)| *column).collect::<Vec<_>>();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), pairs.len());
            let paired: f64 = pairs.iter().map(|(row, column)| cost(*row, *column).expect("allowed")).sum();
            let sum = paired + ALONE * (rows - pairs.len()) as f64;
            prop_assert!((sum - least(rows, columns, &cost, &mut Vec::new())).abs() < 1e-9);
        }
    }

    #[test]
    fn assign_gives_up_the_nearest_for_two_good_pairs_and_not_for_two_bad_ones() {
        let with = |far: f64| move |row: usize, column: usize| [[Some(0.0), Some(far)], [Some(far), None]][row][column];
        assert_eq!(assign(2, 2, 1.0, with(0.4)), [(0, 1), (1, 0)]);
        assert_eq!(assign(2, 2, 1.0, with(0.6)), [(0, 0)]);
        assert_eq!(assign(2, 0, 1.0, with(0.4)), []);
    }
}
