//! The Python tests, in an environment of their own under `.deps/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tally::{Tally, of_pytest};
use super::{Context, shared_folder, skip};
use crate::process::{self, Result, cargo, output, release_dir, root, run_and_read, stage};

const REQUIREMENTS: &str = "onnx/requirements-test.txt";

/// Runs pytest over every folder with Python tests, each by itself: modules of the same name (conftest) would mix.
pub fn run(context: &Context) -> Result<Tally> {
    let folders = ["onnx/tests", "tests/python"].into_iter().filter(|f| root().join(f).is_dir());
    let folders: Vec<&str> = folders.collect();
    if folders.is_empty() {
        return Ok(skip("there are no Python tests yet"));
    }
    process::run(&mut cargo(&["build", "--release"]))?;
    let packages = environment()?;
    let mut tally = Tally::default();
    for folder in folders {
        tally += Tally::of_run(run_and_read(&mut pytest(context, &packages, folder)?)?, of_pytest);
    }
    Ok(tally)
}

fn pytest(context: &Context, packages: &Packages, folder: &str) -> Result<Command> {
    let mut pytest = Command::new(&packages.python);
    pytest.args(["-m", "pytest", "-rs", "--color=no", "-p", "no:cacheprovider", folder]).current_dir(root());
    pytest.env("PYTHONPATH", &packages.path).env("PYTHONDONTWRITEBYTECODE", "1");
    pytest.env("SAM2LUNG_BIN", release_dir()?.join("sam2lung")).env("SAM2LUNG_ONNXRUNTIME", &context.runtime);
    if let Some(shared) = shared_folder() {
        pytest.env("SAM2LUNG_SHARED", shared);
    }
    Ok(pytest)
}

/// A Python that has what the tests import.
struct Packages {
    python: PathBuf,
    /// Value of `PYTHONPATH`: the packages in onnx/, and where needed those that were installed.
    path: std::ffi::OsString,
}

/// Makes the environment once; it is made anew when the requirements change.
fn environment() -> Result<Packages> {
    let folder = root().join(".deps/venv");
    let wanted = fs::read_to_string(root().join(REQUIREMENTS)).map_err(|e| format!("{REQUIREMENTS}: {e}"))?;
    let finished = folder.join("finished-with.txt");
    if !fs::read_to_string(&finished).is_ok_and(|had| had == wanted) {
        stage("Installing what the Python tests import");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        install(&folder)?;
        fs::write(&finished, wanted).map_err(|e| format!("{}: {e}", finished.display()))?;
    }
    let mut path = vec![root().join("onnx")];
    let own_python = folder.join("bin/python");
    let python = if own_python.exists() {
        own_python
    } else {
        path.push(folder.join("packages"));
        PathBuf::from("python3")
    };
    Ok(Packages { python, path: std::env::join_paths(path).map_err(|e| e.to_string())? })
}

/// A venv; where the system's Python can't make one (Debian splits off ensurepip), a plain folder of packages.
fn install(folder: &Path) -> Result<()> {
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    let has_venv = output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_ok();
    let mut command = if has_venv {
        process::run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        Command::new(folder.join("bin/python"))
    } else {
        Command::new("python3")
    };
    command.args(pip).arg(root().join(REQUIREMENTS));
    if !has_venv {
        command.arg("--target").arg(folder.join("packages"));
    }
    process::run(&mut command).map_err(|e| format!("{e}. Check the network, and that `python3 -m pip --version` works"))
}
