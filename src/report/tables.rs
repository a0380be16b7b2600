//! `nodules.json` and `nodules.csv`.

use std::{fs, path::Path};

use serde::Serialize;

use crate::{
    error::{Error, Result},
    findings::{
        measures::{Cell, Column, columns},
        nodule::Nodule,
    },
    warning::Warning,
};

/// The last column: what holds for the whole scan, the same in each row.
pub const SCAN_WARNINGS: &str = "scan_warnings";
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

/// The text of `nodules.csv`.
///
/// # Panics
/// When a nodule can't be put into words: a mistake in this library.
pub fn csv(nodules: &[Nodule], warnings: &[Warning]) -> String {
    let (columns, warnings) = (columns(), names(warnings).join("; "));
    let mut table = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    let head = columns.iter().map(|column| column.name).chain([SCAN_WARNINGS]);
    table.write_record(head).expect("memory takes it");
    for nodule in nodules {
        let cells = columns.iter().map(|column| cell(column, nodule)).chain([warnings.clone()]);
        table.write_record(cells).expect("all rows have the same length");
    }
    String::from_utf8(table.into_inner().expect("memory takes it")).expect("all cells are UTF-8")
}

/// A cell of `nodules.csv`; empty where the model has nothing to say.
pub fn cell(column: &Column, nodule: &Nodule) -> String {
    match column.cell(nodule) {
        Cell::Whole(value) => value.to_string(),
        Cell::Number(value) => value.map_or(String::new(), number),
        Cell::Flag(value) => value.to_string(),
        Cell::Text(text) => text.into_owned(),
    }
}

/// `value` to [`DIGITS`] significant digits, without an exponent.
pub(super) fn number(value: f64) -> String {
    let rounded: f64 = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_without_nodules_has_its_header_line() {
        let text = csv(&[], &[]);
        let ends = text.ends_with(",short_axis_3d_end_r,short_axis_3d_end_a,short_axis_3d_end_s,scan_warnings\r\n");
        assert!(text.starts_with("id,centroid_i,") && ends, "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn number_keeps_eight_digits_of_any_size() {
        for (value, text) in [(0.000123456789, "0.00012345679"), (123456.789, "123456.79"), (-2.5, "-2.5"), (0.0, "0")]
        {
            assert_eq!(number(value), text);
        }
    }
}
