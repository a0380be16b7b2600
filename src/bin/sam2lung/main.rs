//! The command line: reads words, runs the library, says what happened.

mod args;
mod info;
mod phantom;
mod segment;
mod staging;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    #[cfg(unix)]
    end_quietly_when_nobody_reads();
    // clap ends the program itself: status 2 for wrong usage, 0 for --help and --version.
    let done = match Cli::parse().command {
        Command::Segment(args) => segment::run(&args),
        Command::Info { bundle } => info::run(bundle.as_deref()),
        Command::Phantom { output, seed, lungs } => phantom::run(&output, seed, lungs),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(terminal::Reported) => ExitCode::FAILURE,
    }
}

/// Rust ignores SIGPIPE, so that printing into a closed pipe would panic: `sam2lung info | head -1` ends as other
/// programs do.
#[cfg(unix)]
fn end_quietly_when_nobody_reads() {
    // SAFETY: it sets the default action, which runs no code of this program; no other thread runs yet.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}
