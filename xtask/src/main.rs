//! The project's chores; `cargo xtask --help` lists them.
//!
//! Enters: the command line. Leaves: exit status 0 good, 1 failed, 2 usage.

mod abi;
mod anywhere;
mod args;
mod bench;
mod demo;
mod header;
mod package;
mod pins;
mod process;
mod setup;
mod soname;
mod test;
mod venv;
mod wheel;
mod windows;

use args::{Cli, Task};
use clap::Parser;

fn main() -> std::process::ExitCode {
    let result = match Cli::parse().task() {
        Task::Setup { windows: true, .. } => windows::fetch::setup(),
        Task::Setup { cuda, .. } => setup::setup(cuda).map(drop),
        Task::Demo => demo::demo(),
        Task::Test { only } => test::test(&only),
        Task::Bench { quick, ct } => bench::bench(quick, ct.as_deref()),
        Task::Soname { from, to } => soname::copy_renamed(&from, &to),
        Task::Header => header::header(),
        Task::Package { windows } => package::package(windows),
        Task::Abi => abi::abi(),
    };
    match result {
        Ok(()) => 0.into(),
        Err(message) => {
            eprintln!("error: {message}");
            1.into()
        }
    }
}
