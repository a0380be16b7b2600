//! Fetches the pinned ONNX Runtime (and, for CUDA, NVIDIA's libraries) from PyPI into `.deps/`.
//!
//! pip downloads, so proxies and mirrors that the user has set up for pip work here too. What is kept is checked
//! against the sha256 in [`crate::pins`] first, and appears by one rename: `.deps/onnxruntime` is whole or absent. There it
//! gets a name of our own for the loader ([`crate::soname`]).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::pins::{self, ONNX_RUNTIME, Wheel};
use crate::process::{Result, root, run, stage, took};
use crate::soname;
use crate::wheel::{self, Taken};

/// The file that says what a finished folder holds: a line for each wheel, then one for each file with its size.
const MANIFEST: &str = "MANIFEST.txt";

/// ONNX Runtime's file on Windows, where names have no versions.
const WINDOWS_LIBRARY: &str = "onnxruntime.dll";

/// Makes sure that ONNX Runtime is there, and returns the path of its shared library.
///
/// # Errors
/// If nothing is prepared for this machine, pip fails, or a hash is wrong.
pub fn setup(cuda: bool) -> Result<PathBuf> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let wheels = pins::wheels(os, arch, cuda).ok_or_else(|| nothing_prepared(os, arch, cuda))?;
    let folder =
        ready(if cuda { "onnxruntime-cuda" } else { "onnxruntime" }, wheels, if cuda { " for CUDA" } else { "" })?;
    if os == "windows" {
        return Ok(folder.join(WINDOWS_LIBRARY));
    }
    let library = folder.join(format!("libonnxruntime.so.{ONNX_RUNTIME}"));
    soname::rename(&library)?;
    Ok(library)
}

/// The one for programs on Windows, whatever this machine is.
///
/// # Errors
/// As [`setup`].
pub fn for_windows() -> Result<PathBuf> {
    let wheels =
        pins::wheels("windows", "x86_64", false).ok_or_else(|| nothing_prepared("windows", "x86_64", false))?;
    ready("onnxruntime-windows", wheels, " for Windows").map(|folder| folder.join(WINDOWS_LIBRARY))
}

/// The folder in `.deps` with what these wheels hold.
fn ready(name: &str, wheels: &[Wheel], what_for: &str) -> Result<PathBuf> {
    let deps = root().join(".deps");
    let folder = deps.join(name);
    if is_complete(&folder, wheels) {
        println!("ONNX Runtime {ONNX_RUNTIME}{what_for} is there, nothing to fetch: {}", folder.display());
        return Ok(folder);
    }
    let start = stage(&format!("Fetching ONNX Runtime {ONNX_RUNTIME}{what_for}"));
    fetch(&deps, &folder, wheels)?;
    println!("ONNX Runtime {ONNX_RUNTIME}{what_for} is ready after {}: {}", took(start), folder.display());
    Ok(folder)
}

/// Another version of ONNX Runtime, as a plugin of a host may bring it, under its own name: for a test.
///
/// # Errors
/// As [`setup`].
pub fn other_runtime() -> Result<PathBuf> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let wheels = pins::other_runtime(os, arch).ok_or_else(|| nothing_prepared(os, arch, false))?;
    let deps = root().join(".deps");
    let folder = deps.join("onnxruntime-other");
    if !is_complete(&folder, wheels) {
        fetch(&deps, &folder, wheels)?;
    }
    Ok(folder.join(format!("libonnxruntime.so.{}", wheels[0].version)))
}

/// Fetches wheels into `folder`.
fn fetch(deps: &Path, folder: &Path, wheels: &[Wheel]) -> Result<()> {
    let scratch = deps.join(format!(".fetching-{}", std::process::id()));
    let result = fetch_all(wheels, &scratch).and_then(|()| put_in_place(&scratch.join("keep"), folder, wheels));
    let cleaned = fs::remove_dir_all(&scratch);
    result?;
    cleaned.map_err(|e| format!("{}: {e}", scratch.display()))
}

fn nothing_prepared(os: &str, arch: &str, cuda: bool) -> String {
    let what = if cuda { "ONNX Runtime for CUDA" } else { "ONNX Runtime" };
    format!(
        "{what} is prepared for {} only; this is {os} on {arch}. Install ONNX Runtime {ONNX_RUNTIME} \
         yourself and set SAM2LUNG_ONNXRUNTIME to the full path of its shared library",
        if cuda { "Linux on x86_64" } else { "Linux on x86_64 and aarch64 and for Windows on x86_64" }
    )
}

/// Downloads each wheel into `scratch`, checks it, and unpacks what is taken into `scratch/keep`.
fn fetch_all(wheels: &[Wheel], scratch: &Path) -> Result<()> {
    let keep = scratch.join("keep");
    fs::create_dir_all(&keep).map_err(|e| format!("{}: {e}", keep.display()))?;
    let mut files = Vec::new();
    for wheel in wheels {
        let downloads = scratch.join(wheel.package);
        run(&mut pip_download(wheel, &downloads))
            .map_err(|e| format!("{e}. Check the network, and that `python3 -m pip --version` works"))?;
        let file = only_wheel(&downloads)?;
        wheel::check(&file, wheel)?;
        files.extend(wheel::unpack(&file, wheel, &keep)?);
        // The CUDA wheels are large: don't hold them all at once.
        fs::remove_dir_all(&downloads).map_err(|e| format!("{}: {e}", downloads.display()))?;
    }
    let manifest = keep.join(MANIFEST);
    fs::write(&manifest, manifest_text(wheels, &files)).map_err(|e| format!("{}: {e}", manifest.display()))
}

/// pip is told which Python the wheel is for, so that any Python 3 can fetch it: only the shared library is used.
fn pip_download(wheel: &Wheel, to: &Path) -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--no-deps", "--no-cache-dir", "--disable-pip-version-check", "--quiet"])
        .args(["--only-binary=:all:", "--implementation", "cp", "--python-version", "3.12", "--abi", "cp312"])
        .args(["--platform", wheel.platform, "--dest"])
        .arg(to)
        .arg(format!("{}=={}", wheel.package, wheel.version));
    pip
}

fn only_wheel(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let wheels: Vec<_> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "whl")).collect();
    <[PathBuf; 1]>::try_from(wheels)
        .map(|[file]| file)
        .map_err(|got| format!("pip left {} wheels in {}; expected one", got.len(), folder.display()))
}

fn manifest_text(wheels: &[Wheel], files: &[Taken]) -> String {
    let mut text = manifest_head(wheels);
    for file in files {
        text += &format!("{} bytes  {}\n", file.bytes, file.name);
    }
    text
}

fn manifest_head(wheels: &[Wheel]) -> String {
    wheels.iter().map(|w| format!("{}=={} sha256:{}\n", w.package, w.version, w.sha256)).collect()
}

/// Whether the folder was made from these very wheels and still holds every file in its full size.
fn is_complete(folder: &Path, wheels: &[Wheel]) -> bool {
    let Ok(manifest) = fs::read_to_string(folder.join(MANIFEST)) else {
        return false;
    };
    let Some(files) = manifest.strip_prefix(&manifest_head(wheels)) else {
        return false;
    };
    let whole = |line: &str| {
        let Some((bytes, name)) = line.split_once(" bytes  ") else {
            return false;
        };
        fs::metadata(folder.join(name)).is_ok_and(|m| m.len().to_string() == bytes)
    };
    !files.is_empty() && files.lines().all(whole)
}

/// Renames `made` to `folder`; an incomplete or outdated folder makes way.
fn put_in_place(made: &Path, folder: &Path, wheels: &[Wheel]) -> Result<()> {
    if is_complete(folder, wheels) {
        return Ok(()); // another setup was faster
    }
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    fs::rename(made, folder).map_err(|e| format!("{}: {e}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_wheel() -> Wheel {
        Wheel { package: "toy", version: "1.0", platform: "any", sha256: "00", take: ("toy/", ".so") }
    }

    fn finished_folder() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("libtoy.so"), b"12345").unwrap();
        let files = [Taken { name: "libtoy.so".into(), bytes: 5 }];
        fs::write(dir.path().join(MANIFEST), manifest_text(&[a_wheel()], &files)).unwrap();
        dir
    }

    #[test]
    fn is_complete_of_a_finished_folder_is_true() {
        assert!(is_complete(finished_folder().path(), &[a_wheel()]));
    }

    #[test]
    fn is_complete_with_a_truncated_or_missing_file_is_false() {
        let dir = finished_folder();
        fs::write(dir.path().join("libtoy.so"), b"123").unwrap();
        assert!(!is_complete(dir.path(), &[a_wheel()]));
        fs::remove_file(dir.path().join("libtoy.so")).unwrap();
        assert!(!is_complete(dir.path(), &[a_wheel()]));
    }

    #[test]
    fn is_complete_after_a_pin_changed_is_false() {
        let newer = Wheel { version: "1.1", ..a_wheel() };
        assert!(!is_complete(finished_folder().path(), &[newer]));
    }

    #[test]
    fn put_in_place_replaces_an_incomplete_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("onnxruntime");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("half"), b"").unwrap();
        let made = dir.path().join("made");
        fs::create_dir(&made).unwrap();
        fs::write(made.join("whole"), b"").unwrap();
        put_in_place(&made, &folder, &[a_wheel()]).unwrap();
        assert!(folder.join("whole").exists() && !folder.join("half").exists() && !made.exists());
    }

    #[test]
    fn nothing_prepared_says_what_to_do() {
        let message = nothing_prepared("macos", "aarch64", false);
        assert!(message.contains("Linux") && message.contains("SAM2LUNG_ONNXRUNTIME"), "{message}");
    }
}
