//! The project's chores; `cargo xtask --help` lists them.
//!
//! Enters: the command line. Leaves: exit status 0 good, 1 failed, 2 usage.

mod abi;
mod args;
mod demo;
mod header;
mod pins;
mod process;
mod setup;
mod soname;
mod test;
mod wheel;

use args::Task;

fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let task = match args::parse(&words) {
        Ok(task) => task,
        Err(message) => {
            eprintln!("{message}\n\n{}", args::HELP);
            return 2.into();
        }
    };
    let result = match task {
        Task::Help => {
            println!("{}", args::HELP);
            Ok(())
        }
        Task::Setup { cuda } => setup::setup(cuda).map(drop),
        Task::Demo => demo::demo(),
        Task::Test(parts) => test::test(&parts),
        Task::Soname { from, to } => soname::copy_renamed(&from, &to),
        Task::Header => header::header(),
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
