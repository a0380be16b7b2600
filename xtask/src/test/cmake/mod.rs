//! The CMake package: built, installed and moved; then programs in C and C++ that use it from there.

mod consumers;
mod package;
pub mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use super::tally::{Tally, of_ctest};
use super::{Context, check, skip};
use crate::process::{self, Result, release_dir, root, run_and_read, stage};
use package::Package;
pub use package::root_definitions;
use tools::Tools;

/// Runs this part.
pub fn run(context: &Context) -> Result<Tally> {
    let tools = Tools::ready()?;
    let target = release_dir()?;
    let target = target.parent().ok_or("cargo's target folder has no name")?;
    stage("Building and installing by CMake");
    let scratch = Scratch::new("cmake")?;
    let package = Package::install_and_move(&tools, target, &scratch.0, &context.runtime)?;
    let mut tally = package.check();
    tally += check("package refuses another version", package.refuses_another_version(&tools));
    tally += check("package stripped is smaller and runs", package.strips(&tools, target, &scratch.0));
    tally += check("which cargo CMake takes", cargo_of_path(&tools, &scratch.0));

    stage("Tests of the C++ headers");
    tally += cpp_tests(&tools, &package, &scratch.0.join("cpp"), &[])?;
    stage("Tests of the C++ headers with Clang");
    tally += match tools::has_clang() {
        true => cpp_tests(&tools, &package, &scratch.0.join("clang"), &tools::CLANG)?,
        false => skip("clang++ isn't installed (Debian and Ubuntu: apt-get install clang)"),
    };
    for sanitizers in ["address,undefined", "thread"] {
        stage(&format!("Tests of the C++ headers with -fsanitize={sanitizers}"));
        tally += match tools::sanitizes(sanitizers, &scratch.0) {
            true => {
                let sanitize = format!("-DSAM2LUNG_SANITIZE={sanitizers}");
                cpp_tests(&tools, &package, &scratch.0.join(sanitizers), &[&sanitize])?
            }
            false => skip(&format!("this compiler lacks -fsanitize={sanitizers}")),
        };
    }

    stage("Programs that link the package");
    tally += consumers::examples(&tools, &package, &scratch.0)?;
    tally += check("page for beginners", consumers::page_for_beginners(&tools, &package, &scratch.0));
    tally += consumers::pkg_config(&package, &scratch.0);
    tally +=
        check("FetchContent into a project in C", consumers::fetched(&tools, target, &scratch.0, &context.runtime));
    tally +=
        check("sam2lung::cxx in a project in C++", consumers::bridge(&tools, target, &scratch.0, &context.runtime));
    Ok(tally)
}

/// What tests/cmake/cargo.cmake asks of the search for cargo.
fn cargo_of_path(tools: &Tools, scratch: &Path) -> Result<()> {
    let scratch = format!("-DSCRATCH={}", scratch.join("cargo").display());
    process::run(tools.cmake().arg(scratch).arg("-P").arg(root().join("tests/cmake/cargo.cmake")))
}

/// tests/cpp against the moved package, by CTest, configured with `more` definitions.
fn cpp_tests(tools: &Tools, package: &Package, build: &Path, more: &[&str]) -> Result<Tally> {
    let mut definitions = vec![package.as_prefix_path()];
    definitions.extend(more.iter().map(|definition| (*definition).to_owned()));
    tools.build(&root().join("tests/cpp"), build, &definitions)?;
    let mut ctest = tools.ctest(build);
    Ok(Tally::of_run(run_and_read(&mut ctest)?, of_ctest))
}

/// A folder outside the repository, where nothing of it can be found by looking upwards; removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// Makes it for a part of the tests.
    ///
    /// # Errors
    /// If that fails.
    pub fn new(part: &str) -> Result<Scratch> {
        let folder = std::env::temp_dir().join(format!("sam2lung-{part}-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(Scratch(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be removed lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
