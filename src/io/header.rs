//! Headers made of text lines, as NRRD and MetaImage have them: fields by name, then the voxels or another file's name.

use crate::limits::MAX_HEADER_BYTES;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read},
    path::{Component, Path, PathBuf},
};

use super::raw::Layout;
use crate::{
    error::{Error, Result},
    regular,
};

/// A header's fields by name, and where the data behind it starts.
pub struct Header {
    pub path: PathBuf,
    pub fields: BTreeMap<String, String>,
    pub end: u64,
}

impl Header {
    /// Hands each line with its number to `parse`, which adds fields, until it returns false or the file ends.
    pub fn read(path: &Path, mut parse: impl FnMut(&mut Header, usize, &str) -> Result<bool>) -> Result<Self> {
        let failed = |e: std::io::Error| Error::read(path, e, "Check the file and its rights");
        let file = regular::open(path).map_err(failed)?;
        let mut reader = BufReader::new(file.take(MAX_HEADER_BYTES));
        let (mut header, mut line) = (Header { path: path.into(), fields: BTreeMap::new(), end: 0 }, Vec::new());
        for number in 0.. {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).map_err(failed)? as u64;
            header.end += read;
            if !parse(&mut header, number, String::from_utf8_lossy(&line).trim_end())? || read == 0 {
                break;
            }
        }
        Ok(header)
    }

    pub fn broken(&self, reason: &str) -> Error {
        Error::read(&self.path, reason, "Correct the header or export the image again")
    }

    pub fn unsupported(&self, got: &str, expected: &str) -> Error {
        Error::Format { path: self.path.clone(), got: got.into(), expected: expected.into() }
    }

    pub fn get(&self, key: &str) -> Result<&str> {
        self.fields.get(key).map(String::as_str).ok_or_else(|| self.broken(&format!("the header lacks '{key}'")))
    }

    /// The path of a file that the header names, in the header's folder or below it: a header from somewhere else must
    /// not choose any file of this machine.
    pub fn beside(&self, name: &str) -> Result<PathBuf> {
        let below = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(name).components().all(below) || name.contains('\0') {
            let got = format!("a data file outside the header's folder ('{name}')");
            return Err(self.unsupported(&got, "its name alone, with the data file beside the header"));
        }
        Ok(self.path.parent().unwrap_or(Path::new("")).join(name))
    }

    /// Where the voxels start in `file` when they are its end, whatever comes before them (an offset of -1).
    pub fn counted_from_the_end(&self, file: &Path, layout: &Layout) -> Result<u64> {
        let bytes = (layout.dims.iter().product::<usize>() * layout.element.bytes()) as u64;
        let size = fs::metadata(file).map_err(|e| Error::read(file, e, "Check the file"))?.len();
        size.checked_sub(bytes).ok_or_else(|| self.broken("the data file is shorter than its header says"))
    }
}
