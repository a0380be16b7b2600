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

/// A value and the bound that it lies beyond, with so many decimals, two at least, that they differ and what isn't 0 isn't told
/// as 0.
pub fn apart(value: f64, bound: f64) -> [String; 2] {
    let told = |decimals: usize| [value, bound].map(|number| format!("{number:.decimals$}"));
    let differ = |[value_told, bound_told]: &[String; 2]| {
        value_told != bound_told && (value == 0.0 || value_told.parse() != Ok(0.0))
    };
    (2..8).map(told).find(differ).unwrap_or_else(|| told(8))
}

/// The chance of what nobody counted: never certain, though its number may be rounded to 0 or 1.
pub fn chance(probability: f64) -> String {
    percent(probability.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apart_has_as_many_decimals_as_tell_a_value_from_its_bound() {
        assert_eq!(apart(0.5, 0.97), ["0.50", "0.97"]);
        assert_eq!(apart(0.9656, 0.97), ["0.966", "0.970"]);
        assert_eq!(apart(0.0035, 0.48), ["0.004", "0.480"]);
        assert_eq!(apart(0.0, 0.48), ["0.00", "0.48"]);
    }

    #[test]
    fn chance_is_never_certain() {
        assert_eq!([0.0, 0.3, 1.0].map(chance), ["below 1 %", "30 %", "above 99 %"]);
    }

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
