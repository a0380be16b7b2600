//! Checks a downloaded wheel and unpacks the shared libraries and licences from it.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::pins::Wheel;
use crate::process::Result;

/// A file that was unpacked.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// Whether the file is the pinned wheel.
///
/// # Errors
/// If its sha256 is another one, or it can't be read.
pub fn check(file: &Path, pin: &Wheel) -> Result<()> {
    let got = sha256(file).map_err(|e| format!("{}: {e}", file.display()))?;
    if got == pin.sha256 {
        return Ok(());
    }
    Err(format!(
        "{} {} has sha256 {got}; expected {}. The download is damaged, or the package index serves another file: \
         nothing was kept. Try again, or from another network",
        pin.package, pin.version, pin.sha256
    ))
}

pub fn sha256(file: &Path) -> io::Result<String> {
    let (mut hash, mut reader) = (Sha256::new(), BufReader::new(File::open(file)?));
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(bytes);
        let read = bytes.len();
        reader.consume(read);
    }
}

/// Unpacks the pinned kind of files, without their folders, and the licences, named after the package.
///
/// One flat folder is what ONNX Runtime's CUDA provider and `ort::ep::cuda::preload_dylibs` look through.
///
/// # Errors
/// If the wheel is no zip file, holds nothing to take, or a file can't be written.
pub fn unpack(file: &Path, pin: &Wheel, to: &Path) -> Result<Vec<Taken>> {
    let complain = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
    let mut zip = zip::ZipArchive::new(File::open(file).map_err(|e| complain(&e))?).map_err(|e| complain(&e))?;
    let mut taken = Vec::new();
    let mut libraries = 0;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(|e| complain(&e))?;
        let path = entry.name().map_err(|e| complain(&e))?;
        let Some(name) = name_in_folder(&path, pin) else {
            continue;
        };
        if taken.iter().any(|t: &Taken| t.name == name) {
            continue; // a licence that the wheel holds twice
        }
        libraries += usize::from(is_library(&name));
        let path = to.join(&name);
        let write = |e: io::Error| format!("{}: {e}", path.display());
        let bytes = io::copy(&mut entry, &mut File::create(&path).map_err(write)?).map_err(write)?;
        taken.push(Taken { name, bytes });
    }
    if libraries == 0 {
        return Err(complain(&format!("holds no '{}…{}…'; expected shared libraries", pin.take.0, pin.take.1)));
    }
    Ok(taken)
}

/// The name a file of the wheel gets, or none if it isn't taken.
fn name_in_folder(path: &str, pin: &Wheel) -> Option<String> {
    let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
    let library = path.starts_with(pin.take.0) && name.contains(pin.take.1) && is_library(name);
    let lower = name.to_lowercase();
    let licence = lower.starts_with("license") || lower.starts_with("thirdpartynotices");
    match (library, licence) {
        (true, _) => Some(name.to_owned()),
        (_, true) => Some(format!("{}-{name}", pin.package)),
        _ => None,
    }
}

/// Linux's have their version behind the ending.
fn is_library(name: &str) -> bool {
    name.contains(".so") || name.ends_with(".dll")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;

    fn pin(sha256: &'static str) -> Wheel {
        Wheel { package: "toy", version: "1.0", platform: "any", sha256, take: ("toy/lib/", "libtoy") }
    }

    fn wheel_with(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut zip = zip::ZipWriter::new(File::create(dir.path().join("toy.whl")).unwrap());
        for name in names {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        dir
    }

    #[test]
    fn check_of_another_file_names_both_hashes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, b"abc").unwrap();
        // FIPS 180-2, appendix B.1: SHA-256 of "abc".
        const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check(&file, &pin(ABC)).unwrap();
        let message = check(&file, &pin("1234")).unwrap_err();
        assert!(message.contains(ABC) && message.contains("1234"), "{message}");
    }

    #[test]
    fn unpack_takes_libraries_flat_and_licences_by_package() {
        let dir = wheel_with(&[
            "toy/lib/libtoy.so.1",
            "toy/lib/libtoy.dll",
            "toy/lib/libtoy.pyd",
            "toy/lib/other.so",
            "toy/x.py",
            "libtoy.so",
            "toy-1.dist-info/LICENSE",
            "toy/LICENSE",
        ]);
        let taken = unpack(&dir.path().join("toy.whl"), &pin(""), dir.path()).unwrap();
        let names: Vec<_> = taken.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["libtoy.so.1", "libtoy.dll", "toy-LICENSE"]);
        assert_eq!(std::fs::read(dir.path().join("libtoy.so.1")).unwrap(), b"toy/lib/libtoy.so.1");
        assert_eq!(taken[0].bytes, 19);
    }

    #[test]
    fn unpack_without_a_library_is_refused() {
        let dir = wheel_with(&["toy/x.py", "toy-1.dist-info/LICENSE"]);
        let message = unpack(&dir.path().join("toy.whl"), &pin(""), dir.path()).unwrap_err();
        assert!(message.contains("libtoy"), "{message}");
    }

    #[test]
    fn unpack_of_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("toy.whl");
        std::fs::write(&file, b"<html>not here</html>").unwrap();
        assert!(unpack(&file, &pin(""), dir.path()).is_err());
    }
}
