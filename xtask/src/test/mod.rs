//! `cargo xtask test`: every test, part by part, and a summary at the end.

mod capi;
pub mod cmake;
mod docs;
mod page;
mod python;
mod real;
mod rust;
mod slicer;
pub mod tally;
mod windows;

use std::path::Path;
use std::time::Instant;

use clap::ValueEnum;

use crate::process::{Result, stage, took};
use crate::setup::setup;
use tally::{Row, Tally, closing_line, table};

/// What a part of the tests can ask for.
pub struct Context {
    /// ONNX Runtime's shared library.
    pub runtime: std::path::PathBuf,
}

/// A part of the tests, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Part {
    /// Format, lints, unit, integration and documentation tests.
    Rust,
    /// The C header and the shared library.
    Capi,
    /// The CMake package, the C++ headers and the examples.
    Cmake,
    /// The documentation.
    Docs,
    /// The Python packages, and tests of the command line from Python.
    Python,
    /// The 3D Slicer module.
    Slicer,
    /// Real CT, where it is at hand.
    Real,
    /// Programs for Windows, under Wine, where its tools are at hand.
    Windows,
}

impl Part {
    /// The name behind `--only`.
    pub fn name(self) -> String {
        self.to_possible_value().expect("no part is left out").get_name().to_owned()
    }

    fn run(self, context: &Context) -> Result<Tally> {
        match self {
            Part::Rust => rust::run(context),
            Part::Capi => capi::run(context),
            Part::Cmake => cmake::run(context),
            Part::Docs => docs::run(),
            Part::Python => python::run(context),
            Part::Slicer => slicer::run_part(context),
            Part::Real => real::run(context),
            Part::Windows => windows::run(context),
        }
    }
}

/// Runs the parts in `only`, all if it is empty, in their own order; a failing one doesn't stop the others.
///
/// # Errors
/// If anything failed.
pub fn test(only: &[Part]) -> Result<()> {
    let start = Instant::now();
    let mut rows = Vec::new();
    let context = setup(false).map(|runtime| Context { runtime });
    for &part in Part::value_variants().iter().filter(|part| only.is_empty() || only.contains(part)) {
        let begun = stage(&format!("Part {}", part.name()));
        let tally = context.as_ref().map_err(Clone::clone).and_then(|context| part.run(context));
        let tally = tally.unwrap_or_else(|message| {
            eprintln!("error: {message}");
            Tally::FAILED
        });
        rows.push(Row { name: part.name(), tally, took: took(begun) });
    }
    stage(&format!("Summary, after {}", took(start)));
    println!("{}\n{}", table(&rows), closing_line(&rows));
    if rows.iter().any(|row| row.tally.failed > 0) { Err("some tests failed, see above".into()) } else { Ok(()) }
}

/// Says why something isn't tested here.
fn skip(why: &str) -> Tally {
    println!("SKIPPED: {why}");
    Tally { skipped: 1, ..Tally::default() }
}

/// Says whether a check that is no test of its own went well; the parts go on after a bad one.
fn check(title: &str, result: Result<()>) -> Tally {
    match result {
        Ok(()) => {
            println!("{title} ... ok");
            Tally { passed: 1, ..Tally::default() }
        }
        Err(message) => {
            println!("{title} ... FAILED\n{message}");
            Tally::FAILED
        }
    }
}

/// The folder with data that isn't in the repository: `SAM2LUNG_SHARED`, else `../shared` beside the repository.
fn shared_folder() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("SAM2LUNG_SHARED")
        .map_or_else(|| crate::process::root().join("../shared"), |path| Path::new(&path).to_path_buf());
    folder.canonicalize().ok().filter(|folder| folder.join("data").is_dir())
}
