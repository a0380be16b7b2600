//! `summary.csv`: the inputs of a run, a row each, in their order.
//!
//! Enters: what became of each input. Leaves: the table's text, and whether a table that is there may be replaced.

use std::{fs, path::Path, time::Duration};

use super::{
    outputs::{SUMMARY, SUMMARY_COLUMNS},
    staging::check_no_link,
    tables::{number, text},
};
use crate::error::{Error, Result};

/// What became of an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    /// It was run.
    Done(Counts, Duration),
    /// Its result was there already.
    DoneBefore(Counts),
    /// It has no result of this run: the error's name.
    Failed(&'static str, Duration),
    /// The run was stopped before.
    NotRun,
}

/// What a result holds, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Nodules.
    pub nodules: usize,
    /// Nodules to look at again.
    pub flagged: usize,
    /// Names of the warnings.
    pub warnings: Vec<String>,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Name of its folder of results.
    pub name: String,
    /// The input, as it was given.
    pub path: String,
    /// What became of it.
    pub status: Status,
}

impl Row {
    /// The cells, in the order of [`SUMMARY_COLUMNS`].
    fn cells(&self) -> [String; SUMMARY_COLUMNS.len()] {
        let (status, error, counts, seconds) = match &self.status {
            Status::Done(counts, took) => ("done", "", Some(counts), Some(took)),
            Status::DoneBefore(counts) => ("done before", "", Some(counts), None),
            Status::Failed(error, took) => ("failed", *error, None, Some(took)),
            Status::NotRun => ("not run", "", None, None),
        };
        let count = |get: fn(&Counts) -> usize| counts.map_or(String::new(), |counts| get(counts).to_string());
        [
            text(&self.name),
            text(&self.path),
            status.into(),
            error.into(),
            count(|counts| counts.nodules),
            count(|counts| counts.flagged),
            counts.map_or(String::new(), |counts| text(&counts.warnings.join("; "))),
            seconds.map_or(String::new(), |took| number((took.as_secs_f64() * 1000.0).round() / 1000.0)),
        ]
    }
}

/// The text of `summary.csv` (RFC 4180), a header line always.
///
/// # Panics
/// When a row can't be put into words: a mistake in this library.
pub fn csv(rows: &[Row]) -> String {
    let mut table = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(head()).expect("memory takes it");
    for row in rows {
        table.write_record(row.cells()).expect("all rows have the same length");
    }
    String::from_utf8(table.into_inner().expect("memory takes it")).expect("all cells are UTF-8")
}

fn head() -> [&'static str; SUMMARY_COLUMNS.len()] {
    SUMMARY_COLUMNS.map(|(name, _)| name)
}

/// Refuses a table that is there and isn't ours, or a link in its place: it would be replaced.
///
/// # Errors
/// [`Error::Write`].
pub fn check(folder: &Path) -> Result<()> {
    let path = folder.join(SUMMARY.file());
    check_no_link(&path)?;
    let ours = |text: Vec<u8>| text.starts_with(head().join(",").as_bytes());
    if !path.exists() || fs::read(&path).is_ok_and(ours) {
        return Ok(());
    }
    Err(Error::write(&path, "it is there and wasn't written by sam2lung: choose another --output"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_has_a_row_for_each_status() {
        let counts = Counts { nodules: 3, flagged: 1, warnings: vec!["W_A".into(), "W_B".into()] };
        let row = |name: &str, status| Row { name: name.into(), path: format!("in/{name}, 1"), status };
        let rows = [
            row("a", Status::Done(counts.clone(), Duration::from_micros(1_234_567))),
            row("b", Status::DoneBefore(counts)),
            row("c", Status::Failed("E_NOT_HU", Duration::from_secs(2))),
            row("d", Status::NotRun),
        ];
        let expected = [
            "name,path,status,error,nodules,flagged,warnings,seconds",
            "a,\"in/a, 1\",done,,3,1,W_A; W_B,1.235",
            "b,\"in/b, 1\",done before,,3,1,W_A; W_B,",
            "c,\"in/c, 1\",failed,E_NOT_HU,,,,2",
            "d,\"in/d, 1\",not run,,,,,",
        ];
        assert_eq!(csv(&rows).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn csv_disarms_names_of_inputs() {
        let row = Row { name: "=1+1".into(), path: "@in/=1+1\t.nii".into(), status: Status::NotRun };
        assert!(csv(&[row]).ends_with("\r\n'=1+1,'@in/=1+1\u{fffd}.nii,not run,,,,,\r\n"));
    }

    #[test]
    fn check_takes_our_table_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(folder.path()).is_ok());
        let path = folder.path().join("summary.csv");
        fs::write(&path, csv(&[])).unwrap();
        assert!(check(folder.path()).is_ok());
        fs::write(&path, "patient,age\n").unwrap();
        assert_eq!(check(folder.path()).unwrap_err().name(), "E_WRITE");
    }
}
