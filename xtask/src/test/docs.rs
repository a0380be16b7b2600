//! The documentation: rustdoc for Rust, Doxygen for C and C++; a warning is an error.

use std::io::Write;
use std::process::{Command, Stdio};

use super::tally::Tally;
use super::{check, page, skip};
use crate::process::{self, Result, cargo, output, release_dir, root, stage};

/// Runs this part.
pub fn run() -> Result<Tally> {
    stage("rustdoc");
    let mut tally = check("rustdoc", rustdoc());
    stage("Doxygen");
    tally += check("page for beginners equals its example", page::equals_the_example());
    tally += match output(Command::new("doxygen").arg("--version")) {
        Ok(_) => check("Doxygen", doxygen()),
        Err(_) => skip("Doxygen isn't there: apt install doxygen"),
    };
    Ok(tally)
}

/// Of private items, too: module heads tell developers where to read on, so public ones may link to private ones.
fn rustdoc() -> Result<()> {
    let what = ["--lib", "--package=sam2lung", "--no-deps", "--document-private-items"];
    let mut rustdoc = cargo(&["doc", "--quiet", "--release", "--locked"]);
    process::run(rustdoc.args(what).env("RUSTDOCFLAGS", "--deny=warnings --allow=rustdoc::private_intra_doc_links"))
}

/// Makes the pages in cargo's target folder.
fn doxygen() -> Result<()> {
    let folder = release_dir()?.with_file_name("doxygen");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut command = Command::new("doxygen");
    command.arg("-").current_dir(root()).stdin(Stdio::piped());
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    let configuration = format!("@INCLUDE = docs/Doxyfile\nOUTPUT_DIRECTORY = \"{}\"\n", folder.display());
    let mut stdin = child.stdin.take().ok_or("no standard input")?;
    stdin.write_all(configuration.as_bytes()).map_err(|e| e.to_string())?;
    drop(stdin); // the end of the configuration
    let status = child.wait().map_err(|e| e.to_string())?;
    if !status.success() {
        return Err(format!("doxygen failed ({status})"));
    }
    println!("{}", folder.join("html/index.html").display());
    Ok(())
}
