//! The command line of `cargo xtask`.

use std::path::PathBuf;

use crate::test::Part;

/// What `cargo xtask --help` prints.
pub const HELP: &str = "\
Chores of the sam2lung project. Needed beforehand: Rust, a C++ compiler, Python 3 with pip; no root.

cargo xtask demo               makes a chest CT phantom, segments it, and says where the pictures lie
cargo xtask test [--only PART] runs every test, or one part: rust, capi, cmake, docs, python, slicer or real
                               (--only may be given again; real needs CTs in ../shared/data or SAM2LUNG_SHARED)
cargo xtask setup [--cuda]     fetches the pinned ONNX Runtime into .deps/ (19 MB); the chores above do it, too.
                               --cuda: the one for NVIDIA GPUs with CUDA 13 and cuDNN 9 (about 1.4 GB, 2.0 GB unpacked)
cargo xtask soname FROM TO     copies an ONNX Runtime under the loader's name that ours has (docs/linking.md)
cargo xtask header             writes include/sam2lung.h anew after a change in src/capi
cargo xtask abi                writes tests/capi/abi.txt anew after the C interface has grown
cargo xtask --help             this text";

/// One chore.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Say what there is.
    Help,
    /// Fetch ONNX Runtime.
    Setup {
        /// The one for CUDA instead of the one for processors alone.
        cuda: bool,
    },
    /// Segment a phantom.
    Demo,
    /// Run these parts of the tests.
    Test(Vec<Part>),
    /// Copy an ONNX Runtime under a name of our own.
    Soname {
        /// The library.
        from: PathBuf,
        /// The copy.
        to: PathBuf,
    },
    /// Write the C header.
    Header,
    /// Write the record of the binary interface.
    Abi,
}

/// Reads the words behind `cargo xtask`.
///
/// # Errors
/// If there is none, or one that isn't known; the message names it.
pub fn parse(words: &[String]) -> Result<Task, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.iter().any(|word| ["--help", "-h", "help"].contains(word)) {
        return Ok(Task::Help);
    }
    match words.as_slice() {
        [] => Err("no chore was named".into()),
        ["setup"] => Ok(Task::Setup { cuda: false }),
        ["setup", "--cuda"] => Ok(Task::Setup { cuda: true }),
        ["demo"] => Ok(Task::Demo),
        ["soname", from, to] => Ok(Task::Soname { from: from.into(), to: to.into() }),
        ["header"] => Ok(Task::Header),
        ["abi"] => Ok(Task::Abi),
        ["test", rest @ ..] => parts(rest).map(Task::Test),
        [chore @ ("setup" | "demo" | "soname" | "header" | "abi"), rest @ ..] => {
            Err(format!("'{chore}' doesn't know '{}'", rest.join(" ")))
        }
        [chore, ..] => Err(format!("'{chore}' is no chore")),
    }
}

/// Parts named by `--only NAME` or `--only=NAME`, in the order in which they run; all if none is named.
fn parts(words: &[&str]) -> Result<Vec<Part>, String> {
    let mut named = Vec::new();
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        let name = match (word, word.strip_prefix("--only=")) {
            (_, Some(name)) => name,
            ("--only", _) => words.next().copied().unwrap_or(""),
            _ => return Err(format!("'test' doesn't know '{word}'")),
        };
        let part = Part::ALL.into_iter().find(|part| part.name() == name);
        named.push(part.ok_or_else(|| format!("--only is '{name}'; expected one of {}", names()))?);
    }
    Ok(Part::ALL.into_iter().filter(|part| named.is_empty() || named.contains(part)).collect())
}

fn names() -> String {
    Part::ALL.map(Part::name).join(", ")
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
        assert_eq!(parsed("demo"), Ok(Task::Demo));
        assert_eq!(parsed("soname a b"), Ok(Task::Soname { from: "a".into(), to: "b".into() }));
        assert_eq!(parsed("header"), Ok(Task::Header));
        assert_eq!(parsed("abi"), Ok(Task::Abi));
        assert_eq!(parsed("test --help"), Ok(Task::Help));
    }

    #[test]
    fn parse_test_takes_named_parts_in_their_own_order() {
        assert_eq!(parsed("test"), Ok(Task::Test(Part::ALL.to_vec())));
        assert_eq!(parsed("test --only real --only=rust"), Ok(Task::Test(vec![Part::Rust, Part::Real])));
    }

    #[test]
    fn parse_unknown_words_are_named() {
        assert!(parsed("setup --rocm").unwrap_err().contains("--rocm"));
        assert!(parsed("teardown").unwrap_err().contains("teardown"));
        assert!(parsed("test --only rusty").unwrap_err().contains("rusty"));
        assert!(parsed("test --only").unwrap_err().contains("expected one of rust"));
        assert!(parsed("test --fast").unwrap_err().contains("--fast"));
        assert!(parsed("").is_err());
    }
}
