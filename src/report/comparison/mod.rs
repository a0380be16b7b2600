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

use std::{fs, path::Path};

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

/// A file before it is written: its name and what it holds.
pub type File = (String, Vec<u8>);

/// All files. Pictures are drawn here, so that who keeps these needn't keep the scans.
///
/// # Errors
/// [`Error::Write`] or [`Error::Cancelled`].
pub fn files(report: ComparisonReport<'_>, cancel: &CancelToken) -> Result<Vec<File>> {
    let ComparisonReport { current, priors, latest } = report;
    let words = text::of(current, priors);
    let page = page::comparison::markup(report, &words, cancel)?;
    let mut files = vec![
        (COMPARISON_JSON.file(), json(current, priors).into_bytes()),
        (COMPARISON_CSV.file(), csv(priors).into_bytes()),
        (COMPARISON_PAGE.file(), page.into_bytes()),
        (COMPARISON_TEXT.file(), words.into_bytes()),
    ];
    if let Some(last) = priors.last() {
        files.extend(picture::pages(latest, current, &last.comparison, cancel)?);
    }
    if priors.len() > 1 {
        let name = VOLUMES_PICTURE.file();
        let png = plot::draw(current, priors).png().map_err(|e| Error::write(Path::new(&name), e))?;
        files.push((name, png));
    }
    Ok(files)
}

/// Writes files into `folder`.
///
/// # Errors
/// [`Error::Write`].
pub fn write(folder: &Path, files: &[File]) -> Result<()> {
    files.iter().try_for_each(|(name, bytes)| {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|e| Error::write(&path, e))
    })
}

#[cfg(test)]
pub(in crate::report) mod tests;
