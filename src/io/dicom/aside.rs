//! What was left aside, for the record: grouped by why, without names of patients.

use crate::limits::MAX_NAMED;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::super::LeftAside;

/// Files that were left aside, and why.
#[derive(Debug, Default)]
pub struct Aside(BTreeMap<String, Vec<PathBuf>>);

impl Aside {
    /// Adds a file.
    pub fn add(&mut self, why: impl Into<String>, path: &Path) {
        self.0.entry(why.into()).or_default().push(path.into());
    }

    /// In words, for an error: how many of which kind.
    pub fn in_words(&self) -> String {
        self.0.iter().map(|(why, files)| format!("{} x {why}", files.len())).collect::<Vec<_>>().join("; ")
    }

    /// The record, with paths inside `folder`; their parts that hold one of `names` are left out.
    pub fn record(&self, folder: &Path, names: &BTreeSet<String>) -> Vec<LeftAside> {
        let groups = self.0.iter();
        groups
            .map(|(why, files)| LeftAside {
                why: why.clone(),
                count: files.len(),
                files: files.iter().take(MAX_NAMED).map(|path| without_names(folder, path, names)).collect(),
            })
            .collect()
    }
}

/// A path inside `folder` in which each part that holds one of `names` is a star.
pub fn without_names(folder: &Path, path: &Path, names: &BTreeSet<String>) -> String {
    let inner = path.strip_prefix(folder).unwrap_or(path);
    let part = |part: &std::ffi::OsStr| {
        let part = part.to_string_lossy().into_owned();
        if holds_a_name(&part, names) { "*".into() } else { part }
    };
    inner.iter().map(part).collect::<Vec<_>>().join("/")
}

/// As a word of its own, or, where it is long, within one.
fn holds_a_name(part: &str, names: &BTreeSet<String>) -> bool {
    let lower = part.to_lowercase();
    let is_word = lower.split(|c: char| !c.is_alphanumeric()).any(|word| names.contains(word));
    is_word || names.iter().any(|name| name.chars().count() > 4 && lower.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_is_grouped_counted_and_cut_and_names_nobody() {
        let mut aside = Aside::default();
        for n in 0..30 {
            aside.add("a localizer", &PathBuf::from(format!("/ct/{n:02}.dcm")));
        }
        aside.add("a DICOMDIR", Path::new("/ct/DOE_JOHN/a/doe.txt"));
        let names = ["doe", "john", "4711"].map(str::to_owned).into();
        let record = aside.record(Path::new("/ct"), &names);
        assert_eq!((record[0].count, record[0].files.as_slice()), (1, ["*/a/*".to_owned()].as_slice()));
        assert_eq!((record[1].count, record[1].files.len(), record[1].files[0].as_str()), (30, 20, "00.dcm"));
        assert_eq!(aside.in_words(), "1 x a DICOMDIR; 30 x a localizer");
    }
}
