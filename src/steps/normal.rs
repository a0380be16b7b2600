//! The standard normal distribution.

/// P(a standard normal number is below `x`); its error is below 1e-7.
///
/// By the rational approximation 7.1.26 of the error function (Abramowitz and Stegun, Handbook of Mathematical Functions, 1964).
pub fn cumulative(x: f64) -> f64 {
    const P: f64 = 0.327_591_1;
    const A: [f64; 5] = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let z = x.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + P * z);
    let tail = A.iter().rev().fold(0.0, |sum, a| (sum + a) * t) * (-z * z).exp() / 2.0;
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cumulative_is_that_of_the_tables_and_of_its_mirror() {
        // Table 26.1 of the handbook.
        for (x, p) in
            [(0.0, 0.5), (0.5, 0.691_462_461), (1.0, 0.841_344_746), (1.96, 0.975_002_105), (3.0, 0.998_650_102)]
        {
            assert!((cumulative(x) - p).abs() < 1e-7, "{x}: {}", cumulative(x));
            assert!((cumulative(x) + cumulative(-x) - 1.0).abs() < 2e-9, "{x}");
        }
        assert_eq!([cumulative(f64::INFINITY), cumulative(f64::NEG_INFINITY)], [1.0, 0.0]);
    }
}
