//! `nodules.json` and `nodules.csv`.

use std::{fmt::Write as _, fs, path::Path};

use serde::Serialize;

use crate::{
    error::{Error, Result},
    findings::nodule::Nodule,
    warning::Warning,
};

/// Columns of `nodules.csv`.
const COLUMNS: &str = "id,centroid_i,centroid_j,centroid_k,centroid_r,centroid_a,centroid_s,volume_mm3,volume_mm3_p05,\
                       volume_mm3_p50,volume_mm3_p95,sample_volume_mm3_p05,sample_volume_mm3_p50,sample_volume_mm3_p95,\
                       volume_spread,equivalent_diameter_mm,long_axis_mm,short_axis_mm,mean_hu,probability_inside,\
                       probability_around,uncertainty_mean,sample_dice,detection_rate,nodule_probability,\
                       expected_dice,prompted,review,review_reasons,scan_warnings";
/// Digits of a number: enough to fit models on, few enough to read.
const DIGITS: usize = 8;

/// A nodule, and what the whole scan's result can't be trusted for.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    nodule: &'a Nodule,
    scan_warnings: &'a [&'static str],
}

/// Writes the nodules as a JSON list, each with the names of the scan's warnings.
///
/// # Errors
/// [`Error::Write`].
pub fn write_json(path: &Path, nodules: &[Nodule], warnings: &[Warning]) -> Result<()> {
    fs::write(path, json(nodules, warnings)).map_err(|e| Error::write(path, e))
}

/// The text of `nodules.json`.
///
/// # Panics
/// When a nodule can't be put into words: a mistake in this library.
pub fn json(nodules: &[Nodule], warnings: &[Warning]) -> String {
    let names = names(warnings);
    let rows: Vec<Row<'_>> = nodules.iter().map(|nodule| Row { nodule, scan_warnings: &names }).collect();
    serde_json::to_string_pretty(&rows).expect("numbers, texts and lists") + "\n"
}

/// Writes the nodules as comma-separated values (RFC 4180), a header line always.
///
/// # Errors
/// [`Error::Write`].
pub fn write_csv(path: &Path, nodules: &[Nodule], warnings: &[Warning]) -> Result<()> {
    fs::write(path, csv(nodules, warnings)).map_err(|e| Error::write(path, e))
}

/// Writes the warnings for a person, a line each; no file where there are none. A table without nodules has no row that
/// could say it.
///
/// # Errors
/// [`Error::Write`].
pub fn write_warnings(path: &Path, warnings: &[Warning]) -> Result<()> {
    if warnings.is_empty() {
        return Ok(());
    }
    let lines: String = warnings.iter().map(|warning| format!("{}: {warning}\n", warning.name())).collect();
    fs::write(path, lines).map_err(|e| Error::write(path, e))
}

fn names(warnings: &[Warning]) -> Vec<&'static str> {
    warnings.iter().map(Warning::name).collect()
}

fn csv(nodules: &[Nodule], warnings: &[Warning]) -> String {
    let mut text = format!("{COLUMNS}\r\n");
    let warnings = names(warnings).join("; ");
    for n in nodules {
        let numbers = n.centroid_ijk.iter().chain(&n.centroid_ras).copied().chain([
            n.volume_mm3,
            n.volume_mm3_p05,
            n.volume_mm3_p50,
            n.volume_mm3_p95,
            n.sample_volume_mm3_p05,
            n.sample_volume_mm3_p50,
            n.sample_volume_mm3_p95,
            n.volume_spread,
            n.equivalent_diameter_mm,
            n.long_axis_mm,
            n.short_axis_mm,
            n.mean_hu,
            n.probability_inside,
            n.probability_around,
            n.uncertainty_mean,
            n.sample_dice,
            n.detection_rate,
        ]);
        let numbers =
            numbers.map(number).chain([n.nodule_probability, n.expected_dice].map(|p| p.map_or(String::new(), number)));
        let numbers: Vec<String> = numbers.collect();
        let reasons = quoted(&n.review_reasons.join("; "));
        let _ = write!(text, "{},{},{},{},{reasons},{warnings}\r\n", n.id, numbers.join(","), n.prompted, n.review);
    }
    text
}

/// `value` to [`DIGITS`] significant digits, without an exponent.
fn number(value: f64) -> String {
    let rounded: f64 = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    rounded.to_string()
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_without_nodules_has_its_header_line() {
        assert_eq!(csv(&[], &[]), format!("{COLUMNS}\r\n"));
        assert_eq!(COLUMNS.split(',').count(), 30);
    }

    #[test]
    fn number_keeps_eight_digits_of_any_size() {
        for (value, text) in [(0.000123456789, "0.00012345679"), (123456.789, "123456.79"), (-2.5, "-2.5"), (0.0, "0")]
        {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn quoted_text_with_commas_and_quotes_follows_rfc_4180() {
        assert_eq!(quoted("plain; text"), "plain; text");
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
    }
}
