//! The command line of `cargo xtask`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::test::Part;

/// The words behind `cargo xtask`.
#[derive(Debug, Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    about = "Chores of the sam2lung project",
    after_help = "Needed beforehand: Rust, a C++ compiler, Python 3 with pip; no root.",
    disable_version_flag = true,
    max_term_width = 120
)]
pub struct Cli {
    #[command(subcommand)]
    task: Task,
}

impl Cli {
    /// The chore that was named.
    pub fn task(self) -> Task {
        self.task
    }
}

/// One chore.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Task {
    /// Fetch the pinned ONNX Runtime into .deps/ (19 MB); the chores below do it, too
    Setup {
        /// The one for NVIDIA GPUs with CUDA 13 and cuDNN 9 (about 1.4 GB, 2.0 GB unpacked)
        #[arg(long)]
        cuda: bool,
        /// What builds and runs programs for Windows on Debian: compilers, Wine, ONNX Runtime (350 MB, 2 GB unpacked)
        #[arg(long, conflicts_with = "cuda")]
        windows: bool,
    },
    /// Make a chest CT phantom, segment it, and say where the pictures lie
    Demo,
    /// Run every test, or some parts
    Test {
        /// A part to run; may be given again. real needs CTs in ../shared/data or SAM2LUNG_SHARED
        #[arg(long, value_name = "PART", value_enum)]
        only: Vec<Part>,
    },
    /// Time a run stage by stage and against other ways of doing the same, and the steps beside the networks
    Bench {
        /// A small CT and no curves: whether all of it works, in minutes
        #[arg(long)]
        quick: bool,
        /// A CT as NIfTI; a made chest when left out
        #[arg(long, value_name = "FILE")]
        ct: Option<PathBuf>,
    },
    /// Make an archive that runs wherever it is unpacked, in target/package: program, library, headers, licences
    Package {
        /// For Windows, with the tools that `setup --windows` fetches
        #[arg(long)]
        windows: bool,
    },
    /// Copy an ONNX Runtime under the loader's name that ours has (docs/linking.md)
    Soname {
        /// The library
        from: PathBuf,
        /// The copy
        to: PathBuf,
    },
    /// Write anew what follows from the source: include/sam2lung.h, fields, columns and tables of measures and outputs
    Header,
    /// Write tests/capi/abi.txt anew after the C interface has grown
    Abi,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, error::ErrorKind};

    use super::*;

    fn parsed(line: &str) -> Result<Task, clap::Error> {
        Cli::try_parse_from(std::iter::once("xtask").chain(line.split_whitespace())).map(Cli::task)
    }

    #[test]
    fn cli_has_no_contradiction() {
        Cli::command().debug_assert();
    }

    #[test]
    fn parse_known_chores_are_understood() {
        assert_eq!(parsed("setup").unwrap(), Task::Setup { cuda: false, windows: false });
        assert_eq!(parsed("setup --cuda").unwrap(), Task::Setup { cuda: true, windows: false });
        assert_eq!(parsed("setup --windows").unwrap(), Task::Setup { cuda: false, windows: true });
        assert_eq!(parsed("package --windows").unwrap(), Task::Package { windows: true });
        assert_eq!(parsed("soname a b").unwrap(), Task::Soname { from: "a".into(), to: "b".into() });
        assert_eq!(parsed("test --help").unwrap_err().kind(), ErrorKind::DisplayHelp);
    }

    #[test]
    fn parse_test_takes_named_parts() {
        assert_eq!(parsed("test").unwrap(), Task::Test { only: Vec::new() });
        let both = Task::Test { only: vec![Part::Real, Part::Rust] };
        assert_eq!(parsed("test --only real --only=rust").unwrap(), both);
    }

    #[test]
    fn parse_unknown_words_are_named_with_what_is_possible() {
        assert!(parsed("setup --rocm").unwrap_err().to_string().contains("--rocm"));
        assert!(parsed("teardown").unwrap_err().to_string().contains("teardown"));
        let part = parsed("test --only rusty").unwrap_err().to_string();
        assert!(part.contains("rusty") && part.contains("rust, "), "{part}");
        assert!(parsed("").is_err());
    }
}
