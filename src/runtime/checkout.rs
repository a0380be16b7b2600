//! The checkout of this project that a freshly built program lies in, for who builds and tests it.
//!
//! Enters: the folder of the running code. Leaves: the folders into which `cargo xtask setup` fetches ONNX Runtime. What is
//! loaded from there runs with the caller's rights, so no folder counts but that of a checkout that nobody else may write to:
//! an installed copy, or one in a folder for temporary files, finds nothing here.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::platform::owner_alone_writes;

/// Folders of the checkout above `own`, the one for CUDA first; none where there is no checkout, or others may write to it.
pub fn runtime_folders(own: &Path) -> Vec<PathBuf> {
    let Some(root) = own.ancestors().find(|above| is_checkout(above)) else { return Vec::new() };
    // cargo builds in target/, CMake in a folder of any name: both lie in the checkout, and so does what they built.
    let deps = root.join(".deps");
    let folders = ["onnxruntime-cuda", "onnxruntime"].map(|name| deps.join(name));
    folders.into_iter().filter(|folder| [root, &deps, folder].into_iter().all(is_ours_alone)).collect()
}

/// Whether this project's package lies there.
fn is_checkout(folder: &Path) -> bool {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim() == concat!("name = \"", env!("CARGO_PKG_NAME"), "\""))
}

/// Whether `folder` is there and nobody but this user and root may put something into it.
fn is_ours_alone(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|about| about.is_dir() && owner_alone_writes(&about))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with a manifest of this package, ONNX Runtime's folder and one to build in.
    fn made_checkout(root: &Path) -> PathBuf {
        fs::write(root.join("Cargo.toml"), "[package]\nname = \"sam2lung\"\n").unwrap();
        fs::create_dir_all(root.join(".deps/onnxruntime")).unwrap();
        let built = root.join("target/release");
        fs::create_dir_all(&built).unwrap();
        built
    }

    #[test]
    fn runtime_folders_are_those_of_the_checkout_above() {
        let root = tempfile::tempdir().unwrap();
        let built = made_checkout(root.path());
        assert_eq!(runtime_folders(&built), [root.path().join(".deps/onnxruntime")]);
    }

    #[test]
    fn runtime_folders_above_an_installed_copy_are_none() {
        let root = tempfile::tempdir().unwrap();
        let installed = root.path().join("usr/lib");
        fs::create_dir_all(&installed).unwrap();
        fs::create_dir_all(root.path().join(".deps/onnxruntime")).unwrap();
        assert!(runtime_folders(&installed).is_empty());
        // Nor those of another project.
        fs::write(root.path().join("Cargo.toml"), "[package]\nname = \"another\"\n").unwrap();
        assert!(runtime_folders(&installed).is_empty());
    }

    #[test]
    fn runtime_folders_that_others_may_write_to_are_none() {
        for writable in ["", ".deps", ".deps/onnxruntime"] {
            let root = tempfile::tempdir().unwrap();
            let built = made_checkout(root.path());
            fs::set_permissions(root.path().join(writable), fs::Permissions::from_mode(0o777)).unwrap();
            assert!(runtime_folders(&built).is_empty(), "{writable:?}");
        }
    }
}
