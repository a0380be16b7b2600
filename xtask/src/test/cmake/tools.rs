//! CMake, CTest and Ninja, of pinned versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::process::{Result, output, run};
use crate::venv::Venv;

const REQUIREMENTS: &str = "tests/cmake/requirements.txt";

/// Where CMake's programs are.
pub struct Tools {
    cmake: PathBuf,
    ninja: PathBuf,
}

impl Tools {
    /// Installs them if they aren't there yet.
    ///
    /// # Errors
    /// If pip fails.
    pub fn ready() -> Result<Tools> {
        let venv = Venv::ready("venv-cmake", REQUIREMENTS)?;
        let mut ask = Command::new(&venv.python);
        ask.args(["-c", "import cmake, ninja; print(cmake.CMAKE_BIN_DIR); print(ninja.BIN_DIR)"]);
        let folders = output(ask.env("PYTHONPATH", venv.path(&[])?))?;
        let mut folders = folders.lines().map(PathBuf::from);
        let (cmake, ninja) = folders.next().zip(folders.next()).ok_or("the CMake packages name no folders")?;
        Ok(Tools { cmake: cmake.join("cmake"), ninja: ninja.join("ninja") })
    }

    /// `cmake`, without the environment variable that would hide a missing ONNX Runtime.
    pub fn cmake(&self) -> Command {
        let mut command = Command::new(&self.cmake);
        command.env_remove("SAM2LUNG_ONNXRUNTIME");
        command
    }

    /// Ninja.
    pub fn ninja(&self) -> &Path {
        &self.ninja
    }

    /// `ctest` in a build folder.
    pub fn ctest(&self, build: &Path) -> Command {
        let mut command = Command::new(self.cmake.with_file_name("ctest"));
        let jobs = thread::available_parallelism().map_or(1, usize::from).to_string();
        command.args(["--output-on-failure", "--no-tests=error", "--parallel", &jobs, "--test-dir"]).arg(build);
        command.env_remove("SAM2LUNG_ONNXRUNTIME");
        command
    }

    /// Configures and builds a project.
    ///
    /// # Errors
    /// If either fails.
    pub fn build(&self, source: &Path, build: &Path, definitions: &[String]) -> Result<()> {
        self.build_prepared(source, build, definitions, |_| Ok(()))
    }

    /// As [`Tools::build`], with commands that `prepare` has changed.
    ///
    /// # Errors
    /// If either fails, or `prepare` does.
    pub fn build_prepared(
        &self,
        source: &Path,
        build: &Path,
        definitions: &[String],
        prepare: impl Fn(&mut Command) -> Result<()>,
    ) -> Result<()> {
        let mut configure = self.cmake();
        prepare(&mut configure)?;
        configure.args(["-G", "Ninja", "--log-level=WARNING", "-S"]).arg(source).arg("-B").arg(build);
        configure.arg(format!("-DCMAKE_MAKE_PROGRAM={}", self.ninja.display())).args(definitions);
        run(&mut configure)?;
        let mut make = self.cmake();
        prepare(&mut make)?;
        run(make.arg("--build").arg(build))
    }
}

/// How CMake is told to compile with Clang, which sees other faults in a header than GCC.
pub const CLANG: [&str; 2] = ["-DCMAKE_C_COMPILER=clang", "-DCMAKE_CXX_COMPILER=clang++"];

/// Whether Clang is there for C and C++.
pub fn has_clang() -> bool {
    ["clang", "clang++"].iter().all(|name| output(Command::new(name).arg("--version")).is_ok())
}

/// Whether the C++ compiler has these sanitizers.
pub fn sanitizes(names: &str, scratch: &Path) -> bool {
    let source = scratch.join("sanitized.cpp");
    let mut compile = Command::new("c++");
    compile.arg(format!("-fsanitize={names}")).arg(&source).arg("-o").arg(scratch.join("sanitized"));
    fs::write(&source, "int main() { return 0; }\n").is_ok()
        && output(&mut compile).is_ok()
        && output(&mut Command::new(scratch.join("sanitized"))).is_ok()
}
