//! Python packages of tests and benchmarks, each set in an environment of its own under `.deps/`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Result, output, root, stage};

/// A Python that has what a requirements file names.
pub struct Venv {
    /// The interpreter.
    pub python: PathBuf,
    /// The folder of packages, if they had to go somewhere else than into the interpreter's own.
    packages: Option<PathBuf>,
}

impl Venv {
    /// Makes `.deps/NAME` once; it is made anew when the requirements change.
    ///
    /// # Errors
    /// If pip fails or a file can't be written.
    pub fn ready(name: &str, requirements: &str) -> Result<Venv> {
        let folder = root().join(".deps").join(name);
        let wanted = fs::read_to_string(root().join(requirements)).map_err(|e| format!("{requirements}: {e}"))?;
        let finished = folder.join("finished-with.txt");
        if !fs::read_to_string(&finished).is_ok_and(|had| had == wanted) {
            stage(&format!("Installing what {requirements} names"));
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            }
            install(&folder, requirements)?;
            fs::write(&finished, wanted).map_err(|e| format!("{}: {e}", finished.display()))?;
        }
        let own_python = folder.join("bin/python");
        if own_python.exists() {
            return Ok(Venv { python: own_python, packages: None });
        }
        Ok(Venv { python: "python3".into(), packages: Some(folder.join("packages")) })
    }

    /// Value of `PYTHONPATH` with these folders before the packages.
    ///
    /// # Errors
    /// If a path holds a colon.
    pub fn path(&self, before: &[PathBuf]) -> Result<OsString> {
        std::env::join_paths(before.iter().chain(&self.packages)).map_err(|e| e.to_string())
    }
}

/// A venv; where the system's Python can't make one (Debian splits off ensurepip), a plain folder of packages.
fn install(folder: &Path, requirements: &str) -> Result<()> {
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    let has_venv = output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_ok();
    let mut command = if has_venv {
        process::run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        Command::new(folder.join("bin/python"))
    } else {
        Command::new("python3")
    };
    command.args(pip).arg(root().join(requirements));
    if !has_venv {
        command.arg("--target").arg(folder.join("packages"));
    }
    process::run(&mut command).map_err(|e| format!("{e}. Check the network, and that `python3 -m pip --version` works"))
}
