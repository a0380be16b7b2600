//! Small systems of linear equations.

/// Solves `matrix · x = right` for a symmetric, positive definite `matrix` (rows one after the other), by Cholesky's
/// factorisation; `None` where it isn't.
pub fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for column in 0..n {
        for row in column..n {
            let done: f64 = (0..column).map(|c| matrix[row * n + c] * matrix[column * n + c]).sum();
            let left = matrix[row * n + column] - done;
            matrix[row * n + column] = if row == column {
                if left.is_nan() || left <= 0.0 {
                    return None;
                }
                left.sqrt()
            } else {
                left / matrix[column * n + column]
            };
        }
    }
    for row in 0..n {
        let done: f64 = (0..row).map(|c| matrix[row * n + c] * right[c]).sum();
        right[row] = (right[row] - done) / matrix[row * n + row];
    }
    for row in (0..n).rev() {
        let done: f64 = (row + 1..n).map(|r| matrix[r * n + row] * right[r]).sum();
        right[row] = (right[row] - done) / matrix[row * n + row];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solve_finds_what_was_multiplied_and_refuses_what_is_not_positive() {
        let matrix = vec![4.0, 2.0, 0.4, 2.0, 5.0, 1.0, 0.4, 1.0, 3.0];
        let x = [1.5, -2.0, 0.25];
        let right = (0..3).map(|row| (0..3).map(|c| matrix[row * 3 + c] * x[c]).sum()).collect();
        let found = solve(matrix, right).unwrap();
        assert!(found.iter().zip(x).all(|(found, x)| (found - x).abs() < 1e-12), "{found:?}");
        assert_eq!(solve(vec![1.0, 2.0, 2.0, 1.0], vec![1.0, 1.0]), None);
    }
}
