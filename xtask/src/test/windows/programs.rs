//! Programs in C that call the DLL: those of tests/capi that know no system, and those of tests/windows.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::check;
use super::super::tally::Tally;
use super::{Bench, paths};
use crate::process::{Result, root, run};
use crate::windows;

/// Programs of tests/capi.
const CAPI: [&str; 8] = ["version", "run", "kinds", "clicks", "report", "compare", "job", "attack"];

/// Compiles them against the moved package and runs them beside its libraries.
///
/// # Errors
/// If files can't be copied.
pub fn all(bench: &Bench) -> Result<Tally> {
    let folder = bench.scratch.join("programs");
    fs::create_dir_all(folder.join("out")).map_err(|e| format!("{}: {e}", folder.display()))?;
    for name in ["sam2lung.dll", "sam2lung_ort.dll"] {
        fs::copy(bench.prefix.join("bin").join(name), folder.join(name)).map_err(|e| format!("{name}: {e}"))?;
    }
    // What a program may name as ONNX Runtime by mistake.
    let old = folder.join("out/old-runtime.so");
    windows::shared(&bench.tools, "tests/capi/old_runtime.c", &old, &[])?;
    let mut tally = Tally::default();
    for name in CAPI {
        let source = format!("tests/capi/{name}.c");
        tally += check(&source, compile(bench, &source, &folder).and_then(|program| run_one(bench, &program, &folder)));
    }
    for name in ["loaded", "paths"] {
        let source = format!("tests/windows/{name}.c");
        tally += check(&source, compile(bench, &source, &folder).and_then(|program| run_one(bench, &program, &folder)));
    }
    Ok(tally)
}

fn compile(bench: &Bench, source: &str, folder: &Path) -> Result<PathBuf> {
    let source = root().join(source);
    let built = folder.join(source.file_stem().unwrap_or_default()).with_extension("exe");
    let mut compile = bench.tools.mingw_command("gcc-posix");
    compile.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-I"]).arg(bench.prefix.join("include")).arg(source);
    // The compiler's own libraries, threads among them, go into the program.
    run(compile.arg("-static").arg("-o").arg(&built).arg(bench.prefix.join("lib/libsam2lung.dll.a")))?;
    Ok(built)
}

fn run_one(bench: &Bench, program: &Path, folder: &Path) -> Result<()> {
    let mut command = bench.wine.command(program);
    match program.file_stem().and_then(|name| name.to_str()) {
        Some("version") => drop(command.arg(env!("CARGO_PKG_VERSION"))),
        Some("loaded") => paths(&mut command, &[], &[&folder.join("sam2lung.dll")]),
        _ => paths(&mut command, &[], &[&root().join("tests/bundles"), &folder.join("out")]),
    }
    run(&mut command)
}
