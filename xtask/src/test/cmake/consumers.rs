//! Programs that link the package: the examples, by CMake and by pkg-config, and a project that builds it itself.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::tally::Tally;
use super::super::{check, page, skip};
use super::package::{Package, root_definitions};
use super::tools::Tools;
use crate::process::{Result, output, root, run};

/// Builds examples/ against the moved package and runs each with few samples.
pub fn examples(tools: &Tools, package: &Package, scratch: &Path) -> Result<Tally> {
    let build = scratch.join("examples");
    let strict = "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON".to_owned();
    tools.build(&root().join("examples"), &build, &[package.as_prefix_path(), strict])?;
    let example = |name: &str| Package::alone(&build.join(name));
    let results = build.join("results");
    let mut tally = Tally::default();

    let label = build.join("label.nii.gz");
    let in_c = show(example("segment_c").arg("--phantom").arg(&label).arg("2")).and_then(|()| there(&[label]));
    tally += check("example segment.c", in_c);

    let volumes = ["label", "probability", "uncertainty"].map(|name| results.join(format!("{name}.nii.gz")));
    let in_cpp = show(example("segment").arg("--phantom").arg(&results).arg("2")).and_then(|()| there(&volumes));
    tally += check("example segment.cpp", in_cpp);
    tally += check("example segment.cpp stops on Ctrl-C", interrupted(example("segment"), &build.join("interrupted")));
    tally += check("example two_engines.cpp", show(example("two_engines").arg("1")));
    Ok(tally)
}

/// Builds and runs the project of the page for beginners as it stands there.
pub fn page_for_beginners(tools: &Tools, package: &Package, scratch: &Path) -> Result<()> {
    let project = scratch.join("page");
    let write = |name: &str, text: &[u8]| fs::write(project.join(name), text).map_err(|e| format!("{name}: {e}"));
    fs::create_dir_all(&project).map_err(|e| format!("{}: {e}", project.display()))?;
    write("CMakeLists.txt", page::cmake_project()?.as_bytes())?;
    write("first_result.cpp", &fs::read(root().join("examples/first_result.cpp")).map_err(|e| e.to_string())?)?;
    tools.build(&project, &project.join("build"), &[package.as_prefix_path()])?;
    output(Package::alone(&project.join("build/first_result")).current_dir(&project))?; // progress to its last column
    there(&[project.join("label.nii.gz"), project.join("uncertainty.nii.gz")])
}

/// Runs a program and shows what it prints; its progress stays unseen.
fn show(program: &mut Command) -> Result<()> {
    output(program).map(|text| print!("{text}"))
}

fn there(files: &[PathBuf]) -> Result<()> {
    let missing = files.iter().find(|file| fs::metadata(file).map_or(0, |m| m.len()) == 0);
    missing.map_or(Ok(()), |file| Err(format!("{} wasn't written", file.display())))
}

/// Lets it begin to segment, interrupts it, and looks at how it ends.
fn interrupted(mut program: Command, results: &Path) -> Result<()> {
    let mut child = program.arg("--phantom").arg(results).stderr(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
    let mut stderr = child.stderr.take().ok_or("no standard error")?;
    let (mut seen, mut bytes) = (Vec::new(), [0; 256]);
    while !String::from_utf8_lossy(&seen).contains("Segmenting") {
        match stderr.read(&mut bytes).map_err(|e| e.to_string())? {
            0 => break,
            count => seen.extend_from_slice(&bytes[..count]),
        }
    }
    run(Command::new("kill").args(["-INT", &child.id().to_string()]))?;
    stderr.read_to_end(&mut seen).map_err(|e| e.to_string())?;
    let status = child.wait().map_err(|e| e.to_string())?;
    let said = String::from_utf8_lossy(&seen).contains("E_CANCELLED");
    if status.code() != Some(130) || !said || results.exists() {
        let left = if results.exists() { "files" } else { "no files" };
        return Err(format!("{status}, {left} left; expected 130, E_CANCELLED and no files: {}", tail(&seen)));
    }
    Ok(())
}

fn tail(seen: &[u8]) -> String {
    String::from_utf8_lossy(&seen[seen.len().saturating_sub(200)..]).into_owned()
}

/// Compiles a program in C and one in C++ by what pkg-config says.
pub fn pkg_config(package: &Package, scratch: &Path) -> Tally {
    if output(Command::new("pkg-config").arg("--version")).is_err() {
        return skip("pkg-config isn't there");
    }
    let mut tally = check("pkg-config into C", by_pkg_config(package, scratch, "cc", "tests/cmake/fetched/main.c"));
    tally += check("pkg-config into C++", by_pkg_config(package, scratch, "c++", "examples/first_result.cpp"));
    tally
}

/// Lets the compiler and pkg-config meet in a shell, as in the documentation; `main.c` is run as well.
fn by_pkg_config(package: &Package, scratch: &Path, compiler: &str, source: &str) -> Result<()> {
    let program = scratch.join(format!("by-pkg-config-{compiler}"));
    let line = "eval \"$1\" '\"$2\"' $(pkg-config --cflags --libs sam2lung) '-o \"$3\" \"-Wl,-rpath,$4\"'";
    let mut shell = Command::new("sh");
    shell.args(["-c", line, "sh", compiler]).arg(root().join(source)).arg(&program).arg(package.prefix.join("lib"));
    run(shell.env("PKG_CONFIG_PATH", package.prefix.join("lib/pkgconfig")))?;
    if compiler == "cc" { finds_its_runtime(&program, &package.prefix) } else { Ok(()) }
}

/// Builds a project that takes the repository into its own build, and runs what it made.
pub fn fetched(tools: &Tools, target: &Path, scratch: &Path, runtime: &Path) -> Result<()> {
    let build = scratch.join("fetched");
    let mut definitions = root_definitions(target, runtime, &scratch.join("unused"));
    definitions.push(format!("-DSAM2LUNG_SOURCE={}", root().display()));
    tools.build(&root().join("tests/cmake/fetched"), &build, &definitions)?;
    finds_its_runtime(&build.join("fetched"), &build)
}

/// Builds a project that uses the C++ bridge by its CMake target, and runs tests/cxx with it.
pub fn bridge(tools: &Tools, target: &Path, scratch: &Path, runtime: &Path) -> Result<()> {
    let build = scratch.join("bridge");
    let mut definitions = root_definitions(target, runtime, &scratch.join("unused"));
    definitions.push(format!("-DSAM2LUNG_SOURCE={}", root().display()));
    tools.build(&root().join("tests/cmake/bridge"), &build, &definitions)?;
    run(Command::new(build.join("bridge")).arg(root().join("tests/bundles")).env("SAM2LUNG_ONNXRUNTIME", runtime))
}

/// Whether the program, which prints the ONNX Runtime it loaded, has loaded the one below `folder`.
fn finds_its_runtime(program: &Path, folder: &Path) -> Result<()> {
    let text = output(&mut Package::alone(program))?;
    let folder = folder.canonicalize().map_err(|e| e.to_string())?;
    let found = text.contains(&folder.display().to_string());
    found.then_some(()).ok_or(format!("printed '{}'; expected a file in {}", text.trim(), folder.display()))
}
