//! What builds and runs programs for Windows on Linux: Debian's Rust with the source of its standard library, MinGW-w64 and
//! Wine, unpacked into a folder of their own.
//!
//! Enters: that folder. Leaves: commands of cargo, of the compilers, and of programs under Wine. rustup's toolchain can't do
//! it: it has no standard library for Windows without another download of its own. `cargo xtask setup --windows` ([`fetch`])
//! fills the folder; docs/windows.md tells more.

pub mod fetch;
mod wine;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::anywhere;
use crate::process::{Result, root, run};
pub use wine::{LIMIT_VARIABLE, Wine};

/// Names the folder with the tools, where it isn't the usual one.
pub const VARIABLE: &str = "SAM2LUNG_WINDOWS_TOOLS";
/// How CMake builds with them.
pub const TOOLCHAIN_FILE: &str = "cmake/mingw-w64.cmake";
/// What Rust calls it.
pub const TARGET: &str = "x86_64-pc-windows-gnu";
/// How the names of MinGW's programs begin.
const MINGW: &str = "usr/bin/x86_64-w64-mingw32-";
const CARGO: &str = "usr/bin/cargo";
const RUSTC: &str = "usr/bin/rustc";
const WINE: &str = "usr/lib/wine/wine64";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
/// What has to be there.
const NEEDED: [&str; 6] = [
    CARGO,
    RUSTC,
    "usr/lib/rustlib/src/rust/library/Cargo.lock",
    "usr/bin/x86_64-w64-mingw32-gcc-posix",
    "usr/bin/x86_64-w64-mingw32-g++-posix",
    WINE,
];

/// The folder of the tools.
pub struct Tools {
    root: PathBuf,
}

impl Tools {
    /// Finds them: where [`VARIABLE`] says, else where `cargo xtask setup --windows` puts them.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn find() -> Result<Tools> {
        let named = env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let tools = Tools { root: named.unwrap_or_else(usual_folder) };
        match NEEDED.into_iter().find(|file| !tools.root.join(file).exists()) {
            None => Ok(tools),
            Some(file) => Err(format!("{file} isn't in {}: run `cargo xtask setup --windows`", tools.root.display())),
        }
    }

    /// Their folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A program of MinGW: `gcc-posix`, `objdump`, ….
    pub fn mingw(&self, program: &str) -> PathBuf {
        self.root.join(format!("{MINGW}{program}"))
    }

    /// A command of MinGW.
    pub fn mingw_command(&self, program: &str) -> Command {
        Command::new(self.mingw(program))
    }

    /// Their cargo.
    pub fn cargo_file(&self) -> PathBuf {
        self.root.join(CARGO)
    }

    /// Where that cargo builds.
    pub fn target_folder() -> PathBuf {
        root().join("target/windows")
    }

    /// Where that cargo puts what it has built.
    pub fn release_folder() -> PathBuf {
        Tools::target_folder().join(TARGET).join("release")
    }

    /// Their cargo, told to build for `target`.
    ///
    /// # Errors
    /// As [`Tools::prepare`].
    pub fn cargo(&self, args: &[&str], target: &str) -> Result<Command> {
        let mut command = Command::new(self.cargo_file());
        command.args(args).args(["--release", "--target", target, "--target-dir"]).arg(Tools::target_folder());
        self.prepare_for(command.current_dir(root()), target)?;
        Ok(command)
    }

    /// Gives a command what their cargo, CMake and the toolchain file need of its environment to build for Windows, whoever
    /// starts it. Tests and archives are built alike, so that one build serves both.
    ///
    /// # Errors
    /// As [`anywhere::prepare`].
    pub fn prepare(&self, command: &mut Command) -> Result<()> {
        self.prepare_for(command, TARGET)
    }

    fn prepare_for(&self, command: &mut Command, target: &str) -> Result<()> {
        let variable = |name: &str| format!("{name}_{}", TARGET.replace('-', "_"));
        // dlltool has to be on PATH; cargo and rustc there are theirs as well, and never meet those of rustup.
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.root.join("usr/bin").display());
        command.env("PATH", path).env("LD_LIBRARY_PATH", self.root.join(LIBRARIES));
        command.env("RUSTC", self.root.join(RUSTC)).env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        // The standard library is built from its source, which a stable Rust does only when it is told so.
        command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_UNSTABLE_BUILD_STD", "std,panic_unwind");
        let linker = format!("CARGO_TARGET_{}_LINKER", TARGET.to_uppercase().replace('-', "_"));
        command.env(linker, self.mingw("gcc-posix"));
        for (name, program) in [("CC", "gcc-posix"), ("CXX", "g++-posix"), ("AR", "ar")] {
            command.env(variable(name), self.mingw(program));
        }
        command.env("SAM2LUNG_MINGW", self.mingw(""));
        anywhere::prepare(command, target, Some(&self.root))
    }
}

/// Compiles a DLL from a source in the repository.
///
/// # Errors
/// If it doesn't compile.
pub fn shared(tools: &Tools, source: &str, to: &Path, libraries: &[&str]) -> Result<()> {
    let mut compile = tools.mingw_command("gcc-posix");
    compile.args(["-shared", "-Wall", "-Wextra", "-Werror", "-o"]).arg(to).arg(root().join(source));
    run(compile.args(libraries))
}

/// Where `cargo xtask setup --windows` puts them.
fn usual_folder() -> PathBuf {
    folder().join("tools")
}

fn folder() -> PathBuf {
    root().join(".deps/windows")
}

/// The path of a file of this machine as programs under Wine name it.
pub fn as_windows_names(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_windows_names_a_path_by_its_drive_and_backslashes() {
        assert_eq!(as_windows_names(Path::new("/tmp/a b/ä.nii")), r"Z:\tmp\a b\ä.nii");
    }
}
