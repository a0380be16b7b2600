//! The bridge for C++ that is built in the same tree, the feature `cxx`.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{Result, cargo, release_dir, root, run};
use crate::test::Context;

/// Builds the library with the bridge as a static one, which leaves the shared one as it is, and runs tests/cxx with it.
pub fn works(context: &Context) -> Result<()> {
    let what = ["rustc", "--release", "--locked", "--lib", "--features=cxx", "--crate-type=staticlib"];
    run(&mut cargo(&what))?;
    let mut program = Command::new(program()?);
    run(program.arg(root().join("tests/bundles")).env("SAM2LUNG_ONNXRUNTIME", &context.runtime))
}

fn program() -> Result<PathBuf> {
    let release = release_dir()?;
    let built = release.join("capi/cxx");
    let mut compile = Command::new("c++");
    compile.args(["-std=c++17", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
    // Of the system: what cxx generates isn't held to our warnings.
    compile.arg("-isystem").arg(release.with_file_name("cxxbridge"));
    compile.arg(root().join("tests/cxx/main.cpp")).arg(release.join("libsam2lung.a"));
    compile.arg("-o").arg(&built).args(["-ldl", "-lpthread", "-lm"]);
    run(&mut compile).map(|()| built)
}
