//! The 3D Slicer module: against Slicer where one is named, else its Logic and MRML against the Slicer core wheels.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cmake::tools::Tools;
use super::tally::{Tally, of_ctest};
use super::{Context, shared_folder, skip};
use crate::process::{Result, output, release_dir, root, run, run_and_read, stage};
use crate::venv::Venv;

const REQUIREMENTS: &str = "slicer_module/requirements-test.txt";
/// Kitware's wheel with VTK's headers and wrapping tools.
const VTK_SDK: &str = "slicer_module/requirements-vtk-sdk.txt";
const VTK_SDK_NAME: &str = "venv-vtk-sdk";
/// Names VTK's headers and wrapping tools: a prefix with `include/vtk-9.6` and `bin`, or where the wheel was unpacked.
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
        Ok(definitions) => {
            let mut tally = build_and_test(context, "slicer-core", &definitions)?;
            if !wraps(&build_folder("slicer-core")?) {
                tally += skip(&format!("the module's tests in Python, for {VTK_DEV} has no vtkWrapPython"));
            }
            Ok(tally)
        }
        Err(why) => Ok(skip(&format!("{why}; or name a Slicer's build tree by {SLICER_DIR}"))),
    }
}

/// Whether the build in `folder` found VTK's wrapping tools.
fn wraps(folder: &Path) -> bool {
    let cache = fs::read_to_string(folder.join("CMakeCache.txt")).unwrap_or_default();
    !cache.lines().any(|line| line.starts_with("SAM2LUNG_SLICER_CORE_vtkWrap") && line.ends_with("-NOTFOUND"))
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
    let vtk_dev = match vtk_headers()? {
        Ok(prefix) => prefix,
        Err(why) => return Ok(Err(why)),
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

/// The folder that the environment names, or the shared archive, unpacked, or the wheel vtk-sdk, installed by pip; inside,
/// how to come by VTK's headers.
fn vtk_headers() -> Result<std::result::Result<PathBuf, String>> {
    if let Some(prefix) = std::env::var_os(VTK_DEV) {
        return Ok(Ok(prefix.into()));
    }
    let archive = shared_folder().map(|shared| shared.join("toolchain/vtk-9.6.2-dev.tar.xz"));
    let Some(archive) = archive.filter(|archive| archive.exists()) else { return Ok(vtk_sdk()) };
    let folder = build_folder("slicer-vtk")?;
    let prefix = folder.join("vtk-9.6.2-dev");
    if !prefix.join("bin/vtkWrapPython").exists() {
        stage("Unpacking VTK's headers");
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&folder))?;
    }
    Ok(Ok(prefix))
}

/// The folder with the wheel; else what would do in its place.
fn vtk_sdk() -> std::result::Result<PathBuf, String> {
    let installed = Venv::ready(VTK_SDK_NAME, VTK_SDK);
    installed.map(|_| root().join(".deps").join(VTK_SDK_NAME)).map_err(|_| {
        format!(
            "VTK's headers of the wheels' version aren't at hand, and pip finds no vtk-sdk as {VTK_SDK} names it for \
             this Python; name by {VTK_DEV} where Kitware's wheel vtk-sdk of that version was unpacked, or the prefix of \
             VTK's development package (include/vtk-9.6, bin)"
        )
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_and_headers_are_of_one_version() {
        let version = |file: &str, package: &str| {
            let text = fs::read_to_string(root().join(file)).unwrap();
            text.lines().find_map(|line| line.strip_prefix(&format!("{package}=="))).unwrap().to_owned()
        };
        assert_eq!(version(VTK_SDK, "vtk-sdk"), version(REQUIREMENTS, "vtk"));
    }

    /// Every text of the panel with an accelerator, such as "&CT:".
    fn accelerators(texts: &str, open: &str, close: &str, ampersand: &str) -> Vec<String> {
        let starts = texts.match_indices(open).map(|(at, _)| &texts[at + open.len()..]);
        let texts = starts.filter_map(|rest| rest.split(close).next()).map(|text| text.replace(ampersand, "&"));
        texts.filter(|text| text.contains('&')).collect()
    }

    #[test]
    fn panel_accelerators_are_each_of_one_widget_and_none_of_slicers_menus() {
        let read = |file: &str| fs::read_to_string(root().join("slicer_module/SAM2Lung").join(file)).unwrap();
        let form = accelerators(&read("Resources/UI/qSlicerSAM2LungModuleWidget.ui"), "<string>", "</string>", "&amp;");
        assert!(form.len() > 10, "the form was read: {form:?}");
        // File, Edit, View and Help.
        let mut taken: Vec<(char, &str)> = "FEVH".chars().map(|letter| (letter, "a menu of Slicer's")).collect();
        for text in &form {
            let letter = text.split('&').nth(1).and_then(|rest| rest.chars().next()).unwrap().to_ascii_uppercase();
            let other = taken.iter().find(|(other, _)| *other == letter);
            assert!(other.is_none(), "Alt-{letter} is of {text:?} and of {other:?}");
            taken.push((letter, text));
        }
        // Buttons whose text the code exchanges keep their letter.
        for text in accelerators(&read("qSlicerSAM2LungModuleWidget_p.cxx"), "tr(\"", "\"", "&") {
            assert!(form.contains(&text), "{text:?} isn't in the form");
        }
    }

    #[test]
    fn wraps_is_false_where_cmake_found_no_wrapping_tool() {
        let folder = std::env::temp_dir().join(format!("sam2lung-wraps-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let cache = |found: &str| format!("A:BOOL=ON\nSAM2LUNG_SLICER_CORE_vtkWrapPython:FILEPATH={found}\n");
        for (found, wrapped) in [("/usr/bin/vtkWrapPython", true), ("X-NOTFOUND", false)] {
            fs::write(folder.join("CMakeCache.txt"), cache(found)).unwrap();
            assert_eq!(wraps(&folder), wrapped);
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
