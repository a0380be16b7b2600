//! What can be said of the shared library without running it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::abi;
use crate::process::{Result, output};

/// Compares the committed header with the one that follows from src/capi.
pub fn header_is_current() -> Result<()> {
    let generated = crate::header::generated()?;
    let text = |path: &Path| fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()));
    if text(&generated)? == text(&crate::header::committed())? {
        return Ok(());
    }
    Err("include/sam2lung.h is out of date: run `cargo xtask header` and commit it".into())
}

/// The name under which programs look for the library: libsam2lung.so.0.MINOR, later libsam2lung.so.MAJOR.
pub fn soname(library: &Path) -> Result<String> {
    let dynamic = output(Command::new("readelf").arg("--dynamic").arg(library))?;
    let line = dynamic.lines().find(|line| line.contains("(SONAME)")).unwrap_or_default();
    let name = line.split(['[', ']']).nth(1).unwrap_or("none").to_owned();
    let version = name.strip_prefix("libsam2lung.so.").filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
    version.is_some().then(|| name.clone()).ok_or(format!("soname is {name}; expected libsam2lung.so.VERSION"))
}

/// Everything that is exported belongs to the interface.
pub fn exports_only_our_own(library: &Path) -> Result<()> {
    let names = abi::exported(library)?;
    let foreign: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.starts_with("sam2lung_")).collect();
    if names.is_empty() {
        return Err("nothing is exported".into());
    }
    if foreign.is_empty() { Ok(()) } else { Err(format!("exported besides: {}", foreign.join(", "))) }
}
