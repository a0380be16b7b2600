//! The files of a folder and of the folders in it.

use crate::limits::{MAX_FILES, MAX_FOLDER_DEPTH};
use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    progress::Monitor,
};

/// What lies in a folder, sorted by path.
#[derive(Debug, Default, PartialEq)]
pub struct Files {
    pub files: Vec<PathBuf>,
    /// Links to folders. They aren't followed, for they may lead in a circle.
    pub links: Vec<PathBuf>,
}

/// All files.
///
/// # Errors
/// [`Error::Read`] for a folder that can't be listed, for too many files or folders; [`Error::Cancelled`].
pub fn of(folder: &Path, monitor: &Monitor<'_>) -> Result<Files> {
    let mut found = Files::default();
    collect(folder, 0, &mut found, monitor)?;
    found.files.sort();
    found.links.sort();
    Ok(found)
}

fn collect(folder: &Path, depth: usize, found: &mut Files, monitor: &Monitor<'_>) -> Result<()> {
    const REMEDY: &str = "Point to the folder of one series";
    if depth > MAX_FOLDER_DEPTH {
        return Err(Error::read(folder, format!("lies more than {MAX_FOLDER_DEPTH} folders deep"), REMEDY));
    }
    let failed = |e: std::io::Error| Error::read(folder, e, "Check the folder and its rights");
    for entry in fs::read_dir(folder).map_err(failed)? {
        monitor.check()?;
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if entry.file_type().map_err(failed)?.is_dir() {
            collect(&path, depth + 1, found, monitor)?;
        } else if path.is_dir() {
            found.links.push(path);
        } else {
            found.files.push(path);
        }
        if found.files.len() > MAX_FILES {
            return Err(Error::read(folder, format!("holds more than {MAX_FILES} files"), REMEDY));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::CancelToken;

    fn write_file(folder: &Path) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join("1.dcm");
        fs::write(&path, "any").unwrap();
        path
    }

    #[cfg(unix)]
    #[test]
    fn of_links_that_lead_in_a_circle_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("patient");
        let file = write_file(&inner.join("series"));
        let links = ["a", "b"].map(|name| inner.join(name));
        for link in &links {
            std::os::unix::fs::symlink(root.path(), link).unwrap();
        }
        let found = of(root.path(), &Monitor::silent()).unwrap();
        assert_eq!(found, Files { files: vec![file], links: links.into() });
    }

    #[test]
    fn of_folders_on_several_levels_has_the_files_of_all() {
        let root = tempfile::tempdir().unwrap();
        let files = [write_file(root.path()), write_file(&root.path().join("a")), write_file(&root.path().join("a/b"))];
        let found = of(root.path(), &Monitor::silent()).unwrap().files;
        assert_eq!((found.len(), files.iter().all(|file| found.contains(file))), (3, true));
    }

    #[test]
    fn of_folders_deeper_than_the_limit_are_refused_not_left_out() {
        let root = tempfile::tempdir().unwrap();
        let deepest = (0..MAX_FOLDER_DEPTH).fold(root.path().to_owned(), |folder, _| folder.join("d"));
        let file = write_file(&deepest);
        assert_eq!(of(root.path(), &Monitor::silent()).unwrap().files, [file]);
        write_file(&deepest.join("d"));
        let error = of(root.path(), &Monitor::silent()).unwrap_err();
        assert!(error.name() == "E_READ" && error.to_string().contains("16 folders deep"), "{error}");
    }

    #[test]
    fn of_a_folder_ends_when_it_is_cancelled() {
        let root = tempfile::tempdir().unwrap();
        write_file(root.path());
        let token = CancelToken::new();
        token.cancel();
        let mut nobody = |_| ();
        let error = of(root.path(), &Monitor::new(token, &mut nobody)).unwrap_err();
        assert_eq!(error.name(), "E_CANCELLED");
    }
}
