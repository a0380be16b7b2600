//! macOS: whether the library and the program are right for rustc there. Nothing is linked, and nothing runs.
//!
//! The tools for Windows have the source of Rust's standard library, which serves here as well. No C compiler for macOS is at
//! hand, so C sources are passed over: a check of types looks at none of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::process::{Result, run};
use crate::windows::Tools;

const TARGET: &str = "aarch64-apple-darwin";
/// The oldest macOS that Rust builds for on this processor.
const OLDEST: &str = "11.0";

/// Checks the types of everything that is Rust.
///
/// # Errors
/// If something is wrong there.
pub fn types_fit(tools: &Tools) -> Result<()> {
    let folder = Tools::target_folder().join("in-place-of-macos");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let compiler = stand_in(&folder, "clang", "for word; do [ \"$last\" = -o ] && : > \"$word\"; last=$word; done")?;
    let archiver = stand_in(&folder, "ar", ":")?;
    let mut cargo = tools.cargo(&["check", "--locked", "--package=sam2lung", "--lib", "--bin=sam2lung"], TARGET)?;
    for (name, program) in [("CC", &compiler), ("AR", &archiver)] {
        cargo.env(format!("{name}_{}", TARGET.replace('-', "_")), program);
    }
    // Else Xcode is asked. Nothing of the standard library has to be fast.
    cargo.env("SDKROOT", "/").env("MACOSX_DEPLOYMENT_TARGET", OLDEST).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
    run(&mut cargo)
}

/// A program that leaves empty files where results are expected.
fn stand_in(folder: &Path, name: &str, script: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    let written = fs::write(&path, format!("#!/bin/sh\n{script}\nexit 0\n"))
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)));
    written.map(|()| path.clone()).map_err(|e| format!("{}: {e}", path.display()))
}
