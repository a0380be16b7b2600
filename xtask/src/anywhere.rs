//! Builds that tell nothing of the folder they were made in: the same source and the same compilers give the same bytes.
//!
//! Enters: a command that builds, and the target. Leaves: that command, with flags for rustc and for the C compiler that let
//! names stand for folders of this machine.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Result, root};

/// Puts the flags into the environment of a command that builds for `target`; `tools` is a folder with compilers of its own.
///
/// # Errors
/// If cargo's folder isn't known.
pub fn prepare(command: &mut Command, target: &str, tools: Option<&Path>) -> Result<()> {
    let folders = folders(tools)?;
    let mut for_rust: Vec<_> =
        folders.iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())).collect();
    if target.contains("windows") {
        // The linker writes the time into every DLL and program.
        for_rust.push("-Clink-arg=-Wl,--no-insert-timestamp".into());
    }
    command.env("CARGO_ENCODED_RUSTFLAGS", for_rust.join("\x1f")).env_remove("RUSTFLAGS");
    // All is stripped in the end.
    command.env("CARGO_PROFILE_RELEASE_DEBUG", "false");
    let for_c: Vec<_> =
        folders.iter().map(|(from, to)| format!("'-ffile-prefix-map={}={to}'", from.display())).collect();
    for name in ["CFLAGS", "CXXFLAGS"] {
        command.env(format!("{name}_{}", target.replace('-', "_")), for_c.join(" "));
    }
    command.env("CC_SHELL_ESCAPED_FLAGS", "1").env("ZERO_AR_DATE", "1");
    Ok(())
}

/// Folders of this machine, also by the names behind links, and what stands for them. Of two that fit the last counts.
///
/// # Errors
/// If cargo's folder isn't known.
pub fn folders(tools: Option<&Path>) -> Result<Vec<(PathBuf, &'static str)>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let home = home.ok_or("neither CARGO_HOME nor HOME is set")?;
    let mut folders = Vec::new();
    for (folder, name) in [(Some(root()), "/sam2lung"), (Some(&home), "/cargo"), (tools, "/tools")] {
        let Some(folder) = folder else { continue };
        let real = folder.canonicalize().unwrap_or_else(|_| folder.into());
        if real != folder {
            folders.push((folder.into(), name));
        }
        folders.push((real, name));
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_by_their_links_as_well() {
        let place = tempfile::tempdir().unwrap();
        let real = place.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = real.with_file_name("link");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let folders = folders(Some(&link)).unwrap();
        assert_eq!(folders[folders.len() - 2..], [(link, "/tools"), (real, "/tools")]);
        assert!(folders.iter().any(|(folder, name)| folder == root() && *name == "/sam2lung"));
    }
}
