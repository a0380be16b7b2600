//! A zip archive from outside, none of it trusted.
//!
//! Every entry is looked at before one is unpacked: plain names, all in one place, each once; no links, no encryption, only
//! the two usual ways to pack; no two entries that share bytes. Sizes are bounded, and what unpacks to another size or
//! checksum than its entry says is refused. Nothing here writes a file.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipArchive, read::ZipFileEntry, result::ZipError};

use super::package::Source;
use crate::{
    error::{Error, Result},
    limits::{FREE_UNPACKED_BYTES, MAX_ARCHIVE_ENTRIES, MAX_UNPACKED_RATIO},
    memory, regular,
};

const EXPORT_AGAIN: &str = "Make the archive again, of the bundle's files alone";
const GET_AGAIN: &str = "The archive is damaged or cut off: get it again";

/// An archive whose entries were looked at.
pub(super) struct Archive {
    path: PathBuf,
    /// Its length.
    bytes: u64,
    zip: ZipArchive<BufReader<File>>,
    /// Places of the files in the archive, by name.
    files: BTreeMap<String, usize>,
}

impl Archive {
    /// # Errors
    /// [`Error::Read`] for a path that can't be read, [`Error::ModelArchive`] for an archive that isn't as it should be.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |e| Error::read(path, e, "Name a zip archive, or a folder with model.json");
        let file = regular::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        let zip = ZipArchive::new(BufReader::new(file))
            .map_err(|e| refusal(path, format!("it can't be read as a zip archive ({})", said(&e)), GET_AGAIN))?;
        let mut archive = Archive { path: path.into(), bytes, zip, files: BTreeMap::new() };
        archive.look()?;
        Ok(archive)
    }

    fn say(&self, reason: impl Into<String>, remedy: &str) -> Error {
        refusal(&self.path, reason, remedy)
    }

    /// Looks at every entry, and finds the files.
    fn look(&mut self) -> Result<()> {
        let count = self.zip.len();
        if count > MAX_ARCHIVE_ENTRIES {
            let reason = format!("it has {count} entries; expected at most {MAX_ARCHIVE_ENTRIES}");
            return Err(self.say(reason, EXPORT_AGAIN));
        }
        if self.zip.has_duplicate_names() {
            return Err(self.say("it has two entries of one name; expected each once", EXPORT_AGAIN));
        }
        let shared = self.zip.has_overlapping_entries().map_err(|e| self.say(said(&e), GET_AGAIN))?;
        if shared {
            return Err(self.say("it has entries that share bytes; expected each by itself", EXPORT_AGAIN));
        }
        let (mut paths, mut unpacked) = (Vec::new(), 0u64);
        for index in 0..count {
            let entry = self.zip.by_index_data(index).map_err(|e| self.say(said(&e), GET_AGAIN))?;
            unpacked = unpacked.saturating_add(entry.size());
            paths.push(self.look_at(&entry)?);
        }
        let most = FREE_UNPACKED_BYTES.max(self.bytes.saturating_mul(MAX_UNPACKED_RATIO));
        if unpacked > most {
            let reason = format!("it unpacks from {} to {unpacked} bytes; expected at most {most}", self.bytes);
            return Err(self.say(reason, "Take bundles from people you know"));
        }
        self.files = self.names(paths)?;
        Ok(())
    }

    /// The path of an entry, and whether it is a folder.
    fn look_at(&self, entry: &ZipFileEntry<'_>) -> Result<(String, bool)> {
        let name = std::str::from_utf8(entry.name_raw());
        let shown = String::from_utf8_lossy(entry.name_raw()).escape_debug().to_string();
        let refuse = |what: &str, expected: &str| {
            Err(self.say(format!("its entry '{shown}' {what}; expected {expected}"), EXPORT_AGAIN))
        };
        let Some(name) = name.ok().filter(|name| plain_path(name)) else {
            return refuse("has a name that may lead elsewhere or that some system can't hold", "plain names");
        };
        // The upper half of the attributes is the mode of Unix: only its kind of file counts, 0 where nobody said it.
        let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
        if entry.is_symlink() || ![0, 0o100_000, 0o040_000].contains(&kind) {
            return refuse("is a link or a device", "files");
        }
        if entry.encrypted() {
            return refuse("is encrypted", "an archive without a password");
        }
        if !entry.is_dir() && ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&entry.compression()) {
            return refuse("is packed in a way that isn't read", "'store' or 'deflate', as every zip program has them");
        }
        Ok((name.trim_end_matches('/').to_owned(), entry.is_dir()))
    }

    /// Names of the files, with their places: all of them in the archive's root, or all in one folder that is there.
    fn names(&self, paths: Vec<(String, bool)>) -> Result<BTreeMap<String, usize>> {
        let mut tops = paths.iter().filter_map(|(path, _)| path.strip_suffix("/model.json"));
        let at_root = paths.iter().any(|(path, _)| path == "model.json");
        let top = if at_root { None } else { tops.find(|top| !top.contains('/')).map(str::to_owned) };
        let mut files = BTreeMap::new();
        for (index, (path, is_folder)) in paths.iter().enumerate() {
            if *is_folder && top.as_ref() == Some(path) {
                continue;
            }
            let name =
                top.as_ref().map_or(Some(path.as_str()), |top| path.strip_prefix(top.as_str())?.strip_prefix('/'));
            let Some(name) = name.filter(|name| !*is_folder && !name.contains('/')) else {
                let reason = format!("'{path}' is or lies in another folder; expected all files beside model.json");
                return Err(self.say(reason, EXPORT_AGAIN));
            };
            files.insert(name.to_owned(), index);
        }
        let mut seen = BTreeMap::new();
        for name in files.keys() {
            if let Some(other) = seen.insert(name.to_lowercase(), name) {
                let reason =
                    format!("'{other}' and '{name}' differ in the case of letters alone; expected other names");
                return Err(self.say(reason, EXPORT_AGAIN));
            }
        }
        Ok(files)
    }
}

impl Source for Archive {
    fn names(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    fn read(&mut self, name: &str, most: u64) -> Result<Vec<u8>> {
        let path = self.path.clone();
        let broken = |what: String| refusal(&path, format!("'{name}' {what}"), GET_AGAIN);
        let mut entry = self.zip.by_index(self.files[name]).map_err(|e| broken(said(&e)))?;
        let size = entry.size();
        if size > most {
            let reason = format!("'{name}' has {size} bytes; expected at most {most}");
            return Err(refusal(&path, reason, EXPORT_AGAIN));
        }
        // Room grows with what arrives: a size that an archive only claims takes no memory.
        let mut bytes = Vec::new();
        let mut piece = [0; 1 << 16];
        loop {
            let got = entry.read(&mut piece).map_err(|e| broken(format!("can't be unpacked: {e}")))?;
            if got == 0 {
                break;
            }
            if (bytes.len() + got) as u64 > size {
                return Err(broken(format!("unpacks to more than the {size} bytes that its entry says")));
            }
            memory::grow(&mut bytes, got, "a file of the bundle")?;
            bytes.extend_from_slice(&piece[..got]);
        }
        if bytes.len() as u64 == size {
            return Ok(bytes);
        }
        Err(broken(format!("unpacks to {} bytes; its entry says {size}", bytes.len())))
    }

    fn refuse(&self, reason: String, remedy: &str) -> Error {
        self.say(reason, remedy)
    }
}

fn refusal(path: &Path, reason: impl Into<String>, remedy: &str) -> Error {
    Error::ModelArchive { archive: path.into(), reason: reason.into(), remedy: remedy.into() }
}

fn said(error: &ZipError) -> String {
    error.to_string()
}

/// Whether a path in the archive leads nowhere but down, on every system.
fn plain_path(path: &str) -> bool {
    let odd = |c: char| c.is_control() || "\\:*?\"<>|".contains(c);
    let path = path.strip_suffix('/').unwrap_or(path);
    !path.contains(odd) && path.split('/').all(|part| !part.is_empty() && !part.starts_with("..") && part != ".")
}

#[cfg(test)]
mod tests {
    use super::plain_path;

    #[test]
    fn plain_path_takes_what_leads_down_and_nothing_else() {
        for good in ["model.json", "bundle/", "bundle/model.json", "a.b-c_d", "ä", ".hidden"] {
            assert!(plain_path(good), "{good}");
        }
        for bad in
            ["", "/", "/etc/passwd", "../x", "a/../b", "..", "a/..", ".", "a//b", "C:x", "a\\b", "..\\x", "a\0", "a\n"]
        {
            assert!(!plain_path(bad), "{bad:?}");
        }
    }
}
