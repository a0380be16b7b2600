//! Programs for Windows: built by MinGW-w64 and Debian's Rust, installed by CMake, run under Wine. With the same tools: whether
//! the types fit on macOS.
//!
//! Wine isn't Windows: what is seen here holds for programs that keep to the documented interface. It costs some 15 minutes of
//! a processor the first time, so it runs where someone has fetched the tools, and says SKIPPED elsewhere.

mod behaviour;
mod library;
mod macos;
mod package;
mod programs;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::cmake::Scratch;
use super::tally::Tally;
use super::{Context, check, skip};
use crate::process::{self, Result, stage};
use crate::windows::{TARGET, Tools, Wine, as_windows_names};

/// What the checks work with.
struct Bench {
    tools: Tools,
    wine: Wine,
    /// The installed package, moved to a folder whose name takes more than ASCII.
    prefix: PathBuf,
    scratch: PathBuf,
}

impl Bench {
    /// The installed program.
    fn sam2lung(&self) -> Command {
        self.wine.command(&self.prefix.join("bin/sam2lung.exe"))
    }
}

/// Runs this part.
pub fn run(context: &Context) -> Result<Tally> {
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(why) => return Ok(skip(&why)),
    };
    let runtime = crate::setup::for_windows()?;
    stage("Building for Windows");
    process::run(&mut tools.cargo(&["build", "--locked", "--package=sam2lung", "--lib", "--bin=sam2lung"], TARGET)?)?;
    let mut tally = library::checks(&tools);

    stage("CMake package for Windows");
    let scratch = Scratch::new("windows")?;
    let wine = Wine::new(&tools, &scratch.0.join("wine"))?;
    let package = package::Cross::ready(&tools, &wine)?;
    let prefix = package.install_and_move(&runtime, &scratch.0)?;
    tally += check("package is complete", package::is_complete(&prefix));
    let refused = package.refuses_another_target(&runtime, &scratch.0);
    tally += check("a target of Rust that doesn't fit the compiler is refused", refused);
    tally += package.consumers(&prefix, &scratch.0)?;

    let bench = Bench { tools, wine, prefix, scratch: scratch.0.clone() };
    stage("Programs in C");
    tally += programs::all(&bench)?;
    stage("The command line under Wine");
    tally += behaviour::all(&bench, context)?;
    stage("macOS");
    tally += check("types of library and program fit", macos::types_fit(&bench.tools));
    Ok(tally)
}

/// Arguments that are paths, as programs for Windows take them.
fn paths(command: &mut Command, before: &[&str], paths: &[&Path]) {
    command.args(before).args(paths.iter().map(|path| as_windows_names(path)));
}
