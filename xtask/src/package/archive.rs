//! Archives whose bytes follow from the files alone: in order, with one time and one owner.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::process::{Result, run};

/// Packs a folder as `.tar.gz` with GNU tar and gzip; all its files have the time `epoch`.
///
/// # Errors
/// If a program fails.
pub fn tar(folder: &Path, to: &Path, epoch: u64) -> Result<()> {
    let (above, name) = parts(folder)?;
    let plain = to.with_extension("");
    let mut tar = Command::new("tar");
    tar.args(["--create", "--format=ustar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    tar.args(["--mode=u+rw,go+r,go-w,a+X"]).arg(format!("--mtime=@{epoch}")).arg("--file").arg(&plain);
    run(tar.arg("--directory").arg(above).arg(name))?;
    run(Command::new("gzip").args(["--no-name", "--best", "--force"]).arg(&plain))
}

/// Packs a folder as `.zip`; its files have the earliest time that the format knows.
///
/// # Errors
/// If a file can't be read or written.
pub fn zip(folder: &Path, to: &Path) -> Result<()> {
    let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", to.display());
    let (above, _) = parts(folder)?;
    let mut zip = ZipWriter::new(File::create(to).map_err(|e| failed(&e))?);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    for file in files_below(folder).map_err(|e| failed(&e))? {
        let name = file.strip_prefix(above).map_err(|e| failed(&e))?.to_string_lossy().replace('\\', "/");
        zip.start_file(name, options).map_err(|e| failed(&e))?;
        io::copy(&mut File::open(&file).map_err(|e| failed(&e))?, &mut zip).map_err(|e| failed(&e))?;
    }
    zip.finish().map(drop).map_err(|e| failed(&e))
}

/// Unpacks either kind.
///
/// # Errors
/// If that fails.
pub fn unpack(archive: &Path, to: &Path) -> Result<()> {
    if archive.extension().is_some_and(|ending| ending == "zip") {
        let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", archive.display());
        let file = File::open(archive).map_err(|e| failed(&e))?;
        return ZipArchive::new(file).and_then(|mut zip| zip.extract(to)).map_err(|e| failed(&e));
    }
    run(Command::new("tar").arg("--extract").arg("--file").arg(archive).arg("--directory").arg(to))
}

fn parts(folder: &Path) -> Result<(&Path, &std::ffi::OsStr)> {
    folder.parent().zip(folder.file_name()).ok_or(format!("{} has no name", folder.display()))
}

/// Files at any depth, in order.
///
/// # Errors
/// If a folder can't be read.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same files, made in another order at another time, in a folder of the same name.
    fn made(root: &Path, names: &[&str]) -> PathBuf {
        let folder = root.join("toy");
        fs::create_dir_all(folder.join("lib")).unwrap();
        for name in names {
            fs::write(folder.join(name), name.repeat(1000)).unwrap();
            let time =
                std::time::SystemTime::now() - std::time::Duration::from_secs(names.len() as u64 + name.len() as u64);
            File::open(folder.join(name)).unwrap().set_modified(time).unwrap();
        }
        folder
    }

    #[test]
    fn tar_and_zip_of_the_same_files_have_the_same_bytes_and_unpack_to_them() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = [made(one.path(), &["a", "lib/b", "c"]), made(other.path(), &["c", "lib/b", "a"])];
        for ending in ["tar.gz", "zip"] {
            let packed = folders.each_ref().map(|folder| {
                let to = folder.with_extension(ending);
                if ending == "zip" {
                    zip(folder, &to).unwrap()
                } else {
                    tar(folder, &to, 86_400).unwrap()
                }
                fs::read(&to).unwrap()
            });
            assert!(packed[0] == packed[1], "{ending}");
            let to = tempfile::tempdir().unwrap();
            unpack(&folders[0].with_extension(ending), to.path()).unwrap();
            assert_eq!(fs::read_to_string(to.path().join("toy/lib/b")).unwrap(), "lib/b".repeat(1000));
        }
    }
}
