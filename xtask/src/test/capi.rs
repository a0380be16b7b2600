//! The C header and the shared library, as a C program sees them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::check;
use super::tally::Tally;
use crate::process::{self, Result, cargo, output, release_dir, root};

/// Builds the shared library, looks at its name and symbols, and runs a C program against it.
pub fn run() -> Result<Tally> {
    process::run(&mut cargo(&["build", "--release", "--lib"]))?;
    let library = release_dir()?.join("libsam2lung.so");
    let mut tally = check("header is up to date", header_is_current());
    tally += check("shared library's name is versioned", soname(&library).map(drop));
    tally += check("exported symbols begin with sam2lung_", exports_only_our_own(&library));
    for (compiler, dialect) in [("cc", "-std=c11"), ("c++", "-std=c++17")] {
        tally += check(&format!("program in {dialect}"), compile_and_run(&library, compiler, dialect));
    }
    Ok(tally)
}

fn header_is_current() -> Result<()> {
    let generated = crate::header::generated()?;
    let text = |path: &Path| fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    if text(&generated)? == text(&crate::header::committed())? {
        return Ok(());
    }
    Err("include/sam2lung.h is out of date: run `cargo xtask header` and commit it".into())
}

/// The name under which programs look for the library: libsam2lung.so.0.MINOR, later libsam2lung.so.MAJOR.
fn soname(library: &Path) -> Result<String> {
    let dynamic = output(Command::new("readelf").arg("--dynamic").arg(library))?;
    let line = dynamic.lines().find(|line| line.contains("(SONAME)")).unwrap_or_default();
    let name = line.split(['[', ']']).nth(1).unwrap_or("none").to_owned();
    let version = name.strip_prefix("libsam2lung.so.").filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
    version.is_some().then(|| name.clone()).ok_or(format!("soname is {name}; expected libsam2lung.so.VERSION"))
}

fn exports_only_our_own(library: &Path) -> Result<()> {
    let symbols = output(Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(library))?;
    let names: Vec<&str> = symbols.lines().filter_map(|line| line.split(' ').next()).collect();
    let foreign: Vec<&str> = names.iter().copied().filter(|name| !name.starts_with("sam2lung_")).collect();
    if names.is_empty() {
        return Err("nothing is exported".into());
    }
    if foreign.is_empty() { Ok(()) } else { Err(format!("exported besides: {}", foreign.join(", "))) }
}

/// Compiles with warnings as errors and runs; the program finds the library by its versioned name.
fn compile_and_run(library: &Path, compiler: &str, dialect: &str) -> Result<()> {
    let folder = library.with_file_name("capi");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    fs::copy(library, folder.join(soname(library)?)).map_err(|e| format!("{}: {e}", folder.display()))?;
    let program: PathBuf = folder.join(format!("version{dialect}"));
    let language = if compiler == "c++" { "-xc++" } else { "-xc" };
    let mut compile = Command::new(compiler);
    compile.args([dialect, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]).arg(root().join("include"));
    compile.arg(language).arg(root().join("tests/capi/version.c")).args(["-xnone", "-o"]).arg(&program);
    compile.arg(library).arg(format!("-Wl,-rpath,{}", folder.display()));
    process::run(&mut compile)?;
    process::run(Command::new(&program).arg(env!("CARGO_PKG_VERSION")))
}
