//! The command line: reads words, runs the library, says what happened.

mod args;
mod compare;
mod compare_args;
mod describe;
mod info;
mod input;
mod lanes;
mod model;
mod one_ct;
mod outcomes;
mod phantom;
mod segment;
mod terminal;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;

use args::{Cli, Command};
use sam2lung::platform;

fn main() -> ExitCode {
    platform::survive_file_limits();
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(words) => return explain(&words),
    };
    let done = match command {
        Command::Segment(args) => segment::run(&args),
        Command::Info { bundle, trust } => info::run(bundle.as_deref(), &trust),
        Command::Model(command) => model::run(&command),
        Command::Compare(args) => compare::run(&args),
        Command::Phantom(args) => phantom::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(terminal::Reported) => ExitCode::FAILURE,
    }
}

/// Prints help, the version, or what is wrong with the words; 2 for wrong usage.
fn explain(words: &clap::Error) -> ExitCode {
    let printed = words.print().and_then(|()| io::stdout().flush());
    match printed {
        _ if words.use_stderr() => ExitCode::from(2),
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::end_without_reader(&error);
            ExitCode::FAILURE
        }
    }
}
