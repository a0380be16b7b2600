//! `nodules.json` and `nodules.csv`.

use std::{fs, path::Path};

use serde::Serialize;

use crate::{
    error::{Error, Result},
    findings::{
        measures::{Cell, Column, columns},
        nodule::Nodule,
        reading::Readings,
    },
    report::words::one_line,
    warning::Warning,
};

/// Columns of what a reader says, where somebody read the result; 3D Slicer's table has the same.
pub const READING: [&str; 4] = ["accepted", "decided", "comment", "reader"];
/// The last column: what holds for the whole scan, the same in each row.
pub const SCAN_WARNINGS: &str = "scan_warnings";
/// What a spreadsheet takes for the beginning of a formula, wide forms included (OWASP, *CSV Injection*).
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// Digits of a number: enough to fit models on, few enough to read.
const DIGITS: usize = 8;

/// A nodule, and what the whole scan's result can't be trusted for.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    nodule: &'a Nodule,
    #[serde(flatten)]
    reading: Option<ReadingCells<'a>>,
    scan_warnings: &'a [&'static str],
}

/// What a reader says of a nodule, under the names of [`READING`].
#[derive(Serialize)]
struct ReadingCells<'a> {
    accepted: bool,
    decided: bool,
    comment: &'a str,
    reader: &'a str,
}

/// `None` where nobody read the result.
fn reading<'a>(nodule: &Nodule, readings: &'a Readings) -> Option<ReadingCells<'a>> {
    let reading = readings.nodule(nodule.id)?;
    Some(ReadingCells {
        accepted: reading.accepted(),
        decided: reading.decided(),
        comment: &reading.comment,
        reader: &reading.reader,
    })
}

/// Writes the nodules as a JSON list, each with what a reader says of it and the names of the scan's warnings.
///
/// # Errors
/// [`Error::Write`].
pub fn write_json(path: &Path, nodules: &[Nodule], readings: &Readings, warnings: &[Warning]) -> Result<()> {
    fs::write(path, json_read(nodules, readings, warnings)).map_err(|e| Error::write(path, e))
}

/// The text of `nodules.json` of a result that nobody read.
///
/// # Panics
/// When a nodule can't be put into words: a mistake in this library.
pub fn json(nodules: &[Nodule], warnings: &[Warning]) -> String {
    json_read(nodules, &Readings::default(), warnings)
}

/// The text of `nodules.json`.
///
/// # Panics
/// As [`json`].
pub fn json_read(nodules: &[Nodule], readings: &Readings, warnings: &[Warning]) -> String {
    let names = names(warnings);
    let row = |nodule| Row { nodule, reading: reading(nodule, readings), scan_warnings: &names };
    let rows: Vec<Row<'_>> = nodules.iter().map(row).collect();
    serde_json::to_string_pretty(&rows).expect("numbers, texts and lists") + "\n"
}

/// Writes the nodules as comma-separated values (RFC 4180), a header line always.
///
/// # Errors
/// [`Error::Write`].
pub fn write_csv(path: &Path, nodules: &[Nodule], readings: &Readings, warnings: &[Warning]) -> Result<()> {
    fs::write(path, csv_read(nodules, readings, warnings)).map_err(|e| Error::write(path, e))
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

/// The text of `nodules.csv` of a result that nobody read.
///
/// # Panics
/// When a nodule can't be put into words: a mistake in this library.
pub fn csv(nodules: &[Nodule], warnings: &[Warning]) -> String {
    csv_read(nodules, &Readings::default(), warnings)
}

/// The text of `nodules.csv`.
///
/// # Panics
/// As [`csv()`].
pub fn csv_read(nodules: &[Nodule], readings: &Readings, warnings: &[Warning]) -> String {
    let (columns, warnings) = (columns(), names(warnings).join("; "));
    let mut table = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    let of_reader = if readings.is_empty() { &[][..] } else { &READING };
    let head = columns.iter().map(|column| column.name).chain(of_reader.iter().copied()).chain([SCAN_WARNINGS]);
    table.write_record(head).expect("memory takes it");
    for nodule in nodules {
        let of_reader = reading(nodule, readings)
            .map(|said| [said.accepted.to_string(), said.decided.to_string(), text(said.comment), text(said.reader)]);
        let cells = columns.iter().map(|column| cell(column, nodule));
        let cells = cells.chain(of_reader.into_iter().flatten()).chain([warnings.clone()]);
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
        Cell::Text(own) => text(&own),
    }
}

/// A text as a cell of any CSV table: on one line, and behind an apostrophe where a spreadsheet would run it as a formula, since
/// it may come from elsewhere (names of files and classes, comments). Numbers aren't texts and keep their minus; JSON has texts as
/// they are.
pub(super) fn text(text: &str) -> String {
    let line = one_line(text);
    if line.starts_with(FORMULA) { format!("'{line}") } else { line }
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
    fn tables_of_a_result_that_somebody_read_say_what_was_decided() {
        use crate::findings::reading::{Decision, Reading};

        let nodules = [1, 2].map(|id| Nodule::unmeasured(id, [[0.0; 3]; 2], 1.0));
        let rejected =
            Reading { nodule: 2, decision: Decision::Rejected, comment: "a \"vessel\"".into(), reader: "AB".into() };
        let readings = Readings::of(vec![rejected], &nodules).unwrap();
        let table = csv_read(&nodules, &readings, &[]);
        let ends: Vec<&str> = table.lines().collect();
        assert!(ends[0].ends_with(",accepted,decided,comment,reader,scan_warnings"), "{table}");
        assert!(
            ends[1].ends_with(",true,false,,,") && ends[2].ends_with(",false,true,\"a \"\"vessel\"\"\",AB,"),
            "{table}"
        );
        let rows: serde_json::Value = serde_json::from_str(&json_read(&nodules, &readings, &[])).unwrap();
        assert_eq!((&rows[1]["accepted"], &rows[1]["reader"]), (&false.into(), &"AB".into()));
        assert!(!csv(&nodules, &[]).contains("accepted") && !json(&nodules, &[]).contains("accepted"));
    }

    #[test]
    fn text_that_a_spreadsheet_would_run_has_an_apostrophe_and_no_line_of_its_own() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "=cmd|' /C calc'!A0"] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        for plain in ["", "chest", "a=b", "1-2", "'=1", ">=8 mm", "Müller"] {
            assert_eq!(text(plain), plain);
        }
        // A tab or a return before it doesn't hide a formula.
        assert_eq!(text("\t=1\r\n=2"), "\u{fffd}=1\u{fffd}\u{fffd}=2");
    }

    #[test]
    fn csv_keeps_numbers_and_disarms_texts() {
        use crate::findings::reading::{Decision, Reading};

        let nodule = Nodule { class: "=1+1".into(), ..Nodule::unmeasured(1, [[0.0; 3], [-12.5, 3.0, -4.0]], 1.0) };
        let said = Reading { nodule: 1, decision: Decision::Accepted, comment: "@x\ny".into(), reader: "-AB".into() };
        let readings = Readings::of(vec![said], std::slice::from_ref(&nodule)).unwrap();
        let table = csv_read(std::slice::from_ref(&nodule), &readings, &[]);
        let row = table.lines().nth(1).unwrap();
        assert!(row.contains(",-12.5,3,-4,") && row.contains(",'=1+1,"), "{row}");
        assert!(row.ends_with(",true,true,'@x\u{fffd}y,'-AB,"), "{row}");
        assert!(json_read(&[nodule], &readings, &[]).contains(r#""class": "=1+1""#));
    }

    #[test]
    fn number_keeps_eight_digits_of_any_size() {
        for (value, text) in [(0.000123456789, "0.00012345679"), (123456.789, "123456.79"), (-2.5, "-2.5"), (0.0, "0")]
        {
            assert_eq!(number(value), text);
        }
    }
}
