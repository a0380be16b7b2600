//! The folder that results are gathered in, which takes its place as a whole or leaves nothing.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sam2lung::{Error, Result};
use tempfile::TempDir;

/// All that a folder of results may hold.
const RESULTS: [&str; 15] = [
    "label.nii.gz",
    "label.nrrd",
    "label.vti",
    "probability.nii.gz",
    "probability.nrrd",
    "probability.vti",
    "uncertainty.nii.gz",
    "uncertainty.nrrd",
    "uncertainty.vti",
    "nodules.json",
    "nodules.csv",
    "nodules.vtp",
    "nodules.vtk",
    "overview.png",
    "run.json",
];

/// Refuses a target that is there and holds anything but results, such as the CT itself: it would be replaced.
fn only_results(target: &Path) -> Result<()> {
    let failed = |e| Error::write(target, e);
    let entries = match fs::read_dir(target) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if !RESULTS.iter().any(|result| name == *result) {
            let name = name.to_string_lossy();
            let reason = format!("it is there and holds '{name}', which is no result: choose another --output");
            return Err(Error::write(target, reason));
        }
    }
    Ok(())
}

/// Name of an earlier result while it makes way.
const EARLIER: &str = "earlier";

/// A folder beside `target` that vanishes unless it is finished.
pub struct Staging {
    // Dropped in this order: the folders that were made for it are empty only without it.
    folder: TempDir,
    made: Made,
    target: PathBuf,
}

/// Folders that weren't there before, the innermost first; those that are still empty go with this.
struct Made(Vec<PathBuf>);

impl Made {
    /// Makes `folder` and those above it.
    fn all(folder: &Path) -> std::io::Result<Self> {
        let missing = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        let made = Made(missing.map(Path::to_path_buf).collect());
        fs::create_dir_all(folder)?;
        Ok(made)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // A folder that holds something by now can't be removed, and needn't.
        self.0.iter().for_each(|folder| drop(fs::remove_dir(folder)));
    }
}

impl Staging {
    /// Makes the folder. A target that is there and holds anything but results is refused.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create(target: &Path) -> Result<Self> {
        let output = target.parent().unwrap_or(target);
        let failed = |e| Error::write(output, e);
        let made = Made::all(output).map_err(failed)?;
        only_results(target)?;
        let prefix = format!(".{}.partial-", file_name(target));
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(output).map_err(failed)?;
        Ok(Staging { folder, made, target: target.into() })
    }

    /// Where results are gathered.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Name of the target.
    pub fn name(&self) -> String {
        file_name(&self.target)
    }

    /// Takes the place of the target; an earlier result there is replaced as a whole.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(self) -> Result<()> {
        // Bindings go in the other order than fields.
        let Staging { made: _made, folder, target } = self;
        let target = &target;
        let failed = |e: &std::io::Error| Error::write(target, e);
        let earlier = if target.exists() {
            let aside = tempfile::Builder::new().prefix(".replaced-").tempdir_in(target.parent().unwrap_or(target));
            let aside = aside.map_err(|e| failed(&e))?;
            fs::rename(target, aside.path().join(EARLIER)).map_err(|e| failed(&e))?;
            Some(aside)
        } else {
            None
        };
        let folder = folder.keep();
        let placed = share(&folder).and_then(|()| fs::rename(&folder, target));
        placed.map_err(|error| {
            let _ = fs::remove_dir_all(&folder);
            earlier.map_or_else(|| failed(&error), |aside| put_back(aside, target, &error))
        })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// After a failed exchange: brings the earlier result back from `aside`; where even that fails it stays there, and the
/// error says so.
fn put_back(aside: TempDir, target: &Path, error: &std::io::Error) -> Error {
    if fs::rename(aside.path().join(EARLIER), target).is_ok() {
        return Error::write(target, error);
    }
    let kept = aside.keep().join(EARLIER);
    Error::write(target, format!("{error}; the earlier result lies in {} now", kept.display()))
}

/// Temporary folders are private; results get the rights of any new folder.
fn share(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let model =
        tempfile::Builder::new().prefix(".rights-").rand_bytes(8).make_in(folder, |path| fs::create_dir(path))?;
    let rights = fs::metadata(model.path())?.permissions().mode();
    fs::remove_dir(model.path())?;
    fs::set_permissions(folder, fs::Permissions::from_mode(rights))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staging_that_is_given_up_takes_the_folders_away_that_were_made_for_it() {
        let output = tempfile::tempdir().unwrap();
        let target = output.path().join("a/b/chest");
        drop(Staging::create(&target).unwrap());
        assert!(fs::read_dir(output.path()).unwrap().next().is_none());
        // What was there before stays, and so does what something else lies in.
        fs::create_dir(output.path().join("a")).unwrap();
        let staging = Staging::create(&target).unwrap();
        fs::write(output.path().join("a/b/other"), "").unwrap();
        drop(staging);
        assert!(output.path().join("a/b/other").exists());
        fs::remove_file(output.path().join("a/b/other")).unwrap();
        drop(Staging::create(&target).unwrap());
        assert!(output.path().join("a/b").exists(), "it was there");
    }

    #[test]
    fn staging_that_is_finished_leaves_its_results_alone() {
        let output = tempfile::tempdir().unwrap();
        let target = output.path().join("a/chest");
        let staging = Staging::create(&target).unwrap();
        fs::write(staging.path().join("run.json"), "{}").unwrap();
        staging.finish().unwrap();
        let left: Vec<_> = fs::read_dir(target.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["chest"]);
        assert_eq!(fs::read_to_string(target.join("run.json")).unwrap(), "{}");
    }

    #[test]
    fn put_back_earlier_result_returns_or_is_kept_where_the_error_says() {
        let output = tempfile::tempdir().unwrap();
        let target = output.path().join("chest");
        let set_aside = || {
            let aside = tempfile::tempdir_in(output.path()).unwrap();
            fs::create_dir(aside.path().join(EARLIER)).unwrap();
            fs::write(aside.path().join(EARLIER).join("run.json"), "earlier").unwrap();
            aside
        };
        let error = std::io::Error::other("disk on fire");
        assert!(put_back(set_aside(), &target, &error).to_string().contains("disk on fire"));
        assert_eq!(fs::read_to_string(target.join("run.json")).unwrap(), "earlier");
        // Now the way back is barred: a folder that isn't empty stands there.
        let aside = set_aside();
        let kept = aside.path().join(EARLIER).join("run.json");
        let text = put_back(aside, &target, &error).to_string();
        assert!(text.contains(&kept.parent().unwrap().display().to_string()), "{text}");
        assert_eq!(fs::read_to_string(kept).unwrap(), "earlier");
    }
}
