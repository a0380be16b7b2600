//! Opens regular files only: a pipe would wait for its other end, a device never ends.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

use crate::platform;

/// Opens `path`, following links, if a regular file is there.
///
/// # Errors
/// The system's, or one of kind [`io::ErrorKind::InvalidInput`] for a folder, pipe, socket or device.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    platform::without_waiting(&mut options);
    let file = options.open(path)?;
    // Asked of the open file: what is at a path may change between a look and the opening.
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn open_pipe_folder_and_device_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let name = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
        // SAFETY: `name` is a NUL-terminated path.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        for path in [&pipe, folder.path(), Path::new("/dev/zero")] {
            assert_eq!(open(path).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{}", path.display());
        }
        std::fs::write(folder.path().join("file"), "text").unwrap();
        assert!(open(&folder.path().join("file")).is_ok());
    }
}
