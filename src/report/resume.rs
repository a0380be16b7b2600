//! Whether a result is that of an input and of what is asked now, so that it needn't be made again.
//!
//! Enters: the files of an input, what is asked, and a folder of results. Leaves: what `run.json` keeps of both, and how it
//! compares. The voxels' sha256 decides; names, sizes and times of change of the files save reading them where they are as they
//! were. No path is kept, for paths may name the patient: they go into a sha256. And whether a reader worked on a result, which is
//! then never replaced ([`check_unread`]).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{outputs::MANIFEST, summary::Counts};
use crate::{
    VERSION,
    contract::bundle::Bundle,
    error::{Error, Result},
    io,
    progress::Monitor,
};

/// What `run.json` keeps for a later run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// sha256 of the paths, sizes and times of change of the input's files ([`files_sha256`]).
    pub files_sha256: Option<String>,
    /// Everything that was asked for and that a result depends on, by name; `null` where it was left out.
    pub request: BTreeMap<String, Value>,
}

/// What is needed of an earlier result's `run.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Earlier {
    versions: BTreeMap<String, String>,
    model: EarlierModel,
    input: EarlierInput,
    result: EarlierResult,
    warnings: Vec<EarlierWarning>,
    resume: Resume,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct EarlierModel {
    sha256: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct EarlierInput {
    voxels_sha256: String,
    #[serde(default)]
    channels: Vec<EarlierChannel>,
    lung_mask_sha256: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct EarlierChannel {
    voxels_sha256: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct EarlierResult {
    nodules: usize,
    review: usize,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct EarlierWarning {
    name: String,
}

impl Earlier {
    /// The result in a folder; `None` where there is none.
    ///
    /// # Errors
    /// Why a result that is there can't be compared, in words.
    pub fn of(folder: &Path) -> std::result::Result<Option<Self>, String> {
        let path = folder.join(MANIFEST.file());
        if !path.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).map_err(|error| format!("its run.json can't be read: {error}"))?;
        let other = "its run.json doesn't say what was asked for: another version or program wrote it";
        serde_json::from_str(&text).map(Some).map_err(|_| other.to_owned())
    }

    /// In what the version, the model or the request differ, in words; `None` where they are the same.
    pub fn differs(&self, bundle: &Bundle, asked: &Resume) -> Option<String> {
        let version = self.versions.get("sam2lung").map_or("", String::as_str);
        if version != VERSION {
            return Some(format!("it was made by version {version}, this is {VERSION}"));
        }
        // The contract names the sha256 of every graph.
        if self.model.sha256.get("model.json") != Some(&bundle.contract_sha256) {
            return Some("it was made by another model".into());
        }
        let (before, now) = (&self.resume.request, &asked.request);
        let other = before.keys().chain(now.keys()).find(|name| before.get(*name) != now.get(*name))?;
        let said = |of: &BTreeMap<String, Value>| match of.get(other) {
            None | Some(Value::Null) => "left out".to_owned(),
            Some(value) => value.to_string(),
        };
        Some(format!("{other} was {}, is {}", said(before), said(now)))
    }

    /// Whether the input's files are those of then, by their paths, sizes and times of change.
    pub fn has_files(&self, asked: &Resume) -> bool {
        asked.files_sha256.is_some() && self.resume.files_sha256 == asked.files_sha256
    }

    /// Whether the voxels of each channel, and the mask's, are those of then.
    pub fn has_voxels(&self, voxels_sha256: &[String], lung_mask_sha256: Option<&str>) -> bool {
        let channels: Vec<&String> = match self.input.channels.as_slice() {
            [] => vec![&self.input.voxels_sha256],
            channels => channels.iter().map(|channel| &channel.voxels_sha256).collect(),
        };
        channels.into_iter().eq(voxels_sha256) && self.input.lung_mask_sha256.as_deref() == lung_mask_sha256
    }

    /// What it holds.
    pub fn counts(&self) -> Counts {
        Counts {
            nodules: self.result.nodules,
            flagged: self.result.review,
            warnings: self.warnings.iter().map(|warning| warning.name.clone()).collect(),
        }
    }
}

/// What `run.json` has of a reader's readings.
#[derive(Default, Deserialize)]
struct Read {
    #[serde(default)]
    readings: Vec<ReadNodule>,
}

#[derive(Deserialize)]
struct ReadNodule {
    decision: String,
    comment: String,
}

/// Refuses a folder whose result a reader has worked on, by decisions or comments: a new result would lose them, and has other
/// nodules. So is one with a `run.json` that can't be read: nobody can tell whether it has any.
///
/// # Errors
/// [`Error::Write`].
pub fn check_unread(folder: &Path) -> Result<()> {
    let path = folder.join(MANIFEST.file());
    if !path.exists() {
        return Ok(());
    }
    let told = |reason: String| {
        let what = format!(
            "its {} can't be read ({reason}), so nobody can tell whether a reader worked on it",
            MANIFEST.file()
        );
        Error::write(folder, format!("{what}: choose another folder, or take this one away"))
    };
    let text = fs::read_to_string(&path).map_err(|e| told(e.to_string()))?;
    let Read { readings } = serde_json::from_str(&text).map_err(|e| told(e.to_string()))?;
    let says_something = |reading: &&ReadNodule| reading.decision != "undecided" || !reading.comment.is_empty();
    match readings.iter().filter(says_something).count() {
        0 => Ok(()),
        count => Err(Error::write(
            folder,
            format!(
                "it holds what a reader says of {count} nodule(s), which a new result would lose: choose another folder, or \
                 take this one away"
            ),
        )),
    }
}

/// sha256 of the paths, sizes and times of change of all files of these inputs, of a folder all that lie in it. `None` where
/// they don't tell whether voxels changed: those of NRRD and MetaImage may lie in other files.
///
/// # Errors
/// [`crate::Error::Read`] for a folder that can't be listed, [`crate::Error::Cancelled`].
pub fn files_sha256(inputs: &[PathBuf], monitor: &Monitor<'_>) -> Result<Option<String>> {
    let mut hash = Sha256::new();
    for input in inputs {
        let files = match input {
            folder if folder.is_dir() => io::files_in(folder, monitor)?,
            file if is_nifti(file) => vec![file.clone()],
            _ => return Ok(None),
        };
        for file in files {
            let full = fs::canonicalize(&file).unwrap_or(file);
            let Some(facts) = fs::metadata(&full).ok() else { return Ok(None) };
            let Some(changed) = facts.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()) else {
                return Ok(None);
            };
            hash.update(full.as_os_str().as_encoded_bytes());
            hash.update([0]);
            hash.update(facts.len().to_le_bytes());
            hash.update(changed.as_nanos().to_le_bytes());
        }
    }
    Ok(Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

fn is_nifti(file: &Path) -> bool {
    let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    file.is_file() && [".nii", ".nii.gz"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::json;

    use super::*;

    fn asked(files: &str, samples: Value) -> Resume {
        Resume { files_sha256: Some(files.into()), request: BTreeMap::from([("samples".to_owned(), samples)]) }
    }

    /// A folder of results with a run.json of the built-in model.
    fn kept(change: impl FnOnce(&mut Value)) -> std::result::Result<Option<Earlier>, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut run = json!({
            "versions": { "sam2lung": VERSION },
            "model": { "sha256": { "model.json": Bundle::builtin().unwrap().contract_sha256 } },
            "input": { "voxels_sha256": "a", "lung_mask_sha256": null },
            "result": { "nodules": 2, "review": 1 },
            "warnings": [{ "name": "W_ONE", "text": "one" }],
            "resume": asked("f", json!(25)),
        });
        change(&mut run);
        fs::write(folder.path().join("run.json"), run.to_string()).unwrap();
        Earlier::of(folder.path())
    }

    #[test]
    fn earlier_result_of_the_same_request_differs_in_nothing() {
        let earlier = kept(|_| ()).unwrap().unwrap();
        let bundle = Bundle::builtin().unwrap();
        assert_eq!(earlier.differs(&bundle, &asked("g", json!(25))), None);
        assert!(earlier.has_files(&asked("f", json!(25))) && !earlier.has_files(&asked("g", json!(25))));
        let told = |voxels: &str, mask| earlier.has_voxels(&[voxels.to_owned()], mask);
        assert!(told("a", None) && !told("b", None) && !told("a", Some("m")));
        assert!(!earlier.has_voxels(&["a".into(), "a".into()], None));
        assert_eq!(earlier.counts(), Counts { nodules: 2, flagged: 1, warnings: vec!["W_ONE".into()] });
    }

    #[test]
    fn earlier_result_says_in_what_it_differs() {
        let bundle = Bundle::builtin().unwrap();
        let differs = |change: fn(&mut Value), samples| {
            kept(change).unwrap().unwrap().differs(&bundle, &asked("f", samples)).unwrap_or_default()
        };
        assert_eq!(differs(|_| (), json!(5)), "samples was 25, is 5");
        assert_eq!(differs(|_| (), Value::Null), "samples was 25, is left out");
        assert!(differs(|run| run["versions"]["sam2lung"] = json!("0.0.1"), json!(25)).contains("version 0.0.1"));
        assert!(differs(|run| run["model"]["sha256"]["model.json"] = json!("b"), json!(25)).contains("another model"));
        let more: fn(&mut Value) = |run| run["resume"]["request"]["seed"] = json!(1);
        assert_eq!(differs(more, json!(25)), "seed was 1, is left out");
    }

    #[test]
    fn earlier_result_that_tells_of_no_request_can_not_be_compared() {
        let old = kept(|run| drop(run.as_object_mut().unwrap().remove("resume"))).unwrap_err();
        assert!(old.contains("doesn't say what was asked for"));
        assert_eq!(Earlier::of(Path::new("no such folder")), Ok(None));
    }

    #[test]
    fn check_unread_refuses_a_result_that_a_reader_decided_or_wrote_on_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let told = |run: &str| {
            fs::write(folder.path().join("run.json"), run).unwrap();
            check_unread(folder.path()).map_err(|error| format!("{}: {error}", error.name()))
        };
        let reading = |decision: &str, comment: &str| json!({ "nodule": 1, "decision": decision, "comment": comment, "reader": "AB" });
        let with = |readings: &[Value]| told(&json!({ "readings": readings }).to_string());
        assert!(check_unread(Path::new("no such folder")).is_ok());
        for unread in [told("{}"), with(&[]), with(&[reading("undecided", "")])] {
            assert_eq!(unread, Ok(()));
        }
        let odd = json!({ "decision": "rejected", "comment": null });
        for damaged in [told("{"), told(""), with(&[odd])] {
            assert!(damaged.unwrap_err().contains("nobody can tell whether a reader worked on it"));
        }
        let text =
            with(&[reading("undecided", ""), reading("undecided", "scar?"), reading("rejected", "")]).unwrap_err();
        assert!(text.starts_with("E_WRITE: ") && text.contains("a reader says of 2 nodule(s)"), "{text}");
    }

    #[test]
    fn earlier_result_whose_files_tell_nothing_has_to_be_read() {
        let earlier = kept(|run| run["resume"]["files_sha256"] = Value::Null).unwrap().unwrap();
        assert!(!earlier.has_files(&Resume { files_sha256: None, ..asked("f", json!(25)) }));
    }

    #[test]
    fn files_sha256_changes_with_a_file_s_time_size_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ct.nii");
        let told = |inputs: &[&Path]| {
            let inputs: Vec<PathBuf> = inputs.iter().map(|input| input.to_path_buf()).collect();
            files_sha256(&inputs, &Monitor::silent()).unwrap()
        };
        let write = |text: &str, seconds: u64| {
            fs::write(&file, text).unwrap();
            let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            fs::File::options().write(true).open(&file).unwrap().set_modified(changed).unwrap();
            told(&[&file]).unwrap()
        };
        let first = write("a", 5);
        assert_eq!(write("a", 5), first);
        assert_eq!(write("b", 5), first, "its contents aren't read");
        assert!(write("a", 6) != first && write("ab", 5) != first);
        let whole = told(&[folder.path()]).unwrap();
        fs::write(folder.path().join("more.dcm"), "").unwrap();
        assert_ne!(told(&[folder.path()]).unwrap(), whole);
        assert_eq!(told(&[&folder.path().join("scan.mhd")]), None);
        assert_eq!(told(&[&folder.path().join("none.nii")]), None);
    }
}
