//! The 3D Slicer module: against Slicer where one is named, else its Logic and MRML against the Slicer core wheels.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cmake::tools::Tools;
use super::tally::{Tally, of_ctest};
use super::venv::Venv;
use super::{Context, shared_folder, skip};
use crate::process::{Result, output, release_dir, root, run, run_and_read, stage};

const REQUIREMENTS: &str = "slicer_module/requirements-test.txt";
/// Names VTK's headers and wrapping tools: a prefix with `include/vtk-9.6` and `bin`.
const VTK_DEV: &str = "SAM2LUNG_VTK_DEV";
/// Names the build tree of a Slicer.
const SLICER_DIR: &str = "SAM2LUNG_SLICER_DIR";

/// Runs this part.
pub fn run_part(context: &Context) -> Result<Tally> {
    if let Some(slicer) = std::env::var_os(SLICER_DIR) {
        let definitions = [format!("-DSlicer_DIR={}", PathBuf::from(slicer).display())];
        return build_and_test(context, "slicer-extension", &definitions);
    }
    match core_definitions()? {
        Ok(definitions) => build_and_test(context, "slicer-core", &definitions),
        Err(why) => Ok(skip(&format!("{why}; or name a Slicer's build tree by {SLICER_DIR}"))),
    }
}

/// How to build against the wheels; inside, why that can't be done here.
fn core_definitions() -> Result<std::result::Result<Vec<String>, String>> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Err("the Slicer core wheels are for Linux on x86-64".into()));
    }
    let python = output(Command::new("python3").args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]))?;
    if python.trim() != "3.11" {
        return Ok(Err(format!("the Slicer core wheels are for Python 3.11; this is {}", python.trim())));
    }
    let Some(vtk_dev) = vtk_headers()? else {
        return Ok(Err(format!("VTK's headers of the wheels' version aren't at hand; name their prefix by {VTK_DEV}")));
    };
    let venv = match Venv::ready("venv-slicer", REQUIREMENTS) {
        Ok(venv) => venv,
        Err(why) => return Ok(Err(format!("the Slicer core wheels can't be installed: {why}"))),
    };
    if !venv.python.is_absolute() {
        return Ok(Err("this Python makes no environments (package python3-venv)".into()));
    }
    Ok(Ok(vec![
        format!("-DSAM2LUNG_SLICER_CORE_PYTHON={}", venv.python.display()),
        format!("-DSAM2LUNG_SLICER_CORE_VTK_DEV={}", vtk_dev.display()),
    ]))
}

/// The prefix that the environment names, or the shared archive, unpacked.
fn vtk_headers() -> Result<Option<PathBuf>> {
    if let Some(prefix) = std::env::var_os(VTK_DEV) {
        return Ok(Some(prefix.into()));
    }
    let archive = shared_folder().map(|shared| shared.join("toolchain/vtk-9.6.2-dev.tar.xz"));
    let Some(archive) = archive.filter(|archive| archive.exists()) else { return Ok(None) };
    let folder = build_folder("slicer-vtk")?;
    let prefix = folder.join("vtk-9.6.2-dev");
    if !prefix.join("bin/vtkWrapPython").exists() {
        stage("Unpacking VTK's headers");
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&folder))?;
    }
    Ok(Some(prefix))
}

fn build_and_test(context: &Context, name: &str, definitions: &[String]) -> Result<Tally> {
    let tools = Tools::ready()?;
    let build = build_folder(name)?;
    let target = release_dir()?;
    let mut all = vec![
        "-DCMAKE_BUILD_TYPE=Release".to_owned(),
        format!(
            "-DSAM2LUNG_CARGO_TARGET_DIR={}",
            target.parent().ok_or("cargo's target folder has no name")?.display()
        ),
        format!("-DSAM2LUNG_ONNXRUNTIME={}", context.runtime.display()),
    ];
    all.extend_from_slice(definitions);
    stage("Building the Slicer module");
    tools.build(&root().join("slicer_module"), &build, &all)?;
    stage("Testing the Slicer module");
    let mut ctest = tools.ctest(&build);
    // The panel's test opens windows; on a machine without a screen Qt draws them into memory.
    if cfg!(target_os = "linux") && ["DISPLAY", "WAYLAND_DISPLAY"].iter().all(|name| std::env::var_os(name).is_none()) {
        ctest.env("QT_QPA_PLATFORM", "offscreen");
    }
    Ok(Tally::of_run(run_and_read(&mut ctest)?, of_ctest))
}

/// A folder in cargo's target folder, absolute.
fn build_folder(name: &str) -> Result<PathBuf> {
    let target = release_dir()?;
    Ok(target.parent().unwrap_or(Path::new("target")).join(name))
}
