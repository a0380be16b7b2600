//! The command line: reads words, runs the library, says what happened.

mod args;
mod info;
mod phantom;
mod segment;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    // clap ends the program itself: status 2 for wrong usage, 0 for --help and --version.
    let done = match Cli::parse().command {
        Command::Segment(args) => segment::run(&args),
        Command::Info { bundle } => info::run(bundle.as_deref()),
        Command::Phantom { output, seed } => phantom::run(&output, seed),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(terminal::Reported) => ExitCode::FAILURE,
    }
}
