//! The folder that results are gathered in, which takes its place as a whole or leaves nothing.
//!
//! A process that is killed can't tidy up. Its folders are found by the next run into the same output: each is locked
//! (on Windows by a file in it) as long as its process lives, so that one without a lock is nobody's. What makes, looks for or exchanges
//! such folders holds the lock of the output folder; runs at the same time never take each other's work. On a file system
//! without locks nothing proves that a folder is nobody's: there all are left alone.
//!
//! A symbolic link in the place of a result, or among its files, is somebody's: nothing here makes one. It is refused by name. To
//! follow it could replace what lies elsewhere, and to replace the link alone would leave the results on another disk than the
//! one that it leads to. Links in the path above are followed, as everywhere.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    error::{Error, Result},
    platform::{self, rename_folder},
    report::outputs::is_output,
};

/// Between a target's name and the random end of its folders' names.
const PARTIAL: &str = ".partial-";
const REPLACED: &str = ".replaced-";
/// Name of an earlier result while it makes way.
const EARLIER: &str = "earlier";
/// How long another run may hold the output folder's lock: it takes milliseconds, unless that run was stopped.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How often the output folder is made anew, where another run that gave up takes it away.
const TRIES: usize = 5;

/// The first entry of `folder` whose name `wanted` doesn't take, or that is a link; none where there is no folder.
fn other_entry(folder: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<Option<OsString>> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_symlink() || !name.to_str().is_some_and(&wanted) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// What the names of the files are in a folder that may be replaced.
pub type Names = fn(&str) -> bool;

/// Refuses a target that is there and holds anything but files of such names, such as the CT itself: it would be replaced.
fn only(names: Names, target: &Path) -> Result<()> {
    check_no_link(target)?;
    let other = other_entry(target, names).map_err(|e| Error::write(target, e))?;
    other.map_or(Ok(()), |name| {
        // A link that has one of our names.
        check_no_link(&target.join(&name))?;
        let name = name.to_string_lossy();
        Err(Error::write(
            target,
            format!(
                "it is there and holds '{name}', which is none of the files that are written: choose another folder"
            ),
        ))
    })
}

/// Refuses a symbolic link, whether it leads anywhere or not, where a file or folder is to be written.
///
/// # Errors
/// [`Error::Write`].
pub fn check_no_link(path: &Path) -> Result<()> {
    // Without the separator at its end, behind which a link is followed.
    let path: PathBuf = path.components().collect();
    if !fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_symlink()) {
        return Ok(());
    }
    let leads = fs::read_link(&path).map_or_else(|e| e.to_string(), |to| to.display().to_string());
    let what = format!("it is a symbolic link (to {leads}), and expected was a file or folder of its own, or nothing");
    Err(Error::write(&path, format!("{what}: name the place that the link leads to, or take the link away")))
}

/// The lock of a folder until this goes; none where the file system has no locks or another run keeps it too long.
fn lock(folder: &Path) -> Option<File> {
    let begun = Instant::now();
    loop {
        match platform::lock_folder(folder) {
            Ok(lock) => return Some(lock),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_WAIT => thread::sleep(Duration::from_millis(10)),
            Err(_) => return None,
        }
    }
}

/// Takes away what killed runs left in `output`, as [`Staging::create`] does: once before many results are made there, since it
/// lists the whole folder.
pub fn tidy(output: &Path) {
    let held = lock(output);
    if held.is_some() {
        sweep(output);
    }
}

/// Takes away what killed runs left in `output`. Whoever calls it holds the lock of `output`. What can't be taken away
/// stays: the run goes on without.
fn sweep(output: &Path) {
    let entries = fs::read_dir(output).into_iter().flatten().flatten();
    for name in entries.filter_map(|entry| entry.file_name().into_string().ok()) {
        let folder = output.join(&name);
        if left_of(&name, PARTIAL).is_some() && is_nobodys(&folder, |name| is_output(name) || is_unfinished(name)) {
            let _ = fs::remove_dir_all(&folder);
        } else if let Some(target) = left_of(&name, REPLACED).filter(|_| is_nobodys(&folder, |name| name == EARLIER)) {
            bring_back(&folder, &output.join(target));
        }
    }
}

/// Puts the earlier result in `folder` back where its run was killed before it had another for `target`; else takes it
/// away.
fn bring_back(folder: &Path, target: &Path) {
    if !target.exists() {
        let _ = rename_folder(&folder.join(EARLIER), target);
    }
    // Where something else stands in its place, the earlier result is all that there is.
    if target.exists() && [target, &folder.join(EARLIER)].iter().all(|results| only(is_output, results).is_ok()) {
        let _ = fs::remove_dir_all(folder);
    }
}

/// The target's name in the name of a folder that was made for it.
fn left_of<'a>(name: &'a str, kind: &str) -> Option<&'a str> {
    let (target, random) = name.strip_prefix('.')?.rsplit_once(kind)?;
    (!target.is_empty() && random.len() == 6 && random.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(target)
}

/// A result that is being written, by [`crate::io`] or [`platform::share`].
fn is_unfinished(name: &str) -> bool {
    [".part-", ".rights-"].iter().any(|begin| name.starts_with(begin))
}

/// Whether no process holds `folder` and it holds nothing but what `wanted` takes.
fn is_nobodys(folder: &Path, wanted: impl Fn(&str) -> bool) -> bool {
    let is_folder = fs::symlink_metadata(folder).is_ok_and(|facts| facts.is_dir());
    is_folder && platform::lock_folder(folder).is_ok() && other_entry(folder, wanted).is_ok_and(|other| other.is_none())
}

/// A folder beside `target` that vanishes unless it is finished.
#[derive(Debug)]
pub struct Staging {
    // Dropped in this order: the lock may be a file in the folder, and the folders that were made for it are empty only
    // without it.
    /// Says to other runs that this one lives.
    lock: Option<File>,
    folder: TempDir,
    made: Made,
    target: PathBuf,
    /// What the target may hold.
    names: Names,
}

/// Folders that weren't there before, the innermost first; those that are still empty go with this.
#[derive(Debug)]
struct Made(Vec<PathBuf>);

impl Made {
    /// Makes `folder` and those above it.
    fn all(folder: &Path) -> io::Result<Self> {
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
    /// Makes the folder, and takes away what killed runs left beside it. A target that is there and holds anything but
    /// files of these names is refused.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create(target: &Path, names: Names) -> Result<Self> {
        tidy(output_of(target));
        Self::create_in_tidy(target, names)
    }

    /// As [`Staging::create`], without a look at what lies beside the target: where thousands of results do, each would take
    /// longer than the one before.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn create_in_tidy(target: &Path, names: Names) -> Result<Self> {
        let output = output_of(target);
        let failed = |e| Error::write(output, e);
        let mut tries = 1..=TRIES;
        loop {
            let made = Made::all(output).map_err(failed)?;
            let _held = lock(output);
            only(names, target)?;
            let prefix = format!(".{}{PARTIAL}", file_name(target));
            match tempfile::Builder::new().prefix(&prefix).tempdir_in(output) {
                Ok(folder) => {
                    let lock = lock(folder.path());
                    return Ok(Staging { folder, made, target: target.into(), names, lock });
                }
                // Another run made the output folder, gave up and took it away.
                Err(e) if e.kind() == ErrorKind::NotFound && tries.next().is_some() => {}
                Err(e) => return Err(failed(e)),
            }
        }
    }

    /// Where results are gathered.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder whose place it takes.
    pub fn target(&self) -> &Path {
        &self.target
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
        // Bindings go in the other order than fields; other runs look at the folders only after all that is done.
        let output = output_of(&self.target).to_path_buf();
        let _held = lock(&output);
        let Staging { made: _made, folder, target, names, lock } = self;
        let target = &target;
        let failed = |e: &io::Error| Error::write(target, e);
        only(names, target)?;
        let earlier = if target.exists() {
            let prefix = format!(".{}{REPLACED}", file_name(target));
            let aside = tempfile::Builder::new().prefix(&prefix).tempdir_in(&output).map_err(|e| failed(&e))?;
            rename_folder(target, &aside.path().join(EARLIER)).map_err(|e| failed(&e))?;
            Some(aside)
        } else {
            None
        };
        let folder = folder.keep();
        let _alive = platform::lock_while_renamed(lock);
        let placed = platform::share(&folder).and_then(|()| rename_folder(&folder, target));
        placed.map_err(|error| {
            let _ = fs::remove_dir_all(&folder);
            earlier.map_or_else(|| failed(&error), |aside| put_back(aside, target, &error))
        })
    }
}

/// Writes a file that stands beside folders of results; an earlier one is replaced as a whole, a link is refused.
///
/// # Errors
/// [`Error::Write`].
pub fn write_beside(path: &Path, text: &str) -> Result<()> {
    check_no_link(path)?;
    let output = path.parent().unwrap_or(path);
    let _held = lock(output);
    // In a folder of its own, which the next run takes away where this one is killed.
    let folder = tempfile::Builder::new().prefix(&format!(".{}{PARTIAL}", file_name(path))).tempdir_in(output);
    let written = folder.and_then(|folder| {
        let part = folder.path().join(".part-page");
        fs::write(&part, text)?;
        fs::rename(&part, path)
    });
    written.map_err(|e| Error::write(path, e))
}

/// The folder that a target lies in.
fn output_of(target: &Path) -> &Path {
    target.parent().unwrap_or(target)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// After a failed exchange: brings the earlier result back from `aside`; where even that fails it stays there, and the
/// error says so.
fn put_back(aside: TempDir, target: &Path, error: &io::Error) -> Error {
    if rename_folder(&aside.path().join(EARLIER), target).is_ok() {
        return Error::write(target, format!("{error}; the earlier result is there again"));
    }
    let kept = aside.keep().join(EARLIER);
    Error::write(target, format!("{error}; the earlier result lies in {} now", kept.display()))
}

#[cfg(test)]
mod tests {
    use crate::report::outputs::is_result;

    use super::*;

    #[test]
    fn staging_that_is_given_up_takes_the_folders_away_that_were_made_for_it() {
        let output = tempfile::tempdir().unwrap();
        let target = output.path().join("a/b/chest");
        drop(Staging::create(&target, is_result).unwrap());
        assert!(fs::read_dir(output.path()).unwrap().next().is_none());
        // What was there before stays, and so does what something else lies in.
        fs::create_dir(output.path().join("a")).unwrap();
        let staging = Staging::create(&target, is_result).unwrap();
        fs::write(output.path().join("a/b/other"), "").unwrap();
        drop(staging);
        assert!(output.path().join("a/b/other").exists());
        fs::remove_file(output.path().join("a/b/other")).unwrap();
        drop(Staging::create(&target, is_result).unwrap());
        assert!(output.path().join("a/b").exists(), "it was there");
    }

    #[test]
    fn staging_that_is_finished_leaves_its_results_alone() {
        let output = tempfile::tempdir().unwrap();
        let target = output.path().join("a/chest");
        let staging = Staging::create(&target, is_result).unwrap();
        fs::write(staging.path().join("run.json"), "{}").unwrap();
        staging.finish().unwrap();
        let left: Vec<_> = fs::read_dir(target.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["chest"]);
        assert_eq!(fs::read_to_string(target.join("run.json")).unwrap(), "{}");
    }

    /// A folder `name` in `output` that holds `files`.
    fn holding(output: &Path, name: &str, files: &[&str]) -> PathBuf {
        let folder = output.join(name);
        for file in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    #[test]
    fn staging_takes_away_what_killed_runs_left_and_nothing_else() {
        let output = tempfile::tempdir().unwrap();
        let (gone, stays) = (
            [
                holding(output.path(), ".chest.partial-a1B2c3", &["label.nii.gz", ".part-x9", "overview-2.png"]),
                holding(output.path(), ".other.v2.partial-zzzzzz", &["warnings.txt"]),
            ],
            [
                holding(output.path(), ".chest.partial-held00", &["label.nii.gz"]),
                holding(output.path(), ".chest.partial-mine00", &["thesis.txt"]),
                holding(output.path(), ".chest.partial-old", &["label.nii.gz"]),
                holding(output.path(), "chest.partial-a1B2c3", &["label.nii.gz"]),
            ],
        );
        let alive = lock(&stays[0]);
        assert!(alive.is_some(), "the temporary folder's file system has locks");
        let staging = Staging::create(&output.path().join("chest"), is_result).unwrap();
        assert!(gone.iter().all(|folder| !folder.exists()));
        assert!(stays.iter().all(|folder| folder.exists()));
        // A second run leaves the first one's folder alone.
        let second = Staging::create(&output.path().join("chest"), is_result).unwrap();
        assert!(staging.path().exists() && second.path().exists());
        drop(alive);
        drop(Staging::create(&output.path().join("chest"), is_result).unwrap());
        assert!(!stays[0].exists() && staging.path().exists());
    }

    #[test]
    fn staging_in_a_tidy_folder_leaves_alone_what_lies_beside_it_and_tidy_takes_it_away() {
        let output = tempfile::tempdir().unwrap();
        let left = holding(output.path(), ".other.partial-a1B2c3", &["label.nii.gz"]);
        let aside = holding(output.path(), ".chest.replaced-a1B2c3", &["earlier/run.json"]);
        let staging = Staging::create_in_tidy(&output.path().join("new"), is_result).unwrap();
        assert!(left.exists() && aside.exists());
        tidy(output.path());
        assert!(!left.exists() && !aside.exists() && output.path().join("chest/run.json").exists());
        assert!(staging.path().exists(), "it is somebody's");
        tidy(&output.path().join("not there"));
        assert!(!output.path().join("not there").exists());
    }

    #[test]
    fn staging_brings_back_an_earlier_result_whose_run_was_killed_in_the_exchange() {
        let output = tempfile::tempdir().unwrap();
        let aside = holding(output.path(), ".chest.replaced-a1B2c3", &["earlier/run.json"]);
        drop(Staging::create(&output.path().join("other"), is_result).unwrap());
        assert!(output.path().join("chest/run.json").exists() && !aside.exists());
        // Killed after the exchange: the new result stays.
        let aside = holding(output.path(), ".chest.replaced-a1B2c3", &["earlier/label.nrrd"]);
        drop(Staging::create(&output.path().join("other"), is_result).unwrap());
        assert!(output.path().join("chest/run.json").exists() && !aside.exists());
        assert!(!output.path().join("chest/label.nrrd").exists());
        // Something else took the place: the earlier result is kept.
        holding(output.path(), "ct", &["slice.dcm"]);
        let aside = holding(output.path(), ".ct.replaced-a1B2c3", &["earlier/run.json"]);
        drop(Staging::create(&output.path().join("other"), is_result).unwrap());
        assert!(aside.join("earlier/run.json").exists());
    }

    #[test]
    fn staging_runs_that_end_at_the_same_time_leave_one_whole_result() {
        let output = tempfile::tempdir().unwrap();
        let target = output.path().join("a/chest");
        thread::scope(|scope| {
            for n in 0..8 {
                let target = &target;
                scope.spawn(move || {
                    for _ in 0..8 {
                        let staging = Staging::create(target, is_result).unwrap();
                        fs::write(staging.path().join("run.json"), n.to_string()).unwrap();
                        fs::write(staging.path().join("nodules.json"), n.to_string()).unwrap();
                        staging.finish().unwrap();
                    }
                });
            }
        });
        let read = |name: &str| fs::read_to_string(target.join(name)).unwrap();
        assert_eq!(read("run.json"), read("nodules.json"));
        assert_eq!(fs::read_dir(output.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn staging_whose_target_was_filled_in_the_meantime_leaves_it_alone() {
        let output = tempfile::tempdir().unwrap();
        let target = output.path().join("chest");
        let staging = Staging::create(&target, is_result).unwrap();
        holding(output.path(), "chest", &["slice.dcm"]);
        let text = staging.finish().unwrap_err().to_string();
        assert!(text.contains("holds 'slice.dcm'"), "{text}");
        assert_eq!(fs::read_dir(output.path()).unwrap().count(), 1);
    }

    #[test]
    fn write_beside_replaces_the_earlier_file_as_a_whole_and_leaves_nothing_else() {
        let output = tempfile::tempdir().unwrap();
        let path = output.path().join("index.html");
        for text in ["one", "another"] {
            write_beside(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(output.path()).unwrap().count(), 1);
        assert_eq!(write_beside(&output.path().join("no/index.html"), "x").unwrap_err().name(), "E_WRITE");
    }

    #[test]
    fn staging_takes_away_a_page_that_a_killed_run_left() {
        let output = tempfile::tempdir().unwrap();
        let left = holding(output.path(), ".index.html.partial-a1B2c3", &[".part-page"]);
        drop(Staging::create(&output.path().join("chest"), is_result).unwrap());
        assert!(!left.exists());
    }

    #[cfg(unix)]
    #[test]
    fn staging_refuses_a_link_in_the_place_of_a_result_and_leaves_what_it_leads_to() {
        let output = tempfile::tempdir().unwrap();
        let elsewhere = holding(output.path(), "elsewhere", &["run.json"]);
        let link = output.path().join("chest");
        let refused = |target: &Path| {
            let error = Staging::create(target, is_result).unwrap_err();
            assert_eq!(error.name(), "E_WRITE");
            error.to_string()
        };
        for leads_to in [elsewhere.as_path(), &output.path().join("nowhere")] {
            std::os::unix::fs::symlink(leads_to, &link).unwrap();
            let text = refused(&link);
            let says = format!("it is a symbolic link (to {})", leads_to.display());
            assert!(text.contains(&says) && text.contains("take the link away"), "{text}");
            assert!(refused(&output.path().join("chest/")).contains(&says), "whatever its path ends with");
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            fs::remove_file(&link).unwrap();
        }
        // One that came since the run began, and one among the files of an earlier result.
        let staging = Staging::create(&link, is_result).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        assert!(staging.finish().unwrap_err().to_string().contains("it is a symbolic link"));
        fs::remove_file(&link).unwrap();
        holding(output.path(), "chest", &["run.json"]);
        std::os::unix::fs::symlink(elsewhere.join("run.json"), link.join("label.nii.gz")).unwrap();
        let text = refused(&link);
        assert!(text.contains("label.nii.gz") && text.contains("it is a symbolic link"), "{text}");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
        // Links above the result are followed.
        std::os::unix::fs::symlink(&elsewhere, output.path().join("disk")).unwrap();
        Staging::create(&output.path().join("disk/chest"), is_result).unwrap().finish().unwrap();
        assert!(elsewhere.join("chest").is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn write_beside_refuses_a_link_and_leaves_what_it_leads_to() {
        let output = tempfile::tempdir().unwrap();
        let (page, other) = (output.path().join("index.html"), output.path().join("other"));
        fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, &page).unwrap();
        assert!(write_beside(&page, "x").unwrap_err().to_string().contains("it is a symbolic link"));
        assert_eq!(fs::read_to_string(&page).unwrap(), "mine");
        assert!(fs::symlink_metadata(&page).unwrap().is_symlink());
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
