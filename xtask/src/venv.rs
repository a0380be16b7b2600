//! Python packages of tests and benchmarks, each set in an environment of its own under `.deps/`.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Result, output, root, stage};

/// A Python that has what a requirements file names.
pub struct Venv {
    folder: PathBuf,
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
        once(&folder.join("finished-with.txt"), requirements, || {
            if folder.exists() {
                fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
            }
            make(&folder)?;
            pip(&folder, requirements)
        })?;
        let (own_python, packages) = (own_python(&folder), folder.join("packages"));
        Ok(match own_python.exists() {
            true => Venv { folder, python: own_python, packages: None },
            false => Venv { folder, python: "python3".into(), packages: Some(packages) },
        })
    }

    /// Adds what another requirements file names, once.
    ///
    /// # Errors
    /// If pip fails or a file can't be written.
    pub fn also(&self, requirements: &str) -> Result<()> {
        let finished = format!("finished-with-{}", requirements.replace('/', "-"));
        once(&self.folder.join(finished), requirements, || pip(&self.folder, requirements))
    }

    /// Value of `PYTHONPATH` with these folders before the packages.
    ///
    /// # Errors
    /// If a path holds a colon.
    pub fn path(&self, before: &[PathBuf]) -> Result<OsString> {
        std::env::join_paths(before.iter().chain(&self.packages)).map_err(|e| e.to_string())
    }
}

/// Installs what a requirements file names unless `finished` says that it was done with the same text.
fn once(finished: &Path, requirements: &str, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let wanted = fs::read_to_string(root().join(requirements)).map_err(|e| format!("{requirements}: {e}"))?;
    if fs::read_to_string(finished).is_ok_and(|had| had == wanted) {
        return Ok(());
    }
    stage(&format!("Installing what {requirements} names"));
    install()?;
    fs::write(finished, wanted).map_err(|e| format!("{}: {e}", finished.display()))
}

fn own_python(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// A venv; nothing where the system's Python can't make one (Debian splits off ensurepip).
fn make(folder: &Path) -> Result<()> {
    match output(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        Ok(_) => process::run(Command::new("python3").args(["-m", "venv"]).arg(folder)),
        Err(_) => Ok(()),
    }
}

/// Into the venv; without one, into a plain folder of packages.
fn pip(folder: &Path, requirements: &str) -> Result<()> {
    let own = own_python(folder);
    let mut command = Command::new(if own.exists() { own.as_os_str() } else { "python3".as_ref() });
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    command.arg(root().join(requirements));
    if !own.exists() {
        command.arg("--target").arg(folder.join("packages"));
    }
    process::run(&mut command).map_err(|e| format!("{e}. Check the network, and that `python3 -m pip --version` works"))
}
