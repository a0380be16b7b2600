//! How a probability or a share is said, the same on every surface: nothing that is merely rounded is called certain.

/// A probability or share in whole per cent; only 0 and 1 themselves are 0 % and 100 %.
pub fn percent(share: f64) -> String {
    match (100.0 * share).round() {
        whole if whole < 1.0 && share > 0.0 => "below 1 %".into(),
        whole if whole > 99.0 && share < 1.0 => "above 99 %".into(),
        whole => format!("{whole:.0} %"),
    }
}

/// The same with two decimals, where numbers stand below each other; only 0 and 1 themselves are 0.00 and 1.00.
pub fn decimals(share: f64) -> String {
    match (100.0 * share).round() {
        whole if whole < 1.0 && share > 0.0 => "< 0.01".into(),
        whole if whole > 99.0 && share < 1.0 => "> 0.99".into(),
        whole => format!("{:.2}", whole / 100.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: [f64; 7] = [0.0, 0.001, 0.005, 0.5, 0.9949, 0.996, 1.0];

    #[test]
    fn percent_is_certain_only_of_what_is() {
        assert_eq!(SHARES.map(percent), ["0 %", "below 1 %", "1 %", "50 %", "99 %", "above 99 %", "100 %"]);
    }

    #[test]
    fn decimals_are_certain_only_of_what_is() {
        assert_eq!(SHARES.map(decimals), ["0.00", "< 0.01", "0.01", "0.50", "0.99", "> 0.99", "1.00"]);
    }
}
