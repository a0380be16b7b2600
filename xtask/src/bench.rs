//! `cargo xtask bench`: the built program against other ways of doing the same, and its steps against the memory.
//!
//! Tables and charts come from `onnx/sam2lung_train/bench`, in a Python of its own under `.deps/` with PyTorch and MONAI
//! (gigabytes), or in the one that `SAM2LUNG_BENCH_PYTHON` names.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Result, build_program, cargo, release_dir, root, run, stage};
use crate::setup::setup;
use crate::venv::Venv;

const REQUIREMENTS: &str = "onnx/requirements-peers.txt";

/// Builds the program, measures it, and says where tables and charts lie.
///
/// # Errors
/// If a step fails; the message names it.
pub fn bench(quick: bool, ct: Option<&Path>) -> Result<()> {
    let runtime = setup(false)?;
    stage("Building sam2lung");
    build_program()?;
    let release = release_dir()?;
    let out = release.with_file_name("bench");
    let python = Python::ready()?;
    stage("Whole runs, stage by stage and beside other ways");
    let mut command = Command::new(&python.program);
    command.args(["-m", "sam2lung_train", "bench", "--bundle"]).arg(root().join("onnx/bundles/default"));
    command.arg("--sam2lung").arg(release.join("sam2lung")).arg("--out").arg(&out);
    command.args(quick.then_some("--quick")).args(["--runs", if quick { "1" } else { "3" }]);
    if let Some(ct) = ct {
        command.arg("--ct").arg(ct);
    }
    command.env("PYTHONPATH", &python.path).env("SAM2LUNG_ONNXRUNTIME", &runtime);
    run(&mut command)?;
    stage("The steps beside the networks");
    run(cargo(&["bench", "--bench=hot_steps"]).env("SAM2LUNG_ONNXRUNTIME", &runtime))?;
    println!("\ntables and charts  {}", out.display());
    Ok(())
}

/// A Python that has PyTorch and MONAI, and where it finds our package.
struct Python {
    program: PathBuf,
    path: std::ffi::OsString,
}

impl Python {
    fn ready() -> Result<Self> {
        let ours = root().join("onnx");
        if let Some(program) = std::env::var_os("SAM2LUNG_BENCH_PYTHON") {
            return Ok(Python { program: program.into(), path: ours.into() });
        }
        let packages = Venv::ready("venv-bench", REQUIREMENTS)?;
        Ok(Python { path: packages.path(&[ours])?, program: packages.python })
    }
}
