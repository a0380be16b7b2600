//! The files of a bundle's folder, and nothing outside it.
//!
//! A bundle comes from somewhere else. Its `model.json` names plain files ([`super::check`] refuses the rest),
//! and what stands at such a name is read only if it is a regular file that lies in the folder itself: a link out of it
//! is refused.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::regular;

/// A bundle's folder, with links resolved.
pub struct BundleFolder(PathBuf);

impl BundleFolder {
    /// # Errors
    /// When there is no such folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let resolved = folder.canonicalize()?;
        if !resolved.is_dir() {
            return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder"));
        }
        Ok(BundleFolder(resolved))
    }

    /// The names of what lies in it, in order; an error for one that is not Unicode.
    ///
    /// # Errors
    /// The system's.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<fs::DirEntry>| {
            let odd = |name: OsString| {
                io::Error::new(io::ErrorKind::InvalidData, format!("the name '{}' is not Unicode", name.display()))
            };
            entry?.file_name().into_string().map_err(odd)
        };
        let mut names = fs::read_dir(&self.0)?.map(name).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }

    /// The file with this plain name.
    fn file(&self, name: &str) -> io::Result<File> {
        let resolved = self.0.join(name).canonicalize()?;
        if !resolved.starts_with(&self.0) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is a link out of the bundle's folder"));
        }
        regular::open(&resolved)
    }

    /// How many bytes the file with this plain name has.
    ///
    /// # Errors
    /// The system's; for what is not a regular file in this folder.
    pub fn size(&self, name: &str) -> io::Result<u64> {
        self.file(name)?.metadata().map(|facts| facts.len())
    }

    /// As [`BundleFolder::read`]; none where there is no such file.
    ///
    /// # Errors
    /// As [`BundleFolder::read`].
    pub fn read_if_there(&self, name: &str, most: u64) -> io::Result<Option<Vec<u8>>> {
        match self.read(name, most) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    /// The bytes of the file with this plain name.
    ///
    /// # Errors
    /// The system's; for what is not a regular file in this folder; for more than `most` bytes.
    pub fn read(&self, name: &str, most: u64) -> io::Result<Vec<u8>> {
        let file = self.file(name)?;
        // The size that the system tells may be no longer true when it is read.
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {most} bytes")));
        }
        Ok(bytes)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn read_link_out_of_the_folder_is_refused_and_one_inside_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("bundle");
        fs::create_dir(&folder).unwrap();
        fs::write(root.path().join("secret"), "s").unwrap();
        fs::write(folder.join("blob"), "b").unwrap();
        symlink("../secret", folder.join("out")).unwrap();
        symlink("blob", folder.join("in")).unwrap();
        symlink(&folder, root.path().join("link")).unwrap();
        let bundle = BundleFolder::open(&root.path().join("link")).unwrap();
        assert_eq!(bundle.read("in", 9).unwrap(), b"b");
        assert!(bundle.read("out", 9).unwrap_err().to_string().contains("out of the bundle"));
    }

    #[test]
    fn read_more_than_the_limit_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), "12345").unwrap();
        let bundle = BundleFolder::open(root.path()).unwrap();
        assert_eq!(bundle.read("file", 5).unwrap().len(), 5);
        assert_eq!(bundle.read("file", 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
