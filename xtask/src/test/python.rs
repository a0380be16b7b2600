//! The Python tests, in an environment of their own under `.deps/`.

use std::process::Command;
use std::thread;

use super::tally::{Tally, of_pytest};
use super::{Context, shared_folder, skip};
use crate::process::{self, Result, cargo, release_dir, root, run_and_read};
use crate::venv::Venv;

const REQUIREMENTS: &str = "onnx/requirements-test.txt";

/// What tests of examples need besides; without it they say SKIPPED.
const EXAMPLES: &str = "examples/cohort/requirements.txt";

/// How many workers run tests at a time, at most; each may hold a CT and a run of it.
const MAX_WORKERS: usize = 4;

/// Runs pytest over every folder with Python tests, each by itself: modules of the same name (conftest) would mix.
pub fn run(context: &Context) -> Result<Tally> {
    let folders = ["onnx/tests", "tests/python"].into_iter().filter(|f| root().join(f).is_dir());
    let folders: Vec<&str> = folders.collect();
    if folders.is_empty() {
        return Ok(skip("there are no Python tests yet"));
    }
    process::run(&mut cargo(&["build", "--release"]))?;
    let packages = Venv::ready("venv", REQUIREMENTS)?;
    if let Err(error) = packages.also(EXAMPLES) {
        println!("{error}");
    }
    let mut tally = Tally::default();
    for folder in folders {
        tally += Tally::of_run(run_and_read(&mut pytest(context, &packages, folder)?)?, of_pytest);
    }
    Ok(tally)
}

fn pytest(context: &Context, packages: &Venv, folder: &str) -> Result<Command> {
    let mut pytest = Command::new(&packages.python);
    pytest.args(["-m", "pytest", "-rs", "--color=no", "-p", "no:cacheprovider", folder]).current_dir(root());
    // A file stays with one worker: its tests share what is slow to make.
    let workers = thread::available_parallelism().map_or(1, usize::from).min(MAX_WORKERS);
    pytest.args(["-n", &workers.to_string(), "--dist=loadfile"]);
    pytest.env("PYTHONPATH", packages.path(&[root().join("onnx")])?).env("PYTHONDONTWRITEBYTECODE", "1");
    pytest.env("SAM2LUNG_BIN", release_dir()?.join("sam2lung")).env("SAM2LUNG_ONNXRUNTIME", &context.runtime);
    if let Some(shared) = shared_folder() {
        pytest.env("SAM2LUNG_SHARED", shared);
    }
    Ok(pytest)
}
