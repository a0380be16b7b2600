//! A comparison's files: `comparison.html` and `.txt` for a person, `comparison.json` and `.csv`, `comparison.png`, and
//! `volumes.png` where there are several priors.
//!
//! Enters: comparisons of one current scan with its priors, the oldest first. Leaves: files under the names of
//! [`super::outputs`]. Not known here: how a comparison came about.

mod card;
mod picture;
pub(in crate::report) mod plot;
mod tables;
pub(in crate::report) mod text;
pub(in crate::report) mod view;
pub mod words;

use std::path::Path;

use crate::{
    compare::{Comparison, scan::Scan},
    error::{Error, Result},
    progress::CancelToken,
    report::{
        outputs::{COMPARISON_CSV, COMPARISON_JSON, COMPARISON_PAGE, COMPARISON_TEXT, VOLUMES_PICTURE},
        page,
    },
};

pub use tables::{ScanRecord, csv, json};

/// A prior scan and what came of it.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The prior scan.
    pub prior: ScanRecord,
    /// With the current one.
    pub comparison: Comparison,
}

/// What is to be written.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonReport<'a> {
    /// The current scan.
    pub current: &'a Scan,
    /// Its priors, the oldest first; one at least.
    pub priors: &'a [Compared],
    /// The last of them with its arrays, for the picture.
    pub latest: &'a Scan,
}

/// Writes all files into `folder`.
///
/// # Errors
/// [`Error::Write`] or [`Error::Cancelled`].
pub fn write(folder: &Path, report: ComparisonReport<'_>, cancel: &CancelToken) -> Result<()> {
    let ComparisonReport { current, priors, latest } = report;
    let text = |path: std::path::PathBuf, text: String| std::fs::write(&path, text).map_err(|e| Error::write(&path, e));
    text(folder.join(COMPARISON_JSON.file()), json(current, priors))?;
    text(folder.join(COMPARISON_CSV.file()), csv(priors))?;
    let words = text::of(current, priors);
    text(folder.join(COMPARISON_PAGE.file()), page::comparison::markup(report, &words, cancel)?)?;
    text(folder.join(COMPARISON_TEXT.file()), words)?;
    if let Some(last) = priors.last() {
        picture::write(folder, latest, current, &last.comparison, cancel)?;
    }
    if priors.len() > 1 {
        let path = folder.join(VOLUMES_PICTURE.file());
        plot::draw(current, priors).write_png(&path).map_err(|e| Error::write(&path, e))?;
    }
    Ok(())
}

#[cfg(test)]
pub(in crate::report) mod tests;
