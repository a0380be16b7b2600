//! `nodules.json` and `nodules.csv`.

use std::{fmt::Write as _, fs, path::Path};

use crate::{
    error::{Error, Result},
    stages::nodules::Nodule,
};

/// Columns of `nodules.csv`.
const COLUMNS: &str = "id,centroid_i,centroid_j,centroid_k,centroid_r,centroid_a,centroid_s,volume_mm3,volume_mm3_p05,\
                       volume_mm3_p50,volume_mm3_p95,equivalent_diameter_mm,long_axis_mm,short_axis_mm,mean_hu,\
                       probability_mean,uncertainty_mean,sample_dice,detection_rate,nodule_probability,review,\
                       review_reasons";

/// Writes the nodules as a JSON list.
///
/// # Errors
/// [`Error::Write`].
pub fn write_json(path: &Path, nodules: &[Nodule]) -> Result<()> {
    let text = serde_json::to_string_pretty(nodules).map_err(|e| Error::write(path, e))?;
    fs::write(path, text + "\n").map_err(|e| Error::write(path, e))
}

/// Writes the nodules as comma-separated values (RFC 4180), a header line always.
///
/// # Errors
/// [`Error::Write`].
pub fn write_csv(path: &Path, nodules: &[Nodule]) -> Result<()> {
    fs::write(path, csv(nodules)).map_err(|e| Error::write(path, e))
}

fn csv(nodules: &[Nodule]) -> String {
    let mut text = format!("{COLUMNS}\r\n");
    for n in nodules {
        let numbers = n.centroid_ijk.iter().chain(&n.centroid_ras).copied().chain([
            n.volume_mm3,
            n.volume_mm3_p05,
            n.volume_mm3_p50,
            n.volume_mm3_p95,
            n.equivalent_diameter_mm,
            n.long_axis_mm,
            n.short_axis_mm,
            n.mean_hu,
            n.probability_mean,
            n.uncertainty_mean,
            n.sample_dice,
            n.detection_rate,
        ]);
        let numbers: Vec<String> = numbers.map(|v| format!("{v:.4}")).collect();
        let judged = n.nodule_probability.map_or(String::new(), |p| format!("{p:.4}"));
        let reasons = quoted(&n.review_reasons.join("; "));
        let _ = write!(text, "{},{},{judged},{},{reasons}\r\n", n.id, numbers.join(","), n.review);
    }
    text
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_without_nodules_has_its_header_line() {
        assert_eq!(csv(&[]), format!("{COLUMNS}\r\n"));
        assert_eq!(COLUMNS.split(',').count(), 22);
    }

    #[test]
    fn quoted_text_with_commas_and_quotes_follows_rfc_4180() {
        assert_eq!(quoted("plain; text"), "plain; text");
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
    }
}
