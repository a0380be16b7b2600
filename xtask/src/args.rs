//! The command line of `cargo xtask`.

/// What `cargo xtask --help` prints.
pub const HELP: &str = "\
Chores of the sam2lung project. Needed beforehand: Rust, a C++ compiler, Python 3 with pip; no root.

cargo xtask setup [--cuda]     fetches the pinned ONNX Runtime into .deps/ (19 MB; with --cuda about 1.5 GB)
cargo xtask --help             this text";

/// One chore.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Say what there is.
    Help,
    /// Fetch ONNX Runtime.
    Setup {
        /// With CUDA, instead of the one for processors.
        cuda: bool,
    },
}

/// Reads the words behind `cargo xtask`.
///
/// # Errors
/// If there is none, or one that isn't known; the message names it.
pub fn parse(words: &[String]) -> Result<Task, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Err("no chore was named".into()),
        [.., "--help" | "-h"] | ["help"] => Ok(Task::Help),
        ["setup"] => Ok(Task::Setup { cuda: false }),
        ["setup", "--cuda"] => Ok(Task::Setup { cuda: true }),
        [chore, rest @ ..] => Err(unknown(chore, rest)),
    }
}

fn unknown(chore: &str, rest: &[&str]) -> String {
    if ["setup"].contains(&chore) {
        format!("'{chore}' doesn't know '{}'", rest.join(" "))
    } else {
        format!("'{chore}' is no chore")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn parse_known_chores_are_understood() {
        assert_eq!(parsed("setup"), Ok(Task::Setup { cuda: false }));
        assert_eq!(parsed("setup --cuda"), Ok(Task::Setup { cuda: true }));
        assert_eq!(parsed("--help"), Ok(Task::Help));
    }

    #[test]
    fn parse_unknown_words_are_named() {
        assert!(parsed("setup --rocm").unwrap_err().contains("--rocm"));
        assert!(parsed("teardown").unwrap_err().contains("teardown"));
        assert!(parsed("").is_err());
    }
}
