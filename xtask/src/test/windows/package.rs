//! The CMake package for Windows: built for MinGW, installed, moved, and used by other projects from there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::check;
use super::super::cmake::{root_definitions, tools::Tools as CMake};
use super::super::tally::{Tally, of_ctest};
use crate::process::{Result, output, root, run, run_and_read};
use crate::windows::{LIMIT_VARIABLE, TARGET, TOOLCHAIN_FILE, Tools, Wine};

/// What has to be there, besides the headers that Linux's package has as well.
const FILES: [&str; 9] = [
    "bin/sam2lung.exe",
    "bin/sam2lung.dll",
    "bin/sam2lung_ort.dll",
    "include/sam2lung.h",
    "include/sam2lung.hpp",
    "lib/libsam2lung.dll.a",
    "lib/sam2lung.lib",
    "lib/cmake/sam2lung/sam2lungConfig.cmake",
    "share/doc/sam2lung/onnxruntime/onnxruntime-LICENSE",
];

/// Seconds that a test of the C++ headers may take, on a machine that has other work as well.
const LIMIT: u32 = 900;

/// CMake that builds for Windows.
pub struct Cross<'a> {
    cmake: CMake,
    tools: &'a Tools,
    runner: PathBuf,
}

impl<'a> Cross<'a> {
    /// # Errors
    /// If CMake can't be installed.
    pub fn ready(tools: &'a Tools, wine: &Wine) -> Result<Cross<'a>> {
        Ok(Cross { cmake: CMake::ready()?, tools, runner: wine.runner() })
    }

    fn prepare(&self, command: &mut Command) -> Result<()> {
        command.env("SAM2LUNG_WINE", format!("sh;{}", self.runner.display()));
        self.tools.prepare(command)
    }

    fn build(&self, source: &Path, build: &Path, more: &[String]) -> Result<()> {
        let mut definitions = vec![format!("-DCMAKE_TOOLCHAIN_FILE={}", root().join(TOOLCHAIN_FILE).display())];
        definitions.extend_from_slice(more);
        self.cmake.build_prepared(source, build, &definitions, |command| self.prepare(command))
    }

    /// Installs the package and moves its prefix to a place that takes UTF-16.
    ///
    /// # Errors
    /// If a step fails.
    pub fn install_and_move(&self, runtime: &Path, scratch: &Path) -> Result<PathBuf> {
        let (build, first) = (Tools::target_folder().join("cmake"), scratch.join("as-installed"));
        let mut definitions = root_definitions(&Tools::target_folder(), runtime, &first);
        definitions.push(format!("-DSAM2LUNG_CARGO={}", self.tools.cargo_file().display()));
        definitions.push(format!("-DSAM2LUNG_CARGO_TARGET={TARGET}"));
        self.build(root(), &build, &definitions)?;
        let mut install = self.cmake.cmake();
        self.prepare(&mut install)?;
        run(install.arg("--install").arg(&build).arg("--strip").arg("--prefix").arg(&first))?;
        let prefix = scratch.join("Programme für Ärzte 肺");
        fs::rename(&first, &prefix).map_err(|e| format!("{}: {e}", prefix.display()))?;
        Ok(prefix)
    }

    /// Configures for MinGW with a cargo that builds for this machine, which has to be said before anything is built.
    ///
    /// # Errors
    /// If it isn't.
    pub fn refuses_another_target(&self, runtime: &Path, scratch: &Path) -> Result<()> {
        let mut configure = self.cmake.cmake();
        self.prepare(&mut configure)?;
        configure.arg("-S").arg(root()).arg("-B").arg(scratch.join("other")).args(["-G", "Ninja"]);
        configure.arg(format!("-DCMAKE_TOOLCHAIN_FILE={}", root().join(TOOLCHAIN_FILE).display()));
        configure.args(root_definitions(&Tools::target_folder(), runtime, scratch));
        configure.arg(format!("-DCMAKE_MAKE_PROGRAM={}", self.cmake.ninja().display()));
        configure.arg(format!("-DSAM2LUNG_CARGO={}", self.tools.cargo_file().display()));
        match output(&mut configure) {
            Err(said) if said.contains("ends with -windows-gnu") => Ok(()),
            Err(said) => Err(format!("said {said}; expected that the target doesn't fit")),
            Ok(_) => Err("it was configured".into()),
        }
    }

    /// Builds examples and tests of the C++ headers against the moved package, and lets them run.
    ///
    /// # Errors
    /// If something can't be started.
    pub fn consumers(&self, prefix: &Path, scratch: &Path) -> Result<Tally> {
        let prefix_path = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
        let definitions = [prefix_path.clone(), format!("-DCMAKE_FIND_ROOT_PATH={}", prefix.display())];
        let examples = scratch.join("examples");
        let strict = "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON".to_owned();
        let built = self.build(&root().join("examples"), &examples, &[&definitions[..], &[strict]].concat());
        let mut tally = check("examples in C and C++", built);
        tally += check("example segment.c links Microsoft's import library", self.links_lib(prefix, &examples));

        let tests = scratch.join("cpp");
        // A little more than Wine's runner has, which tells the last lines of what hangs.
        let limit = format!("-DSAM2LUNG_TEST_LIMIT={}", LIMIT + 30);
        if let Err(message) = self.build(&root().join("tests/cpp"), &tests, &[&definitions[..], &[limit]].concat()) {
            tally += check("tests of the C++ headers compile", Err(message));
            return Ok(tally);
        }
        let mut ctest = self.cmake.ctest(&tests);
        self.prepare(&mut ctest)?;
        ctest.env(LIMIT_VARIABLE, LIMIT.to_string());
        tally += Tally::of_run(run_and_read(&mut ctest)?, of_ctest);
        Ok(tally)
    }

    /// Links against `sam2lung.lib`. MinGW's linker reads it as Microsoft's does; whether that one takes it isn't seen here.
    fn links_lib(&self, prefix: &Path, to: &Path) -> Result<()> {
        let mut compile = self.tools.mingw_command("gcc-posix");
        compile.args(["-std=c11", "-I"]).arg(prefix.join("include")).arg(root().join("examples/segment.c"));
        run(compile.arg(prefix.join("lib/sam2lung.lib")).arg("-o").arg(to.join("by_lib.exe")))?;
        let text = output(self.tools.mingw_command("objdump").arg("--private-headers").arg(to.join("by_lib.exe")))?;
        text.contains("DLL Name: sam2lung.dll").then_some(()).ok_or("it doesn't ask for sam2lung.dll".into())
    }
}

/// Looks for the files.
pub fn is_complete(prefix: &Path) -> Result<()> {
    let missing: Vec<_> = FILES.into_iter().filter(|file| !prefix.join(file).exists()).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not installed: {}", missing.join(", "))) }
}
