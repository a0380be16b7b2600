//! The folder of installed bundles while it changes: bundles come and go as a whole.
//!
//! Whoever changes it holds its lock, so that a folder under a temporary name that is found then was left by a process that
//! was killed. On a file system without locks such folders stay.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    platform::rename_folder,
};

/// The file that is locked.
const LOCK: &str = ".lock";
/// Begin of a folder's name in which a bundle is gathered, or from which it is taken away.
const PART: &str = ".part-";
/// Begin of a folder's name with a bundle that makes way for another one; behind it NAME@VERSION.
const WAS: &str = ".was-";
/// How long another program may hold the lock.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// The folder, locked until this goes.
pub(super) struct Place {
    folder: PathBuf,
    _lock: Option<File>,
}

impl Place {
    /// Makes the folder where it isn't there, locks it, and tidies up after processes that were killed.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn hold(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
        let lock = lock(folder)?;
        let place = Place { folder: folder.into(), _lock: lock };
        if place._lock.is_some() {
            place.tidy();
        }
        Ok(place)
    }

    /// Where a bundle lies.
    pub fn of(&self, name: &str, version: &str) -> PathBuf {
        self.folder.join(name).join(version)
    }

    /// Lets `fill` fill a folder, which then is the bundle's; one that is there makes way.
    ///
    /// # Errors
    /// [`Error::Write`], and those of `fill`; then everything is as it was.
    pub fn put(&self, name: &str, version: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let goal = self.of(name, version);
        let failed = |e: io::Error| Error::write(&goal, e);
        let part = self.part().map_err(failed)?;
        // A folder of its own, since temporary ones are private.
        let gathered = part.path().join("bundle");
        fs::create_dir(&gathered).map_err(failed)?;
        fill(&gathered)?;
        fs::create_dir_all(self.folder.join(name)).map_err(failed)?;
        let placed = if goal.symlink_metadata().is_ok() {
            let was = self.folder.join(format!("{WAS}{name}@{version}"));
            exchange(&gathered, &goal, &was)
        } else {
            rename_folder(&gathered, &goal)
        };
        placed.map_err(|e| {
            self.leave_if_empty(name);
            failed(e)
        })
    }

    /// Takes a bundle away.
    ///
    /// # Errors
    /// [`Error::Write`]; then it is as it was.
    pub fn take_away(&self, name: &str, version: &str) -> Result<()> {
        let goal = self.of(name, version);
        let failed = |e: io::Error| Error::write(&goal, e);
        let part = self.part().map_err(failed)?;
        rename_folder(&goal, &part.path().join("bundle")).map_err(failed)?;
        self.leave_if_empty(name);
        // What can't be deleted now is not in the list any more.
        let _ = part.close();
        Ok(())
    }

    fn part(&self) -> io::Result<tempfile::TempDir> {
        tempfile::Builder::new().prefix(PART).tempdir_in(&self.folder)
    }

    /// A name without versions goes; a folder that holds something stays by itself.
    fn leave_if_empty(&self, name: &str) {
        let _ = fs::remove_dir(self.folder.join(name));
    }

    /// Takes away what killed processes left, and brings back a bundle that had made way for one that never came.
    fn tidy(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for name in entries.filter_map(|entry| entry.file_name().into_string().ok()) {
            let left = self.folder.join(&name);
            if let Some((name, version)) = name.strip_prefix(WAS).and_then(|bundle| bundle.split_once('@')) {
                let goal = self.of(name, version);
                if goal.symlink_metadata().is_ok() || rename_folder(&left, &goal).is_err() {
                    let _ = fs::remove_dir_all(&left);
                }
            } else if name.starts_with(PART) {
                let _ = fs::remove_dir_all(&left);
            }
        }
    }
}

/// Puts `new` at `goal`, which goes by way of `was`.
fn exchange(new: &Path, goal: &Path, was: &Path) -> io::Result<()> {
    rename_folder(goal, was)?;
    if let Err(e) = rename_folder(new, goal) {
        rename_folder(was, goal)?;
        return Err(e);
    }
    // Where that fails, the next one who holds the folder does it.
    let _ = fs::remove_dir_all(was);
    Ok(())
}

/// The lock of a folder; none where the file system has no locks.
fn lock(folder: &Path) -> Result<Option<File>> {
    let path = folder.join(LOCK);
    let file = File::options().write(true).create(true).truncate(false).open(&path);
    let (file, begun) = (file.map_err(|e| Error::write(&path, e))?, Instant::now());
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_WAIT => thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::WouldBlock) => {
                return Err(Error::write(folder, "another program is installing or removing bundles there"));
            }
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn hold_tidies_up_after_killed_processes_and_brings_back_what_had_made_way() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        write(&at(".part-abc123/bundle/model.json"), "half");
        write(&at(".was-a@1.0.0/model.json"), "earlier");
        write(&at(".was-b@1.0.0/model.json"), "earlier");
        write(&at("a/2.0.0/model.json"), "other");
        write(&at("b/1.0.0/model.json"), "later");
        write(&at("mine.txt"), "not a bundle");
        drop(Place::hold(root.path()).unwrap());
        assert_eq!(fs::read_to_string(at("a/1.0.0/model.json")).unwrap(), "earlier");
        assert_eq!(fs::read_to_string(at("b/1.0.0/model.json")).unwrap(), "later");
        let mut left: Vec<_> =
            fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, [".lock", "a", "b", "mine.txt"]);
    }

    #[test]
    fn put_that_fails_while_it_is_filled_leaves_everything_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::hold(root.path()).unwrap();
        place.put("a", "1", |folder| fs::write(folder.join("x"), "old").map_err(|e| Error::write(folder, e))).unwrap();
        for (name, version) in [("a", "1"), ("b", "1")] {
            let failed = place.put(name, version, |folder| {
                fs::write(folder.join("x"), "new").unwrap();
                Err(Error::write(folder, "the disk is full"))
            });
            assert_eq!(failed.unwrap_err().name(), "E_WRITE");
        }
        assert_eq!(fs::read_to_string(root.path().join("a/1/x")).unwrap(), "old");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2, "the bundle and the lock");
    }
}
