//! The C header and the shared library, as C and C++ programs see them.

mod bridge;
mod library;
mod programs;

use super::tally::Tally;
use super::{Context, check};
use crate::abi;
use crate::process::{self, Result, cargo, release_dir, stage};
use programs::{Bench, PROGRAMS};

/// Builds the shared library, looks at its name, symbols and layout, and runs the programs of tests/capi against it: as
/// they are, under valgrind, and with the compiler's sanitizers.
pub fn run(context: &Context) -> Result<Tally> {
    process::run(&mut cargo(&["build", "--release", "--lib"]))?;
    let library = release_dir()?.join("libsam2lung.so");
    let mut tally = check("header is up to date", library::header_is_current());
    tally += check("shared library's name is versioned", library::soname(&library).map(drop));
    tally += check("exported symbols begin with sam2lung_", library::exports_only_our_own(&library));
    tally += check("the binary interface is the one on record", abi::compare(&library));
    let bench = Bench::new(&library, &context.runtime)?;
    stage("Programs in C and C++");
    for program in PROGRAMS {
        tally += programs::plain(&bench, program);
    }
    tally += programs::two_runtimes(&bench);
    stage("The same under valgrind and with sanitizers");
    tally += programs::watched(&bench);
    stage("C++ through the feature cxx");
    tally += check("the bridge of the feature cxx", bridge::works(context));
    Ok(tally)
}
