//! The record of the binary interface, `tests/capi/abi.txt`: exported symbols, sizes and offsets of structs, values of
//! enums.
//!
//! A line of the record that changes or goes breaks programs that were compiled before; lines are only ever added.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Result, cargo, output, release_dir, root, run};

/// Writes the record anew.
///
/// # Errors
/// If the library doesn't build, there is no C compiler, or the file can't be written.
pub fn abi() -> Result<()> {
    run(&mut cargo(&["build", "--release", "--lib"]))?;
    let text = record(&release_dir()?.join("libsam2lung.so"))?;
    fs::write(committed(), text).map_err(|e| format!("{}: {e}", committed().display()))?;
    println!("{} is up to date", committed().display());
    Ok(())
}

/// Compares the record with the library.
///
/// # Errors
/// With the lines that differ, and what to do.
pub fn compare(library: &Path) -> Result<()> {
    let (is, was) =
        (record(library)?, fs::read_to_string(committed()).map_err(|e| format!("tests/capi/abi.txt: {e}"))?);
    let lacks = |text: &str, line: &&str| text.lines().all(|other| other != *line);
    let gone: Vec<&str> = was.lines().filter(|line| lacks(&is, line)).collect();
    let new: Vec<&str> = is.lines().filter(|line| lacks(&was, line)).collect();
    if !gone.is_empty() {
        return Err(format!(
            "programs that were compiled before would break; these lines of tests/capi/abi.txt no longer hold:\n{}\n\
             now:\n{}\nBring them back. (`cargo xtask abi` writes the record anew: before a release, or with a new soname.)",
            gone.join("\n"),
            new.join("\n")
        ));
    }
    if new.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the interface has grown:\n{}\nRaise SAM2LUNG_ABI_VERSION since the last release, run `cargo xtask abi` and commit \
         tests/capi/abi.txt",
        new.join("\n")
    ))
}

/// Names of the symbols that the library exports, sorted.
///
/// # Errors
/// If nm can't be run.
pub fn exported(library: &Path) -> Result<Vec<String>> {
    let symbols = output(Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(library))?;
    let mut names: Vec<String> = symbols.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    names.sort();
    Ok(names)
}

fn committed() -> PathBuf {
    root().join("tests/capi/abi.txt")
}

fn record(library: &Path) -> Result<String> {
    let symbols: String = exported(library)?.iter().map(|name| format!("symbol {name}\n")).collect();
    Ok(format!("{symbols}{}", layout(library)?))
}

/// Lets the C compiler say how it lays out what the header declares.
fn layout(library: &Path) -> Result<String> {
    let header = fs::read_to_string(crate::header::committed()).map_err(|e| e.to_string())?;
    let (source, program) = (library.with_file_name("abi.c"), library.with_file_name("abi-layout"));
    fs::write(&source, questions(&header)).map_err(|e| format!("{}: {e}", source.display()))?;
    let mut compile = Command::new("cc");
    compile.args(["-std=c11", "-Wall", "-Werror", "-I"]).arg(root().join("include"));
    run(compile.arg(&source).arg("-o").arg(&program))?;
    output(&mut Command::new(&program))
}

/// A C program that prints size and offsets of every struct, and every value of every enum, in the header.
fn questions(header: &str) -> String {
    let mut lines = String::new();
    let mut kind = None;
    for line in without_comments(header).lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (&kind, words.as_slice()) {
            (_, ["typedef", what @ ("struct" | "enum"), name, "{"]) => {
                kind = Some((*what, (*name).to_owned()));
                if *what == "struct" {
                    lines += &format!("    printf(\"size {name} %zu\\n\", sizeof({name}));\n");
                }
            }
            (Some(_), [end, ..]) if end.starts_with('}') => kind = None,
            (Some(("enum", _)), [name, "=", ..]) => {
                lines += &format!("    printf(\"value {name} %ld\\n\", (long){name});\n");
            }
            (Some(("struct", of)), [.., last]) => {
                let field = last.trim_end_matches(';').split('[').next().unwrap_or_default().trim_start_matches('*');
                lines += &format!(
                    "    printf(\"field {of}.{field} %zu %zu\\n\", offsetof({of}, {field}), sizeof((({of} *)0)->{field}));\n"
                );
            }
            _ => {}
        }
    }
    format!("#include <sam2lung.h>\n#include <stdio.h>\n\nint main(void)\n{{\n{lines}    return 0;\n}}\n")
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once("*/").map_or("", |(_, after)| after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_ask_for_every_field_and_value_of_a_header() {
        let header = "/* a typedef struct no { */\ntypedef enum s_kind {\n  /** x = 3 */\n  S_KIND_A = 1,\n} s_kind;\n\
                      typedef struct s_thing s_thing;\ntypedef struct s_view {\n  size_t struct_size;\n  const void *voxels;\n\
                      double m[16];\n} s_view;\nvoid s_free(s_view *v);\n";
        let program = questions(header);
        for expected in [
            "value S_KIND_A",
            "size s_view",
            "offsetof(s_view, struct_size)",
            "offsetof(s_view, voxels)",
            "(s_view, m)",
        ] {
            assert!(program.contains(expected), "{expected} in {program}");
        }
        assert_eq!(program.matches("printf").count(), 5);
    }
}
